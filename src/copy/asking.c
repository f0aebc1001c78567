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
asking_asked(struct asking *asking, unsigned out, uint64_t now_us)
{
  if (out == 1)
    asking->asked_us = now_us;
}

/* The time that the answer has cost, since the one before it. */
static uint64_t
cost_us(const struct asking *asking, uint64_t now_us)
{
  if (asking->is_slow)
    return now_us - asking->asked_us;
  return asking->waits ? now_us - asking->waits_us : 0;
}

/* What is to be taken for data, as the answers weren't worth their cost, or 0. */
static uint64_t
judge(struct asking *asking, uint64_t lost, uint64_t worth)
{
  asking->is_slow = lost > worth;
  asking->answers = 0;
  asking->cost_us = asking->learnt = asking->zeros = 0;
  if (!asking->is_slow)
    return 0;
  return range_min(range_max(lost * ASKING_PAUSE, ASKING_PAUSE_BYTES_MIN), SURVEY_BYTES_MAX);
}

uint64_t
asking_answered(struct asking *asking, const struct learnt *learnt, unsigned out, uint64_t now_us)
{
  asking->cost_us += cost_us(asking, now_us);
  asking->learnt += learnt->bytes;
  asking->zeros += learnt->zeros;
  asking->answers++;
  asking->waits = false;
  asking->asked_us = now_us;
  if (learnt->is_short && asking->read_bytes < ASKING_SAMPLE_BYTES)
    return ASKING_SAMPLE_BYTES;

  uint64_t lost = readable(asking, asking->cost_us), worth = asking->zeros + asking->learnt / ASKING_SHARE_MAX;
  bool is_round = asking->answers >= WINDOWS_MAX || (out == 0 && !learnt->is_short);
  if (!is_round && lost <= worth * WINDOWS_MAX / asking->answers) /* the others may make up for it */
    return 0;
  return judge(asking, lost, worth);
}
