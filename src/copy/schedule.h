/* SPDX-License-Identifier: MIT */
/* schedule: which part of the source comes next, in ascending order.
 *
 * Turns what is known of the source into steps: a read that fits one slot and
 * the source's block sizes, or a run of zeros that needs no read. Reads end on
 * the grid of the request size, so that in a source without holes they are also
 * whole blocks of the destination. Extents that don't lie on the source's
 * blocks are read a little further than they reach: a part of a block that is
 * not known to be zero is data, and each byte is still decided once, since the
 * next step starts where this one ends. What is to be kept is cut exactly,
 * wherever it lies: a read next to it decides only a part of the source's block,
 * and the caller reads the whole of that.
 */
#ifndef DECANT_SCHEDULE_H
#define DECANT_SCHEDULE_H

#include "copy/extents.h"

#include <stdint.h>

struct schedule {
  uint64_t size;          /* where the source ends; SIZE_UNKNOWN for a stream */
  uint64_t block_min;     /* the source's; a power of two */
  uint64_t request_bytes; /* the largest read; a power of two, at least block_min */
  uint64_t bridge_bytes;  /* zeros shorter than this, between data, are read along with it; 0: none are */
  uint64_t limit;         /* where reads end at the latest; 0: where they like */
};

enum step_kind {
  STEP_WAIT, /* nothing is known of what comes next */
  STEP_READ,
  STEP_ZERO,
  STEP_KEEP, /* the destination keeps what it has */
  STEP_END,  /* the source is all planned */
};

struct step {
  enum step_kind kind;
  uint64_t offset; /* bytes */
  uint64_t length; /* bytes; at least 1 but for a wait or the end */
};

/* The next step, taken off the front of the extents. */
struct step schedule_next(const struct schedule *schedule, struct extents *extents);

#endif
