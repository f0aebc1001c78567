/* SPDX-License-Identifier: MIT */
/* Scripts believe the exit code of a comparison: an option that meant something else would make it another question. */
#include "unit/command_line.h"

static void
defaults_are_the_documented_ones(void **state)
{
  (void)state;
  assert_parsed(PARSE("compare", "a", "-"));
  assert_int_equal(options.verb, VERB_COMPARE);
  assert_string_equal(options.source.text, "a");
  assert_int_equal(options.destination.kind, PLACE_STREAM);
  assert_false(options.compare.all || options.compare.strict || options.compare.quiet);
  assert_false(options.copy.json || options.copy.progress || options.copy.no_extents);
  assert_null(options.copy.mapfile);
  assert_true(options.copy.payload_bytes == PAYLOAD_BYTES_DEFAULT && options.copy.bytes_per_s == 0);
  assert_int_equal(options.copy.retry_ms, RETRY_MS);
  assert_int_equal(options.wishes.contexts.count, 1);
}

static void
each_option_sets_its_own(void **state)
{
  (void)state;
  assert_parsed(
      PARSE("compare", "--all", "--strict", "-q", "a", "b", "--memory=32M", "--rate-limit=1M", "-C", "2", "-R", "3"));
  assert_true(options.compare.all && options.compare.strict && options.compare.quiet);
  assert_true(options.copy.payload_bytes == 32 * MIB && options.copy.bytes_per_s == MIB);
  assert_int_equal(options.wishes.connections, 2);
  assert_int_equal(options.wishes.requests, 3);
  assert_parsed(PARSE("compare", "--mapfile=m", "--json", "--no-extents", "--progress=4", "--retry=1", "a", "b"));
  assert_true(options.compare.all && options.copy.json && options.copy.no_extents && options.copy.progress);
  assert_string_equal(options.copy.mapfile, "m");
  assert_int_equal(options.copy.progress_fd, 4);
  assert_int_equal(options.copy.retry_ms, 1000);
  assert_int_equal(options.wishes.contexts.count, 0);
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct wrong_line cases[] = {
    { { "compare" }, "it takes two of SOURCE (decant compare --help" },
    { { "compare", "a" }, "it takes two of SOURCE" },
    { { "compare", "a", "b", "c" }, "more than" },
    { { "compare", "null:", "b" }, "null:" },
    { { "compare", "a", "null:" }, "null: can only be a DESTINATION" },
    { { "compare", "-", "-" }, "both can't be standard input" },
    { { "compare", "a", "b", "--mapfile=" }, "--mapfile=FILE needs a name" },
    { { "compare", "a", "b", "-q", "--json" }, "--quiet can't be used with --json" },
    { { "compare", "a", "b", "--memory=1" }, "--memory=1: must be a size" },
    { { "compare", "a", "b", "--yes" }, "unknown option --yes" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
}

static void
every_option_is_in_the_help(void **state)
{
  (void)state;
  assert_help_is_whole("compare", "--strict\n", "-q\n");
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
