/* SPDX-License-Identifier: MIT */
/* The command that goes on is pasted into a shell by somebody who is tired, at the prompt of a machine that is in
 * trouble: it must be the one that was given, and go on where the copy is good. */
#include "unit/command_line.h"

#include "cli/options_command.h"

static char line[4096];

/* What is told after a failure of that command. */
static const char *
told(uint64_t from)
{
  struct text text;

  text_init(&text, line, sizeof line);
  options_command_add(&options.command, from, &text);
  return text.full ? NULL : line;
}

static void
from_stands_in_its_place(void **state)
{
  static const struct {
    const char *words[WORDS_MAX];
    uint64_t from;
    const char *told;
  } cases[] = {
    { { "a", "b" }, 4096, "decant --from=4096 a b" },
    { { "a", "b" }, 0, "decant a b" },
    { { "copy", "a", "b" }, 4096, "decant copy --from=4096 a b" },
    { { "copy", "-p", "a", "b", "--yes" }, 7, "decant copy --from=7 -p a b --yes" },
    { { "--from=1k", "a", "b" }, 7, "decant --from=7 a b" },
    { { "--from", "1k", "a", "b" }, 7, "decant --from=7 a b" },
    { { "--fro=1k", "a", "b" }, 7, "decant --from=7 a b" },
    { { "--fro", "1k", "a", "b" }, 7, "decant --from=7 a b" },
    { { "copy", "a", "--from", "1k", "b" }, 7, "decant copy --from=7 a b" },
    { { "a", "b", "--from=1k" }, 7, "decant --from=7 a b" },
    { { "-pv", "a", "b", "--from=1k" }, 0, "decant -pv a b" },
    { { "--", "--from=1k", "b" }, 7, "decant --from=7 -- --from=1k b" },
    { { "a", "--", "--from" }, 7, "decant --from=7 a -- --from" },
    { { "[", "x", "--from=1k", "]", "b" }, 7, "decant --from=7 [ x --from=1k ] b" },
    { { "[", "x", "--from", "1k", "]", "--from=2k", "b" }, 7, "decant --from=7 [ x --from 1k ] b" },
    { { "a", "[", "x", "--", "y", "]", "--from", "2k" }, 7, "decant --from=7 a [ x -- y ]" },
    { { "--dirty-bitmap", "--from=1k", "a", "b" }, 7, "decant --from=7 --dirty-bitmap --from=1k a b" },
    { { "-C", "1", "--from=5", "a", "b" }, UINT64_MAX, "decant --from=18446744073709551615 -C 1 a b" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_parsed(parse(count_words(cases[i].words), cases[i].words));
    assert_string_equal(told(cases[i].from), cases[i].told);
  }
}

static void
words_are_quoted_where_they_must_be(void **state)
{
  static const struct {
    const char *word, *told;
  } cases[] = {
    { "disk.img", "disk.img" },
    { "/dev/disk/by-id/a_b-c:1,2+3@4%5", "/dev/disk/by-id/a_b-c:1,2+3@4%5" },
    { "nbd://host/x", "nbd://host/x" },
    { "nbd+unix:///?socket=s", "'nbd+unix:///?socket=s'" },
    { "nbd://h/x y", "'nbd://h/x y'" },
    { "it's", "'it'\\''s'" },
    { "'", "''\\'''" },
    { "a\\b", "'a\\b'" },
    { "*", "'*'" },
    { "$HOME", "'$HOME'" },
    { "`ls`", "'`ls`'" },
    { "a;b|c&d<e>f(g)h{i,j}k\"l!m#n~o^p", "'a;b|c&d<e>f(g)h{i,j}k\"l!m#n~o^p'" },
    { "~", "'~'" },
    { "#x", "'#x'" },
    { "=ls", "'=ls'" },
    { "a=b", "a=b" },
    { "[x", "'[x'" },
    { "]", "]" },
    { " ", "' '" },
    { "\303\244.img", "'\303\244.img'" },
    { "a\nb", "\"$(printf %b 'a\\0012b')\"" },
    { "a\t1", "\"$(printf %b 'a\\00111')\"" },
    { "\033[2J", "\"$(printf %b '\\0033[2J')\"" },
    { "\177'\\%s\001", "\"$(printf %b '\\0177\\0047\\0134%s\\0001')\"" },
    { "\377x", "\"$(printf %b '\\0377x')\"" },
    { "\342\200\256x", "\"$(printf %b '\\0342\\0200\\0256x')\"" }, /* which turns the direction of writing */
    { "\303\244\001", "\"$(printf %b '\303\244\\0001')\"" },
  };
  char expected[256];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_parsed(PARSE("--", "a", cases[i].word));
    snprintf(expected, sizeof expected, "decant --from=1 -- a %s", cases[i].told);
    assert_string_equal(told(1), expected);
  }
  assert_parsed(PARSE("[", "", "]", "b"));
  assert_string_equal(told(1), "decant --from=1 [ '' ] b");
}

static void
programs_are_called_as_they_were(void **state)
{
  static const struct {
    const char *program, *told;
  } cases[] = {
    { "build/decant", "build/decant a b" },
    { "/opt/my tools/decant", "'/opt/my tools/decant' a b" },
    { "a=b", "'a=b' a b" }, /* else it would set a variable */
    { "[", "'[' a b" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_parsed(PARSE_AS(cases[i].program, "a", "b"));
    assert_string_equal(told(0), cases[i].told);
  }
}

static void
what_no_line_can_say_is_not_said(void **state)
{
  char word[sizeof line];
  struct text text;

  (void)state;
  assert_parsed(PARSE("a", "b\n"));
  assert_null(told(0));
  memset(word, 'x', sizeof word - 1);
  word[sizeof word - 1] = '\0';
  assert_parsed(PARSE(word, "b"));
  assert_null(told(0));
  /* To the byte. */
  assert_parsed(PARSE("a b", "b"));
  for (size_t size = 1; size < 64; size++) {
    text_init(&text, line, size);
    options_command_add(&options.command, 4096, &text);
    assert_int_equal(text.full, size < sizeof "decant --from=4096 'a b' b");
  }
}

static void
json_has_the_words(void **state)
{
  struct text text;

  (void)state;
  assert_parsed(PARSE("--from=1", "a \"b\"", "c\n"));
  text_init(&text, line, sizeof line);
  options_command_add_json(&options.command, 4096, &text);
  assert_false(text.full);
  assert_string_equal(line, "[\"decant\", \"--from=4096\", \"a \\\"b\\\"\", \"c\\u000a\"]");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(from_stands_in_its_place),
    cmocka_unit_test(words_are_quoted_where_they_must_be),
    cmocka_unit_test(programs_are_called_as_they_were),
    cmocka_unit_test(what_no_line_can_say_is_not_said),
    cmocka_unit_test(json_has_the_words),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
