/* SPDX-License-Identifier: MIT */
/* The map of areas says what needn't be read any more, so one wrong byte in it is a wrong byte of the copy: it is held against
 * an array that has the status of each byte. */
#include "unit/unit.h"

#include "disk/areas.h"

#define MODEL_BYTES (3 * AREAS_MAX)

static struct areas areas;
static uint8_t model[MODEL_BYTES];
static uint64_t size;

static void
begin(uint64_t bytes, bool is_domain)
{
  size = bytes;
  areas_init(&areas, size, is_domain);
  memset(model, AREA_NON_TRIED, sizeof model);
}

static void
set(uint64_t start, uint64_t end, enum area_status status)
{
  areas_set(&areas, (struct range){ start, end }, status);
}

/* The model, where nothing had to be joined. */
static void
set_both(uint64_t start, uint64_t end, enum area_status status)
{
  set(start, end, status);
  memset(model + start, status, end - start);
}

static void
assert_areas(size_t count, const struct area_start *expected)
{
  assert_int_equal(areas.count, count);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(areas.list[i].start, expected[i].start);
    assert_int_equal(areas.list[i].status, expected[i].status);
  }
}

/* What any list must be: adjacent from 0 on, neighbours different, and no longer than there is room. */
static void
check_list(void)
{
  check(areas.count <= AREAS_MAX && areas.count > 0 && areas.list[0].start == 0);
  for (size_t i = 1; i < areas.count; i++) {
    check(areas.list[i].start > areas.list[i - 1].start && areas.list[i].start < size);
    check(areas.list[i].status != areas.list[i - 1].status);
  }
}

static enum area_status
status_at(size_t *index, uint64_t offset)
{
  while (*index + 1 < areas.count && areas.list[*index + 1].start <= offset)
    (*index)++;
  return areas.list[*index].status;
}

static void
a_new_map_is_one_area(void **state)
{
  struct area found;

  (void)state;
  begin(100, false);
  assert_areas(1, (struct area_start[]){ { 0, AREA_NON_TRIED } });
  begin(0, false);
  set(0, 0, AREA_FINISHED);
  assert_int_equal(areas.count, 0);
  assert_false(areas_find(&areas, (struct range){ 0, 0 }, AREA_STATUSES_ALL, false, &found));
  assert_false(areas_find(&areas, (struct range){ 0, 0 }, AREA_STATUSES_ALL, true, &found));
}

static void
areas_are_split_and_joined(void **state)
{
  (void)state;
  begin(UINT64_MAX, false);
  set(10, 20, AREA_FINISHED);
  assert_areas(3, (struct area_start[]){ { 0, AREA_NON_TRIED }, { 10, AREA_FINISHED }, { 20, AREA_NON_TRIED } });
  set(20, 30, AREA_FINISHED);
  set(5, 10, AREA_FINISHED);
  set(7, 8, AREA_FINISHED);
  set(7, 7, AREA_BAD_SECTOR);
  assert_areas(3, (struct area_start[]){ { 0, AREA_NON_TRIED }, { 5, AREA_FINISHED }, { 30, AREA_NON_TRIED } });
  set(8, 9, AREA_BAD_SECTOR);
  set(0, 5, AREA_FINISHED);
  assert_areas(4, (struct area_start[]){
                      { 0, AREA_FINISHED }, { 8, AREA_BAD_SECTOR }, { 9, AREA_FINISHED }, { 30, AREA_NON_TRIED } });
  set(8, UINT64_MAX, AREA_FINISHED);
  assert_areas(1, (struct area_start[]){ { 0, AREA_FINISHED } });
}

static void
assert_total(enum area_status status, uint64_t bytes, size_t count)
{
  struct areas_total total = areas_total(&areas, status);

  assert_int_equal(total.bytes, bytes);
  assert_int_equal(total.count, count);
}

static void
a_disk_may_turn_out_shorter(void **state)
{
  (void)state;
  begin(SIZE_UNKNOWN, true);
  set(100, 200, AREA_FINISHED);
  areas_end_at(&areas, 300);
  assert_areas(3, (struct area_start[]){ { 0, AREA_NON_TRIED }, { 100, AREA_FINISHED }, { 200, AREA_NON_TRIED } });
  assert_int_equal(areas.size, 300);
  areas_end_at(&areas, 200); /* what would begin there is nothing */
  assert_areas(2, (struct area_start[]){ { 0, AREA_NON_TRIED }, { 100, AREA_FINISHED } });
  areas_end_at(&areas, 150);
  assert_int_equal(areas_total(&areas, AREA_FINISHED).bytes, 50);
  areas_end_at(&areas, 0);
  assert_areas(0, NULL);
}

static void
totals_are_per_status(void **state)
{
  (void)state;
  begin(1000, false);
  set(0, 500, AREA_FINISHED);
  set(100, 101, AREA_BAD_SECTOR);
  set(200, 202, AREA_BAD_SECTOR);
  assert_total(AREA_FINISHED, 497, 3);
  assert_total(AREA_BAD_SECTOR, 3, 2);
  assert_total(AREA_NON_SCRAPED, 0, 0);
  assert_total(AREA_NON_TRIED, 500, 1);
}

static void
set_past_the_disk(void)
{
  set(0, 11, AREA_FINISHED);
}

static void
find_past_the_disk(void)
{
  struct area found;
  areas_find(&areas, (struct range){ 0, 11 }, AREA_STATUSES_ALL, false, &found);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  begin(10, false);
  assert_true(is_asserted(set_past_the_disk));
  assert_true(is_asserted(find_past_the_disk));
}

/* ---- When it is full ---- */

/* As many areas as there may be, of `length` bytes each, of two statuses in turn. */
static void
fill(uint64_t length, enum area_status one, enum area_status other, bool is_domain)
{
  begin(length * AREAS_MAX, is_domain);
  for (uint64_t i = 0; i < AREAS_MAX; i++)
    set_both(i * length, (i + 1) * length, i % 2 ? other : one);
  assert_int_equal(areas.count, AREAS_MAX);
  assert_int_equal(areas.set_back, 0);
}

static void
what_is_joined_has_come_less_far(void **state)
{
  (void)state;
  fill(3, AREA_FINISHED, AREA_BAD_SECTOR, false);
  set_both(1000, 1001, AREA_NON_SCRAPED);
  /* The two bytes beside it are the cheapest, and not called bad any more; two changes made room for two areas. */
  assert_int_equal(areas.set_back, 2);
  assert_int_equal(areas.count, AREAS_MAX);
  size_t index = 0;
  assert_int_equal(status_at(&index, 998), AREA_FINISHED);
  for (uint64_t at = 999; at < 1002; at++)
    assert_int_equal(status_at(&index, at), AREA_NON_SCRAPED);
  assert_int_equal(status_at(&index, 1002), AREA_FINISHED);
}

static void
a_domain_has_rather_more(void **state)
{
  (void)state;
  fill(3, AREA_FINISHED, AREA_NON_TRIED, true);
  uint64_t finished = areas_total(&areas, AREA_FINISHED).bytes;
  set(1003, 1004, AREA_NON_TRIED); /* in the middle of one that is finished */
  assert_int_equal(areas.count, AREAS_MAX);
  assert_int_equal(areas.set_back, 3);
  assert_int_equal(areas_total(&areas, AREA_FINISHED).bytes, finished - 1 + 3);
}

/* ---- Against the model ---- */

static void
check_against_model(void)
{
  size_t index = 0;

  check_list();
  for (uint64_t at = 0; at < size; at++)
    check(status_at(&index, at) == model[at]);
}

static void
check_found(const struct range within, unsigned statuses)
{
  struct area found;
  uint64_t start = within.start, end = within.end;

  while (start < end && !(statuses & 1u << model[start]))
    start++;
  bool is_there = areas_find(&areas, within, statuses, false, &found);
  check(is_there == (start < end));
  if (!is_there) {
    check(!areas_find(&areas, within, statuses, true, &found));
    return;
  }
  check(found.range.start == start && found.range.end > start && found.range.end <= end);
  check(found.range.end == end || model[found.range.end] != found.status);
  for (; start < found.range.end; start++)
    check(model[start] == found.status);

  while (!(statuses & 1u << model[end - 1]))
    end--;
  check(areas_find(&areas, within, statuses, true, &found));
  check(found.range.end == end && found.range.start < end && found.range.start >= within.start);
  check(found.range.start == within.start || model[found.range.start - 1] != found.status);
  for (; end > found.range.start; end--)
    check(model[end - 1] == found.status);
}

static struct range
some_range(struct random *random, uint64_t length_max)
{
  uint64_t start = random_between(random, 0, size);
  uint64_t length = random_between(random, 0, length_max);

  return (struct range){ start, range_min(start + length, size) };
}

static void
one_random_map(struct random *random)
{
  begin(random_between(random, 1, 120), random_one_in(random, 2));
  for (unsigned i = 0; i < 150; i++) {
    struct range range = some_range(random, random_one_in(random, 2) ? 8 : size);
    set_both(range.start, range.end, (enum area_status)random_between(random, 0, AREA_STATUSES - 1));
    check_against_model();
    check(areas.set_back == 0);
    check_found(some_range(random, size), (unsigned)random_between(random, 0, AREA_STATUSES_ALL));
  }
}

static void
random_maps_agree_with_the_model(void **state)
{
  (void)state;
  run_seeds(300, one_random_map);
}

/* Some bytes are set back, and all others are what they were. */
static void
check_set_back(uint64_t set_back, struct range kept)
{
  uint64_t changed = 0;
  size_t index = 0;

  check_list();
  for (uint64_t at = 0; at < size; at++) {
    enum area_status status = status_at(&index, at);
    if (status == model[at])
      continue;
    check(at < kept.start || at >= kept.end);
    check((status < model[at]) != areas.is_domain);
    model[at] = (uint8_t)status;
    changed++;
  }
  check(changed <= set_back && (changed > 0) == (set_back > 0));
}

static void
one_random_full_map(struct random *random)
{
  begin(MODEL_BYTES, random_one_in(random, 2));
  for (uint64_t at = 0, length; at < size; at += length) {
    length = range_min(random_between(random, 1, 4), size - at);
    set_both(at, at + length,
             (enum area_status)((model[at ? at - 1 : 0] + random_between(random, 1, 4)) % AREA_STATUSES));
  }
  uint64_t set_back = areas.set_back;
  check(set_back > 0);
  check_set_back(set_back, (struct range){ 0, 0 });
  for (unsigned i = 0; i < 50; i++) {
    struct range range = some_range(random, random_one_in(random, 20) ? 900 : 3);
    set_back = areas.set_back;
    set_both(range.start, range.end, (enum area_status)random_between(random, 0, AREA_STATUSES - 1));
    check_set_back(areas.set_back - set_back, range);
  }
}

static void
random_full_maps_forget_and_never_invent(void **state)
{
  (void)state;
  run_seeds(8, one_random_full_map);
}

/* What is done but for what couldn't be read must never be called done as a whole, nor the other way round. */
static void
what_is_finished_is_so_but_for_what_cant_be_read(void **state)
{
  static struct areas done, unreadable;
  struct area found;

  (void)state;
  areas_init(&done, 10000, false);
  areas_init(&unreadable, 10000, false);
  areas_set(&unreadable, (struct range){ 0, 10000 }, AREA_FINISHED);
  areas_set(&unreadable, (struct range){ 1000, 1512 }, AREA_BAD_SECTOR);
  areas_set(&unreadable, (struct range){ 1512, 2000 }, AREA_NON_SCRAPED);
  areas_set(&unreadable, (struct range){ 5000, 5512 }, AREA_BAD_SECTOR);
  areas_set(&done, (struct range){ 900, 1100 }, AREA_NON_TRIMMED);
  areas_finish(&done, (struct range){ 500, 1600 }, &unreadable);
  static const struct area wanted[] = {
    { { 0, 500 }, AREA_NON_TRIED },       { { 500, 1000 }, AREA_FINISHED },    { { 1000, 1512 }, AREA_BAD_SECTOR },
    { { 1512, 1600 }, AREA_NON_SCRAPED }, { { 1600, 10000 }, AREA_NON_TRIED },
  };
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    assert_true(areas_find(&done, (struct range){ wanted[i].range.start, 10000 }, AREA_STATUSES_ALL, false, &found));
    assert_true(found.range.start == wanted[i].range.start && found.range.end == wanted[i].range.end);
    assert_int_equal(found.status, wanted[i].status);
  }
  areas_finish(&done, (struct range){ 0, 10000 }, NULL);
  assert_true(areas_total(&done, AREA_FINISHED).bytes == 10000);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_new_map_is_one_area),
    cmocka_unit_test(areas_are_split_and_joined),
    cmocka_unit_test(a_disk_may_turn_out_shorter),
    cmocka_unit_test(totals_are_per_status),
    cmocka_unit_test(what_is_finished_is_so_but_for_what_cant_be_read),
    cmocka_unit_test(mistakes_are_asserted),
    cmocka_unit_test(what_is_joined_has_come_less_far),
    cmocka_unit_test(a_domain_has_rather_more),
    cmocka_unit_test(random_maps_agree_with_the_model),
    cmocka_unit_test(random_full_maps_forget_and_never_invent),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
