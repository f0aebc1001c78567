/* SPDX-License-Identifier: MIT */
/* Sums are believed without being added up again: none may be lost, or counted where it
 * doesn't belong. */
#include "unit/unit.h"

#include "report/map_totals.h"

static void
sums_are_sorted_and_add_up(void **state)
{
  static const struct extent extents[] = {
    { 600, { 3 } }, { 100, { 0, 1 } }, { 200, { 3 } }, { 50, { 1 } }, { 50, { 0 } }
  };
  static const struct map_total expected[] = { { { 0, 0 }, 50 }, { { 0, 1 }, 100 }, { { 1 }, 50 }, { { 3 }, 800 } };
  static struct map_totals totals;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(extents); i++)
    assert_true(map_totals_add(&totals, &extents[i]));
  assert_int_equal(totals.count, LENGTH_OF(expected));
  assert_true(totals.bytes == 1000);
  for (size_t i = 0; i < LENGTH_OF(expected); i++)
    assert_memory_equal(&totals.list[i], &expected[i], sizeof expected[i]);
}

static void
sums_are_of_so_many_kinds_only(void **state)
{
  static struct map_totals totals;

  (void)state;
  for (uint64_t i = MAP_TOTALS_MAX; i-- > 0;)
    assert_true(map_totals_add(&totals, &(struct extent){ 1, { i } }));
  assert_false(map_totals_add(&totals, &(struct extent){ 1, { MAP_TOTALS_MAX } }));
  assert_true(map_totals_add(&totals, &(struct extent){ 1, { 5 } }));
  for (uint64_t i = 0; i < MAP_TOTALS_MAX; i++)
    assert_true(totals.list[i].values[0] == i);
  assert_true(totals.bytes == MAP_TOTALS_MAX + 1);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sums_are_sorted_and_add_up),
    cmocka_unit_test(sums_are_of_so_many_kinds_only),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
