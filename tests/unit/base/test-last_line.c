/* SPDX-License-Identifier: MIT */
/* The last line of a server is all that tells why it gave up: it is found however it comes, in whatever pieces, and is
 * bytes of anybody's choice. */
#include "unit/unit.h"

#include "base/last_line.h"

#include <string.h>

/* What is told of words that come at once, and byte by byte. */
static void
expect(const char *words, size_t count, const char *told)
{
  struct last_line whole = { 0 }, pieces = { 0 };
  char text[LAST_LINE_TEXT_BYTES];

  last_line_hear(&whole, words, count);
  last_line_tell(&whole, text);
  assert_string_equal(text, told);
  for (size_t i = 0; i < count; i++)
    last_line_hear(&pieces, words + i, 1);
  last_line_tell(&pieces, text);
  assert_string_equal(text, told);
}

#define EXPECT(words, told) expect(words, sizeof(words) - 1, told)

static void
the_last_line_is_told(void **state)
{
  (void)state;
  EXPECT("", "");
  EXPECT("one\n", "one");
  EXPECT("one\nlonger than that\nthree\n", "three");
  EXPECT("one\ntwo", "two");
  EXPECT("10%\r20%\r\n", "20%");
}

static void
blanks_say_nothing(void **state)
{
  (void)state;
  EXPECT("\n \t\n", "");
  EXPECT("one\n\n\n   \n", "one");
  EXPECT("one\n", "one");
  EXPECT("\t two\twords \t\n", "two words");
}

static void
what_may_not_be_shown_is_not(void **state)
{
  (void)state;
  EXPECT("a\x1b[31mred\x9b\0z\n", "a?[31mred??z");
  EXPECT("gr\xc3\xbc\xc3\x9f\x65\n", "gr\xc3\xbc\xc3\x9f\x65");
  EXPECT("half \xc3", "half ?");
}

static void
a_long_line_is_cut(void **state)
{
  char words[4 * LAST_LINE_BYTES_MAX], told[LAST_LINE_TEXT_BYTES];

  (void)state;
  memset(words, 'x', sizeof words);
  memset(told, 'x', sizeof told);
  told[LAST_LINE_BYTES_MAX] = '\0';
  expect(words, LAST_LINE_BYTES_MAX, told);
  memcpy(told + LAST_LINE_BYTES_MAX, "...", sizeof "...");
  expect(words, LAST_LINE_BYTES_MAX + 1, told);
  expect(words, sizeof words, told);
  words[sizeof words - 3] = '\n'; /* and doesn't stay cut */
  expect(words, sizeof words, "xx");
}

/* Wherever in a character the cut falls. */
static void
no_character_is_cut(void **state)
{
  static const char *const characters[] = { "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x92\xbe" };
  char words[LAST_LINE_BYTES_MAX + 8], told[LAST_LINE_TEXT_BYTES + 8];

  (void)state;
  for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++)
    for (size_t length = strlen(characters[i]), kept = 0; kept <= length; kept++) {
      size_t before = LAST_LINE_BYTES_MAX - kept;
      memset(words, 'x', sizeof words);
      memcpy(words + before, characters[i], length);
      memcpy(told, words, sizeof words);
      strcpy(told + before + (kept == length ? length : 0), "...");
      expect(words, sizeof words, told);
    }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_last_line_is_told),        cmocka_unit_test(blanks_say_nothing),
    cmocka_unit_test(what_may_not_be_shown_is_not), cmocka_unit_test(a_long_line_is_cut),
    cmocka_unit_test(no_character_is_cut),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
