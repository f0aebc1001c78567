/* SPDX-License-Identifier: MIT */
/* stage_loop: the loop, on simulated time, in the place of src/os/loop.c; see stage.h. */
#include "base/range.h"
#include "sim/disk.h"
#include "sim/stage.h"

#include <signal.h>
#include <string.h>

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
