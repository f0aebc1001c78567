/* SPDX-License-Identifier: MIT */
/* Scripts compute with what a run took, so its figures must be what they say, also where nothing was done in no time. */
#include "unit/unit.h"

#include "base/limits.h"
#include "report/effort.h"

static char bytes[512];

static void
begin(struct text *text)
{
  text_init(text, bytes, sizeof bytes);
}

static void
the_members_are_numbers(void **state)
{
  struct effort effort = { .ms = 2005, .moved = 4 * MIB, .retries = 3, .reconnects = 1, .memory = 16 * MIB };
  struct text text;

  (void)state;
  begin(&text);
  effort_add_json(&effort, &text);
  assert_string_equal(bytes, ",\n\"seconds\": 2.005,\n\"rate\": 2091922,\n\"retries\": 3,\n\"reconnects\": 1,\n"
                             "\"memory\": 16777216");
}

static void
no_time_is_no_rate(void **state)
{
  struct text text;

  (void)state;
  begin(&text);
  effort_add_json(&(struct effort){ .moved = 1 }, &text);
  assert_string_equal(bytes,
                      ",\n\"seconds\": 0.000,\n\"rate\": 0,\n\"retries\": 0,\n\"reconnects\": 0,\n\"memory\": 0");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_members_are_numbers),
    cmocka_unit_test(no_time_is_no_rate),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
