/* SPDX-License-Identifier: MIT */
/* stage: see stage.h. */
#include "sim/stage.h"

#include "base/range.h"
#include "sim/disk.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long long ull;

/* ---- Telling ---- */

void
sim_fail(const char *format, ...)
{
  va_list args;

  fflush(stdout);
  fprintf(stderr, "%s: seed %llu: ", stage.name, (ull)stage.seed);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, "\n%s: replay it with: %s %llu\n", stage.name, stage.replay, (ull)stage.seed);
  _exit(1);
}

void
sim_trace(const char *format, ...)
{
  va_list args;

  if (!stage.tracing)
    return;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  printf("\n");
}

/* An assertion of the program itself, or worse. */
static void
on_crash(int signal_number)
{
  sim_fail(signal_number == SIGABRT ? "an assertion failed" : "it crashed");
}

/* ---- The loop, on simulated time ---- */

int
loop_init(struct loop *loop, struct fault *fault)
{
  (void)fault;
  memset(loop, 0, sizeof *loop);
  return 0;
}

void
loop_begin(struct loop *loop)
{
  loop->count = 0;
  loop->wake_ms = LOOP_NEVER;
}

void
loop_wake_by(struct loop *loop, uint64_t at_ms)
{
  loop->wake_ms = range_min(loop->wake_ms, at_ms);
}

unsigned
loop_watch(struct loop *loop, int fd, short events)
{
  (void)loop, (void)fd, (void)events;
  return 0;
}

short
loop_ready(const struct loop *loop, unsigned index)
{
  (void)loop, (void)index;
  return 0;
}

uint64_t
loop_now_us(const struct loop *loop)
{
  (void)loop;
  return stage.now_us;
}

uint64_t
loop_now_ms(const struct loop *loop)
{
  (void)loop;
  return stage.now_us / 1000;
}

void
stage_pass_time(const struct loop *loop, uint64_t next_us, uint64_t event_us)
{
  if (loop->wake_ms != LOOP_NEVER)
    next_us = range_min(next_us, loop->wake_ms * 1000);
  sim_check(next_us != NEVER, "everyone waits for ever");
  stage.now_us = range_max(range_min(next_us, event_us), stage.now_us);
}

bool
stage_signal(struct loop *loop, uint64_t *due_us)
{
  if (stage.now_us < *due_us)
    return false;
  loop->signal_seen = SIGINT;
  *due_us = NEVER;
  return true;
}

/* ---- Seeds ---- */

static void
run_one(uint64_t seed)
{
  stage.seed = seed;
  stage.now_us = 0;
  stage.run_seed(seed);
}

int
stage_main(int argc, char **argv)
{
  uint64_t from = 1, count = stage.count;

  signal(SIGABRT, on_crash);
  signal(SIGSEGV, on_crash);
  if (argc == 2 && argv[1][0] != '-') {
    stage.tracing = true;
    run_one(strtoull(argv[1], NULL, 0));
    printf("seed %s: all is well\n", argv[1]);
    return 0;
  }
  for (int i = 1; i < argc; i++) {
    if (sscanf(argv[i], "--from=%llu", (ull *)&from) != 1 && sscanf(argv[i], "--count=%llu", (ull *)&count) != 1) {
      fprintf(stderr, "usage: %s SEED | %s [--from=N] [--count=M]\n", stage.name, stage.name);
      return 64;
    }
  }
  for (uint64_t seed = from; seed < from + count; seed++)
    run_one(seed);
  printf("%llu seeds from %llu on: all is well\n", (ull)count, (ull)from);
  return 0;
}
