/* SPDX-License-Identifier: MIT */
/* A server that tells little at a time must not make a copy slower than one without
 * block status, and one that tells of large holes has to be listened to. */
#include "unit/unit.h"

#include "copy/asking.h"

#include "base/limits.h"

/* Reads that bring 100 bytes a microsecond. */
static struct asking
reads_at_100(void)
{
  struct asking asking = { 0 };

  asking_reads_begin(&asking, 1000);
  asking_read_answered(&asking, 50000, 1500);
  asking_read_answered(&asking, 50000, 2000);
  return asking;
}

static void
what_comes_ahead_costs_nothing(void **state)
{
  struct asking asking = reads_at_100();

  (void)state;
  assert_int_equal(asking_answered(&asking, 4096, 0, 1000000), 0);
}

static void
nothing_is_known_before_the_first_read(void **state)
{
  struct asking asking = { 0 };

  (void)state;
  asking_reads_wait(&asking, 0);
  assert_int_equal(asking_answered(&asking, 4096, 0, 50000), 0);
}

static void
waiting_for_little_ends_the_asking(void **state)
{
  struct asking asking = reads_at_100();

  (void)state;
  asking_reads_wait(&asking, 10000); /* and again and again, as long as it waits */
  asking_reads_wait(&asking, 12000);
  assert_int_equal(asking_answered(&asking, 4096, 4096, 13000), 300000 * ASKING_PAUSE);
}

static void
a_slow_answer_puts_the_next_on_trial(void **state)
{
  struct asking asking = reads_at_100();

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_true(asking_answered(&asking, 4096, 4096, 13000) > 0);
  asking_asked(&asking, 20000); /* nobody waits for this one */
  assert_int_equal(asking_answered(&asking, 4096, 4096, 22000), 200000 * ASKING_PAUSE);
  asking_asked(&asking, 30000);
  assert_int_equal(asking_answered(&asking, 200000, 200000, 32000), 0);
  asking_asked(&asking, 40000);
  assert_int_equal(asking_answered(&asking, 4096, 4096, 42000), 0);
}

static void
what_is_taken_for_data_has_bounds(void **state)
{
  struct asking asking = reads_at_100();

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_int_equal(asking_answered(&asking, 512, 0, 10001), SURVEY_BYTES_MIN);
  assert_int_equal(asking_answered(&asking, 4096, 0, UINT64_C(1) << 60), SURVEY_BYTES_MAX);
}

static void
a_hole_worth_the_waiting_is_asked_for(void **state)
{
  struct asking asking = reads_at_100();

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_int_equal(asking_answered(&asking, 400000, 400000, 13000), 0);
  asking_reads_wait(&asking, 10000); /* no hole at all, but so much of it that the waiting was short */
  assert_int_equal(asking_answered(&asking, 64 * MIB, 0, 13000), 0);
}

static void
time_without_reads_is_not_their_time(void **state)
{
  struct asking asking = reads_at_100();

  (void)state;
  asking_reads_begin(&asking, 5000000);
  asking_read_answered(&asking, 100000, 5001000);
  assert_int_equal(asking.read_us, 2000);
  assert_int_equal(asking.read_bytes, 200000);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_comes_ahead_costs_nothing),       cmocka_unit_test(nothing_is_known_before_the_first_read),
    cmocka_unit_test(waiting_for_little_ends_the_asking),   cmocka_unit_test(a_slow_answer_puts_the_next_on_trial),
    cmocka_unit_test(what_is_taken_for_data_has_bounds),    cmocka_unit_test(a_hole_worth_the_waiting_is_asked_for),
    cmocka_unit_test(time_without_reads_is_not_their_time),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
