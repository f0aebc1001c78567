/* SPDX-License-Identifier: MIT */
/* bmap_writer: writes a block map of version 2.0, with SHA-256, as bmaptool and bmap_reader read them.
 *
 * A map says how many blocks its ranges have together, and its own digest. Both are known last, and so they stand behind the ranges: the
 * order of these elements is free, and nothing has to be gone back to in what may be a pipe.
 *
 * Pure: adds to texts of the caller's, each call at most BMAP_TEXT_BYTES.
 */
#ifndef DECANT_BMAP_WRITER_H
#define DECANT_BMAP_WRITER_H

#include "base/text.h"
#include "disk/bmap.h"

#define BMAP_TEXT_BYTES 1024

struct bmap_writer {
  struct hash hash; /* of all that was written */
  uint64_t mapped;  /* blocks of the ranges so far */
};

/* Begins the map of an image of `size` bytes. */
void bmap_writer_begin(struct bmap_writer *writer, uint64_t size, uint64_t block_bytes, struct text *text);

/* Adds a range of blocks, behind the one before, with the SHA-256 of what it holds. */
void
bmap_writer_add(struct bmap_writer *writer, uint64_t first, uint64_t last, const uint8_t *digest, struct text *text);

/* There are no more. */
void bmap_writer_end(struct bmap_writer *writer, struct text *text);

#endif
