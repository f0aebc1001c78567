/* SPDX-License-Identifier: MIT */
/* bmap: a block map as bmaptool makes them: which ranges of an image are to be copied, and what digest each of them has.
 *
 * Ranges are ascending and have no bytes in common; they begin on blocks of the image, and end so, or with the image. A longer
 * digest than BMAP_DIGEST_BYTES is kept and compared in its first ones, which are no easier to forge than SHA-256.
 *
 * The table is the caller's, and large (docs/MEMORY.md). Makes no call, never fails.
 */
#ifndef DECANT_BMAP_H
#define DECANT_BMAP_H

#include "base/limits.h"
#include "base/range.h"
#include "hash/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BMAP_DIGEST_BYTES 32

struct bmap_range {
  struct range range; /* bytes of the image; never empty */
  bool has_digest;
  uint8_t digest[BMAP_DIGEST_BYTES]; /* of all of its bytes; of a shorter one, the rest are zeros */
};

struct bmap {
  uint64_t size;        /* the image's, in bytes */
  uint64_t block_bytes; /* of its blocks */
  enum hash_kind kind;  /* of the digests */
  size_t count;
  struct bmap_range list[BMAP_RANGES_MAX];
};

/* The index of the first range that has an end behind an offset; the count where none has. */
size_t bmap_index(const struct bmap *bmap, uint64_t offset);

/* Finds the first bytes within a range of the image that the map has. Returns false if there are none. */
bool bmap_find(const struct bmap *bmap, struct range within, struct range *found);

#endif
