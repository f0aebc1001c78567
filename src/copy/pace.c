/* SPDX-License-Identifier: MIT */
/* pace: see pace.h. */
#include "copy/pace.h"

#include "base/limits.h"
#include "base/range.h"

#include <assert.h>

void
pace_init(struct pace *pace, uint64_t max, uint64_t far_max)
{
  uint64_t min = range_max(max / PACE_SHARE_MIN, 1);

  assert(far_max >= max);
  *pace = (struct pace){ .min = min, .max = max, .far_max = far_max, .window = min, .next = PACE_WIDER, .patience = 1 };
}

bool
pace_has_room(const struct pace *pace)
{
  return pace->in_flight < pace->window;
}

void
pace_sent(struct pace *pace, uint64_t bytes, uint64_t now_us)
{
  if (!pace->answered && pace->in_flight == 0)
    pace->start_us = now_us;
  pace->in_flight += bytes;
}

/* How wide it may become: over a long line as wide as what that was seen to carry is worth. */
static uint64_t
widest(const struct pace *pace)
{
  uint64_t carried = pace->rate * pace->latency_us / 1000000;

  if (pace->latency_us < LINE_FAR_US)
    return pace->max;
  return range_min(range_max(PACE_LINE_TIMES * carried, pace->max), pace->far_max);
}

/* The first answer took its time. */
static bool
is_far(const struct pace *pace)
{
  return pace->latency_us > PACE_NEAR_US;
}

static bool
can_try(const struct pace *pace, enum pace_trial trial)
{
  return trial == PACE_WIDER ? pace->window < widest(pace) : pace->window > pace->min && !is_far(pace);
}

/* A trial that brought nothing is undone, and the next one waits longer. */
static void
settle(struct pace *pace)
{
  pace->window = pace->settled;
  pace->next = pace->trial == PACE_WIDER ? PACE_NARROWER : PACE_WIDER;
  pace->trial = PACE_SETTLED;
  pace->patience = pace->patience * 2 < PACE_PATIENCE_MAX ? pace->patience * 2 : PACE_PATIENCE_MAX;
  pace->waited = 0;
}

static void
try_out(struct pace *pace)
{
  if (!can_try(pace, pace->next))
    pace->next = pace->next == PACE_WIDER ? PACE_NARROWER : PACE_WIDER;
  if (!can_try(pace, pace->next))
    return;
  pace->settled = pace->window;
  pace->trial = pace->next;
  pace->window = pace->trial == PACE_WIDER ? range_min(pace->window * 2, widest(pace))
                                           : range_max(pace->window / 2, pace->min);
}

/* Whether a window that costs more, or less, is worth it. */
static bool
is_worth_it(const struct pace *pace, uint64_t rate)
{
  if (pace->trial == PACE_WIDER)
    return rate > pace->rate / 100 * (100 + PACE_GAIN_PERCENT);
  return rate >= pace->rate / 100 * (100 - PACE_LOSS_PERCENT);
}

/* A turn is over: what now? */
static void
judge(struct pace *pace, uint64_t rate)
{
  if (pace->trial == PACE_SETTLED) {
    pace->rate = rate;
    if (++pace->waited >= pace->patience)
      try_out(pace);
    return;
  }
  if (!is_worth_it(pace, rate)) {
    settle(pace);
    return;
  }
  pace->rate = rate;
  pace->patience = 1;
  pace->trial = PACE_SETTLED;
  try_out(pace); /* the same way again */
}

void
pace_answered(struct pace *pace, uint64_t bytes, uint64_t now_us)
{
  uint64_t turn = is_far(pace) ? PACE_FAR_TURN_WINDOWS : PACE_TURN_WINDOWS;

  assert(bytes <= pace->in_flight);
  pace->in_flight -= bytes;
  if (!pace->answered) {
    pace->answered = true;
    pace->latency_us = now_us - pace->start_us;
    if (is_far(pace))
      pace->window = pace->max;
    pace->start_us = now_us;
    return;
  }
  pace->moved += bytes;
  if (pace->moved < turn * pace->window || now_us <= pace->start_us)
    return;
  judge(pace, pace->moved * 1000000 / (now_us - pace->start_us));
  pace->moved = 0;
  pace->start_us = now_us;
}
