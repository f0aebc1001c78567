/* SPDX-License-Identifier: MIT */
/* power: what is left where it fails: of what isn't flushed, anything may be gone. */
#ifndef SIM_POWER_H
#define SIM_POWER_H

#include "base/range.h"
#include "sim/random.h"

#include <string.h>

/* Stretches of any length are what they were on stable storage. */
static inline void
power_lose(struct random *random, uint8_t *content, const uint8_t *stable, uint64_t bytes)
{
  for (uint64_t at = 0, end; at < bytes; at = end) {
    end = range_min(at + random_between(random, 1, 8192), bytes);
    if (random_one_in(random, 2))
      memcpy(content + at, stable + at, end - at);
  }
}

#endif
