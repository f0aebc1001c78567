/* SPDX-License-Identifier: MIT */
/* How much is on its way is tried out on servers of two numbers: how long an
 * answer takes at least, and how many bytes a second all answers together bring. */
#include "unit/unit.h"

#include "base/limits.h"
#include "copy/pace.h"

#define MAX (16 * MIB)
#define REQUEST (512 * KIB)
#define FAR_MAX (48 * MIB)
#define REQUESTS (FAR_MAX / REQUEST)

struct server {
  uint64_t latency_us;
  uint64_t bytes_per_ms;
  uint64_t free_us;           /* when the line has brought what was asked for so far */
  uint64_t answers[REQUESTS]; /* when they come, in order */
  unsigned first, count;
  uint64_t now_us;
};

static void
ask(struct server *server, struct pace *pace)
{
  uint64_t start = server->now_us + server->latency_us;

  if (server->free_us > start)
    start = server->free_us;
  server->free_us = start + REQUEST * 1000 / server->bytes_per_ms;
  server->answers[(server->first + server->count++) % REQUESTS] = server->free_us;
  pace_sent(pace, REQUEST, server->now_us);
}

/* Copies, and returns how many microseconds it took. */
static uint64_t
run(struct server *server, struct pace *pace, uint64_t bytes)
{
  uint64_t start = server->now_us;

  for (uint64_t moved = 0; moved < bytes; moved += REQUEST) {
    while (pace_has_room(pace) && server->count < REQUESTS)
      ask(server, pace);
    assert_true(server->count > 0);
    server->now_us = server->answers[server->first];
    server->first = (server->first + 1) % REQUESTS;
    server->count--;
    pace_answered(pace, REQUEST, server->now_us);
  }
  return server->now_us - start;
}

static void
next_door_little_is_on_its_way(void **state)
{
  struct server server = { .latency_us = 50, .bytes_per_ms = 2 * MIB };
  struct pace pace;

  (void)state;
  pace_init(&pace, MAX, FAR_MAX);
  run(&server, &pace, 4 * GIB);
  assert_in_range(pace.window, MAX / PACE_SHARE_MIN, 2 * MAX / PACE_SHARE_MIN); /* a trial may be on */
}

static void
a_long_line_is_kept_full(void **state)
{
  struct server server = { .latency_us = 50000, .bytes_per_ms = 1 * MIB };
  struct pace pace;

  (void)state;
  pace_init(&pace, MAX, FAR_MAX);
  run(&server, &pace, REQUEST);
  assert_int_equal(pace.window, MAX); /* at the first answer */
  /* The line holds 50 MiB, and so the memory decides: 48 MiB in 50 ms and what the last of them takes, all the time. */
  run(&server, &pace, 128 * MIB);
  assert_int_equal(pace.window, FAR_MAX);
  assert_true(run(&server, &pace, 4 * GIB) < 4 * GIB / FAR_MAX * 51000);
  assert_int_equal(pace.window, FAR_MAX);
}

static void
a_thin_line_leaves_spare_memory_alone(void **state)
{
  /* 50 ms at 100 MiB a second hold 5 MiB. */
  struct server server = { .latency_us = 50000, .bytes_per_ms = 100 * KIB };
  struct pace pace;

  (void)state;
  pace_init(&pace, MAX, FAR_MAX);
  run(&server, &pace, REQUEST);
  for (int i = 0; i < 100; i++) {
    run(&server, &pace, 8 * MIB);
    assert_int_equal(pace.window, MAX);
  }
}

static void
a_line_that_is_full_gets_no_more(void **state)
{
  /* 50 ms at 200 MiB a second hold 10 MiB: more doesn't pay. */
  struct server server = { .latency_us = 50000, .bytes_per_ms = 200 * MIB / 1000 };
  struct pace pace;

  (void)state;
  pace_init(&pace, MAX, FAR_MAX);
  run(&server, &pace, 4 * GIB);
  assert_true(pace.window <= 2 * 10 * MIB);
}

static void
a_line_in_between_gets_what_fills_it(void **state)
{
  /* 1.5 ms at 4 GiB a second hold 6 MiB. */
  struct server server = { .latency_us = 1500, .bytes_per_ms = 4 * MIB };
  struct pace pace;

  (void)state;
  pace_init(&pace, MAX, FAR_MAX);
  run(&server, &pace, 2 * GIB);
  assert_true(run(&server, &pace, 4 * GIB) < 4 * GIB / MIB * 250 / 10 * 12);
}

static void
a_line_that_grows_longer_is_noticed(void **state)
{
  struct server server = { .latency_us = 50, .bytes_per_ms = 2 * MIB };
  struct pace pace;

  (void)state;
  pace_init(&pace, MAX, FAR_MAX);
  run(&server, &pace, 1 * GIB);
  server.latency_us = 20000;
  run(&server, &pace, 1 * GIB);
  assert_int_equal(pace.window, MAX);
}

static void
one_request_is_always_allowed(void **state)
{
  struct pace pace;

  (void)state;
  pace_init(&pace, 1, 1);
  assert_true(pace_has_room(&pace));
  pace_sent(&pace, 32 * MIB, 5); /* more than the window is allowed, or nothing would move */
  assert_false(pace_has_room(&pace));
  pace_answered(&pace, 32 * MIB, 5);
  assert_true(pace_has_room(&pace));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(next_door_little_is_on_its_way),       cmocka_unit_test(a_long_line_is_kept_full),
    cmocka_unit_test(a_line_in_between_gets_what_fills_it), cmocka_unit_test(a_line_that_grows_longer_is_noticed),
    cmocka_unit_test(one_request_is_always_allowed),        cmocka_unit_test(a_thin_line_leaves_spare_memory_alone),
    cmocka_unit_test(a_line_that_is_full_gets_no_more),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
