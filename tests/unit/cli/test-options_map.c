/* SPDX-License-Identifier: MIT */
/* `decant map` and `nbdinfo --map` are one job with two command lines: both must
 * ask for the same. */
#include "unit/command_line.h"

static void
defaults_are_the_documented_ones(void **state)
{
  (void)state;
  assert_parsed(PARSE("map", "a"));
  assert_int_equal(options.verb, VERB_MAP);
  assert_string_equal(options.source.text, "a");
  assert_int_equal(options.wishes.contexts.count, 1);
  assert_string_equal(options.wishes.contexts.list[0].name, "base:allocation");
  assert_int_equal(options.map.style, MAP_TEXT);
  assert_int_equal(options.map.length, UINT64_MAX);
  assert_false(options.map.totals);
}

static void
each_option_sets_its_own(void **state)
{
  (void)state;
  assert_parsed(PARSE("map", "--context=qemu:allocation-depth", "--context=x", "a"));
  assert_int_equal(options.wishes.contexts.count, 2);
  assert_string_equal(options.wishes.contexts.list[1].name, "x");
  assert_parsed(PARSE("map", "--json", "a"));
  assert_int_equal(options.map.style, MAP_JSON);
  assert_parsed(PARSE("map", "--json=imageio", "a"));
  assert_int_equal(options.map.style, MAP_IMAGEIO);
  assert_int_equal(options.colour, COLOUR_BY_DEFAULT);
  assert_true(options_in_colour(&options, true) && !options_in_colour(&options, false));
  assert_parsed(PARSE("map", "--colour", "a"));
  assert_true(options_in_colour(&options, false));
  assert_parsed(PARSE("map", "--no-color", "a"));
  assert_false(options_in_colour(&options, true));
  assert_parsed(PARSE("map", "--graph", "a"));
  assert_int_equal(options.map.style, MAP_GRAPH);
  assert_parsed(PARSE("map", "--bmap", "a"));
  assert_int_equal(options.map.style, MAP_BMAP);
  assert_int_equal(options.wishes.contexts.count, 1);
  assert_parsed(PARSE("map", "a", "--totals", "--offset=1k", "--length=2M"));
  assert_true(options.map.totals && options.map.offset == KIB && options.map.length == 2 * MIB);
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct wrong_line cases[] = {
    { { "map" }, "SOURCE is missing (decant map --help" },
    { { "map", "a", "b" }, "more than a SOURCE: b" },
    { { "map", "null:" }, "null: can only be a DESTINATION" },
    { { "map", "--json=xml", "a" }, "not xml" },
    { { "map", "--offset=x", "a" }, "not x" },
    { { "map", "--totals", "--graph", "a" }, "--totals can't" },
    { { "map", "--totals", "--bmap", "a" }, "a block map is of the whole disk" },
    { { "map", "--bmap", "--context=x", "a" }, "a block map is of the whole disk" },
    { { "map", "--bmap", "--length=1", "a" }, "a block map is of the whole disk" },
    { { "map", "--bmap", "--offset=1", "a" }, "a block map is of the whole disk" },
    { { "map", "--sparse=0", "a" }, "unknown option --sparse" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
}

static void
every_option_is_in_the_help(void **state)
{
  (void)state;
  assert_help_is_whole("map", "--totals\n", "-V\n");
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
