/* SPDX-License-Identifier: MIT */
/* narrow: asks for a range in which something can't be read, in ever smaller parts, until it is known to the unit what.
 *
 * A read that fails may take seconds, one that doesn't a moment: so a part that failed is asked for again in parts of a quarter,
 * not of a half, from its beginning on. Behind a unit that can't be read, whose neighbours often can't either, the parts begin
 * as units and grow with each that is good.
 *
 * Offsets and lengths are bytes. Makes no call, never fails.
 */
#ifndef DECANT_NARROW_H
#define DECANT_NARROW_H

#include "base/range.h"

#include <stdbool.h>
#include <stdint.h>

#define NARROW_SHARE 4

struct narrow {
  uint64_t unit_bytes; /* the least that can be read by itself, a power of two; 0: nothing is being narrowed down */
  uint64_t part_bytes; /* the largest part where nothing failed yet, ... */
  uint64_t bytes;      /* ... and the next one there */
  uint64_t failed_end; /* something between the next part's start and this failed; what lies behind isn't known */
};

/* Begins; what failed is told next. */
void narrow_begin(struct narrow *narrow, uint64_t unit_bytes, uint64_t part_bytes);

/* The next part, of a range that is still to be read: its end, which lies on the grid of units unless the range ends before. */
uint64_t narrow_part_end(const struct narrow *narrow, struct range rest);

/* That part was read. */
void narrow_good(struct narrow *narrow, struct range part);

/* A part failed, or the range with which it begins. Returns whether it is a unit, or less: then all of it can't be read, and the next part lies behind. */
bool narrow_failed(struct narrow *narrow, struct range part);

/* It failed at this offset, as whoever was asked says: the next part is the unit there. */
void narrow_failed_at(struct narrow *narrow, uint64_t offset);

#endif
