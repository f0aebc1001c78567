/* SPDX-License-Identifier: MIT */
/* A copy that is to leave room for others takes as long as it says, and no longer. */
#include "unit/unit.h"

#include "base/limits.h"
#include "copy/rate.h"

static void
without_a_limit_nothing_waits(void **state)
{
  struct rate rate;

  (void)state;
  rate_init(&rate, 0);
  for (uint64_t now = 0; now < 10; now++) {
    rate_sent(&rate, 32 * MIB, now);
    assert_int_equal(rate_wait_us(&rate, now), 0);
  }
}

static void
bytes_take_their_time(void **state)
{
  struct rate rate;
  uint64_t now = 12345;

  (void)state;
  rate_init(&rate, 1 * MIB);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(rate_wait_us(&rate, now), 0);
    rate_sent(&rate, 512 * KIB, now);
    assert_int_equal(rate_wait_us(&rate, now), 500000);
    assert_int_equal(rate_wait_us(&rate, now + 499999), 1);
    now += 500000;
  }
}

static void
a_pause_is_no_credit(void **state)
{
  struct rate rate;

  (void)state;
  rate_init(&rate, 1000);
  rate_sent(&rate, 1000, 0);
  assert_int_equal(rate_wait_us(&rate, 60000000), 0);
  rate_sent(&rate, 1000, 60000000);
  assert_int_equal(rate_wait_us(&rate, 60000000), 1000000);
}

static void
what_was_sent_too_early_is_made_up_for(void **state)
{
  struct rate rate;

  (void)state;
  rate_init(&rate, 1000);
  rate_sent(&rate, 1000, 0);
  rate_sent(&rate, 1000, 0);
  assert_int_equal(rate_wait_us(&rate, 0), 2000000);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_a_limit_nothing_waits),
    cmocka_unit_test(bytes_take_their_time),
    cmocka_unit_test(a_pause_is_no_credit),
    cmocka_unit_test(what_was_sent_too_early_is_made_up_for),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
