/* SPDX-License-Identifier: MIT */
/* recovery: see recovery.h. */
#include "copy/recovery.h"

#include "base/limits.h"
#include "base/range.h"

void
recovery_init(struct recovery *recovery, uint64_t limit_ms, uint64_t seed)
{
  *recovery = (struct recovery){ .limit_ms = limit_ms, .dice = seed };
}

/* A number below `bound`, by an ordinary congruential generator, of whose bits the upper
 * ones are good. */
static uint64_t
throw_dice(struct recovery *recovery, uint64_t bound)
{
  recovery->dice = recovery->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (recovery->dice >> 33) % bound;
}

/* Between a half and the whole of the pause. */
static void
pause_from(struct recovery *recovery, uint64_t now_ms)
{
  uint64_t half = recovery->pause_ms / 2;

  recovery->next_ms = now_ms + half + throw_dice(recovery, half + 1);
}

void
recovery_lost(struct recovery *recovery, uint64_t now_ms)
{
  recovery->is_lost = true;
  recovery->lost_ms = now_ms;
  if (!recovery->in_vain) {
    recovery->since_ms = now_ms;
    recovery->pause_ms = RECOVERY_PAUSE_MS_MIN;
  }
  recovery->in_vain = true;
  pause_from(recovery, now_ms);
}

void
recovery_failed(struct recovery *recovery, uint64_t now_ms)
{
  recovery->pause_ms = range_min(2 * recovery->pause_ms, RECOVERY_PAUSE_MS_MAX);
  pause_from(recovery, now_ms);
}

void
recovery_back(struct recovery *recovery)
{
  recovery->is_lost = false;
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
