/* SPDX-License-Identifier: MIT */
/* The command line decides which disk is overwritten: every word of it must be
 * understood as the help text says, or refused before anything is opened. */
#include "unit/command_line.h"

#include "base/durations.h"

static void
places_are_told_by_their_look(void **state)
{
  static const struct {
    const char *text;
    enum place_kind kind;
  } cases[] = {
    { "disk.raw", PLACE_PATH },   { "/dev/sda", PLACE_PATH },     { "./-", PLACE_PATH },
    { "./null:", PLACE_PATH },    { "nbd:host", PLACE_PATH },     { "]", PLACE_PATH },
    { "[x", PLACE_PATH },         { "a b", PLACE_PATH },          { "-", PLACE_STREAM },
    { "null:", PLACE_NULL },      { "nbd://host/x", PLACE_URI },  { "nbd+unix:///?socket=s", PLACE_URI },
    { "http://host", PLACE_URI }, { "./nbd://host", PLACE_PATH }, { "copy", PLACE_PATH },
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
    { { "--dirty-bitmap", "--", "-p", "a", "-v", "b" }, "a", "b" }, /* a value ends nothing */
    { { "--dirty-bitmap", "--", "--", "a", "-v" }, "a", "-v" },
    { { "--dirty-bitmap", "x", "a", "--", "-v" }, "a", "-v" },
    { { "copy", "--", "copy", "b" }, "copy", "b" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_parsed(parse(count_words(cases[i].words), cases[i].words));
    assert_int_equal(options.mode, RUN_VERB);
    assert_string_equal(options.source.text, cases[i].source);
    assert_string_equal(options.destination.text, cases[i].destination);
  }
}

/* As nbdcopy and nbdinfo, what is merely slow works on. */
static void
servers_are_waited_for_as_long_as_is_said(void **state)
{
  static const char *const verbs[] = { "copy", "map", "info" };
  static const struct wrong_line cases[] = {
    { { "--timeout=x", "a", "b" }, "--timeout=x: must be a number of seconds, such as 30 or 0.5, or forever" },
    { { "--timeout=-1", "a", "b" }, "--timeout=-1: must" },
    { { "--wait=1s", "a", "b" }, "--wait=1s: must" },
    { { "map", "--wait=", "a" }, "--wait=: must" },
    { { "info", "a", "--timeout" }, "missing after --timeout" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(verbs); i++) {
    const char *destination = i == 0 ? "b" : "--";
    assert_parsed(PARSE(verbs[i], "a", destination));
    assert_true(options.wishes.timeout_ms == 30000 && options.wishes.wait_ms == 0);
    assert_parsed(PARSE(verbs[i], "--timeout=0.25", "--wait", "90", "a", destination));
    assert_true(options.wishes.timeout_ms == 250 && options.wishes.wait_ms == 90000);
    assert_parsed(PARSE(verbs[i], "--timeout=0", "a", destination));
    assert_int_equal(options.wishes.timeout_ms, 0);
    assert_parsed(PARSE(verbs[i], "--timeout=forever", "--wait=forever", "a", destination));
    assert_true(options.wishes.timeout_ms == 0 && options.wishes.wait_ms == DURATION_MS_MAX);
  }
  assert_parsed(PARSE_AS("nbdcopy", "a", "b"));
  assert_true(options.wishes.timeout_ms == 600000 && options.wishes.wait_ms == 0);
  assert_parsed(PARSE_AS("nbdinfo", "--timeout=3", "nbd://a"));
  assert_int_equal(options.wishes.timeout_ms, 3000);
  assert_wrong(cases, LENGTH_OF(cases));
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
  assert_true(options.verbose && options.copy.progress);
  assert_int_equal(options.wishes.connections, 1);
  assert_int_equal(options.mode, RUN_VERB); /* --help was the server's */
}

/* Options of a server belong to it, also those that look like the end of ours. */
static void
a_command_keeps_its_dashes(void **state)
{
  static const char *const server[] = { "s", "--", "[", NULL };

  (void)state;
  assert_parsed(PARSE("[", "s", "--", "[", "]", "-p", "b"));
  assert_command(&options.source, server);
  assert_true(options.copy.progress);
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
    { { "-h" }, RUN_HELP },
    { { "--help=all" }, RUN_HELP_ALL },
    { { "map", "--help=all" }, RUN_HELP_ALL },
    { { "--help=some" }, RUN_VERB },
    { { "map", "-h" }, RUN_HELP },
    { { "info", "-h" }, RUN_HELP },
    { { "-vh", "a" }, RUN_HELP },
    { { "copy", "--help" }, RUN_HELP },
    { { "-pV" }, RUN_VERSION },
    { { "a", "b", "c", "--help" }, RUN_VERB }, /* the error came first */
    { { "a", "b", "--help" }, RUN_HELP },
    { { "--help", "--nonsense" }, RUN_HELP },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    int result = parse(count_words(cases[i].words), cases[i].words);
    assert_int_equal(result, cases[i].mode == RUN_VERB ? -1 : 0);
    assert_int_equal(options.mode, cases[i].mode);
  }
}

#define PIN "--tls-pin=sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
pins_are_for_ends_with_tls(void **state)
{
  (void)state;
  assert_parsed(PARSE(PIN, PIN, "nbd://h", "nbds+unix:///?socket=s"));
  assert_int_equal(options.wishes.pins.count, 2);
  assert_parsed(PARSE(PIN, "NBDS://h", "b"));
  assert_parsed(PARSE("map", PIN, "nbds://h"));
  assert_parsed(PARSE("nbds://h", "b"));
  assert_int_equal(options.wishes.pins.count, 0);
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct wrong_line cases[] = {
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
    /* What looks like a verb. */
    { { "cmp", "a", "b" }, "no verb cmp" },
    { { "verify", "a" }, "no verb verify" },
    { { "help" }, "--help" },
    { { "cpy", "a", "b" }, "no verb cpy: decant copy? (a file of that name: ./cpy)" },
    { { "copyy", "a", "b" }, "no verb copyy: decant copy?" },
    { { "cp", "a", "b" }, "more than a SOURCE" },
    { { "cppy", "a", "b" }, "no verb cppy: decant copy?" },
    { { "ocpy", "a", "b" }, "no verb ocpy: decant copy?" },
    { { "inf", "a" }, "no verb inf: decant info?" },
    { { "infos", "a" }, "no verb infos: decant info?" },
    { { "inof", "a" }, "no verb inof: decant info?" },
    { { "mpa", "a" }, "no verb mpa: decant map?" },
    { { "./inf", "a", "b" }, "more than a SOURCE" },
    { { "inf.img", "a", "b" }, "more than a SOURCE" },
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
    { { "--tls-pin=x", "nbds://h", "b" }, "--tls-pin=x: must be sha256: and 64" },
    { { PIN, PIN, PIN, PIN, PIN, "nbds://h", "b" }, "at most 4 times" },
    { { PIN, "nbd://h", "b" }, "neither end is one" },
    { { PIN, "a", "b" }, "neither end is one" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
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
    check(options.source.text && options.source.kind != PLACE_NULL);
    check((options.verb == VERB_COPY) == (options.destination.text != NULL));
    check(options.wishes.connections <= CONNECTIONS_MAX);
    check(options.copy.payload_bytes >= PAYLOAD_BYTES_MIN && options.copy.payload_bytes <= PAYLOAD_BYTES_MAX);
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
    cmocka_unit_test(places_are_told_by_their_look),
    cmocka_unit_test(servers_are_waited_for_as_long_as_is_said),
    cmocka_unit_test(after_two_dashes_all_words_are_places),
    cmocka_unit_test(a_command_keeps_its_dashes),
    cmocka_unit_test(commands_have_a_longest_length),
    cmocka_unit_test(help_and_version_need_no_places),
    cmocka_unit_test(what_is_wrong_is_said),
    cmocka_unit_test(an_argument_too_many_is_said_as_such),
    cmocka_unit_test(pins_are_for_ends_with_tls),
    cmocka_unit_test(random_lines_are_whole_or_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
