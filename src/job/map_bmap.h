/* SPDX-License-Identifier: MIT */
/* map_bmap: a map as a block map of bmaptool's: what isn't a hole that reads as zeros is read, for its digests.
 *
 * Zeros that take space are part of it, as data is: who copies by it leaves all else of a destination alone. Ranges are whole blocks: one
 * that is mapped in part is mapped.
 */
#ifndef DECANT_MAP_BMAP_H
#define DECANT_MAP_BMAP_H

#include "disk/bmap_writer.h"
#include "disk/endpoint.h"
#include "os/loop.h"

#include <stdbool.h>

struct map_bmap {
  struct endpoint *source;
  struct loop *loop;
  unsigned char *buffer; /* of MAP_READ_BYTES */
  uint64_t block_bytes;
  struct bmap_writer writer;
  bool is_open;           /* there is a range that more may be added to: */
  uint64_t first, last;   /* its blocks */
  struct request request; /* for what is read of it; may be with the source until that is closed */
  struct chunks chunks;
};

/* Begins the map of an open source, in a text of BMAP_TEXT_BYTES at least. */
void map_bmap_begin(struct map_bmap *map, struct endpoint *source, struct loop *loop, unsigned char *buffer,
                    struct text *text);

/* Takes the next bytes that are mapped. Adds the range before them to the text, once it is known to be over and was read. Returns 0, or -1 with the
 * fault set. */
int map_bmap_add(struct map_bmap *map, struct range mapped, struct text *text, struct fault *fault);

/* There are no more. Likewise. */
int map_bmap_end(struct map_bmap *map, struct text *text, struct fault *fault);

#endif
