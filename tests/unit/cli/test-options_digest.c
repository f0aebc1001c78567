/* SPDX-License-Identifier: MIT */
/* `decant digest` takes those of copy's options that are about reading, by copy's own rules, and no others. */
#include "unit/command_line.h"

static void
defaults_are_the_documented_ones(void **state)
{
  (void)state;
  assert_parsed(PARSE("digest", "a"));
  assert_int_equal(options.verb, VERB_DIGEST);
  assert_string_equal(options.source.text, "a");
  assert_int_equal(options.destination.kind, PLACE_NULL);
  assert_true(options.copy.sha256 && !options.copy.blkhash && !options.copy.blocks);
  assert_int_equal(options.wishes.contexts.count, 1);
  assert_int_equal(options.copy.retry_ms, RETRY_MS);
  assert_int_equal(options.copy.payload_bytes, PAYLOAD_BYTES_DEFAULT);
}

static void
each_option_sets_its_own(void **state)
{
  (void)state;
  assert_parsed(PARSE("digest", "--blocks=l", "a"));
  assert_string_equal(options.copy.blocks, "l");
  assert_string_equal(options.copy.blkhash, "");
  assert_false(options.copy.sha256);
  assert_parsed(PARSE("digest", "--sha256", "--blocks", "l", "--blkhash=md5/4k", "a", "--expect=blkhash:12"));
  assert_string_equal(options.copy.blkhash, "md5/4k");
  assert_string_equal(options.copy.expect, "blkhash:12");
  assert_true(options.copy.sha256);
  assert_parsed(PARSE("digest", "--blkhash-file=f", "a"));
  assert_string_equal(options.copy.blkhash_file, "f");
  assert_false(options.copy.sha256);
  assert_parsed(PARSE("digest", "--expect=sha256:12", "a"));
  assert_false(options.copy.sha256 || options.copy.blkhash);
  assert_parsed(PARSE("digest", "-p", "-C", "2", "-R3", "-v", "--json", "--nice", "--retry=1", "--memory=1M",
                      "--request-size=8k", "--rate-limit=1M", "--no-extents", "--wait=1", "a"));
  assert_true(options.copy.progress && options.verbose && options.copy.json && options.copy.nice);
  assert_true(options.wishes.connections == 2 && options.wishes.requests == 3 && options.wishes.wait_ms == 1000);
  assert_true(options.copy.retry_ms == 1000 && options.copy.payload_bytes == MIB);
  assert_true(options.copy.request_bytes == 8 * KIB && options.copy.bytes_per_s == MIB && options.copy.no_extents);
  assert_parsed(PARSE("digest", "--progress=7", "a"));
  assert_int_equal(options.copy.progress_fd, 7);
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct wrong_line cases[] = {
    { { "digest" }, "SOURCE is missing (decant digest --help" },
    { { "digest", "a", "b" }, "more than a SOURCE: b" },
    { { "digest", "null:" }, "null: can only be a DESTINATION" },
    { { "digest", "--from=1", "a" }, "unknown option --from" },
    { { "digest", "-S", "0", "a" }, "unknown option -S" },
    { { "digest", "--memory=1", "a" }, "--memory=1: must be a size" },
    { { "digset", "a" }, "there is no verb digset: decant digest?" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
}

static void
every_option_is_in_the_help(void **state)
{
  (void)state;
  assert_help_is_whole("digest", "--blocks\n", "-C\n");
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
