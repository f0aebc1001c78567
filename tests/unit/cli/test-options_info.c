/* SPDX-License-Identifier: MIT */
/* nbdinfo's command line is kept option by option: scripts lean on its synonyms,
 * and on what it refuses. */
#include "unit/command_line.h"

static void
defaults_are_the_documented_ones(void **state)
{
  (void)state;
  assert_parsed(PARSE("info", "nbd://h"));
  assert_int_equal(options.verb, VERB_INFO);
  assert_int_equal(options.persona, PERSONA_DECANT);
  assert_int_equal(options.info.query, INFO_EXPORT);
  assert_true(options.info.content);
  assert_false(options.info.json || options.info.negated);
  assert_int_equal(options.colour, COLOUR_BY_DEFAULT);
}

static void
one_query_is_asked(void **state)
{
  static const struct {
    const char *word;
    enum info_query query;
  } cases[] = {
    { "--list", INFO_LIST }, { "-L", INFO_LIST },         { "--size", INFO_SIZE },
    { "--uri", INFO_URI },   { "--can=write", INFO_CAN }, { "--isnt=tls", INFO_CAN },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_parsed(PARSE_AS("/usr/bin/nbdinfo", cases[i].word, "nbd://h"));
    assert_int_equal(options.persona, PERSONA_NBDINFO);
    assert_int_equal(options.verb, VERB_INFO);
    assert_int_equal(options.info.query, cases[i].query);
  }
}

static void
can_has_many_names(void **state)
{
  static const char *const yes[] = { "--can", "--is", "--has", "--have" };
  static const char *const no[] = { "--can-not", "--cannot",  "--cant",     "--has-not", "--hasnot", "--hasnt",
                                    "--havent",  "--havenot", "--have-not", "--is-not",  "--isnot",  "--isnt" };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(yes); i++) {
    assert_parsed(PARSE_AS("nbdinfo", yes[i], "trim", "nbd://h"));
    assert_int_equal(options.info.fact, FACT_TRIM);
    assert_false(options.info.negated);
  }
  for (size_t i = 0; i < LENGTH_OF(no); i++) {
    assert_parsed(PARSE_AS("nbdinfo", "nbd://h", no[i], "trim"));
    assert_int_equal(options.info.fact, FACT_TRIM);
    assert_true(options.info.negated);
  }
  assert_parsed(PARSE_AS("nbdinfo", "--can=write", "nbd://h"));
  assert_true(options.info.fact == FACT_READ_ONLY && options.info.negated);
  assert_parsed(PARSE_AS("nbdinfo", "--cannot=write", "nbd://h"));
  assert_true(options.info.fact == FACT_READ_ONLY && !options.info.negated);
}

static void
content_is_read_unless_listing(void **state)
{
  (void)state;
  assert_parsed(PARSE_AS("nbdinfo", "--list", "nbd://h"));
  assert_false(options.info.content);
  assert_parsed(PARSE_AS("nbdinfo", "--list", "--content", "nbd://h"));
  assert_true(options.info.content);
  assert_parsed(PARSE_AS("nbdinfo", "--no-content", "nbd://h"));
  assert_false(options.info.content);
}

static void
colours_are_spelt_both_ways(void **state)
{
  static const char *const always[] = { "--color", "--colors", "--colour", "--colours" };
  static const char *const never[] = { "--no-color", "--no-colors", "--no-colour", "--no-colours" };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(always); i++) {
    assert_parsed(PARSE_AS("nbdinfo", always[i], "nbd://h"));
    assert_int_equal(options.colour, COLOUR_ALWAYS);
    assert_parsed(PARSE_AS("nbdinfo", never[i], "nbd://h"));
    assert_int_equal(options.colour, COLOUR_NEVER);
  }
}

static void
map_is_the_other_verb(void **state)
{
  (void)state;
  assert_parsed(PARSE_AS("nbdinfo", "--map", "nbd://h"));
  assert_int_equal(options.verb, VERB_MAP);
  assert_int_equal(options.wishes.contexts.count, 1);
  assert_string_equal(options.wishes.contexts.list[0].name, "base:allocation");
  assert_true(options.wishes.contexts.list[0].required);
  assert_int_equal(options.map.style, MAP_TEXT);
  assert_false(options.map.totals);
  assert_int_equal(options.map.offset, 0);
  assert_int_equal(options.map.length, UINT64_MAX);
  assert_parsed(PARSE_AS("nbdinfo", "--map=qemu:dirty-bitmap:b", "--json", "--totals", "nbd://h"));
  assert_string_equal(options.wishes.contexts.list[0].name, "qemu:dirty-bitmap:b");
  assert_true(options.map.style == MAP_JSON && options.map.totals);
  assert_parsed(PARSE_AS("nbdinfo", "--map", "--total", "[", "nbdkit", "]"));
  assert_int_equal(options.source.kind, PLACE_COMMAND);
  assert_true(options.map.totals);
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct wrong_line cases[] = {
    { { "info" }, "SOURCE is missing (decant info --help" },
    { { "info", "a", "b" }, "more than a SOURCE: b" },
    { { "info", "--size", "--uri", "a" }, "can't be used together" },
    { { "info", "--list", "--map", "a" }, "can't be used together" },
    { { "info", "--can=trim", "--size", "a" }, "can't be used together" },
    { { "info", "--content", "--no-content", "a" }, "can't be used together" },
    { { "info", "--totals", "a" }, "with --map only" },
    { { "info", "--can=nosuch", "nbd://h" }, "there is no nosuch" },
    { { "info", "-" }, "neither an NBD URI nor [ a server to start ]: -" },
    { { "info", "--list", "a" }, "neither an NBD URI nor [ a server to start ]: a" },
    { { "info", "--uri", "a" }, "neither an NBD URI nor [ a server to start ]: a" },
    { { "info", "--can=read", "a" }, "neither an NBD URI nor [ a server to start ]: a" },
    { { "info", "--map", "-" }, "neither an NBD URI nor [ a server to start ]: -" },
    { { "info", "--can" }, "missing after --can" },
    { { "info", "--progress", "a" }, "unknown option --progress" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
}

static void
as_nbdinfo_it_keeps_to_nbdinfo(void **state)
{
  char text[OPTIONS_TEXT_BYTES];

  (void)state;
  assert_parsed(PARSE_AS("nbdinfo", "--version"));
  options_describe(&options, text, sizeof text);
  assert_string_equal(text, "nbdinfo 1.22.2\nlibnbd 1.22.2\n");
  assert_string_equal(options_program(&options), "nbdinfo");
  assert_int_equal(PARSE_AS("nbdinfo", "map", "nbd://h"), -1); /* there are no verbs */
  assert_int_equal(PARSE_AS("nbdinfo", "--nonsense"), -1);
  assert_int_equal(options_exit_code(&options, &fault), EXIT_FAILED);
}

static void
every_option_is_in_the_help(void **state)
{
  (void)state;
  assert_help_is_whole("info", "--totals\n", "-L\n");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults_are_the_documented_ones),
    cmocka_unit_test(one_query_is_asked),
    cmocka_unit_test(can_has_many_names),
    cmocka_unit_test(content_is_read_unless_listing),
    cmocka_unit_test(colours_are_spelt_both_ways),
    cmocka_unit_test(map_is_the_other_verb),
    cmocka_unit_test(what_is_wrong_is_said),
    cmocka_unit_test(as_nbdinfo_it_keeps_to_nbdinfo),
    cmocka_unit_test(every_option_is_in_the_help),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
