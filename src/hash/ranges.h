/* SPDX-License-Identifier: MIT */
/* ranges: the digests of a disk's ranges, taken as it goes by and held to it when it goes by again.
 *
 * A disk of any size has up to RANGES_MAX ranges, all of the same size, a power of two; the last one may be shorter. A range's
 * digest is the root of a tree: of each RANGE_LEAF_BYTES, SHA-256 of what NH makes of its blocks (nh.h; a last one that isn't whole
 * is filled with zeros); of each two of these digests, and so on; where a last part has no neighbour, it moves up as it is. So
 * when a stream turns out longer than the ranges reach, each two of them become one, and nothing has to be hashed again; and
 * zeros, whose trees are all alike, cost next to nothing.
 *
 * Offsets and lengths are bytes. The caller owns the struct. Makes no call, never fails.
 */
#ifndef DECANT_RANGES_H
#define DECANT_RANGES_H

#include "base/range.h"
#include "hash/hash.h"
#include "hash/nh.h"

#include <stdbool.h>
#include <stdint.h>

#define RANGES_MAX 4096
#define RANGE_LEAF_BYTES UINT64_C(65536)
#define RANGE_LEVELS 48 /* above the leaves, up to what 64 bits reach */
#define RANGE_DIGEST_BYTES 32

enum ranges_pass {
  RANGES_LEARN,   /* what goes by is right */
  RANGES_COMPARE, /* it is to be what it was */
};

struct ranges {
  const struct hash_engine *engine;
  struct nh_key key;
  uint64_t bytes;  /* of a range */
  unsigned levels; /* of its tree, above the leaves */
  uint64_t size;   /* where the disk ends; what has gone by at most, until all has */
  enum ranges_pass pass;
  bool only_differing;           /* the pass is about ranges that differ alone */
  uint64_t position;             /* what of the disk has gone by in this pass */
  struct hash leaf;              /* that the position is in, once there is anything but zeros in it */
  bool leaf_is_zero;             /* until then */
  uint8_t block[NH_BLOCK_BYTES]; /* of the leaf, that isn't whole yet */
  bool differs[RANGES_MAX];
  uint8_t digests[RANGES_MAX][RANGE_DIGEST_BYTES];
  uint8_t nodes[RANGE_LEVELS][RANGE_DIGEST_BYTES]; /* a left one of each level, where that waits for its right one */
  uint8_t zeros[RANGE_LEVELS + 1][RANGE_DIGEST_BYTES]; /* of zeros, by level */
};

/* Readies the ranges of a disk of `size` bytes, SIZE_UNKNOWN for a stream; each holds whole blocks of `block_bytes`, a power of
 * two. Nobody who could write to the disk knows the seed. `ranges` may be uninitialised memory. */
void ranges_init(struct ranges *ranges, uint64_t size, uint64_t block_bytes, const uint8_t seed[NH_SEED_BYTES]);

/* The disk is going to go by from its beginning: all of it, or with `only_differing` in a pass for the ranges that the last
 * comparison found to differ. The first pass learns all. */
void ranges_begin(struct ranges *ranges, enum ranges_pass pass, bool only_differing);

/* What comes next; NULL for zeros. What is left out counts as zeros, in each pass alike. */
void ranges_add(struct ranges *ranges, const uint8_t *data, uint64_t length);

/* The disk has ended. */
void ranges_end(struct ranges *ranges);

/* Finds the first bytes from `offset` on that differ: neighbouring ranges, and of the last one what the disk has. Returns false
 * if there are none. */
bool ranges_find(const struct ranges *ranges, uint64_t offset, struct range *found);

#endif
