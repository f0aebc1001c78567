/* SPDX-License-Identifier: MIT */
/* A disk can be named by what it is wherever a disk is named, and nowhere else: what isn't such a name stays a file's. */
#include "unit/command_line.h"

static void
all_disks_or_one_are_shown(void **state)
{
  (void)state;
  assert_parsed(PARSE("disks"));
  assert_int_equal(options.verb, VERB_DISKS);
  assert_null(options.source.text);
  assert_false(options.disks.json);
  assert_parsed(PARSE("disks", "--json", "--destination", "--except=/dev/sdb", "nvme,smallest"));
  assert_true(options.disks.json && options.disks.as_destination && options.source.is_selector);
  assert_int_equal(options.excepts.count, 1);
}

static void
selectors_are_places(void **state)
{
  (void)state;
  assert_parsed(PARSE("serial:A", "size:1G..,largest"));
  assert_true(options.source.is_selector && options.destination.is_selector);
  assert_int_equal(options.destination.kind, PLACE_PATH);
  assert_parsed(PARSE("./serial:A", "-"));
  assert_false(options.source.is_selector || options.destination.is_selector);
  assert_parsed(PARSE("map", "only"));
  assert_true(options.source.is_selector);
  assert_parsed(PARSE_AS("nbdcopy", "serial:A", "only")); /* which knows files alone */
  assert_false(options.source.is_selector || options.destination.is_selector);
}

static void
what_must_not_be_overwritten_is_kept(void **state)
{
  (void)state;
  assert_parsed(
      PARSE("--except=uuid:1234", "a", "--except", "/dev/sdb", "b", "--force-destination", "--any-sector-size"));
  assert_int_equal(options.excepts.count, 2);
  assert_string_equal(options.excepts.list[0], "uuid:1234");
  assert_true(options.wishes.force && options.copy.any_sector_size);
  assert_parsed(PARSE("rescue", "--except=only", "--force-destination", "--any-sector-size", "a", "b", "--mapfile=m"));
  assert_true(options.wishes.force && options.copy.any_sector_size && options.excepts.count == 1);
  assert_parsed(PARSE("a", "b"));
  assert_true(!options.wishes.force && !options.copy.any_sector_size && options.excepts.count == 0);
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct wrong_line cases[] = {
    { { "disks", "a" }, "not a selector of a disk, such as serial:X or smallest: a" },
    { { "disks", "only", "only" }, "more than a SOURCE: only" },
    { { "disks", "--destination" }, "a SELECTOR is missing" },
    { { "disks", "nvmee,only" }, "nvmee is not one of" },
    { { "a", "size:x" }, "size: takes a size" },
    { { "a", "b", "--except=size:x" }, "size: takes a size" },
    { { "a", "b", "--except=" }, "--except= takes a disk" },
    { { "-C1", "--except=a", "--except=a", "--except=a", "--except=a", "--except=a", "--except=a", "--except=a",
        "--except=a", "--except=a", "a" },
      "--except=a: at most 8 times" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
}

static void
every_option_is_in_the_help(void **state)
{
  (void)state;
  assert_help_is_whole("disks", "--destination\n", "-h\n");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_disks_or_one_are_shown),           cmocka_unit_test(selectors_are_places),
    cmocka_unit_test(what_must_not_be_overwritten_is_kept), cmocka_unit_test(what_is_wrong_is_said),
    cmocka_unit_test(every_option_is_in_the_help),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
