/* SPDX-License-Identifier: MIT */
/* command_line: what the tests of the command line share: parsing words as the
 * program would, and judging the result. */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include "unit/unit.h"

#include "cli/options.h"

#include <getopt.h>

#define WORDS_MAX 12

static struct options options;
static struct fault fault;

/* options_parse() is for once a process: after an error, glibc's getopt still
 * holds the rest of a cluster such as -pxv, which optind = 1 doesn't clear. Its
 * order of words sticks too, so the first call alone shows what the program gets. */
static inline void
reset_getopt(void)
{
  static bool was_used;
  char name[] = "decant";
  char *argv[] = { name, NULL };

  if (!was_used) {
    was_used = true;
    return;
  }
  optind = 0;
  getopt(1, argv, "+");
}

static inline int
parse_as(const char *program, int count, const char *const *words)
{
  static char *argv[2 * COMMAND_WORDS_MAX]; /* which the options point into */

  memset(argv, 0, sizeof argv);
  argv[0] = (char *)(uintptr_t)program;
  assert_true(count + 2 <= (int)LENGTH_OF(argv));
  for (int i = 0; i < count; i++)
    argv[i + 1] = (char *)(uintptr_t)words[i];
  reset_getopt();
  fault = (struct fault){ 0 };
  return options_parse(&options, count + 1, argv, &fault);
}

static inline int
parse(int count, const char *const *words)
{
  return parse_as("decant", count, words);
}

#define PARSE_AS(program, ...)                                                                                         \
  parse_as(program, (int)LENGTH_OF(((const char *const[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })
#define PARSE(...) parse((int)LENGTH_OF(((const char *const[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })

static inline int
count_words(const char *const *words)
{
  int count = 0;

  while (count < WORDS_MAX && words[count])
    count++;
  return count;
}

static inline void
assert_parsed(int result)
{
  if (result != 0)
    fail_msg("refused: %s", fault.text);
  assert_int_equal(fault.exit_code, EXIT_DONE);
}

/* A row of words that are refused, and part of what is said. */
struct wrong_line {
  const char *words[WORDS_MAX];
  const char *text;
};

static inline void
assert_wrong(const struct wrong_line *cases, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    int result = parse(count_words(cases[i].words), cases[i].words);
    if (result != -1 || fault.exit_code != EXIT_BAD_USAGE || !strstr(fault.text, cases[i].text))
      fail_msg("case %zu: %d, \"%s\" should say \"%s\"", i, result, fault.text, cases[i].text);
  }
}

/* All of the verb's options, as --long-options and --short-options list them, are
 * in its --help; `some` are two of them that should be in those lists. */
static inline void
assert_help_is_whole(const char *verb, const char *some_long, const char *some_short)
{
  char help[OPTIONS_TEXT_BYTES], list[OPTIONS_TEXT_BYTES];

  assert_parsed(PARSE(verb, "--help=all"));
  options_describe(&options, help, sizeof help);
  for (int i = 0; i < 2; i++) {
    assert_parsed(i == 0 ? PARSE(verb, "--long-options") : PARSE(verb, "--short-options"));
    options_describe(&options, list, sizeof list);
    assert_non_null(strstr(list, i == 0 ? some_long : some_short));
    for (char *name = strtok(list, "\n"); name; name = strtok(NULL, "\n"))
      if (!strstr(help, name))
        fail_msg("%s isn't in the help", name);
  }
}

#endif
