/* SPDX-License-Identifier: MIT */
/* A server that tells little at a time must not make a copy slower than one without
 * block status, and one that tells of large holes has to be listened to. */
#include "unit/unit.h"

#include "copy/asking.h"

#include "base/limits.h"

/* Reads that bring 1000 bytes a microsecond. */
static struct asking
reads_at_1000(void)
{
  struct asking asking = { 0 };

  asking_reads_begin(&asking, 1000);
  asking_read_answered(&asking, 1000000, 1500);
  asking_read_answered(&asking, 1000000, 3000);
  return asking;
}

/* The only answer. */
static uint64_t
answered(struct asking *asking, uint64_t bytes, uint64_t zeros, uint64_t now_us)
{
  struct learnt learnt = { .bytes = bytes, .zeros = zeros };

  return asking_answered(asking, &learnt, 0, now_us);
}

/* The server told little of what it was asked for; so many questions are still out. */
static uint64_t
answered_little(struct asking *asking, uint64_t bytes, uint64_t zeros, unsigned out, uint64_t now_us)
{
  struct learnt learnt = { .bytes = bytes, .zeros = zeros, .is_short = true };

  return asking_answered(asking, &learnt, out, now_us);
}

static void
what_comes_ahead_costs_nothing(void **state)
{
  struct asking asking = reads_at_1000();

  (void)state;
  assert_int_equal(answered(&asking, 4096, 0, 1000000), 0);
}

static void
nothing_is_known_before_the_first_read(void **state)
{
  struct asking asking = { 0 };

  (void)state;
  asking_reads_wait(&asking, 0);
  assert_int_equal(answered(&asking, 4096, 0, 50000), 0);
}

static void
waiting_for_little_ends_the_asking(void **state)
{
  struct asking asking = reads_at_1000();

  (void)state;
  asking_reads_wait(&asking, 10000); /* and again and again, as long as it waits */
  asking_reads_wait(&asking, 12000);
  assert_int_equal(answered(&asking, 4096, 4096, 13000), 3000000 * ASKING_PAUSE);
}

static void
a_slow_answer_puts_the_next_on_trial(void **state)
{
  struct asking asking = reads_at_1000();

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_true(answered(&asking, 4096, 4096, 13000) > 0);
  asking_asked(&asking, 1, 20000); /* nobody waits for this one */
  assert_int_equal(answered(&asking, 4096, 4096, 22000), 2000000 * ASKING_PAUSE);
  asking_asked(&asking, 1, 30000);
  assert_int_equal(answered(&asking, 2000000, 2000000, 32000), 0);
  asking_asked(&asking, 1, 40000);
  assert_int_equal(answered(&asking, 4096, 4096, 42000), 0);
}

/* Eight answers that come together have cost what one of them has. */
static void
questions_at_once_are_judged_together(void **state)
{
  static const struct {
    uint64_t first, others; /* zeros */
    uint64_t taken;
  } cases[] = { { 400000, 400000, 0 }, { 400000, 300000, 3000000 * ASKING_PAUSE } };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct asking asking = reads_at_1000();
    asking_reads_wait(&asking, 10000);
    uint64_t taken = answered_little(&asking, cases[i].first, cases[i].first, 7, 13000); /* alone worth 450 us */
    assert_int_equal(taken, 0);
    for (unsigned out = 7; out-- > 0;)
      taken += answered_little(&asking, cases[i].others, cases[i].others, out, 13000);
    assert_int_equal(taken, cases[i].taken);
  }
}

/* A server that tells little is asked several things before it is judged, unless that can't help. */
static void
little_may_be_worth_it_several_times_at_once(void **state)
{
  struct asking asking = reads_at_1000();

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_int_equal(answered_little(&asking, 400000, 400000, 0, 13000), 0);
  asking = reads_at_1000();
  asking_reads_wait(&asking, 10000);
  assert_int_equal(answered_little(&asking, 200000, 200000, 0, 13000), 3000000 * ASKING_PAUSE);
}

/* All that is out is answered: what more there could be to it. */
static void
whole_answers_are_judged_when_all_are_there(void **state)
{
  struct asking asking = reads_at_1000();
  struct learnt whole = { .bytes = 8000000, .zeros = 0 };

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_int_equal(asking_answered(&asking, &whole, 2, 13000), 0);
  assert_int_equal(asking_answered(&asking, &whole, 1, 13000), 0);
  assert_int_equal(asking_answered(&asking, &whole, 0, 13000), 0);
  assert_int_equal(asking.answers, 0); /* three of them were worth it */
}

/* Where all time counts, that of questions beside each other counts once. */
static void
time_beside_each_other_counts_once(void **state)
{
  struct asking asking = reads_at_1000();

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_true(answered(&asking, 4096, 4096, 13000) > 0);
  asking_asked(&asking, 1, 20000);
  asking_asked(&asking, 2, 20500);
  assert_int_equal(answered_little(&asking, 800000, 800000, 1, 21000), 0);
  assert_int_equal(answered(&asking, 900000, 900000, 22000), 2000000 * ASKING_PAUSE);
}

/* Small reads would say that reading is slow. */
static void
some_is_read_before_anything_is_judged(void **state)
{
  struct asking asking = { 0 };

  (void)state;
  assert_int_equal(answered_little(&asking, 4096, 4096, 0, 1000), ASKING_SAMPLE_BYTES);
  asking_reads_begin(&asking, 1000);
  asking_read_answered(&asking, ASKING_SAMPLE_BYTES, 2000);
  assert_int_equal(answered_little(&asking, 4096, 4096, 0, 2000), 0);
}

static void
what_is_taken_for_data_has_bounds(void **state)
{
  struct asking asking = reads_at_1000();

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_int_equal(answered(&asking, 512, 0, 10001), ASKING_PAUSE_BYTES_MIN);
  assert_int_equal(answered(&asking, 4096, 0, UINT64_C(1) << 60), SURVEY_BYTES_MAX);
}

static void
a_hole_worth_the_waiting_is_asked_for(void **state)
{
  struct asking asking = reads_at_1000();

  (void)state;
  asking_reads_wait(&asking, 10000);
  assert_int_equal(answered(&asking, 4000000, 4000000, 13000), 0);
  asking_reads_wait(&asking, 10000); /* no hole at all, but so much of it that the waiting was short */
  assert_int_equal(answered(&asking, 64 * MIB, 0, 13000), 0);
}

static void
time_without_reads_is_not_their_time(void **state)
{
  struct asking asking = reads_at_1000();

  (void)state;
  asking_reads_begin(&asking, 5000000);
  asking_read_answered(&asking, 100000, 5001000);
  assert_int_equal(asking.read_us, 3000);
  assert_int_equal(asking.read_bytes, 2100000);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_comes_ahead_costs_nothing),
    cmocka_unit_test(nothing_is_known_before_the_first_read),
    cmocka_unit_test(waiting_for_little_ends_the_asking),
    cmocka_unit_test(a_slow_answer_puts_the_next_on_trial),
    cmocka_unit_test(questions_at_once_are_judged_together),
    cmocka_unit_test(little_may_be_worth_it_several_times_at_once),
    cmocka_unit_test(whole_answers_are_judged_when_all_are_there),
    cmocka_unit_test(some_is_read_before_anything_is_judged),
    cmocka_unit_test(time_beside_each_other_counts_once),
    cmocka_unit_test(what_is_taken_for_data_has_bounds),
    cmocka_unit_test(a_hole_worth_the_waiting_is_asked_for),
    cmocka_unit_test(time_without_reads_is_not_their_time),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
