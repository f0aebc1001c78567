/* SPDX-License-Identifier: MIT */
/* A byte that is overlooked becomes a hole in the copy: every byte of every
 * length and alignment must be seen. */
#include "unit/unit.h"

#include "base/zeros.h"

#define LENGTH_MAX 300

static void
every_single_byte_is_seen(void **state)
{
  uint8_t bytes[LENGTH_MAX + 16] = { 0 };

  (void)state;
  for (uint64_t start = 0; start < 9; start++)
    for (uint64_t length = 0; length < LENGTH_MAX; length++) {
      assert_true(zeros_only(bytes + start, length));
      for (uint64_t at = 0; at < length; at += 1 + length / 50) {
        bytes[start + at] = 1;
        assert_false(zeros_only(bytes + start, length));
        bytes[start + at] = 0;
      }
    }
}

static void
what_lies_beside_does_not_count(void **state)
{
  uint8_t bytes[LENGTH_MAX + 2] = { 0 };

  (void)state;
  for (uint64_t length = 0; length < LENGTH_MAX; length++) {
    bytes[0] = bytes[length + 1] = 0xff;
    assert_true(zeros_only(bytes + 1, length));
    bytes[length + 1] = 0;
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_single_byte_is_seen),
    cmocka_unit_test(what_lies_beside_does_not_count),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
