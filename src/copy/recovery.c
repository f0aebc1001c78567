/* SPDX-License-Identifier: MIT */
/* recovery: see recovery.h. */
#include "copy/recovery.h"

#include "base/pauses.h"

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
  recovery->pause_ms = pauses_longer_ms(recovery->pause_ms);
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
