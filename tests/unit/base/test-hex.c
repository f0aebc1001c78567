/* SPDX-License-Identifier: MIT */
/* Digests, pins and keys are compared as digits: one that is misread is another key, or
 * an alarm about a copy that is right. */
#include "unit/unit.h"

#include "base/hex.h"

#include <ctype.h>

static void
digits_are_those_of_c(void **state)
{
  (void)state;
  for (int c = 0; c < 256; c++) {
    char text[] = { '1', (char)c, '\0' }, other_way_round[] = { (char)c, '1', '\0' };
    bool is_digit = c < 128 && isxdigit(c);
    uint8_t byte;
    assert_int_equal(hex_read(text, &byte, 1), is_digit);
    assert_true(!is_digit || byte == strtol(text, NULL, 16));
    assert_int_equal(hex_read(other_way_round, &byte, 1), is_digit);
    assert_true(!is_digit || byte == strtol(other_way_round, NULL, 16));
  }
}

static void
bytes_are_read_in_any_case(void **state)
{
  uint8_t bytes[4] = { 0 };

  (void)state;
  assert_true(hex_read("00fFAb7", bytes, 3));
  assert_memory_equal(bytes, "\x00\xff\xab\x00", 4);
  assert_true(hex_read("", bytes, 0));
}

/* Wherever it ends, no byte behind the NUL is touched: the sanitizer looks. */
static void
what_is_no_digit_is_refused(void **state)
{
  static const char *const texts[] = { "",
                                       "1",
                                       "12",
                                       "123",
                                       "12g4",
                                       "1 34",
                                       "-123",
                                       "0x12",
                                       "12\xff"
                                       "4" };
  uint8_t bytes[2];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(texts); i++) {
    char *exact = strdup(texts[i]);
    assert_false(hex_read(exact, bytes, 2));
    free(exact);
  }
}

static void
all_bytes_are_written_and_read(void **state)
{
  uint8_t bytes[256], again[256];
  char text[2 * sizeof bytes + 1];

  (void)state;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)i;
  hex_write(bytes, sizeof bytes, text);
  assert_memory_equal(text, "00010203", 8);
  assert_string_equal(text + 2 * sizeof bytes - 8, "fcfdfeff");
  assert_true(hex_read(text, again, sizeof again));
  assert_memory_equal(bytes, again, sizeof bytes);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(digits_are_those_of_c),
    cmocka_unit_test(bytes_are_read_in_any_case),
    cmocka_unit_test(what_is_no_digit_is_refused),
    cmocka_unit_test(all_bytes_are_written_and_read),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
