/* SPDX-License-Identifier: MIT */
/* A byte that is overlooked makes two disks the same that aren't: every byte of every length and alignment must be seen. */
#include "unit/unit.h"

#include "base/same.h"

#define LENGTH_MAX 300

static void
every_single_byte_is_seen(void **state)
{
  uint8_t one[LENGTH_MAX + 16], other[LENGTH_MAX + 16], zeros[LENGTH_MAX + 16] = { 0 };

  (void)state;
  for (unsigned i = 0; i < sizeof one; i++)
    one[i] = (uint8_t)(i * 7);
  for (uint64_t start = 0; start < 9; start++)
    for (uint64_t length = 0; length < LENGTH_MAX; length++) {
      memcpy(other + 1, one + start, length);
      assert_int_equal(same_bytes(one + start, other + 1, length), length);
      assert_int_equal(same_zeros(zeros + start, length), length);
      for (uint64_t at = 0; at < length; at += 1 + length / 50) {
        other[1 + at] ^= 0x80;
        zeros[start + at] = 1;
        assert_int_equal(same_bytes(one + start, other + 1, length), at);
        assert_int_equal(same_zeros(zeros + start, length), at);
        other[1 + at] ^= 0x80;
        zeros[start + at] = 0;
      }
    }
}

static void
the_first_of_several_counts(void **state)
{
  uint8_t one[200] = { 0 }, other[200] = { 0 };

  (void)state;
  other[70] = other[71] = other[199] = 1;
  assert_int_equal(same_bytes(one, other, 200), 70);
  assert_int_equal(same_zeros(other, 200), 70);
  assert_int_equal(same_bytes(one, other, 70), 70); /* what lies beside doesn't */
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_single_byte_is_seen),
    cmocka_unit_test(the_first_of_several_counts),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
