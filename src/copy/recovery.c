/* SPDX-License-Identifier: MIT */
/* recovery: see recovery.h. */
#include "copy/recovery.h"

#include "base/pauses.h"
#include "base/range.h"

void
recovery_init(struct recovery *recovery, uint64_t limit_ms, uint64_t seed)
{
  *recovery = (struct recovery){ .limit_ms = limit_ms, .dice = seed };
}

/* By an ordinary congruential generator, of whose bits the upper ones are good. */
static void
pause_from(struct recovery *recovery, uint64_t now_ms)
{
  recovery->dice = recovery->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  recovery->next_ms = now_ms + pauses_drawn_ms(recovery->pause_ms, recovery->dice >> 33);
}

void
recovery_lost(struct recovery *recovery, uint64_t now_ms)
{
  recovery->is_lost = true;
  recovery->is_trying = false;
  recovery->lost_ms = now_ms;
  if (!recovery->in_vain) {
    recovery->since_ms = now_ms;
    recovery->pause_ms = pauses_longer_ms(0);
  }
  recovery->in_vain = true;
  pause_from(recovery, now_ms);
}

void
recovery_failed(struct recovery *recovery, uint64_t now_ms)
{
  recovery->is_trying = false;
  recovery->pause_ms = pauses_longer_ms(recovery->pause_ms);
  pause_from(recovery, now_ms);
}

void
recovery_back(struct recovery *recovery)
{
  recovery->is_lost = recovery->is_trying = false;
  recovery->returns++;
}

void
recovery_progress(struct recovery *recovery)
{
  recovery->in_vain = false;
}

uint64_t
recovery_end_ms(const struct recovery *recovery)
{
  return recovery->limit_ms == UINT64_MAX ? UINT64_MAX : recovery->since_ms + recovery->limit_ms;
}

static enum recovery_event
try_to_reach(struct recovery *recovery, struct endpoint *end, uint64_t now_ms)
{
  bool is_away = end->presence == PRESENCE_LOST; /* else an attempt is under way */

  if (recovery->is_trying && is_away) {
    recovery_failed(recovery, now_ms);
    return RECOVERY_TRIES;
  }
  if (now_ms >= recovery_end_ms(recovery))
    return RECOVERY_OVER;
  if (!is_away || now_ms < recovery->next_ms)
    return RECOVERY_NOTHING;
  recovery->is_trying = true;
  end->ops->reopen(end);
  return RECOVERY_TRIES;
}

enum recovery_event
recovery_step(struct recovery *recovery, struct endpoint *end, uint64_t now_ms)
{
  if (recovery_is_idle(recovery, end))
    return RECOVERY_NOTHING;
  if (end->presence == PRESENCE_OTHER)
    return RECOVERY_OVER;
  if (end->presence == PRESENCE_HERE) {
    recovery_back(recovery);
    return RECOVERY_BACK;
  }
  if (recovery->is_lost)
    return try_to_reach(recovery, end, now_ms);
  recovery_lost(recovery, now_ms);
  return RECOVERY_LOST;
}

uint64_t
recovery_wake_ms(const struct recovery *recovery, const struct endpoint *end)
{
  uint64_t end_ms = recovery_end_ms(recovery);

  return end->presence == PRESENCE_LOST ? range_min(recovery->next_ms, end_ms) : end_ms;
}
