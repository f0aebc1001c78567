/* SPDX-License-Identifier: MIT */
/* What was lost is tried again soon, then ever more seldom, and at last no more. */
#include "unit/unit.h"

#include "base/limits.h"
#include "copy/recovery.h"

#define LIMIT_MS 60000

static void
pauses_grow_up_to_a_bound(void **state)
{
  struct recovery recovery;
  uint64_t now_ms = 5000, pause_ms = PAUSE_MS_MIN;

  (void)state;
  recovery_init(&recovery, UINT64_MAX, 1);
  recovery_lost(&recovery, now_ms);
  for (int i = 0; i < 20; i++) {
    assert_in_range(recovery.next_ms - now_ms, pause_ms / 2, pause_ms);
    now_ms = recovery.next_ms + 17;
    recovery_failed(&recovery, now_ms);
    pause_ms = pause_ms * 2 < PAUSE_MS_MAX ? pause_ms * 2 : PAUSE_MS_MAX;
  }
  assert_int_equal(recovery_end_ms(&recovery), UINT64_MAX);
}

static void
machines_dont_come_all_at_once(void **state)
{
  unsigned at[11] = { 0 };

  (void)state;
  for (uint64_t seed = 0; seed < 1000; seed++) {
    struct recovery recovery;
    recovery_init(&recovery, LIMIT_MS, seed * 1000003);
    recovery_lost(&recovery, 0);
    at[(recovery.next_ms - PAUSE_MS_MIN / 2) * 10 / (PAUSE_MS_MIN / 2)]++;
  }
  for (int i = 0; i < 10; i++)
    assert_in_range(at[i], 50, 150);
}

static void
the_limit_counts_from_the_first_loss_in_vain(void **state)
{
  struct recovery recovery;

  (void)state;
  recovery_init(&recovery, LIMIT_MS, 1);
  recovery_lost(&recovery, 1000);
  assert_int_equal(recovery_end_ms(&recovery), 1000 + LIMIT_MS);
  recovery_back(&recovery);
  assert_false(recovery.is_lost);
  recovery_lost(&recovery, 31000); /* it came back, and did nothing */
  assert_true(recovery.is_lost);
  assert_int_equal(recovery_end_ms(&recovery), 1000 + LIMIT_MS);
  recovery_back(&recovery);
  recovery_progress(&recovery);
  recovery_lost(&recovery, 41000);
  assert_int_equal(recovery_end_ms(&recovery), 41000 + LIMIT_MS);
}

static void
pauses_begin_anew_after_progress_alone(void **state)
{
  struct recovery recovery;

  (void)state;
  recovery_init(&recovery, LIMIT_MS, 1);
  recovery_lost(&recovery, 0);
  for (int i = 0; i < 4; i++)
    recovery_failed(&recovery, 0);
  recovery_back(&recovery);
  recovery_lost(&recovery, 20000);
  assert_in_range(recovery.next_ms, 20000 + 8 * PAUSE_MS_MIN, 20000 + 16 * PAUSE_MS_MIN);
  recovery_back(&recovery);
  recovery_progress(&recovery);
  recovery_lost(&recovery, 30000);
  assert_in_range(recovery.next_ms, 30000, 30000 + PAUSE_MS_MIN);
}

static unsigned reopened;

static void
reopen_nobody(struct endpoint *end)
{
  reopened++;
  end->presence = PRESENCE_COMING;
}

/* Steps happen when they are due, once each, and the next one is told of. */
static void
an_end_is_led_back_step_by_step(void **state)
{
  static const struct endpoint_ops ops = { .reopen = reopen_nobody };
  struct endpoint end = { .ops = &ops };
  struct recovery recovery;

  (void)state;
  reopened = 0;
  recovery_init(&recovery, LIMIT_MS, 1);
  assert_true(recovery_is_idle(&recovery, &end));
  assert_int_equal(recovery_step(&recovery, &end, 0), RECOVERY_NOTHING);
  end.presence = PRESENCE_LOST;
  assert_int_equal(recovery_step(&recovery, &end, 1000), RECOVERY_LOST);
  assert_int_equal(recovery.lost_ms, 1000);
  assert_int_equal(recovery_wake_ms(&recovery, &end), recovery.next_ms);
  assert_int_equal(recovery_step(&recovery, &end, recovery.next_ms - 1), RECOVERY_NOTHING);
  assert_int_equal(recovery_step(&recovery, &end, recovery.next_ms), RECOVERY_TRIES);
  assert_int_equal(recovery_step(&recovery, &end, recovery.next_ms), RECOVERY_NOTHING);
  assert_int_equal(reopened, 1);
  assert_int_equal(recovery_wake_ms(&recovery, &end), 1000 + LIMIT_MS);
  end.presence = PRESENCE_LOST;
  assert_int_equal(recovery_step(&recovery, &end, 2000), RECOVERY_TRIES);
  assert_true(recovery.next_ms > 2000);
  assert_int_equal(recovery_step(&recovery, &end, recovery.next_ms), RECOVERY_TRIES);
  assert_int_equal(reopened, 2);
  end.presence = PRESENCE_HERE;
  assert_false(recovery_is_idle(&recovery, &end));
  assert_int_equal(recovery_step(&recovery, &end, 3000), RECOVERY_BACK);
  assert_int_equal(recovery.returns, 1);
  assert_true(recovery_is_idle(&recovery, &end));
}

static void
it_ends_in_time_or_where_another_is(void **state)
{
  static const struct endpoint_ops ops = { .reopen = reopen_nobody };
  struct endpoint end = { .ops = &ops, .presence = PRESENCE_LOST };
  struct recovery recovery;

  (void)state;
  recovery_init(&recovery, LIMIT_MS, 1);
  assert_int_equal(recovery_step(&recovery, &end, 0), RECOVERY_LOST);
  assert_int_equal(recovery_step(&recovery, &end, recovery.next_ms), RECOVERY_TRIES);
  assert_int_equal(recovery_step(&recovery, &end, LIMIT_MS - 1), RECOVERY_NOTHING);
  assert_int_equal(recovery_step(&recovery, &end, LIMIT_MS), RECOVERY_OVER);
  end.presence = PRESENCE_OTHER;
  assert_int_equal(recovery_step(&recovery, &end, 1), RECOVERY_OVER);
  end.presence = PRESENCE_LOST;
  recovery_init(&recovery, PAUSE_MS_MIN / 4, 1);
  recovery_lost(&recovery, 0);
  assert_int_equal(recovery_wake_ms(&recovery, &end), PAUSE_MS_MIN / 4); /* before the next attempt */
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(pauses_grow_up_to_a_bound),
    cmocka_unit_test(machines_dont_come_all_at_once),
    cmocka_unit_test(the_limit_counts_from_the_first_loss_in_vain),
    cmocka_unit_test(pauses_begin_anew_after_progress_alone),
    cmocka_unit_test(an_end_is_led_back_step_by_step),
    cmocka_unit_test(it_ends_in_time_or_where_another_is),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
