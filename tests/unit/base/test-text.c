/* SPDX-License-Identifier: MIT */
/* Output that is put together first must be whole or be known not to be, and a
 * server's words in it must stay words: on a terminal, and between quotation marks. */
#include "unit/unit.h"

#include "base/text.h"

static void
lines_are_put_together(void **state)
{
  char bytes[64];
  struct text text;

  (void)state;
  text_init(&text, bytes, sizeof bytes);
  assert_string_equal(bytes, "");
  text_add(&text, "size: %d\n", 42);
  text_add_words(&text, "hello");
  assert_string_equal(bytes, "size: 42\nhello");
  assert_int_equal(text.used, strlen(bytes));
  assert_false(text.full);
}

static void
words_play_no_tricks(void **state)
{
  char bytes[64];
  struct text text;

  (void)state;
  text_init(&text, bytes, sizeof bytes);
  text_add_words(&text, "a\033[2Jb\nc\177\xe3\x83\xaa");
  assert_string_equal(bytes, "a?[2Jb?c?\xe3\x83\xaa");
  text_init(&text, bytes, sizeof bytes);
  text_add_words(&text, "\xc2\x9b"
                        "31m \xff\xe3\x83 \xe2\x80\xae");
  assert_string_equal(bytes, "?31m ??? ?");
}

static void
json_strings_are_quoted(void **state)
{
  static const struct {
    const char *string, *json;
  } cases[] = {
    { "", "\"\"" },
    { "hello world", "\"hello world\"" },
    { "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
    { "\n\t\033\177", "\"\\u000a\\u0009\\u001b\\u007f\"" },
    { "\xe3\x83\xaa", "\"\xe3\x83\xaa\"" },
    { "\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\"" },
    { "a\xff"
      "b\xe3\x83",
      "\"a\\ufffdb\\ufffd\\ufffd\"" },
    { "\xe2\x80\xae", "\"\\u202e\"" },
  };
  char bytes[64];
  struct text text;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    text_init(&text, bytes, sizeof bytes);
    text_add_json(&text, cases[i].string);
    assert_string_equal(bytes, cases[i].json);
  }
}

static void
colours_end_where_they_began(void **state)
{
  char bytes[64];
  struct text text;

  (void)state;
  text_init(&text, bytes, sizeof bytes);
  text_begin_colour(&text, "\033[31m");
  text_add(&text, "red");
  text_end_colour(&text, "\033[31m");
  text_begin_colour(&text, NULL);
  text_add(&text, ", none");
  text_end_colour(&text, NULL);
  assert_string_equal(bytes, "\033[31mred\033[0m, none");
}

/* Whatever is added in whatever room: never more than that, always with a NUL, and
 * what is there is the beginning of what should be. */
static void
one_random_text(struct random *random)
{
  static const char *const parts[] = { "", "x", "hello", "\"\n", "0123456789" };
  char whole[512], bytes[41];
  struct text text, reference;
  size_t size = (size_t)random_between(random, 1, sizeof bytes - 1);

  memset(bytes, '#', sizeof bytes);
  text_init(&text, bytes, size);
  text_init(&reference, whole, sizeof whole);
  for (uint64_t n = random_between(random, 0, 12); n > 0; n--) {
    const char *part = parts[random_between(random, 0, LENGTH_OF(parts) - 1)];
    uint64_t how = random_between(random, 0, 2);
    struct text *both[] = { &text, &reference };
    for (int i = 0; i < 2; i++)
      if (how == 0)
        text_add(both[i], "%s", part);
      else
        (how == 1 ? text_add_words : text_add_json)(both[i], part);
  }
  check(text.used < size && bytes[text.used] == '\0' && bytes[size] == '#');
  check(strncmp(bytes, whole, text.used) == 0);
  check(text.full == (reference.used >= size));
  check(text.full || text.used == reference.used);
}

static void
random_texts_are_whole_or_full(void **state)
{
  (void)state;
  run_seeds(20000, one_random_text);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lines_are_put_together),         cmocka_unit_test(words_play_no_tricks),
    cmocka_unit_test(json_strings_are_quoted),        cmocka_unit_test(colours_end_where_they_began),
    cmocka_unit_test(random_texts_are_whole_or_full),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
