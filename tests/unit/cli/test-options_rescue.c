/* SPDX-License-Identifier: MIT */
/* Who rescues a disk has one try, and mustn't find out hours later that an option meant something else. */
#include "unit/command_line.h"

static void
defaults_are_the_documented_ones(void **state)
{
  (void)state;
  assert_parsed(PARSE("rescue", "a", "b", "--mapfile=m"));
  assert_int_equal(options.verb, VERB_RESCUE);
  assert_string_equal(options.source.text, "a");
  assert_string_equal(options.destination.text, "b");
  assert_string_equal(options.copy.mapfile, "m");
  assert_null(options.copy.domain);
  assert_int_equal(options.rescue.retry_passes, 0);
  assert_true(options.copy.errors_max == UINT64_MAX);
  assert_int_equal(options.copy.mark_bad, MARK_BAD_NOT);
  assert_true(options.rescue.slow_bytes_per_s == 0 && options.rescue.min_bytes_per_s == 0);
  assert_int_equal(options.copy.retry_ms, RETRY_MS);
  assert_int_equal(options.wishes.contexts.count, 0);
  assert_false(options.rescue.quiet || options.copy.json || options.copy.yes || options.copy.any_content);
}

static void
each_option_sets_its_own(void **state)
{
  (void)state;
  assert_parsed(PARSE("rescue", "--mapfile", "m", "--domain=d", "--retry-bad=3", "--slow=1M", "--max-errors=7", "a",
                      "b", "--min-rate=2k", "-q"));
  assert_string_equal(options.copy.domain, "d");
  assert_int_equal(options.rescue.retry_passes, 3);
  assert_true(options.rescue.slow_bytes_per_s == MIB && options.rescue.min_bytes_per_s == 2 * KIB);
  assert_int_equal(options.copy.errors_max, 7);
  assert_true(options.rescue.quiet);
  assert_parsed(PARSE("rescue", "--mapfile=m", "--mark-bad=zero", "--json", "--yes", "--any-content", "--retry=1", "-R",
                      "2", "a", "b"));
  assert_int_equal(options.copy.mark_bad, MARK_BAD_ZERO);
  assert_true(options.copy.json && options.copy.yes && options.copy.any_content);
  assert_int_equal(options.copy.retry_ms, 1000);
  assert_int_equal(options.wishes.requests, 2);
  assert_parsed(PARSE("rescue", "--mapfile=m", "--mark-bad=pattern", "a", "b"));
  assert_int_equal(options.copy.mark_bad, MARK_BAD_PATTERN);
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct wrong_line cases[] = {
    { { "rescue", "a", "b" }, "--mapfile=FILE is missing" },
    { { "rescue", "a", "b", "--mapfile=" }, "--mapfile=FILE is missing" },
    { { "rescue", "a", "--mapfile=m" }, "DESTINATION is missing (decant rescue --help" },
    { { "rescue", "-", "b", "--mapfile=m" }, "a stream can be read only once" },
    { { "rescue", "a", "-", "--mapfile=m" }, "it can't go to -" },
    { { "rescue", "a", "null:", "--mapfile=m" }, "it can't go to null:" },
    { { "rescue", "a", "b", "--mapfile=m", "--mark-bad=yes" }, "--mark-bad=yes: must be zero or pattern" },
    { { "rescue", "a", "b", "--mapfile=m", "--fill=-" }, "there is no filling of what a map calls bad: --mark-bad" },
    { { "rescue", "a", "b", "--mapfile=m", "--fill-mode=-" },
      "there is no filling of what a map calls bad: --mark-bad" },
    { { "rescue", "a", "b", "--mapfile=m", "--max-errors=0" }, "--max-errors=0: must be a number, at least 1" },
    { { "rescue", "a", "b", "--mapfile=m", "--retry-bad=-1" }, "--retry-bad=-1: must be a number, at least 0" },
    { { "rescue", "a", "b", "--mapfile=m", "--slow=0" }, "--slow=0: must be a size, for each second" },
    { { "rescue", "a", "b", "--mapfile=m", "--min-rate=x" }, "--min-rate=x: must be a size, for each second" },
    { { "rescue", "a", "b", "--mapfile=m", "--requests=0" }, "--requests=0: must be a number, at least 1" },
    { { "rescue", "a", "b", "--mapfile=m", "--sha256" }, "unknown option --sha256" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
}

static void
every_option_is_in_the_help(void **state)
{
  (void)state;
  assert_help_is_whole("rescue", "--mapfile\n", "-V\n");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults_are_the_documented_ones),
    cmocka_unit_test(each_option_sets_its_own),
    cmocka_unit_test(what_is_wrong_is_said),
    cmocka_unit_test(every_option_is_in_the_help),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
