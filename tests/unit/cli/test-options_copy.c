/* SPDX-License-Identifier: MIT */
/* What a copy does to a disk hangs on its options: each must change what it says
 * and nothing else, and a value that can't be meant must be refused. */
#include "unit/command_line.h"

static void
defaults_are_the_documented_ones(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_int_equal(options.mode, RUN_VERB);
  assert_int_equal(options.copy.payload_bytes, 16 * MIB);
  assert_int_equal(options.wishes.connections, 0); /* as many as the line is worth */
  assert_int_equal(options.copy.sparse_bytes, 4 * KIB);
  assert_true(options.copy.flush);
  assert_int_equal(options.wishes.contexts.count, 1);
  assert_string_equal(options.wishes.contexts.list[0].name, "base:allocation");
  assert_false(options.copy.allocated || options.copy.destination_is_zero);
  assert_false(options.copy.progress || options.copy.report || options.verbose);
  assert_int_equal(options.source.kind, PLACE_PATH);
  assert_string_equal(options.source.text, "a");
  assert_string_equal(options.destination.text, "b");
}

/* All that an option can change, as one text. */
static const char *
settings(void)
{
  static char text[256];

  snprintf(text, sizeof text, "%s%s%s%s%s%s%s%smemory=%llu connections=%u sparse=%llu",
           options.copy.allocated ? "allocated " : "", options.wishes.contexts.count ? "" : "no-extents ",
           options.copy.destination_is_zero ? "zero " : "", options.copy.flush ? "" : "no-flush ",
           options.copy.progress ? "progress " : "", options.copy.graph ? "graph " : "",
           options.copy.report ? "report " : "", options.verbose ? "verbose " : "",
           (unsigned long long)options.copy.payload_bytes, options.wishes.connections,
           (unsigned long long)options.copy.sparse_bytes);
  return text;
}

static void
each_option_sets_its_own(void **state)
{
  static const struct {
    const char *words[WORDS_MAX];
    const char *settings;
  } cases[] = {
    { { "--allocated" }, "allocated memory=16777216 connections=0 sparse=4096" },
    { { "--no-extents" }, "no-extents memory=16777216 connections=0 sparse=4096" },
    { { "--destination-is-zero" }, "zero memory=16777216 connections=0 sparse=4096" },
    { { "--no-flush" }, "no-flush memory=16777216 connections=0 sparse=4096" },
    { { "--progress" }, "progress memory=16777216 connections=0 sparse=4096" },
    { { "-p" }, "progress memory=16777216 connections=0 sparse=4096" },
    { { "--report" }, "report memory=16777216 connections=0 sparse=4096" },
    { { "--verbose" }, "verbose memory=16777216 connections=0 sparse=4096" },
    { { "-v" }, "verbose memory=16777216 connections=0 sparse=4096" },
    { { "--memory=512K" }, "memory=524288 connections=0 sparse=4096" },
    { { "--memory", "4G" }, "memory=4294967296 connections=0 sparse=4096" },
    { { "--memory=1000000" }, "memory=1000000 connections=0 sparse=4096" },
    { { "--connections=1" }, "memory=16777216 connections=1 sparse=4096" },
    { { "-C16" }, "memory=16777216 connections=16 sparse=4096" },
    { { "-C", "2" }, "memory=16777216 connections=2 sparse=4096" },
    { { "--sparse=0" }, "memory=16777216 connections=0 sparse=0" },
    { { "-S", "512" }, "memory=16777216 connections=0 sparse=512" },
    { { "-S1M" }, "memory=16777216 connections=0 sparse=1048576" },
    { { "-S", "64k", "-S", "8k" }, "memory=16777216 connections=0 sparse=8192" }, /* the last one counts */
    { { "--graph" }, "progress graph memory=16777216 connections=0 sparse=4096" },
    { { "-pvC2" }, "progress verbose memory=16777216 connections=2 sparse=4096" },
    { { "-pv", "--report", "--allocated", "--no-flush" },
      "allocated no-flush progress report verbose memory=16777216 connections=0 sparse=4096" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++)
    /* Before the places, between them, behind them. */
    for (int at = 0; at <= 2; at++) {
      const char *words[WORDS_MAX + 2];
      int count = count_words(cases[i].words), used = 0;

      for (int place = 0; place <= 2; place++) {
        for (int n = 0; place == at && n < count; n++)
          words[used++] = cases[i].words[n];
        if (place < 2)
          words[used++] = place == 0 ? "from" : "to";
      }
      assert_parsed(parse(used, words));
      assert_string_equal(settings(), cases[i].settings);
      assert_string_equal(options.source.text, "from");
      assert_string_equal(options.destination.text, "to");
    }
}

/* nbdcopy gives up at once, and scripts know that. */
static void
lost_ends_are_retried_as_long_as_is_said(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_int_equal(options.copy.retry_ms, 120000);
  assert_parsed(PARSE_AS("nbdcopy", "a", "b"));
  assert_int_equal(options.copy.retry_ms, 0);
  assert_parsed(PARSE_AS("nbdcopy", "--retry=1.5", "a", "b"));
  assert_int_equal(options.copy.retry_ms, 1500);
  assert_parsed(PARSE("--retry=0", "a", "b"));
  assert_int_equal(options.copy.retry_ms, 0);
  assert_parsed(PARSE("--retry=forever", "a", "b"));
  assert_int_equal(options.copy.retry_ms, UINT64_MAX);
}

/* From the beginning is what every copy does. */
static void
copies_go_on_where_it_is_said(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_true(options.copy.from == 0 && options.wishes.start == 0);
  assert_parsed(PARSE("--from", "3M", "a", "b"));
  assert_true(options.copy.from == 3 * MIB && options.wishes.start == 3 * MIB);
  assert_parsed(PARSE("--from=512", "--dirty-bitmap=x", "-", "b"));
  assert_int_equal(options.copy.from, 512);
  assert_parsed(PARSE("--from=0", "--sha256", "a", "-"));
  assert_int_equal(options.copy.from, 0);
}

static void
what_cant_be_read_ends_a_copy_unless_told(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_false(options.copy.skips);
  assert_true(options.copy.errors_max == UINT64_MAX);
  assert_int_equal(options.copy.mark_bad, MARK_BAD_NOT);
  assert_parsed(PARSE("--on-read-error=skip", "--max-errors=7", "--mark-bad=pattern", "a", "b"));
  assert_true(options.copy.skips);
  assert_int_equal(options.copy.errors_max, 7);
  assert_int_equal(options.copy.mark_bad, MARK_BAD_PATTERN);
  assert_parsed(PARSE("--on-read-error=skip", "--on-read-error=fail", "a", "b"));
  assert_false(options.copy.skips);
}

static void
maps_are_named(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_true(!options.copy.mapfile && !options.copy.domain);
  assert_parsed(PARSE("--mapfile=m", "--domain", "d", "a", "b"));
  assert_string_equal(options.copy.mapfile, "m");
  assert_string_equal(options.copy.domain, "d");
  assert_parsed(PARSE("--domain=d", "--layer", "--from=1k", "--no-flush", "a", "b"));
  assert_parsed(PARSE("--domain=d", "a", "null:"));
  /* What is held block by block needn't be the whole. */
  assert_parsed(PARSE("--blocks=l", "--expect=BLKHASH:12", "--mapfile=m", "--domain=d", "--blkhash=md5/1M", "a", "b"));
  assert_string_equal(options.copy.blocks, "l");
  assert_false(options.copy.delta);
  assert_parsed(PARSE("--blocks=l", "--expect=blkhash:12", "--delta", "a", "b"));
  assert_true(options.copy.delta);
  assert_parsed(PARSE("--blocks=l", "--expect=blkhash:12", "--from=1k", "a", "b"));
  assert_false(options.copy.skip_identical);
  assert_parsed(PARSE("--skip-identical", "--hold-back=1M", "--mapfile=m", "--verify", "a", "b"));
  assert_true(options.copy.skip_identical);
}

static void
what_is_to_grow(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_false(options.copy.grow || options.copy.wipe_rest || options.copy.kept);
  assert_parsed(PARSE("--keep-partitions=home,5", "a", "b"));
  assert_string_equal(options.copy.kept, "home,5");
  assert_parsed(PARSE("--wipe-rest", "a", "b"));
  assert_true(options.copy.wipe_rest);
  assert_parsed(PARSE("--grow", "a", "b"));
  assert_true(options.copy.grow);
  assert_null(options.copy.grow_part);
  assert_parsed(PARSE("--grow=root fs", "--hold-back=1M", "--verify", "--mapfile=m", "a", "b"));
  assert_true(options.copy.grow);
  assert_string_equal(options.copy.grow_part, "root fs");
}

static void
both_ends_are_held_back_by_a_size(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_int_equal(options.copy.hold_back_bytes, 0);
  assert_parsed(PARSE("--hold-back=1M", "--mapfile=m", "a", "b"));
  assert_int_equal(options.copy.hold_back_bytes, MIB);
  assert_parsed(PARSE("--hold-back", "512", "--domain=d", "--from=3", "a", "b"));
  assert_int_equal(options.copy.hold_back_bytes, 512);
  assert_parsed(PARSE("--hold-back=16M", "--sha256", "-", "b"));
  assert_parsed(PARSE("--hold-back=1M", "--hold-back=0", "--layer", "--no-flush", "a", "b"));
}

static void
what_is_written_is_read_back(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_false(options.copy.verify || options.copy.verify_quick);
  assert_parsed(PARSE("--verify", "--sha256", "a", "b"));
  assert_true(options.copy.verify && !options.copy.verify_quick);
  assert_parsed(PARSE("--verify=quick", "--from=1k", "-", "b"));
  assert_true(options.copy.verify && options.copy.verify_quick);
  assert_parsed(PARSE_AS("nbdcopy", "--flush", "--verify", "a", "b"));
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct wrong_line cases[] = {
    /* Missing arguments. */
    { { "a", "b", "--memory" }, "missing after --memory" },
    { { "a", "b", "--connections" }, "missing after --connections" },
    { { "a", "b", "-C" }, "missing after --connections" },
    { { "a", "b", "-pS" }, "missing after --sparse" },
    /* Numbers. */
    { { "--memory=", "a", "b" }, "--memory=: must be a size from 512K to 4G" },
    { { "--memory=524287", "a", "b" }, "--memory=524287: must" },
    { { "--memory=511K", "a", "b" }, "--memory=511K: must" },
    { { "--memory=4097M", "a", "b" }, "--memory=4097M: must" },
    { { "--memory=16E", "a", "b" }, "--memory=16E: must" },
    { { "--memory=-1", "a", "b" }, "--memory=-1: must" },
    { { "--memory=1.5M", "a", "b" }, "--memory=1.5M: must" },
    { { "--memory", "--", "a" }, "--memory=--: must" },
    { { "-C0", "a", "b" }, "--connections=0: must be a number from 1 to 16" },
    { { "-C17", "a", "b" }, "--connections=17: must" },
    { { "-C", "-1", "a" }, "--connections=-1: must" },
    { { "-Cx", "a", "b" }, "--connections=x: must" },
    { { "-C4294967297", "a", "b" }, "--connections=4294967297: must" },
    { { "-S1", "a", "b" }, "--sparse=1: must be 0 or a power of two" },
    { { "-S511", "a", "b" }, "--sparse=511: must" },
    { { "-S768", "a", "b" }, "--sparse=768: must" },
    { { "-S3k", "a", "b" }, "--sparse=3k: must" },
    { { "-S4kk", "a", "b" }, "--sparse=4kk: must" },
    { { "--request-size=3M", "a", "b" }, "--request-size=3M: must be a power of two" },
    { { "--request-size=2k", "a", "b" }, "--request-size=2k: must" },
    { { "--request-size=64M", "a", "b" }, "--request-size=64M: must" },
    { { "-R0", "a", "b" }, "--requests=0: must" },
    { { "-Tx", "a", "b" }, "--threads=x: must" },
    { { "--json=x", "a", "b" }, "there is no argument to --json" },
    { { "--from=x", "a", "b" }, "--from=x: must be an offset in bytes" },
    { { "--from=-1", "a", "b" }, "--from=-1: must" },
    { { "--from=1k", "a", "b", "--from=1k" }, "--from can be given only once" },
    { { "--on-read-error=retry", "a", "b" }, "--on-read-error=retry: must be fail or skip" },
    { { "--on-read-error=skip", "--mark-bad=x", "a", "b" }, "--mark-bad=x: must be zero or pattern" },
    { { "--on-read-error=skip", "--max-errors=0", "a", "b" }, "--max-errors=0: must be a number, at least 1" },
    { { "--hold-back=511", "a", "b" }, "--hold-back=511: must be 0 or a size from 512 to 16M" },
    { { "--hold-back=17M", "a", "b" }, "--hold-back=17M: must be 0 or a size" },
    { { "--hold-back=x", "a", "b" }, "--hold-back=x: must be 0 or a size" },
    { { "--retry=always", "a", "b" }, "--retry=always: must be a number of seconds" },
    { { "--progress=x", "a", "b" }, "--progress=x: must" },
    { { "--verify=slow", "a", "b" }, "--verify=slow: must be --verify or --verify=quick" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
}

static void
every_option_is_in_the_help(void **state)
{
  (void)state;
  assert_help_is_whole("copy", "--threads\n", "-T\n");
}

static void
as_nbdcopy_it_keeps_to_nbdcopy(void **state)
{
  char text[OPTIONS_TEXT_BYTES];

  (void)state;
  assert_parsed(PARSE_AS("/usr/bin/nbdcopy", "a", "b"));
  assert_int_equal(options.persona, PERSONA_NBDCOPY);
  assert_false(options.copy.flush);
  assert_string_equal(options_program(&options), "nbdcopy");
  assert_parsed(PARSE_AS("nbdcopy", "--flush", "--queue-size=1k", "-C", "99", "copy", "b"));
  assert_true(options.copy.flush && !options.copy.payload_is_fixed);
  assert_int_equal(options.copy.payload_bytes, PAYLOAD_BYTES_MIN);
  assert_int_equal(options.wishes.connections, CONNECTIONS_MAX);
  assert_string_equal(options.source.text, "copy");
  assert_parsed(PARSE_AS("nbdcopy", "--version"));
  options_describe(&options, text, sizeof text);
  assert_string_equal(text, "nbdcopy 1.22.2\nlibnbd 1.22.2\n");
  assert_int_equal(PARSE_AS("nbdcopy", "a"), -1);
  assert_int_equal(options_exit_code(&options, &fault), EXIT_FAILED);
}

/* What nbdcopy takes, and the same from both. */
static void
nbdcopys_options_mean_the_same(void **state)
{
  static const char *const programs[] = { "decant", "nbdcopy" };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(programs); i++) {
    assert_parsed(PARSE_AS(programs[i], "--request-size=1M", "-R3", "-T0", "--target-is-zero", "a", "b"));
    assert_int_equal(options.copy.request_bytes, MIB);
    assert_int_equal(options.copy.payload_bytes, PAYLOAD_BYTES_DEFAULT);
    assert_parsed(PARSE_AS(programs[i], "--request-size=32M", "-R3", "--target-is-zero", "a", "b"));
    assert_int_equal(options.copy.payload_bytes, 128 * MIB);
    assert_int_equal(options.wishes.requests, 3);
    assert_true(options.copy.destination_is_zero);
    assert_parsed(PARSE_AS(programs[i], "--progress=3", "a", "b"));
    assert_true(options.copy.progress);
    assert_int_equal(options.copy.progress_fd, 3);
    assert_parsed(PARSE_AS(programs[i], "-p", "a", "b"));
    assert_int_equal(options.copy.progress_fd, -1);
    assert_parsed(PARSE_AS(programs[i], "--synchronous", "a", "b"));
    assert_true(options.wishes.connections == 1 && options.wishes.requests == 1);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults_are_the_documented_ones),
    cmocka_unit_test(each_option_sets_its_own),
    cmocka_unit_test(lost_ends_are_retried_as_long_as_is_said),
    cmocka_unit_test(copies_go_on_where_it_is_said),
    cmocka_unit_test(what_cant_be_read_ends_a_copy_unless_told),
    cmocka_unit_test(maps_are_named),
    cmocka_unit_test(what_is_to_grow),
    cmocka_unit_test(both_ends_are_held_back_by_a_size),
    cmocka_unit_test(what_is_written_is_read_back),
    cmocka_unit_test(what_is_wrong_is_said),
    cmocka_unit_test(every_option_is_in_the_help),
    cmocka_unit_test(as_nbdcopy_it_keeps_to_nbdcopy),
    cmocka_unit_test(nbdcopys_options_mean_the_same),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
