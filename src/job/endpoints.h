/* SPDX-License-Identifier: MIT */
/* endpoints: from what the operator wrote to an endpoint of the right kind. */
#ifndef DECANT_ENDPOINTS_H
#define DECANT_ENDPOINTS_H

#include "disk/place.h"
#include "local/endpoint_file.h"
#include "local/endpoint_null.h"
#include "local/endpoint_pipe.h"
#include "nbd/endpoint_nbd.h"

/* Room for one of any kind; begins as zeros. */
union any_endpoint {
  struct endpoint base;
  struct endpoint_nbd nbd;
  struct endpoint_file file;
  struct endpoint_pipe pipe;
  struct endpoint_null null;
};

/* Opens it, and changes nothing there yet. Returns 0, or -1 with the fault set. */
int endpoints_open(union any_endpoint *any, const struct place *place, enum role role, const struct wishes *wishes,
                   struct loop *loop, struct ring *ring, struct tls_pool *pool, struct fault *fault);

/* Refuses what can't go well, before anything is written: a destination that is
 * the source, or too small for it. Returns 0, or -1 with the fault set. */
int endpoints_check(const struct endpoint *source, const struct endpoint *destination, struct fault *fault);

/* Refuses to begin at an offset that an end doesn't reach to. Returns 0, or -1 with the fault set. */
int endpoints_check_start(const struct endpoint *source, const struct endpoint *destination, uint64_t start,
                          struct fault *fault);

/* Has a destination get ready for `size` bytes, if there is anything to be done. Returns 0, or -1 with the fault set. */
int endpoints_prepare(struct endpoint *destination, uint64_t size, struct fault *fault);

/* Closes an end. What that tells counts while nothing else has failed (*result is 0): then *result becomes -1, and the fault is set.
 * Returns whether it went well. */
bool endpoints_close(struct endpoint *end, int *result, struct fault *fault);

#endif
