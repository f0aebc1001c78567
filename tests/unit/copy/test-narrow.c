/* SPDX-License-Identifier: MIT */
/* A failing read may take a disk half a minute: what can't be read must be found to the sector, with few of them. */
#include "unit/unit.h"

#include "copy/narrow.h"

#define UNIT 512
#define PART 65536

/* A disk of bytes, on which some sectors are bad, and how it is read. */
static bool bad[512];
static bool found[512];
static unsigned reads, failures;

static bool
is_any_bad(struct range part)
{
  for (uint64_t i = part.start / UNIT; i * UNIT < part.end; i++)
    if (bad[i])
      return true;
  return false;
}

/* Narrows a range down that failed; notes each unit that was found to be bad. */
static void
narrow_all(struct range rest)
{
  struct narrow narrow;

  memset(found, 0, sizeof found);
  reads = failures = 0;
  narrow_begin(&narrow, UNIT, PART);
  assert_false(narrow_failed(&narrow, rest));
  while (rest.start < rest.end) {
    struct range part = { rest.start, narrow_part_end(&narrow, rest) };
    assert_true(part.end > part.start && part.end <= rest.end && part.end - part.start <= PART);
    assert_true(part.end == rest.end || part.end % UNIT == 0);
    reads++;
    if (!is_any_bad(part)) {
      narrow_good(&narrow, part);
      rest.start = part.end;
      continue;
    }
    failures++;
    if (narrow_failed(&narrow, part)) {
      found[part.start / UNIT] = true;
      rest.start = part.end;
    }
  }
}

static void
a_bad_sector_is_found_wherever_it_is(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 128; i++) {
    memset(bad, 0, sizeof bad);
    bad[i] = true;
    narrow_all((struct range){ 0, PART });
    assert_memory_equal(found, bad, sizeof bad);
    assert_in_range(failures, 1, 4);
    assert_in_range(reads, 4, 24);
  }
}

static void
of_many_each_costs_one_failing_read_and_little_more(void **state)
{
  (void)state;
  memset(bad, 0, sizeof bad);
  memset(bad + 40, true, 60);
  narrow_all((struct range){ 0, PART });
  assert_memory_equal(found, bad, sizeof bad);
  assert_in_range(failures, 60, 64);
  memset(bad, true, sizeof bad);
  narrow_all((struct range){ 0, PART });
  assert_int_equal(failures, 128 + 3);
}

static void
behind_a_bad_sector_parts_grow_again(void **state)
{
  (void)state;
  memset(bad, 0, sizeof bad);
  bad[0] = bad[511] = true;
  narrow_all((struct range){ 0, 4 * PART });
  assert_memory_equal(found, bad, sizeof bad);
  assert_in_range(reads, 8, 32);
}

static void
what_begins_and_ends_within_a_sector_is_narrowed_to_that(void **state)
{
  struct narrow narrow;

  (void)state;
  narrow_begin(&narrow, UNIT, PART);
  assert_false(narrow_failed(&narrow, (struct range){ 100, 1300 }));
  assert_int_equal(narrow_part_end(&narrow, (struct range){ 100, 1300 }), 512);
  assert_true(narrow_failed(&narrow, (struct range){ 100, 512 }));
  assert_int_equal(narrow_part_end(&narrow, (struct range){ 512, 1300 }), 1024);
  narrow_good(&narrow, (struct range){ 512, 1024 });
  assert_int_equal(narrow_part_end(&narrow, (struct range){ 1024, 1300 }), 1300);
  assert_true(narrow_failed(&narrow, (struct range){ 1024, 1300 }));
}

static void
where_the_disk_says_which_it_is_nothing_else_is_tried(void **state)
{
  struct narrow narrow;

  (void)state;
  narrow_begin(&narrow, UNIT, PART);
  narrow_failed_at(&narrow, 5120);
  assert_int_equal(narrow_part_end(&narrow, (struct range){ 5120, PART }), 5632);
  assert_true(narrow_failed(&narrow, (struct range){ 5120, 5632 }));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_bad_sector_is_found_wherever_it_is),
    cmocka_unit_test(of_many_each_costs_one_failing_read_and_little_more),
    cmocka_unit_test(behind_a_bad_sector_parts_grow_again),
    cmocka_unit_test(what_begins_and_ends_within_a_sector_is_narrowed_to_that),
    cmocka_unit_test(where_the_disk_says_which_it_is_nothing_else_is_tried),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
