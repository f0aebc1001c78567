/* SPDX-License-Identifier: MIT */
/* What a verifier doesn't compare is called good without a look: so what was written is compared, all of it and nothing else,
 * also of a copy in more parts than can be noted at once. */
#include "unit/unit.h"

#include "copy/verifier.h"

#define LEAF RANGE_LEAF_BYTES

static struct verifier verifier;
static const uint8_t seed[NH_SEED_BYTES] = "verifier";
static uint8_t disk[4 * LEAF];

static void
take(const uint8_t *data, uint64_t length)
{
  verifier.tap.take(&verifier.tap, data, length);
}

static void
keep(uint64_t length)
{
  verifier.tap.keep(&verifier.tap, length);
}

static void
begin(uint64_t size, bool is_partial, uint64_t start)
{
  srandom(2);
  for (size_t i = 0; i < sizeof disk; i++)
    disk[i] = (uint8_t)random();
  verifier_init(&verifier, size, 1, seed, is_partial, start);
}

static void
learn_whole(void)
{
  begin(sizeof disk, false, 0);
  take(disk, sizeof disk);
  verifier_end_pass(&verifier);
  assert_int_equal(verifier.end, sizeof disk);
}

static uint64_t
bytes_that_differ(void)
{
  verifier_begin_pass(&verifier, RANGES_COMPARE, false);
  take(disk, sizeof disk);
  verifier_end_pass(&verifier);
  return verifier_gather(&verifier);
}

static void
what_differs_is_found(void **state)
{
  struct range range = { 0, 0 };

  (void)state;
  learn_whole();
  assert_int_equal(bytes_that_differ(), 0);
  assert_false(verifier_next(&verifier, &range));
  disk[LEAF] ^= 1;
  disk[3 * LEAF - 1] ^= 1;
  assert_int_equal(bytes_that_differ(), 2 * LEAF);
  assert_true(verifier_next(&verifier, &range));
  assert_true(range.start == LEAF && range.end == 3 * LEAF);
  assert_false(verifier_next(&verifier, &range));
}

static void
what_is_copied_again_is_learnt_again(void **state)
{
  (void)state;
  learn_whole();
  disk[LEAF + 7] ^= 1;
  assert_int_equal(bytes_that_differ(), LEAF);
  verifier_begin_pass(&verifier, RANGES_LEARN, true);
  keep(LEAF);
  take(disk + LEAF, LEAF);
  keep(2 * LEAF);
  verifier_end_pass(&verifier);
  assert_int_equal(bytes_that_differ(), 0);
}

/* A destination may be longer than the source was. */
static void
what_lies_behind_is_not_looked_at(void **state)
{
  (void)state;
  begin(SIZE_UNKNOWN, false, 0);
  take(disk, LEAF + 100);
  verifier_end_pass(&verifier);
  assert_int_equal(verifier.end, LEAF + 100);
  memset(disk + LEAF + 100, 1, 1000);
  assert_int_equal(bytes_that_differ(), 0);
  disk[LEAF + 99] ^= 1;
  assert_int_equal(bytes_that_differ(), 100);
}

static void
what_was_not_written_is_not_looked_at(void **state)
{
  (void)state;
  begin(sizeof disk, true, 10);
  keep(10);
  take(disk + 10, 90);
  keep(LEAF);
  take(NULL, 50);
  keep(sizeof disk - LEAF - 150);
  verifier_end_pass(&verifier);
  assert_int_equal(verifier_written(&verifier, (struct range){ 0, sizeof disk }), 140);
  memset(disk + LEAF + 100, 0, 50);
  assert_int_equal(bytes_that_differ(), 0);
  disk[9] ^= 1, disk[100] ^= 1, disk[LEAF + 99] ^= 1, disk[LEAF + 150] ^= 1;
  assert_int_equal(bytes_that_differ(), 0);
  disk[10] ^= 1;
  assert_int_equal(bytes_that_differ(), 90);
  disk[LEAF + 149] ^= 1;
  assert_int_equal(bytes_that_differ(), 140);
}

/* Where there are too many parts, a round ends in front of one that isn't noted, and the next begins there. */
static void
too_many_parts_are_rounds(void **state)
{
  uint64_t end = 0, rounds = 0, noted = 0;

  (void)state;
  begin(sizeof disk, true, 0);
  do {
    if (end > 0)
      verifier_begin_round(&verifier, end);
    for (uint64_t at = 0; at < sizeof disk; at += 16) {
      if (at < end)
        keep(16);
      else
        take(disk + at, 8), keep(8);
    }
    verifier_end_pass(&verifier);
    assert_true(verifier.end > end && verifier.end <= sizeof disk);
    noted += verifier_written(&verifier, (struct range){ end, verifier.end });
    disk[end] ^= 1;
    assert_true(bytes_that_differ() > 0);
    disk[end] ^= 1;
    disk[end + 8] ^= 1;
    assert_int_equal(bytes_that_differ(), 0);
    disk[end + 8] ^= 1;
    end = verifier.end;
    rounds++;
  } while (verifier.is_cut);
  assert_int_equal(end, sizeof disk);
  assert_int_equal(noted, sizeof disk / 2);
  assert_int_equal(rounds, sizeof disk / 16 / (AREAS_MAX / 2 - 1) + 1);
}

static uint64_t others_bytes;

static void
hear(struct copy_tap *tap, const uint8_t *data, uint64_t length)
{
  (void)tap;
  assert_ptr_equal(data, disk + others_bytes);
  others_bytes += length;
}

/* The digests of what is read back are of the copy, not of what lies behind it. */
static void
others_hear_what_is_compared(void **state)
{
  static struct copy_tap other = { .take = hear };

  (void)state;
  begin(SIZE_UNKNOWN, false, 0);
  take(disk, 2 * LEAF + 5);
  verifier_end_pass(&verifier);
  verifier_begin_pass(&verifier, RANGES_COMPARE, false);
  verifier.other = &other;
  take(disk, LEAF);
  take(disk + LEAF, sizeof disk - LEAF);
  verifier_end_pass(&verifier);
  assert_int_equal(others_bytes, 2 * LEAF + 5);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_differs_is_found),
    cmocka_unit_test(what_is_copied_again_is_learnt_again),
    cmocka_unit_test(what_lies_behind_is_not_looked_at),
    cmocka_unit_test(what_was_not_written_is_not_looked_at),
    cmocka_unit_test(too_many_parts_are_rounds),
    cmocka_unit_test(others_hear_what_is_compared),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
