/* SPDX-License-Identifier: MIT */
/* checker: the tap that holds what passes to the digests of a block map's ranges.
 *
 * A range is checked when its end has passed, if all of it did: then its content is what the map says, or the tap refuses it,
 * which ends the copy. The first part of a long range is on the destination by then; what came last of it isn't, nor anything
 * behind it. Of what passes only in part, where a copy goes on inside of a range, nothing can be known: that is counted.
 *
 * Offsets and lengths are bytes. The map is the caller's, as the struct is. Makes no call, never fails.
 */
#ifndef DECANT_CHECKER_H
#define DECANT_CHECKER_H

#include "copy/copy.h"
#include "disk/bmap.h"
#include "hash/hash.h"

#include <stdbool.h>
#include <stdint.h>

/* Some ranges together. */
struct checker_sum {
  uint64_t ranges, bytes;
  uint64_t first; /* the offset of the first, if there is one */
};

struct checker {
  struct copy_tap tap;
  bool only_notes;       /* a range that differs doesn't end the copy */
  struct copy_tap *next; /* is shown what passes, too; NULL: nobody is */
  const struct bmap *map;
  const struct hash_engine *engine;
  uint64_t position;             /* what has passed */
  size_t index;                  /* the range that the position is in, or the next */
  uint64_t heard;                /* of that range */
  struct hash hash;              /* likewise, as long as all of it was heard */
  struct checker_sum checked;    /* they are what the map says */
  struct checker_sum partial;    /* of these, only a part has passed */
  struct checker_sum digestless; /* of these, the map has no digest */
  bool differs;                  /* and ranges behind it have not passed: */
  struct range differing;
};

/* Readies it: what passes next is the image from its beginning on. `next` may be NULL. */
void checker_begin(struct checker *checker, const struct bmap *map, struct copy_tap *next);

/* How much of what lies below an offset is whole ranges, or none, and isn't refused: a copy that goes on there, or before it, cuts no
 * range and leaves none out that is wrong. */
uint64_t checker_whole_below(const struct checker *checker, uint64_t offset);

#endif
