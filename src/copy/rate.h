/* SPDX-License-Identifier: MIT */
/* rate: keeps to so many bytes a second, for a server or a line that others need
 * too. What was not used is not saved up: after a pause there is no burst.
 *
 * Sizes are bytes, times microseconds. Nothing here fails.
 */
#ifndef DECANT_RATE_H
#define DECANT_RATE_H

#include <stdint.h>

struct rate {
  uint64_t bytes_per_s; /* 0: no limit */
  uint64_t free_us;     /* when the next bytes may go */
};

void rate_init(struct rate *rate, uint64_t bytes_per_s);

/* How long to wait before anything may go; 0: it may now. */
uint64_t rate_wait_us(const struct rate *rate, uint64_t now_us);

/* So many bytes go now; at most 2^43 of them. */
void rate_sent(struct rate *rate, uint64_t bytes, uint64_t now_us);

#endif
