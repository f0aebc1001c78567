/* SPDX-License-Identifier: MIT */
/* skip_identical: a destination that is written only where it differs (--skip-identical).
 *
 * Flash wears with what is written, and a snapshot or a thin volume keeps what was there before. So this end stands before a
 * destination and reads what is there before it writes. What is as it should be stays untouched, zeros too, so that a hole stays a
 * hole; the rest is written, in runs of whole units. What can't be read is written.
 *
 * A write or a zero takes a lane, which walks through it: a part is read, then written where it differs, then the next one. Of a
 * request that fails nothing is kept: who asks again finds what was done of it there. All else is passed on as it is.
 *
 * Makes no call but the destination's, and allocates nothing: the buffers are the caller's. Offsets and lengths are bytes.
 */
#ifndef DECANT_SKIP_IDENTICAL_H
#define DECANT_SKIP_IDENTICAL_H

#include "base/limits.h"
#include "base/range.h"
#include "copy/front.h"

#include <stdint.h>

#define SKIP_BUFFER_BYTES (SKIP_LANES * SKIP_PART_BYTES)

/* A write or a zero on its way. */
struct skip_lane {
  struct request own; /* a read, or what of the request is passed on */
  struct chunks chunks;
  struct request *asked; /* the copy's; NULL: the lane is free */
  uint64_t at;           /* all below is as it should be */
  uint64_t part_end;     /* how far it was read ... */
  uint64_t known_end;    /* ... and how far that came to something */
};

struct skip_identical {
  struct front front;  /* what the copy sees */
  uint64_t unit_bytes; /* of what is written; a power of two */
  uint64_t part_bytes; /* of what is read at once; likewise, no less */
  uint64_t written;    /* so far: data and zeros */
  unsigned char *buffers;
  struct skip_lane lanes[SKIP_LANES];
  struct request_queue answered; /* the copy's, without the destination */
};

/* Whether a destination can be compared with what it is to have. Returns 0, or -1 with the fault set. */
int skip_identical_check(const struct endpoint *destination, struct fault *fault);

/* Readies it, for a destination that is open, passed skip_identical_check(), and is closed by the caller. What is written begins and ends
 * on `unit_bytes`, a power of two and a multiple of the destination's blocks, or where the request does; or on less, where a part is less.
 * `buffers` are SKIP_BUFFER_BYTES, in whole pages. */
void skip_identical_init(struct skip_identical *skip, struct endpoint *destination, uint64_t unit_bytes,
                         unsigned char *buffers);

#endif
