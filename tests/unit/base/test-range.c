/* SPDX-License-Identifier: MIT */
/* Ranges are what every offset passes through; a server that answers with
 * offsets near 2^64 must not make one of them wrap round. */
#include "unit/unit.h"

#include "base/range.h"

#define LAST UINT64_MAX

static void
ends_stop_at_the_last_offset(void **state)
{
  static const struct {
    uint64_t offset, length, end;
  } cases[] = {
    { 0, 0, 0 },       { 0, 1, 1 },       { 5, 7, 12 },          { LAST, 0, LAST },    { LAST, 1, LAST },
    { 1, LAST, LAST }, { 0, LAST, LAST }, { LAST - 1, 1, LAST }, { LAST, LAST, LAST }, { LAST / 2, LAST / 2, LAST - 1 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_true(range_end(cases[i].offset, cases[i].length) == cases[i].end);
    struct range range = range_make(cases[i].offset, cases[i].length);
    assert_true(range.start == cases[i].offset && range.end == cases[i].end);
    assert_true(range_length(range) == cases[i].end - cases[i].offset);
    assert_true(range_is_empty(range) == (cases[i].end == cases[i].offset));
  }
}

static void
alignment_rounds_to_multiples(void **state)
{
  static const struct {
    uint64_t offset, alignment, down, up;
  } cases[] = {
    { 0, 1, 0, 0 },
    { 7, 1, 7, 7 },
    { 0, 512, 0, 0 },
    { 1, 512, 0, 512 },
    { 511, 512, 0, 512 },
    { 512, 512, 512, 512 },
    { 513, 512, 512, 1024 },
    { LAST, 1, LAST, LAST },
    /* No multiple above: the one below. */
    { LAST, 512, LAST - 511, LAST - 511 },
    { LAST - 511, 512, LAST - 511, LAST - 511 },
    { LAST - 512, 512, LAST - 1023, LAST - 511 },
    { LAST, UINT64_C(1) << 63, UINT64_C(1) << 63, UINT64_C(1) << 63 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_true(range_align_down(cases[i].offset, cases[i].alignment) == cases[i].down);
    assert_true(range_align_up(cases[i].offset, cases[i].alignment) == cases[i].up);
    assert_true(range_is_aligned(cases[i].offset, cases[i].alignment) == (cases[i].down == cases[i].offset));
  }
}

static void
powers_of_two_are_told_from_others(void **state)
{
  (void)state;
  assert_false(range_is_power_of_two(0));
  assert_false(range_is_power_of_two(LAST));
  for (unsigned shift = 0; shift < 64; shift++) {
    uint64_t power = UINT64_C(1) << shift;
    assert_true(range_is_power_of_two(power));
    assert_true(range_is_power_of_two(power | 1) == (power == 1));
    assert_true(range_power_of_two_below(power) == power);
    assert_true(range_power_of_two_below(power + (power - 1)) == power);
  }
}

static void
least_and_greatest(void **state)
{
  (void)state;
  assert_true(range_min(0, LAST) == 0 && range_min(LAST, 0) == 0 && range_min(3, 3) == 3);
  assert_true(range_max(0, LAST) == LAST && range_max(LAST, 0) == LAST && range_max(3, 3) == 3);
}

/* In 128 bits nothing wraps: the truth that 64 bits are held to. */
static void
one_random_range(struct random *random)
{
  uint64_t offset = random_next(random) >> random_between(random, 0, 63);
  uint64_t length = random_next(random) >> random_between(random, 0, 63);
  uint64_t alignment = random_power(random, 0, 63);

  if (random_one_in(random, 2))
    offset = LAST - offset;
  unsigned __int128 end = (unsigned __int128)offset + length;
  unsigned __int128 up = ((unsigned __int128)offset + alignment - 1) / alignment * alignment;

  check(range_end(offset, length) == (end > LAST ? LAST : (uint64_t)end));
  check(range_align_down(offset, alignment) == offset / alignment * alignment);
  check(range_align_up(offset, alignment) == (up > LAST ? offset / alignment * alignment : (uint64_t)up));
  if (length > 0)
    check(range_pieces(offset, length) == ((unsigned __int128)offset + length - 1) / length);
}

static void
random_ranges_agree_with_wider_arithmetic(void **state)
{
  (void)state;
  run_seeds(20000, one_random_range);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ends_stop_at_the_last_offset),
    cmocka_unit_test(alignment_rounds_to_multiples),
    cmocka_unit_test(powers_of_two_are_told_from_others),
    cmocka_unit_test(least_and_greatest),
    cmocka_unit_test(random_ranges_agree_with_wider_arithmetic),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
