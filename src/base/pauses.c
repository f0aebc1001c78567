/* SPDX-License-Identifier: MIT */
/* pauses: see pauses.h. */
#include "base/pauses.h"

#include "base/limits.h"
#include "base/range.h"

uint64_t
pauses_longer_ms(uint64_t pause_ms)
{
  return range_min(range_max(2 * pause_ms, PAUSE_MS_MIN), PAUSE_MS_MAX);
}

uint64_t
pauses_drawn_ms(uint64_t pause_ms, uint64_t dice)
{
  uint64_t half = pause_ms / 2;

  return half + dice % (half + 1);
}
