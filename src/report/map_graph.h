/* SPDX-License-Identifier: MIT */
/* map_graph: a map, or a copy as it fills a disk, as a bar of blocks, each a part of the disk.
 *
 * However large the disk, there are at most MAP_BLOCKS_MAX of them, in MAP_ROWS rows.
 * A block shows what is most in need of a look among what its bytes are, so that
 * no data is hidden.
 */
#ifndef DECANT_MAP_GRAPH_H
#define DECANT_MAP_GRAPH_H

#include "base/limits.h"
#include "base/range.h"
#include "base/text.h"
#include "disk/contexts.h"
#include "disk/survey.h"

#include <stdbool.h>
#include <stdint.h>

/* What a block of the bar shows: the first of these that any of its bytes is. Some are a copy's only: what can't be read,
 * what the destination keeps, and what is still to come, which is all of a bar until something is added. */
enum map_class {
  MAP_UNREADABLE,
  MAP_DIRTY,
  MAP_DATA,
  MAP_BACKING,
  MAP_ZERO,
  MAP_HOLE,
  MAP_KEPT,
  MAP_TO_COME,
  MAP_CLASSES
};

struct map_graph {
  struct range range;   /* the bytes that the bar stands for */
  unsigned columns;     /* blocks in a row */
  uint64_t block_bytes; /* that a block stands for; the last one for less */
  unsigned blocks;      /* at most MAP_BLOCKS_MAX */
  uint8_t classes[MAP_BLOCKS_MAX];
  uint64_t bytes[MAP_CLASSES];
};

/* An empty bar, with at most `columns` blocks in a row. */
void map_graph_init(struct map_graph *graph, struct range range, unsigned columns);

/* So many bytes within the range, from an offset on, are that; nothing if there are none. */
void map_graph_mark(struct map_graph *graph, enum map_class class, uint64_t offset, uint64_t length);

/* An extent within the range, which begins at an offset. */
void
map_graph_add(struct map_graph *graph, const struct contexts *contexts, uint64_t offset, const struct extent *extent);

/* Adds a row of the bar to the text, or, behind the last one, the legend; false when all
 * is told. */
bool map_graph_row(struct text *text, const struct map_graph *graph, unsigned row, bool in_colour);

/* Adds what the letters and colours of a copy's bar are, without a newline. */
void map_graph_key(struct text *text, const struct map_graph *graph, bool in_colour);

#endif
