/* SPDX-License-Identifier: MIT */
/* Whoever finds a file with a hole in it, years later, is to see what it is and whose; and nothing beside it may be touched. */
#include "unit/unit.h"

#include "copy/mark.h"

static unsigned char bytes[2048];

static void
zeros_are_zeros(void **state)
{
  (void)state;
  memset(bytes, 7, sizeof bytes);
  mark_fill(bytes + 1, 512, 512, MARK_ZERO, "now");
  assert_int_equal(bytes[0], 7);
  for (int i = 1; i <= 512; i++)
    assert_int_equal(bytes[i], 0);
  assert_int_equal(bytes[513], 7);
}

static void
a_pattern_names_its_place_again_and_again(void **state)
{
  static const char line[] = "decant: unreadable at offset 1536, now\n";
  size_t length = sizeof line - 1;

  (void)state;
  memset(bytes, 7, sizeof bytes);
  mark_fill(bytes + 1, 1536, 512, MARK_PATTERN, "now");
  assert_int_equal(bytes[0], 7);
  for (size_t i = 0; i < 512; i++)
    assert_int_equal(bytes[1 + i], line[i % length]);
  assert_int_equal(bytes[513], 7);
}

static void
words_that_are_too_long_are_cut(void **state)
{
  char words[300];

  (void)state;
  memset(words, 'x', sizeof words - 1);
  words[sizeof words - 1] = '\0';
  mark_fill(bytes, 0, sizeof bytes, MARK_PATTERN, words);
  for (size_t i = 0; i < sizeof bytes; i++)
    assert_true(bytes[i] != '\0');
  assert_memory_equal(bytes, bytes + 127, 127);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(zeros_are_zeros),
    cmocka_unit_test(a_pattern_names_its_place_again_and_again),
    cmocka_unit_test(words_that_are_too_long_are_cut),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
