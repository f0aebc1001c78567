/* SPDX-License-Identifier: MIT */
/* rate: see rate.h. */
#include "copy/rate.h"

#include "base/range.h"

void
rate_init(struct rate *rate, uint64_t bytes_per_s)
{
  *rate = (struct rate){ .bytes_per_s = bytes_per_s };
}

uint64_t
rate_wait_us(const struct rate *rate, uint64_t now_us)
{
  return rate->free_us > now_us ? rate->free_us - now_us : 0;
}

void
rate_sent(struct rate *rate, uint64_t bytes, uint64_t now_us)
{
  if (rate->bytes_per_s > 0)
    rate->free_us = range_max(rate->free_us, now_us) + bytes * 1000000 / rate->bytes_per_s;
}
