/* SPDX-License-Identifier: MIT */
/* delta: which blocks the destination has already, by a list of the source's (--delta).
 *
 * The destination is read once, many requests at a time, and each block is held to the list; what differs is noted in a map of
 * areas, and the copy fetches that alone. A disk where more areas differ than a map can tell apart has neighbours joined, so that
 * some of what is there is fetched again. What can't be read is fetched, too. A destination that is lost is reached again, and asked
 * on. Nothing is written here.
 */
#ifndef DECANT_DELTA_H
#define DECANT_DELTA_H

#include "copy/copy.h"
#include "copy/recovery.h"
#include "disk/areas.h"
#include "job/blocks.h"
#include "os/arena.h"

/* A read of the destination. */
struct delta_read {
  struct request request;
  struct chunks chunks;
  bool is_out;
  bool waits;       /* it was lost with the destination, and is asked for again */
  uint64_t end;     /* of what is looked at of it */
  uint8_t *digests; /* what its blocks have to be */
};

/* In an arena; begins as zeros. */
struct delta {
  struct areas areas; /* finished ones differ */
  struct endpoint *destination;
  struct blocks *blocks;
  uint64_t bytes; /* of one read */
  uint64_t position;
  unsigned count; /* reads that there can be, and those that are out or wait */
  unsigned out;
  struct recovery recovery; /* of the destination */
  struct delta_read reads[SLOTS_MAX];
};

/* How much of an arena it takes; 0 where the options don't ask for it. */
size_t delta_bytes(const struct options *options);

/* Looks at the destination of a copy that is about to begin, which is prepared, in the copy's own buffers. Returns 0, or -1 with
 * the fault set. */
int delta_find(struct delta *delta, const struct copy_config *config, struct blocks *blocks, struct fault *fault);

/* How much differs. */
uint64_t delta_differs(const struct delta *delta);

/* Has this part of the disk be fetched, too, whatever is there. */
void delta_want(struct delta *delta, struct range part);

#endif
