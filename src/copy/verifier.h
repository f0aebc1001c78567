/* SPDX-License-Identifier: MIT */
/* verifier: the tap by which a copy is proved: it learns what was written, and compares that with what is read back.
 *
 * While a copy runs it takes the digests of ranges (hash/ranges.h), and notes which parts were written at all. When the destination
 * passes later, as any source does, it compares: what wasn't written counts as zeros, both times, whatever is there. What differs
 * is a map of areas, for a selection: these ranges can be copied again, learnt again in that, and compared again.
 *
 * A copy of more parts than a map can tell apart is verified in rounds, each from where the one before ended.
 *
 * Offsets and lengths are bytes. The caller owns the struct. Makes no call, never fails.
 */
#ifndef DECANT_VERIFIER_H
#define DECANT_VERIFIER_H

#include "copy/copy.h"
#include "disk/areas.h"
#include "hash/ranges.h"

#include <stdbool.h>
#include <stdint.h>

struct verifier {
  struct copy_tap tap;    /* for the copies that are to be learnt, and for those that bring back what was written */
  struct copy_tap *other; /* is shown what passes, too; NULL: nobody is */
  bool is_partial;        /* not all of the disk is copied */
  bool notes;             /* what passes is what was written */
  bool is_cut;            /* more was written behind the round's end than could be noted */
  uint64_t position;      /* what has passed */
  uint64_t start, end;    /* what of the disk this round is about; the end is known once it was learnt */
  struct ranges ranges;
  struct areas written;   /* finished: was written. Where all is, it isn't kept */
  struct areas differing; /* finished: differs */
};

/* Readies it for a copy of a source of `size` bytes, SIZE_UNKNOWN for a stream; ranges hold whole blocks of `block_bytes`, a power
 * of two; the seed is theirs. Begins the first round. */
void verifier_init(struct verifier *verifier, uint64_t size, uint64_t block_bytes, const uint8_t seed[NH_SEED_BYTES],
                   bool is_partial, uint64_t start);

/* What goes by next is right, and new, from `start` on; what lies below is no part of the copy. */
void verifier_begin_round(struct verifier *verifier, uint64_t start);

/* What goes by next is this round again: all of it, or with `only_differing` in a copy of what differs. */
void verifier_begin_pass(struct verifier *verifier, enum ranges_pass pass, bool only_differing);

/* All has gone by. */
void verifier_end_pass(struct verifier *verifier);

/* How much of a range is part of the copy. */
uint64_t verifier_written(const struct verifier *verifier, struct range range);

/* After a comparison: makes the map of what differs. Returns how much of the copy lies in that. */
uint64_t verifier_gather(struct verifier *verifier);

/* The next range that differs, behind the one before, which begins as { 0, 0 }. Returns false if there is none. */
bool verifier_next(const struct verifier *verifier, struct range *range);

#endif
