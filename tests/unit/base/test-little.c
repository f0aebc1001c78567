/* SPDX-License-Identifier: MIT */
/* What is read of a disk's numbers, and written there, must be all of their bytes and no others. */
#include "unit/unit.h"

#include "base/little.h"

static void
numbers_have_their_least_byte_first(void **state)
{
  unsigned char bytes[10] = { 0xaa, 1, 2, 3, 4, 5, 6, 7, 0xff, 0xaa };
  unsigned char copy[10];

  (void)state;
  assert_int_equal(little_get(bytes + 1, 1), 1);
  assert_int_equal(little_get(bytes + 1, 2), 0x0201);
  assert_int_equal(little_get(bytes + 1, 4), 0x04030201);
  assert_true(little_get(bytes + 1, 8) == UINT64_C(0xff07060504030201));
  for (unsigned width = 1; width <= 8; width++) {
    memset(copy, 0xaa, sizeof copy);
    little_put(copy + 1, width, UINT64_C(0xff07060504030201));
    assert_memory_equal(copy, bytes, width + 1);
    assert_int_equal(copy[width + 1], 0xaa);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_have_their_least_byte_first),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
