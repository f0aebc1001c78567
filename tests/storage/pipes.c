/* SPDX-License-Identifier: MIT */
/* pipes: see pipes.h. */
#include "storage/pipes.h"

#include "base/range.h"
#include "sim/check.h"
#include "sim/stage.h"

#include <errno.h>
#include <string.h>

#define PIPE_NEVER UINT64_MAX
/* What has to be free before poll() says so. */
#define ATOMIC_BYTES UINT64_C(4096)

static bool
pipe_happens(struct pipe *pipe, unsigned one_in)
{
  return one_in > 0 && random_one_in(&pipe->random, one_in);
}

static uint64_t
pipe_delay_us(struct pipe *pipe)
{
  return pipe->delay_max_us > 0 ? random_between(&pipe->random, 0, pipe->delay_max_us) : 0;
}

void
pipe_begin(struct pipe *pipe)
{
  pipe->next_us = pipe->is_source ? stage.now_us + pipe_delay_us(pipe) : PIPE_NEVER;
  if (pipe->kind != PIPE_FILE)
    return;
  pipe->arrived = pipe->is_source ? pipe->bytes : 0;
  pipe->room = 0;
  pipe->next_us = PIPE_NEVER;
}

/* What it could still hold. */
static uint64_t
room_left(const struct pipe *pipe)
{
  return pipe->room == 0 ? PIPE_NEVER : pipe->room - range_min(pipe->room, pipe->bytes - pipe->arrived);
}

static bool
has_failed(const struct pipe *pipe)
{
  return (pipe->is_source ? pipe->taken : pipe->bytes) >= pipe->fails_behind;
}

bool
pipe_is_ready(const struct pipe *pipe)
{
  if (has_failed(pipe))
    return true;
  if (pipe->is_source)
    return pipe->arrived > pipe->taken || pipe->arrived == pipe->bytes;
  return room_left(pipe) >= ATOMIC_BYTES;
}

static uint64_t
part_of(struct pipe *pipe, uint64_t length)
{
  return length > 1 && pipe_happens(pipe, pipe->short_one_in) ? random_between(&pipe->random, 1, length) : length;
}

static int64_t
fail(struct pipe *pipe, int errnum)
{
  pipe->faults++;
  return -errnum;
}

int64_t
pipe_read(struct pipe *pipe, uint8_t *to, uint64_t length)
{
  sim_check(pipe->is_source, "what is written to is read");
  sim_check(pipe_is_ready(pipe), "a read that waits, and nobody knows for how long");
  if (pipe_happens(pipe, pipe->refuses_one_in))
    return -EINTR;
  if (has_failed(pipe))
    return fail(pipe, EIO);
  uint64_t there = range_min(pipe->arrived, pipe->is_cut ? pipe->taken : PIPE_NEVER) - pipe->taken;
  length = part_of(pipe, range_min(range_min(length, there), pipe->fails_behind - pipe->taken));
  memcpy(to, pipe->content + pipe->taken, length);
  pipe->taken += length;
  return (int64_t)length;
}

/* Has the other side take what there is, however long that takes. */
static void
make_room(struct pipe *pipe)
{
  while (room_left(pipe) == 0) {
    stage.now_us = range_max(stage.now_us, pipe->next_us);
    pipe_advance(pipe, stage.now_us);
  }
}

int64_t
pipe_write(struct pipe *pipe, const uint8_t *from, uint64_t length, bool may_wait)
{
  sim_check(!pipe->is_source, "what is read is written to");
  if (pipe_happens(pipe, pipe->refuses_one_in))
    return may_wait || random_one_in(&pipe->random, 2) ? -EINTR : -EAGAIN;
  if (has_failed(pipe))
    return fail(pipe, pipe->kind == PIPE_FILE ? ENOSPC : EPIPE);
  if (may_wait)
    make_room(pipe);
  uint64_t some = range_min(length, range_min(room_left(pipe), pipe->fails_behind - pipe->bytes));
  if (some == 0)
    return -EAGAIN;
  some = part_of(pipe, some);
  memcpy(pipe->content + pipe->bytes, from, some);
  pipe->bytes += some;
  if (pipe->next_us == PIPE_NEVER && pipe->kind != PIPE_FILE)
    pipe->next_us = stage.now_us + pipe_delay_us(pipe);
  return (int64_t)some;
}

uint64_t
pipe_file_bytes(const struct pipe *pipe)
{
  uint64_t bytes = (pipe->is_source ? 0 : pipe->before) + pipe->bytes;

  return pipe->is_cut && bytes > 0 ? bytes - 1 : bytes;
}

/* ---- The other side ---- */

uint64_t
pipe_next_us(const struct pipe *pipe)
{
  return range_min(pipe->next_us, pipe->kind == PIPE_FILE ? pipe->changes_at_us : PIPE_NEVER);
}

static void
change(struct pipe *pipe)
{
  pipe->changes_at_us = PIPE_NEVER;
  if (pipe_file_bytes(pipe) == 0)
    return;
  pipe->is_removed = !pipe->is_source && random_one_in(&pipe->random, 2);
  pipe->is_cut = !pipe->is_removed;
  sim_trace("%8llu us %s: changed by others", (unsigned long long)stage.now_us,
            pipe->is_source ? "source" : "destination");
}

void
pipe_advance(struct pipe *pipe, uint64_t now_us)
{
  if (pipe->kind == PIPE_FILE && pipe->changes_at_us <= now_us)
    change(pipe);
  if (pipe->next_us > now_us)
    return;
  uint64_t left = pipe->bytes - pipe->arrived;
  pipe->arrived += range_min(left, random_between(&pipe->random, 1, pipe->part_max));
  pipe->next_us = pipe->arrived < pipe->bytes ? now_us + pipe_delay_us(pipe) : PIPE_NEVER;
}
