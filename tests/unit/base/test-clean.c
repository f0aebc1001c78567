/* SPDX-License-Identifier: MIT */
/* One character that gets through is one escape sequence on somebody's terminal, and one
 * byte that isn't UTF-8 is no JSON: the reader of UTF-8 is held to a plain one. */
#include "unit/unit.h"

#include "base/clean.h"

/* UTF-8 as the definition has it, for all that it can say: returns the length. */
static size_t
encode(uint32_t code, char *bytes)
{
  size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

  for (size_t i = length; i-- > 1; code >>= 6)
    bytes[i] = (char)(0x80 | (code & 0x3f));
  bytes[0] = (char)(first[length] | code);
  bytes[length] = '\0';
  return length;
}

static void
every_character_is_read(void **state)
{
  char bytes[5];
  uint32_t read;

  (void)state;
  for (uint32_t code = 1; code <= 0x10ffff; code++) {
    size_t length = encode(code, bytes);
    bool is_half = code >= 0xd800 && code <= 0xdfff;
    assert_int_equal(clean_next(bytes, &read), is_half ? 1 : length);
    assert_int_equal(read, is_half ? CLEAN_NO_CHARACTER : code);
    if (length < 2)
      continue;
    bytes[length - 1] = '\0'; /* cut */
    assert_int_equal(clean_next(bytes, &read), 1);
    assert_int_equal(read, CLEAN_NO_CHARACTER);
  }
}

static void
what_is_no_character_is_one_byte(void **state)
{
  static const char *const broken[] = { "\x80",
                                        "\xbf",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xe0\x80\x80",
                                        "\xe0\x9f\xbf",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xfe",
                                        "\xff",
                                        "\xc3(",
                                        "\xe3\x83(" };
  uint32_t read;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(broken); i++) {
    assert_int_equal(clean_next(broken[i], &read), 1);
    assert_int_equal(read, CLEAN_NO_CHARACTER);
  }
}

static void
what_plays_tricks_is_not_shown(void **state)
{
  (void)state;
  for (uint32_t code = 0; code < 0xa0; code++)
    assert_int_equal(clean_may_show(code), code >= 0x20 && code < 0x7f);
  assert_false(clean_may_show(0x202e));
  assert_false(clean_may_show(0x2067));
  assert_false(clean_may_show(CLEAN_NO_CHARACTER));
  assert_true(clean_may_show(0xa0));
  assert_true(clean_may_show(0x30ea));
  assert_true(clean_may_show(0x1f600));
}

/* Whatever the bytes: what is left is UTF-8 that may be shown, and no longer. */
static void
one_random_text(struct random *random)
{
  char text[40], before[40];
  size_t length = random_between(random, 0, sizeof text - 1);
  uint32_t code;

  for (size_t i = 0; i < length; i++)
    text[i] = (char)(random_between(random, 0, 3) ? random_between(random, 0x80, 0xff)
                                                  : random_between(random, 1, 0x7f));
  text[length] = '\0';
  memcpy(before, text, sizeof before);
  clean_in_place(text);
  check(strlen(text) <= length);
  for (const char *p = text; *p;) {
    p += clean_next(p, &code);
    check(clean_may_show(code));
  }
  memcpy(before, text, sizeof before);
  clean_in_place(text);
  check(strcmp(text, before) == 0);
}

static void
random_texts_become_clean(void **state)
{
  (void)state;
  run_seeds(5000, one_random_text);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_character_is_read),
    cmocka_unit_test(what_is_no_character_is_one_byte),
    cmocka_unit_test(what_plays_tricks_is_not_shown),
    cmocka_unit_test(random_texts_become_clean),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
