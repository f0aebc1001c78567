/* SPDX-License-Identifier: MIT */
/* A server chooses how many names it sends and how long they are: those that fit
 * come back as they were, and it shows if some did not. */
#include "unit/unit.h"

#include "base/names.h"

static void
names_come_back_in_order(void **state)
{
  char bytes[32];
  struct names names;
  const char *name;

  (void)state;
  names_init(&names, bytes, sizeof bytes);
  assert_null(names_next(&names, NULL));
  names_add(&names, "hello");
  names_add(&names, "");
  names_add(&names, "world");
  assert_int_equal(names.count, 3);
  assert_string_equal(name = names_next(&names, NULL), "hello");
  assert_string_equal(name = names_next(&names, name), "");
  assert_string_equal(name = names_next(&names, name), "world");
  assert_null(names_next(&names, name));
}

static void
a_full_list_says_so(void **state)
{
  char bytes[12];
  struct names names;

  (void)state;
  names_init(&names, bytes, sizeof bytes);
  names_add(&names, "hello");
  names_add(&names, "world");
  assert_false(names.full);
  names_add(&names, "");
  assert_true(names.full);
  assert_int_equal(names.count, 2);

  names_init(&names, bytes, sizeof bytes);
  names_add(&names, "hello");
  names_add(&names, "world!");
  assert_true(names.full);
  names_add(&names, "x"); /* would fit, but the one before it is missing */
  assert_int_equal(names.count, 1);
  assert_null(names_next(&names, names_next(&names, NULL)));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_come_back_in_order),
    cmocka_unit_test(a_full_list_says_so),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
