/* SPDX-License-Identifier: MIT */
/* The command line decides which disk is overwritten: every word of it must be
 * understood as the help text says, or refused before anything is opened. */
#include "unit.h"

#include "options.h"

#include <getopt.h>

#define WORDS_MAX 12

static struct options options;
static struct fault fault;

/* options_parse() is for once a process: after an error, glibc's getopt still
 * holds the rest of a cluster such as -pxv, which optind = 1 doesn't clear. Its
 * order of words sticks too, so the first call alone shows what the program gets. */
static void
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

static int
parse_as(const char *program, int count, const char *const *words)
{
  char *argv[2 * COMMAND_WORDS_MAX] = { (char *)(uintptr_t)program };

  assert_true(count + 2 <= (int)LENGTH_OF(argv));
  for (int i = 0; i < count; i++)
    argv[i + 1] = (char *)(uintptr_t)words[i];
  reset_getopt();
  fault = (struct fault){ 0 };
  return options_parse(&options, count + 1, argv, &fault);
}

static int
parse(int count, const char *const *words)
{
  return parse_as("decant", count, words);
}

#define PARSE_AS(program, ...)                                                                                         \
  parse_as(program, (int)LENGTH_OF(((const char *const[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })
#define PARSE(...) parse((int)LENGTH_OF(((const char *const[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })

static int
count_words(const char *const *words)
{
  int count = 0;

  while (count < WORDS_MAX && words[count])
    count++;
  return count;
}

static void
assert_parsed(int result)
{
  if (result != 0)
    fail_msg("refused: %s", fault.text);
  assert_int_equal(fault.exit_code, EXIT_DONE);
}

static void
defaults_are_the_documented_ones(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_int_equal(options.mode, RUN_COPY);
  assert_int_equal(options.payload_bytes, 16 * MIB);
  assert_int_equal(options.connections, 4);
  assert_int_equal(options.sparse_bytes, 4 * KIB);
  assert_true(options.extents && options.flush);
  assert_false(options.allocated || options.destination_is_zero);
  assert_false(options.progress || options.report || options.verbose);
  assert_int_equal(options.source.kind, PLACE_PATH);
  assert_string_equal(options.source.text, "a");
  assert_string_equal(options.destination.text, "b");
}

/* All that an option can change, as one text. */
static const char *
settings(void)
{
  static char text[256];

  snprintf(text, sizeof text, "%s%s%s%s%s%s%smemory=%llu connections=%u sparse=%llu",
           options.allocated ? "allocated " : "", options.extents ? "" : "no-extents ",
           options.destination_is_zero ? "zero " : "",
           options.flush ? "" : "no-flush ", options.progress ? "progress " : "", options.report ? "report " : "",
           options.verbose ? "verbose " : "", (unsigned long long)options.payload_bytes, options.connections,
           (unsigned long long)options.sparse_bytes);
  return text;
}

static void
each_option_sets_its_own(void **state)
{
  static const struct {
    const char *words[WORDS_MAX];
    const char *settings;
  } cases[] = {
    { { "--allocated" }, "allocated memory=16777216 connections=4 sparse=4096" },
    { { "--no-extents" }, "no-extents memory=16777216 connections=4 sparse=4096" },
    { { "--destination-is-zero" }, "zero memory=16777216 connections=4 sparse=4096" },
    { { "--no-flush" }, "no-flush memory=16777216 connections=4 sparse=4096" },
    { { "--progress" }, "progress memory=16777216 connections=4 sparse=4096" },
    { { "-p" }, "progress memory=16777216 connections=4 sparse=4096" },
    { { "--report" }, "report memory=16777216 connections=4 sparse=4096" },
    { { "--verbose" }, "verbose memory=16777216 connections=4 sparse=4096" },
    { { "-v" }, "verbose memory=16777216 connections=4 sparse=4096" },
    { { "--memory=512K" }, "memory=524288 connections=4 sparse=4096" },
    { { "--memory", "4G" }, "memory=4294967296 connections=4 sparse=4096" },
    { { "--memory=1000000" }, "memory=1000000 connections=4 sparse=4096" },
    { { "--connections=1" }, "memory=16777216 connections=1 sparse=4096" },
    { { "-C16" }, "memory=16777216 connections=16 sparse=4096" },
    { { "-C", "2" }, "memory=16777216 connections=2 sparse=4096" },
    { { "--sparse=0" }, "memory=16777216 connections=4 sparse=0" },
    { { "-S", "512" }, "memory=16777216 connections=4 sparse=512" },
    { { "-S1M" }, "memory=16777216 connections=4 sparse=1048576" },
    { { "-S", "64k", "-S", "8k" }, "memory=16777216 connections=4 sparse=8192" }, /* the last one counts */
    { { "-pvC2" }, "progress verbose memory=16777216 connections=2 sparse=4096" },
    { { "-pv", "--report", "--allocated", "--no-flush" },
      "allocated no-flush progress report verbose memory=16777216 connections=4 sparse=4096" },
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

static void
places_are_told_by_their_look(void **state)
{
  static const struct {
    const char *text;
    enum place_kind kind;
  } cases[] = {
    { "disk.raw", PLACE_PATH },   { "/dev/sda", PLACE_PATH },        { "./-", PLACE_PATH },
    { "./null:", PLACE_PATH },    { "nbd:host", PLACE_PATH },        { "]", PLACE_PATH },
    { "[x", PLACE_PATH },         { "a b", PLACE_PATH },             { "-", PLACE_STREAM },
    { "null:", PLACE_NULL },      { "nbd://host/x", PLACE_URI },     { "nbd+unix:///?socket=s", PLACE_URI },
    { "http://host", PLACE_URI }, { "./nbd://host", PLACE_PATH },    { "copy", PLACE_PATH },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_parsed(PARSE("from", cases[i].text));
    assert_int_equal(options.destination.kind, cases[i].kind);
    assert_string_equal(options.destination.text, cases[i].text);
    if (cases[i].kind == PLACE_NULL)
      continue;
    assert_parsed(PARSE("copy", cases[i].text, "to"));
    assert_int_equal(options.source.kind, cases[i].kind);
    assert_string_equal(options.source.text, cases[i].text);
  }
}

static void
after_two_dashes_all_words_are_places(void **state)
{
  static const struct {
    const char *words[WORDS_MAX];
    const char *source, *destination;
  } cases[] = {
    { { "--", "-p", "-v" }, "-p", "-v" },
    { { "-p", "--", "--help", "b" }, "--help", "b" },
    { { "a", "--", "-v" }, "a", "-v" },
    { { "a", "b", "--" }, "a", "b" },
    { { "--", "--", "b" }, "--", "b" },
    { { "--", "copy", "map" }, "copy", "map" },
    { { "copy", "--", "copy", "b" }, "copy", "b" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_parsed(parse(count_words(cases[i].words), cases[i].words));
    assert_int_equal(options.mode, RUN_COPY);
    assert_string_equal(options.source.text, cases[i].source);
    assert_string_equal(options.destination.text, cases[i].destination);
  }
}

static void
assert_command(const struct place *place, const char *const *words)
{
  size_t count = 0;

  assert_int_equal(place->kind, PLACE_COMMAND);
  for (; words[count]; count++) {
    assert_non_null(place->command[count]);
    assert_string_equal(place->command[count], words[count]);
  }
  assert_null(place->command[count]);
  assert_string_equal(place->text, words[0]);
}

/* Runs first, with getopt as the program finds it. */
static void
commands_stand_in_brackets(void **state)
{
  static const char *const server[] = { "qemu-nbd", "-r", "--help", "x", NULL }, *const other[] = { "nbdkit", NULL };

  (void)state;
  assert_parsed(PARSE("[", "qemu-nbd", "-r", "--help", "x", "]", "b"));
  assert_command(&options.source, server);
  assert_string_equal(options.destination.text, "b");

  assert_parsed(PARSE("a", "[", "nbdkit", "]"));
  assert_command(&options.destination, other);

  assert_parsed(PARSE("-v", "[", "qemu-nbd", "-r", "--help", "x", "]", "-p", "[", "nbdkit", "]", "-C1"));
  assert_command(&options.source, server);
  assert_command(&options.destination, other);
  assert_true(options.verbose && options.progress);
  assert_int_equal(options.connections, 1);
  assert_int_equal(options.mode, RUN_COPY); /* --help was the server's */
}

/* Options of a server belong to it, also those that look like the end of ours. */
static void
a_command_keeps_its_dashes(void **state)
{
  static const char *const server[] = { "s", "--", "[", NULL };

  (void)state;
  assert_parsed(PARSE("[", "s", "--", "[", "]", "-p", "b"));
  assert_command(&options.source, server);
  assert_true(options.progress);
  assert_parsed(PARSE("--", "[", "s", "--", "[", "]", "-p"));
  assert_command(&options.source, server);
  assert_string_equal(options.destination.text, "-p");
}

static void
commands_have_a_longest_length(void **state)
{
  const char *words[COMMAND_WORDS_MAX + 4] = { "[" };

  (void)state;
  for (int i = 1; i <= COMMAND_WORDS_MAX + 1; i++)
    words[i] = "w";
  words[COMMAND_WORDS_MAX + 1] = "]";
  words[COMMAND_WORDS_MAX + 2] = "b";
  assert_parsed(parse(COMMAND_WORDS_MAX + 3, words));
  assert_string_equal(options.source.command[COMMAND_WORDS_MAX - 1], "w");
  assert_null(options.source.command[COMMAND_WORDS_MAX]);

  words[COMMAND_WORDS_MAX + 1] = "w";
  words[COMMAND_WORDS_MAX + 2] = "]";
  words[COMMAND_WORDS_MAX + 3] = "b";
  assert_int_equal(parse(COMMAND_WORDS_MAX + 4, words), -1);
  assert_non_null(strstr(fault.text, "more than 128 words"));
}

static void
help_and_version_need_no_places(void **state)
{
  static const struct {
    const char *words[WORDS_MAX];
    enum run_mode mode;
  } cases[] = {
    { { "--help" }, RUN_HELP },
    { { "--version" }, RUN_VERSION },
    { { "-V" }, RUN_VERSION },
    { { "copy", "--help" }, RUN_HELP },
    { { "-pV" }, RUN_VERSION },
    { { "a", "b", "c", "--help" }, RUN_COPY }, /* the error came first */
    { { "a", "b", "--help" }, RUN_HELP },
    { { "--help", "--nonsense" }, RUN_HELP },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    int result = parse(count_words(cases[i].words), cases[i].words);
    assert_int_equal(result, cases[i].mode == RUN_COPY ? -1 : 0);
    assert_int_equal(options.mode, cases[i].mode);
  }
}

#define PIN "--tls-pin=sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
pins_are_for_ends_with_tls(void **state)
{
  (void)state;
  assert_parsed(PARSE(PIN, PIN, "nbd://h", "nbds+unix:///?socket=s"));
  assert_int_equal(options.pins.count, 2);
  assert_parsed(PARSE(PIN, "NBDS://h", "b"));
  assert_parsed(PARSE("nbds://h", "b"));
  assert_int_equal(options.pins.count, 0);
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct {
    const char *words[WORDS_MAX];
    const char *text; /* part of what is said */
  } cases[] = {
    { { NULL }, "SOURCE and DESTINATION are missing" },
    { { "copy" }, "SOURCE and DESTINATION are missing" },
    { { "--" }, "SOURCE and DESTINATION are missing" },
    { { "a" }, "DESTINATION is missing" },
    { { "-p", "a", "-v" }, "DESTINATION is missing" },
    { { "a", "b", "c" }, "more than a SOURCE and a DESTINATION: c" },
    { { "a", "b", "--", "-p" }, "more than a SOURCE and a DESTINATION: -p" },
    { { "--", "a", "b", "-p" }, "more than a SOURCE and a DESTINATION: -p" },
    { { "a", "b", "[", "c", "]" }, "more than a SOURCE and a DESTINATION: [" },
    { { "a", "" }, "empty" },
    { { "", "b" }, "empty" },
    { { "null:", "b" }, "null: can only be a DESTINATION" },
    /* Verbs to come. */
    { { "map", "a" }, "decant map is not supported yet" },
    { { "info", "a" }, "decant info is not supported yet" },
    { { "compare", "a", "b" }, "decant compare is not supported yet" },
    /* Brackets. */
    { { "[", "]", "b" }, "no command" },
    { { "[" }, "[ without a closing ]" },
    { { "[", "c" }, "[ without a closing ] after c" },
    { { "a", "[", "c", "-p" }, "[ without a closing ] after -p" },
    { { "a", "[", "c", "x]" }, "[ without a closing ] after x]" },
    /* Unknown options. */
    { { "-x", "a", "b" }, "unknown option -x" },
    { { "-pxv", "a", "b" }, "unknown option -x" },
    { { "-p", "a", "-x", "b" }, "unknown option -x" },
    { { "--nonsense", "a", "b" }, "unknown option --nonsense" },
    { { "--nonsense=5", "a", "b" }, "unknown option --nonsense" },
    { { "--no", "a", "b" }, "--no" }, /* no-extents or no-flush? */
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
    { { "--progress=x", "a", "b" }, "--progress=x: must" },
    /* Pins. */
    { { "--tls-pin=x", "nbds://h", "b" }, "--tls-pin=x: must be sha256: and 64" },
    { { PIN, PIN, PIN, PIN, PIN, "nbds://h", "b" }, "at most 4 times" },
    { { PIN, "nbd://h", "b" }, "neither end is one" },
    { { PIN, "a", "b" }, "neither end is one" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    int result = parse(count_words(cases[i].words), cases[i].words);
    if (result != -1 || fault.exit_code != EXIT_BAD_USAGE || !strstr(fault.text, cases[i].text))
      fail_msg("case %zu: %d, \"%s\" should say \"%s\"", i, result, fault.text, cases[i].text);
  }
}

/* It isn't unknown: that would send the reader looking for a typing mistake. */
static void
an_argument_too_many_is_said_as_such(void **state)
{
  (void)state;
  assert_int_equal(PARSE("--report=5", "a", "b"), -1);
  assert_int_equal(fault.exit_code, EXIT_BAD_USAGE);
  assert_non_null(strstr(fault.text, "--report"));
  assert_null(strstr(fault.text, "unknown option"));
}

/* As what --long-options and --short-options list, so that none is forgotten. */
static void
every_option_is_in_the_help(void **state)
{
  char help[8192], list[8192];

  (void)state;
  assert_parsed(PARSE("--help"));
  options_describe(&options, help, sizeof help);
  for (int i = 0; i < 2; i++) {
    assert_parsed(i == 0 ? PARSE("--long-options") : PARSE("--short-options"));
    options_describe(&options, list, sizeof list);
    assert_non_null(strstr(list, i == 0 ? "--threads\n" : "-T\n"));
    for (char *name = strtok(list, "\n"); name; name = strtok(NULL, "\n"))
      if (!strstr(help, name))
        fail_msg("%s isn't in the help", name);
  }
}

static void
as_nbdcopy_it_keeps_to_nbdcopy(void **state)
{
  char text[256];

  (void)state;
  assert_parsed(PARSE_AS("/usr/bin/nbdcopy", "a", "b"));
  assert_int_equal(options.persona, PERSONA_NBDCOPY);
  assert_false(options.flush);
  assert_string_equal(options_program(&options), "nbdcopy");
  assert_parsed(PARSE_AS("nbdcopy", "--flush", "--queue-size=1k", "-C", "99", "copy", "b"));
  assert_true(options.flush && !options.payload_is_fixed);
  assert_int_equal(options.payload_bytes, PAYLOAD_BYTES_MIN);
  assert_int_equal(options.connections, CONNECTIONS_MAX);
  assert_string_equal(options.source.text, "copy");
  assert_parsed(PARSE_AS("nbdcopy", "--version"));
  options_describe(&options, text, sizeof text);
  assert_string_equal(text, "nbdcopy 1.22.2\nlibnbd 1.22.2\n");
  assert_int_equal(PARSE_AS("nbdcopy", "a"), -1);
  assert_int_equal(fault.exit_code, EXIT_FAILED);
}

/* What nbdcopy takes, and the same from both. */
static void
nbdcopys_options_mean_the_same(void **state)
{
  static const char *const programs[] = { "decant", "nbdcopy" };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(programs); i++) {
    assert_parsed(PARSE_AS(programs[i], "--request-size=1M", "-R3", "-T0", "--target-is-zero", "a", "b"));
    assert_int_equal(options.request_bytes, MIB);
    assert_int_equal(options.payload_bytes, PAYLOAD_BYTES_DEFAULT);
    assert_parsed(PARSE_AS(programs[i], "--request-size=32M", "-R3", "--target-is-zero", "a", "b"));
    assert_int_equal(options.payload_bytes, 128 * MIB);
    assert_int_equal(options.requests, 3);
    assert_true(options.destination_is_zero);
    assert_parsed(PARSE_AS(programs[i], "--progress=3", "a", "b"));
    assert_true(options.progress);
    assert_int_equal(options.progress_fd, 3);
    assert_parsed(PARSE_AS(programs[i], "-p", "a", "b"));
    assert_int_equal(options.progress_fd, -1);
    assert_parsed(PARSE_AS(programs[i], "--synchronous", "a", "b"));
    assert_true(options.connections == 1 && options.requests == 1);
  }
}

static void
sizes_are_digits_and_a_unit(void **state)
{
  static const struct {
    const char *text;
    bool valid;
    uint64_t bytes;
  } cases[] = {
    { "0", true, 0 },
    { "1", true, 1 },
    { "007", true, 7 },
    { "512b", true, 512 },
    { "1k", true, KIB },
    { "1K", true, KIB },
    { "3M", true, 3 * MIB },
    { "4G", true, 4 * GIB },
    { "2T", true, 2048 * GIB },
    { "1P", true, UINT64_C(1) << 50 },
    { "15E", true, UINT64_C(15) << 60 },
    { "0E", true, 0 },
    { "18446744073709551615", true, UINT64_MAX },
    { "18446744073709551615b", true, UINT64_MAX },
    { "18014398509481983k", true, UINT64_MAX - 1023 },
    { "18446744073709551616", false, 0 },
    { "99999999999999999999", false, 0 },
    { "18014398509481984k", false, 0 },
    { "16E", false, 0 },
    { "", false, 0 },
    { "k", false, 0 },
    { "-1", false, 0 },
    { "+1", false, 0 },
    { " 1", false, 0 },
    { "1 ", false, 0 },
    { "1 k", false, 0 },
    { "1kk", false, 0 },
    { "1kb", false, 0 },
    { "1bb", false, 0 },
    { "1B", true, 1 },
    { "1m", true, MIB },
    { "3g", true, 3 * GIB },
    { "2s", true, 1024 },
    { "36028797018963967S", true, UINT64_C(36028797018963967) << 9 },
    { "36028797018963968S", false, 0 },
    { "1x", false, 0 },
    { "1.5M", false, 0 },
    { "0x10", false, 0 },
    { "1e3", false, 0 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    uint64_t bytes = 0;
    if (options_parse_size(cases[i].text, &bytes) != cases[i].valid || bytes != cases[i].bytes)
      fail_msg("\"%s\" became %llu", cases[i].text, (unsigned long long)bytes);
  }
}

/* What is printed as a number is read as that number. */
static void
one_random_size(struct random *random)
{
  static const char units[] = "bkMGTPE";
  unsigned unit = (unsigned)random_between(random, 0, sizeof units - 2);
  uint64_t number = random_next(random) >> random_between(random, 0, 63), bytes = 0;
  bool fits = number << 10 * unit >> 10 * unit == number;
  char text[32];

  snprintf(text, sizeof text, "%llu%c", (unsigned long long)number, units[unit]);
  check(options_parse_size(text, &bytes) == fits);
  check(!fits || bytes == number << 10 * unit);
}

static void
random_sizes_are_read_back(void **state)
{
  (void)state;
  run_seeds(5000, one_random_size);
}

/* Words in any order end in a command line that is whole, or a fault that says why. */
static void
one_random_line(struct random *random)
{
  static const char *const pool[] = {
    "a",  "b",   "-", "null:", "nbd://h/x", "[",           "]",      "copy",     "map", "-p", "-pv",
    "--", "-C2", "4", "-S",    "--memory",  "--memory=1M", "--no-f", "--report", "-C",  "-x", "",
  };
  const char *words[WORDS_MAX];
  int count = (int)random_between(random, 0, WORDS_MAX);

  for (int i = 0; i < count; i++)
    words[i] = pool[random_between(random, 0, LENGTH_OF(pool) - 1)];
  if (parse(count, words) == 0) {
    check(options.source.text && options.destination.text && options.source.kind != PLACE_NULL);
    check(options.connections >= 1 && options.connections <= CONNECTIONS_MAX);
    check(options.payload_bytes >= PAYLOAD_BYTES_MIN && options.payload_bytes <= PAYLOAD_BYTES_MAX);
    check((options.source.kind == PLACE_COMMAND) == (options.source.command[0] != NULL));
  } else {
    check(fault.exit_code == EXIT_BAD_USAGE && fault.text[0] != '\0');
  }
}

static void
random_lines_are_whole_or_refused(void **state)
{
  (void)state;
  run_seeds(20000, one_random_line);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(commands_stand_in_brackets),
    cmocka_unit_test(defaults_are_the_documented_ones),
    cmocka_unit_test(each_option_sets_its_own),
    cmocka_unit_test(places_are_told_by_their_look),
    cmocka_unit_test(after_two_dashes_all_words_are_places),
    cmocka_unit_test(a_command_keeps_its_dashes),
    cmocka_unit_test(commands_have_a_longest_length),
    cmocka_unit_test(help_and_version_need_no_places),
    cmocka_unit_test(what_is_wrong_is_said),
    cmocka_unit_test(an_argument_too_many_is_said_as_such),
    cmocka_unit_test(every_option_is_in_the_help),
    cmocka_unit_test(as_nbdcopy_it_keeps_to_nbdcopy),
    cmocka_unit_test(nbdcopys_options_mean_the_same),
    cmocka_unit_test(sizes_are_digits_and_a_unit),
    cmocka_unit_test(random_sizes_are_read_back),
    cmocka_unit_test(pins_are_for_ends_with_tls),
    cmocka_unit_test(random_lines_are_whole_or_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
