/* SPDX-License-Identifier: MIT */
/* What isn't selected is never read, and the copy still says that it is done: so each byte is held against what the lists say. */
#include "unit/unit.h"

#include "copy/selection.h"

static struct areas domain, map;
static struct selection selection;
static struct bmap bmap;

static void
assert_run(uint64_t offset, uint64_t size, uint64_t alignment, uint64_t end, bool is_wanted)
{
  bool wanted;

  assert_int_equal(selection_run(&selection, offset, size, alignment, &wanted), end);
  assert_int_equal(wanted, is_wanted);
}

static void
without_lists_all_is_wanted(void **state)
{
  (void)state;
  selection.count = 0;
  assert_run(0, UINT64_MAX, 512, UINT64_MAX, true);
  assert_run(512, 1000, 512, 1000, true);
  assert_true(selection_is_all(&selection));
  selection.bmap = &bmap;
  assert_false(selection_is_all(&selection));
  selection = (struct selection){ .count = 1, .lists = { { &map, 0 } } };
  assert_false(selection_is_all(&selection));
}

static void
blocks_that_are_wanted_in_part_are_wanted(void **state)
{
  (void)state;
  areas_init(&map, 10000, false);
  areas_set(&map, (struct range){ 0, 9000 }, AREA_FINISHED);
  areas_set(&map, (struct range){ 5000, 5001 }, AREA_BAD_SECTOR);
  selection = (struct selection){ .count = 1, .lists = { { &map, AREA_STATUSES_ALL & ~(1u << AREA_FINISHED) } } };
  assert_run(0, 10000, 4096, 4096, false);
  assert_run(4096, 10000, 4096, 8192, true);
  assert_run(8192, 10000, 4096, 10000, true);
  assert_run(0, 10000, 1, 5000, false);
  assert_run(5000, 10000, 1, 5001, true);
  assert_run(5001, 10000, 1, 9000, false);
}

static void
what_isnt_wanted_to_the_end_is_one_run(void **state)
{
  (void)state;
  areas_init(&map, UINT64_MAX, false);
  areas_set(&map, (struct range){ 0, UINT64_MAX }, AREA_FINISHED);
  assert_run(0, UINT64_MAX, 4096, UINT64_MAX, false);
}

static void
begin_past_the_disk(void)
{
  bool wanted;
  selection_run(&selection, 10, 10, 1, &wanted);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(begin_past_the_disk));
}

/* ---- Against the words of the header ---- */

static bool
wants_byte(uint64_t offset)
{
  struct area area;

  for (unsigned i = 0; i < selection.count; i++)
    if (!areas_find(selection.lists[i].areas, range_make(offset, 1), selection.lists[i].statuses, false, &area))
      return false;
  return !selection.bmap || bmap_find(selection.bmap, range_make(offset, 1), &(struct range){ 0, 0 });
}

static bool
wants_block(uint64_t offset, uint64_t size, uint64_t alignment)
{
  for (uint64_t at = offset - offset % alignment, end = range_min(at + alignment, size); at < end; at++)
    if (wants_byte(at))
      return true;
  return false;
}

static void
set_at_random(struct random *random, struct areas *areas, uint64_t size)
{
  areas_init(areas, size, false);
  for (unsigned i = (unsigned)random_between(random, 0, 20); i > 0; i--) {
    uint64_t start = random_between(random, 0, size);
    areas_set(areas, (struct range){ start, range_min(start + random_between(random, 0, 40), size) },
              (enum area_status)random_between(random, 0, AREA_STATUSES - 1));
  }
}

static void
ranges_at_random(struct random *random, uint64_t size)
{
  bmap.count = 0;
  for (uint64_t at = random_between(random, 0, 60); at < size; at += random_between(random, 0, 60)) {
    uint64_t end = range_min(at + random_between(random, 1, 60), size);
    bmap.list[bmap.count++].range = (struct range){ at, end };
    at = end;
  }
}

/* What is found is the first that is wanted, and no more than is. */
static void
check_finding(struct random *random, uint64_t size)
{
  uint64_t start = random_between(random, 0, size), first = start;
  struct range within = { start, random_between(random, start, size) }, found;

  while (first < within.end && !wants_byte(first))
    first++;
  check(selection_find(&selection, within, &found) == (first < within.end));
  if (first == within.end)
    return;
  check(found.start == first && found.end > first && found.end <= within.end);
  for (uint64_t byte = first; byte < found.end; byte++)
    check(wants_byte(byte));
}

static void
one_random_selection(struct random *random)
{
  uint64_t size = random_between(random, 1, 300), alignment = random_power(random, 0, 5);
  bool wanted;

  set_at_random(random, &domain, size);
  set_at_random(random, &map, size);
  selection.count = (unsigned)random_between(random, 0, 2);
  selection.lists[0].areas = &domain;
  selection.lists[1].areas = &map;
  for (unsigned i = 0; i < 2; i++)
    selection.lists[i].statuses = (unsigned)random_between(random, 0, AREA_STATUSES_ALL);
  ranges_at_random(random, size);
  selection.bmap = random_one_in(random, 2) ? &bmap : NULL;
  check_finding(random, size);
  for (uint64_t at = 0, end; at < size; at = end) {
    end = selection_run(&selection, at, size, alignment, &wanted);
    check(end > at && end <= size && (end == size || end % alignment == 0));
    for (uint64_t byte = at; byte < end; byte++)
      check(wants_block(byte, size, alignment) == wanted);
    check(wanted || end == size || wants_block(end, size, alignment));
  }
}

static void
random_selections_are_what_the_lists_say(void **state)
{
  (void)state;
  run_seeds(2000, one_random_selection);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_lists_all_is_wanted),
    cmocka_unit_test(blocks_that_are_wanted_in_part_are_wanted),
    cmocka_unit_test(what_isnt_wanted_to_the_end_is_one_run),
    cmocka_unit_test(mistakes_are_asserted),
    cmocka_unit_test(random_selections_are_what_the_lists_say),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
