/* SPDX-License-Identifier: MIT */
/* A rescue has one try, on a disk that may not live to see another: it must end with all that can be read, call nothing else
 * finished, and not ask a bad sector more often than it has to; also when it is ended in the middle, and goes on. */
#include "unit/unit.h"

#include "copy/rescue.h"

#define DISK_BYTES 600

static struct areas areas, domain;
static struct rescue rescue;
static struct rescue_config config;

/* The disk. */
static uint64_t size, sector;
static bool is_whole; /* the domain is */
static bool is_bad[DISK_BYTES], was_read[DISK_BYTES], is_out[DISK_BYTES];
static struct rescue_read *out[RESCUE_READS_MAX];
static unsigned out_count, failed_large, failed_sectors;

static void
make_disk(uint64_t bytes, uint64_t sector_bytes, uint64_t read_bytes)
{
  is_whole = true;
  size = bytes;
  sector = sector_bytes;
  memset(is_bad, 0, sizeof is_bad);
  memset(was_read, 0, sizeof was_read);
  memset(is_out, 0, sizeof is_out);
  out_count = failed_large = failed_sectors = 0;
  areas_init(&areas, size, false);
  areas_init(&domain, size, true);
  areas_set(&domain, (struct range){ 0, size }, AREA_FINISHED);
  config = (struct rescue_config){ .areas = &areas,
                                   .domain = &domain,
                                   .sector_bytes = sector,
                                   .read_bytes = read_bytes,
                                   .skip_bytes_min = read_bytes,
                                   .skip_bytes_max = 8 * read_bytes };
}

static void
make_bad(uint64_t offset)
{
  uint64_t start = range_align_down(offset, sector);

  for (uint64_t at = start; at < range_min(start + sector, size); at++)
    is_bad[at] = true;
}

static bool
is_in_domain(uint64_t offset)
{
  struct area area;

  return areas_find(&domain, range_make(offset, 1), 1u << AREA_FINISHED, false, &area);
}

static bool
submit_one(unsigned most)
{
  struct rescue_read *read = out_count < most ? rescue_next(&rescue) : NULL;

  if (!read)
    return false;
  struct range range = read->range;
  check(range.start < range.end && range.end <= size);
  check(range_length(range) <= config.read_bytes);
  check(!is_whole || (range.start % sector == 0 && (range.end % sector == 0 || range.end == size)));
  check(range_length(range) <= sector || rescue.phase == AREA_NON_TRIED);
  for (uint64_t at = range.start; at < range.end; at++) {
    check(!is_out[at] && !was_read[at] && is_in_domain(at));
    is_out[at] = true;
  }
  out[out_count++] = read;
  return true;
}

/* Whole sectors, since the disk reads no less. */
static uint64_t
good_bytes_of(struct range range, bool tells_good)
{
  uint64_t start = range_align_down(range.start, sector), end = range_min(range_align_up(range.end, sector), size);
  uint64_t at = start;

  while (at < end && !is_bad[at])
    at++;
  return at == end ? range_length(range) : tells_good && at > range.start ? at - range.start : 0;
}

static void
answer(unsigned index, bool tells_good)
{
  struct rescue_read *read = out[index];
  struct range range = read->range;
  uint64_t good = good_bytes_of(range, tells_good);

  out[index] = out[--out_count];
  if (good < range_length(range))
    *(range_length(range) > sector ? &failed_large : &failed_sectors) += 1;
  for (uint64_t at = range.start; at < range.end; at++) {
    is_out[at] = false;
    was_read[at] = at < range.start + good;
  }
  rescue_answer(&rescue, read, good);
}

/* Nothing is finished that wasn't read, and the other way round. */
static void
check_finished(void)
{
  struct area area;

  for (uint64_t at = 0; at < size; at++) {
    areas_find(&areas, range_make(at, 1), AREA_STATUSES_ALL, false, &area);
    check((area.status == AREA_FINISHED) == was_read[at]);
  }
}

/* All is known, up to `until` answers. */
static void
run(struct random *random, unsigned most, unsigned until)
{
  for (; until > 0; until--) {
    while (submit_one(most) && !random_one_in(random, 20))
      ;
    if (out_count == 0 && rescue_is_done(&rescue))
      return;
    if (out_count > 0)
      answer((unsigned)random_between(random, 0, out_count - 1), random_one_in(random, 2));
  }
}

/* The reads that are out come to nothing. */
static void
end_and_go_on(void)
{
  enum area_status phase = rescue.phase;
  unsigned pass = rescue.pass;
  uint64_t position = rescue_position(&rescue);

  out_count = 0;
  memset(is_out, 0, sizeof is_out);
  rescue_init(&rescue, &config);
  rescue_resume(&rescue, phase, pass, position);
}

static void
check_all_is_known(void)
{
  struct area area;

  check(rescue_is_done(&rescue) && out_count == 0);
  check_finished();
  for (uint64_t at = 0; at < size; at++) {
    areas_find(&areas, range_make(at, 1), AREA_STATUSES_ALL, false, &area);
    check(area.status == (!is_in_domain(at) ? AREA_NON_TRIED : is_bad[at] ? AREA_BAD_SECTOR : AREA_FINISHED));
  }
}

static unsigned
count_bad(uint64_t unit)
{
  unsigned count = 0;

  for (uint64_t start = 0; start < size; start += unit) {
    bool has_bad = false;
    for (uint64_t at = start; at < range_min(start + unit, size); at++)
      has_bad = has_bad || is_bad[at];
    count += has_bad;
  }
  return count;
}

static void
make_random_disk(struct random *random)
{
  uint64_t sector_bytes = random_power(random, 0, 3);
  uint64_t read_bytes = sector_bytes * random_power(random, 0, 4);
  unsigned bad = (unsigned)random_between(random, 0, 12);

  make_disk(random_between(random, 1, DISK_BYTES), sector_bytes, read_bytes);
  for (; bad > 0; bad--) {
    uint64_t start = random_between(random, 0, size - 1);
    uint64_t length = random_one_in(random, 3) ? random_between(random, 1, 80) : 1;
    for (uint64_t at = start; at < range_min(start + length, size); at++)
      make_bad(at);
  }
  config.retry_passes = (unsigned)random_between(random, 0, 3);
}

static void
one_random_rescue(struct random *random)
{
  make_random_disk(random);
  rescue_init(&rescue, &config);
  run(random, (unsigned)random_between(random, 1, RESCUE_READS_MAX), UINT32_MAX);
  check_all_is_known();
  /* One failure of each large read, and of each sector but for the passes that were asked for. */
  check(failed_large <= count_bad(config.read_bytes));
  check(failed_sectors <= count_bad(sector) * (1 + config.retry_passes));
}

static void
random_rescues_read_all_that_can_be_read(void **state)
{
  (void)state;
  run_seeds(1500, one_random_rescue);
}

static void
one_rescue_that_is_ended(struct random *random)
{
  make_random_disk(random);
  config.skip_bytes_min = random_between(random, 1, 40);
  config.skip_bytes_max = config.skip_bytes_min + random_between(random, 0, 100);
  for (unsigned i = (unsigned)random_between(random, 0, 4); i > 0; i--) {
    uint64_t start = random_between(random, 0, size);
    areas_set(&domain, (struct range){ start, range_min(start + 30, size) }, AREA_NON_TRIED);
    is_whole = false;
  }
  rescue_init(&rescue, &config);
  for (unsigned i = (unsigned)random_between(random, 1, 8); i > 0; i--) {
    run(random, (unsigned)random_between(random, 1, RESCUE_READS_MAX), (unsigned)random_between(random, 1, 60));
    check_finished();
    if (!rescue_is_done(&rescue))
      end_and_go_on();
  }
  run(random, 8, UINT32_MAX);
  check_all_is_known();
}

static void
rescues_that_are_ended_go_on(void **state)
{
  (void)state;
  run_seeds(1500, one_rescue_that_is_ended);
}

/* ---- In which order ---- */

/* The reads of a rescue, one at a time, as text. */
static const char *
trace_of(unsigned count)
{
  static char text[2000];
  size_t used = 0;

  text[0] = '\0';
  rescue_init(&rescue, &config);
  while (count-- > 0 && submit_one(1)) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%llu-%llu ", (unsigned long long)out[0]->range.start,
                             (unsigned long long)out[0]->range.end);
    answer(0, false);
  }
  return text;
}

static void
a_good_disk_is_read_once(void **state)
{
  (void)state;
  make_disk(45, 1, 10 + 6);
  assert_string_equal(trace_of(100), "0-16 16-32 32-45 ");
  assert_true(rescue_is_done(&rescue));
}

static void
what_is_behind_errors_is_left_for_later(void **state)
{
  (void)state;
  make_disk(16 * 16, 4, 16);
  for (uint64_t at = 32; at < 64; at++)
    make_bad(at);
  /* Leaves out one read behind the first error, comes back to it from behind, and trims both from their outer ends. */
  assert_string_equal(trace_of(17),
                      "0-16 16-32 32-48 64-80 80-96 96-112 112-128 128-144 144-160 160-176 176-192 192-208 "
                      "208-224 224-240 240-256 48-64 32-36 ");
}

static void
more_is_left_out_after_errors_and_less_after_success(void **state)
{
  (void)state;
  make_disk(592, 4, 16);
  for (uint64_t at = 16; at < size; at++)
    is_bad[at] = at < 320 || at >= 352;
  /* 16, 32, 64 bytes; then 128, the most, which two successes make 32. */
  assert_string_equal(trace_of(8), "0-16 16-32 48-64 96-112 176-192 320-336 336-352 352-368 ");
  assert_int_equal(rescue.position, 368 + 32);
}

/* What isn't answered is read again by who goes on. */
static void
a_rescue_goes_on_before_what_is_out(void **state)
{
  struct rescue_read *reads[3];

  (void)state;
  make_disk(160, 4, 16);
  rescue_init(&rescue, &config);
  for (unsigned pass = 1; pass <= 2; pass++) {
    rescue_resume(&rescue, AREA_NON_TRIED, pass, 80);
    for (unsigned i = 0; i < LENGTH_OF(reads); i++)
      reads[i] = rescue_next(&rescue);
    rescue_answer(&rescue, reads[1], 16);
    assert_int_equal(rescue_position(&rescue), 80);
    rescue_answer(&rescue, reads[0], 16);
    assert_int_equal(rescue_position(&rescue), pass == 1 ? 112 : 48);
    rescue_answer(&rescue, reads[2], 16);
    assert_int_equal(rescue_position(&rescue), pass == 1 ? 128 : 32);
  }
}

static void
an_area_is_trimmed_from_both_ends(void **state)
{
  (void)state;
  make_disk(32, 2, 32);
  make_bad(6);
  make_bad(20);
  assert_string_equal(trace_of(100), "0-32 0-2 2-4 4-6 6-8 30-32 28-30 26-28 24-26 22-24 20-22 8-10 10-12 12-14 14-16 "
                                     "16-18 18-20 ");
}

/* A domain may cut sectors: what lies in two of them isn't bad because one is. */
static void
two_sectors_are_two_however_short(void **state)
{
  (void)state;
  make_disk(16, 4, 16);
  is_whole = false;
  areas_set(&domain, (struct range){ 0, 6 }, AREA_NON_TRIED);
  areas_set(&domain, (struct range){ 10, 16 }, AREA_NON_TRIED);
  make_bad(4);
  assert_string_equal(trace_of(100), "6-10 6-8 8-10 ");
  assert_int_equal(areas_total(&areas, AREA_FINISHED).bytes, 2);
  assert_int_equal(areas_total(&areas, AREA_BAD_SECTOR).bytes, 2);
}

static void
bad_sectors_are_tried_again_in_turning_direction(void **state)
{
  (void)state;
  make_disk(8, 2, 2);
  config.retry_passes = 3;
  make_bad(2);
  make_bad(6);
  assert_string_equal(trace_of(100), "0-2 2-4 6-8 4-6 2-4 6-8 6-8 2-4 2-4 6-8 ");
}

static enum area_status
status_of(uint64_t at)
{
  struct area area;

  areas_find(&areas, range_make(at, 1), AREA_STATUSES_ALL, false, &area);
  return area.status;
}

static void
what_is_behind_a_slow_read_is_left_for_later(void **state)
{
  (void)state;
  make_disk(160, 4, 16);
  rescue_init(&rescue, &config);
  rescue_answer_slow(&rescue, rescue_next(&rescue));
  assert_int_equal(areas_total(&areas, AREA_FINISHED).bytes, 16);
  assert_int_equal(rescue.position, 32);
  rescue_answer_slow(&rescue, rescue_next(&rescue));
  assert_int_equal(rescue.position, 48 + 32);
}

/* Nobody knows which of its sectors it was, and to find out may take as long for each. */
static void
what_is_silent_is_left_for_the_scraping(void **state)
{
  (void)state;
  make_disk(64, 4, 16);
  rescue_init(&rescue, &config);
  rescue_answer_silent(&rescue, rescue_next(&rescue));
  assert_int_equal(status_of(0), AREA_NON_SCRAPED);
  assert_int_equal(rescue.position, 32);
}

static void
a_silent_sector_ends_the_trimming_of_its_area(void **state)
{
  struct rescue_read *read;

  (void)state;
  make_disk(16, 4, 16);
  rescue_init(&rescue, &config);
  rescue_answer(&rescue, rescue_next(&rescue), 0);
  rescue_answer(&rescue, read = rescue_next(&rescue), 4);
  rescue_answer_silent(&rescue, rescue_next(&rescue));
  assert_int_equal(read->state, RESCUE_READ_HOME);
  assert_int_equal(status_of(0), AREA_FINISHED);
  assert_int_equal(status_of(4), AREA_BAD_SECTOR);
  assert_int_equal(status_of(8), AREA_NON_SCRAPED);
  rescue_answer_silent(&rescue, rescue_next(&rescue));
  assert_int_equal(status_of(8), AREA_BAD_SECTOR);
}

/* Near errors reads are small, and elsewhere large, on one grid. */
static void
reads_become_smaller_and_larger(void **state)
{
  struct rescue_read *reads[4];

  (void)state;
  make_disk(64, 4, 16);
  rescue_init(&rescue, &config);
  reads[0] = rescue_next(&rescue);
  rescue_set_read_bytes(&rescue, 8);
  reads[1] = rescue_next(&rescue);
  rescue_set_read_bytes(&rescue, 32);
  reads[2] = rescue_next(&rescue);
  reads[3] = rescue_next(&rescue);
  assert_int_equal(reads[0]->range.end, 16);
  assert_int_equal(reads[1]->range.end, 24);
  assert_int_equal(reads[2]->range.end, 32);
  assert_int_equal(reads[3]->range.end, 64);
}

static void
answer_too_much(void)
{
  rescue_answer(&rescue, rescue_next(&rescue), size + 1);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  make_disk(100, 4, 16);
  rescue_init(&rescue, &config);
  assert_true(is_asserted(answer_too_much));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_good_disk_is_read_once),
    cmocka_unit_test(what_is_behind_errors_is_left_for_later),
    cmocka_unit_test(more_is_left_out_after_errors_and_less_after_success),
    cmocka_unit_test(a_rescue_goes_on_before_what_is_out),
    cmocka_unit_test(an_area_is_trimmed_from_both_ends),
    cmocka_unit_test(two_sectors_are_two_however_short),
    cmocka_unit_test(bad_sectors_are_tried_again_in_turning_direction),
    cmocka_unit_test(what_is_behind_a_slow_read_is_left_for_later),
    cmocka_unit_test(what_is_silent_is_left_for_the_scraping),
    cmocka_unit_test(a_silent_sector_ends_the_trimming_of_its_area),
    cmocka_unit_test(reads_become_smaller_and_larger),
    cmocka_unit_test(mistakes_are_asserted),
    cmocka_unit_test(random_rescues_read_all_that_can_be_read),
    cmocka_unit_test(rescues_that_are_ended_go_on),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
