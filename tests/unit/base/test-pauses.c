/* SPDX-License-Identifier: MIT */
/* Whoever isn't there is asked soon, then ever more seldom, and not by all at once. */
#include "unit/unit.h"

#include "base/limits.h"
#include "base/pauses.h"

static void
each_is_twice_as_long_up_to_a_bound(void **state)
{
  uint64_t pause_ms = 0, expected_ms = PAUSE_MS_MIN;

  (void)state;
  for (int i = 0; i < 20; i++) {
    pause_ms = pauses_longer_ms(pause_ms);
    assert_int_equal(pause_ms, expected_ms);
    expected_ms = expected_ms * 2 < PAUSE_MS_MAX ? expected_ms * 2 : PAUSE_MS_MAX;
  }
}

static void
what_is_drawn_is_between_a_half_and_the_whole(void **state)
{
  uint64_t least_ms = UINT64_MAX, most_ms = 0;

  (void)state;
  for (uint64_t dice = 0; dice < 1000; dice++) {
    uint64_t drawn_ms = pauses_drawn_ms(PAUSE_MS_MIN, dice * UINT64_C(7919));
    least_ms = drawn_ms < least_ms ? drawn_ms : least_ms;
    most_ms = drawn_ms > most_ms ? drawn_ms : most_ms;
  }
  assert_int_equal(least_ms, PAUSE_MS_MIN / 2);
  assert_int_equal(most_ms, PAUSE_MS_MIN);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_is_twice_as_long_up_to_a_bound),
    cmocka_unit_test(what_is_drawn_is_between_a_half_and_the_whole),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
