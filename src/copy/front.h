/* SPDX-License-Identifier: MIT */
/* front: an end that stands before a destination, and does what it does in its own way.
 *
 * What stands there begins with a front, and brings what takes requests over and what hands them back. All else shows through: what
 * the destination is like, whether it is there, and what its errors mean.
 */
#ifndef DECANT_FRONT_H
#define DECANT_FRONT_H

#include "disk/endpoint.h"

struct front {
  struct endpoint base; /* what the copy sees */
  struct endpoint_ops ops;
  struct endpoint *behind;
  unsigned
      requests_most; /* that it takes at once, where the destination takes as many: may be changed before front_mirror() */
};

/* Readies it, before a destination that is open, prepared and closed by the caller. Payloads are needed until the answer, unless
 * `has_sent` is added. */
void front_init(struct front *front, struct endpoint *behind, void (*submit)(struct endpoint *, struct request *),
                struct request *(*take)(struct endpoint *));

/* What shows of the destination may have changed: after each call of it. */
void front_mirror(struct front *front);

/* Submits to it. */
void front_pass_on(struct front *front, struct request *request);

#endif
