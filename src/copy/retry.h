/* SPDX-License-Identifier: MIT */
/* retry: when a request that came back without success is asked for again.
 *
 * One that was lost with its connection goes by another one soon; one that failed on an end that is there gets RETRIES_MAX more
 * tries, after pauses that grow. Times are milliseconds on one clock. Nothing here fails.
 */
#ifndef DECANT_RETRY_H
#define DECANT_RETRY_H

#include "disk/endpoint.h"

#include <stdbool.h>
#include <stdint.h>

/* All zero is a request that hasn't failed. */
struct retry {
  unsigned failures; /* so far */
  bool differed;     /* the last of them: what came isn't what it had to be */
  bool waits;        /* it is to be asked for again, and isn't yet; ... */
  uint64_t again_ms; /* ... not before this */
  uint64_t lost_ms;  /* when it was first lost with a connection, others being there; 0: it wasn't */
};

/* Whether an error may pass: not one that says what is so, and will be. */
bool retry_may_pass(int errnum);

/* A request was lost with its connection, to an end that can come back. It waits for that, or goes by another connection if there
 * is one; but not for longer than `limit_ms`, since it may be the reason for the loss: then it returns false. */
bool retry_elsewhere(struct retry *retry, const struct endpoint *end, uint64_t limit_ms, uint64_t now_ms);

/* A request failed once more, and waits for its next try. */
void retry_later(struct retry *retry, uint64_t now_ms);

#endif
