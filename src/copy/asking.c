/* SPDX-License-Identifier: MIT */
/* asking: see asking.h. */
#include "copy/asking.h"

#include "base/limits.h"
#include "base/range.h"

void
asking_reads_begin(struct asking *asking, uint64_t now_us)
{
  asking->since_us = now_us;
}

void
asking_read_answered(struct asking *asking, uint64_t bytes, uint64_t now_us)
{
  asking->read_bytes += bytes;
  asking->read_us += now_us - asking->since_us;
  asking->since_us = now_us;
}

void
asking_reads_wait(struct asking *asking, uint64_t now_us)
{
  if (!asking->waits)
    asking->waits_us = now_us;
  asking->waits = true;
}

/* How much could have been read in that time, at the rate of the reads so far; at
 * most what is sensible to take for data at once. */
static uint64_t
readable(const struct asking *asking, uint64_t us)
{
  double bytes = (double)asking->read_bytes * (double)us / (double)range_max(asking->read_us, 1);

  return bytes < SURVEY_BYTES_MAX ? (uint64_t)bytes : SURVEY_BYTES_MAX;
}

void
asking_asked(struct asking *asking, uint64_t now_us)
{
  asking->asked_us = now_us;
}

/* The time that the answer has cost. */
static uint64_t
cost_us(const struct asking *asking, uint64_t now_us)
{
  if (asking->is_slow)
    return now_us - asking->asked_us;
  return asking->waits ? now_us - asking->waits_us : 0;
}

uint64_t
asking_answered(struct asking *asking, uint64_t learnt, uint64_t zeros, uint64_t now_us)
{
  uint64_t lost = readable(asking, cost_us(asking, now_us));

  asking->waits = false;
  asking->is_slow = lost > zeros + learnt / ASKING_SHARE_MAX;
  if (!asking->is_slow)
    return 0;
  return range_min(range_max(lost * ASKING_PAUSE, SURVEY_BYTES_MIN), SURVEY_BYTES_MAX);
}
