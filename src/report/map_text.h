/* SPDX-License-Identifier: MIT */
/* map_text: the words, the JSON and the bar in which a map is shown.
 *
 * One context is shown as nbdinfo shows it, several side by side. Text goes into
 * lines of the caller's, of MAP_LINE_BYTES; nothing is printed here.
 */
#ifndef DECANT_MAP_TEXT_H
#define DECANT_MAP_TEXT_H

#include "base/limits.h"
#include "base/range.h"
#include "disk/contexts.h"
#include "disk/survey.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum map_style {
  MAP_TEXT,    /* a line for each extent */
  MAP_JSON,    /* an object for each extent */
  MAP_IMAGEIO, /* the same, as oVirt's tools read it: zero, hole and dirty */
  MAP_GRAPH,   /* a bar of blocks */
};

/* The longest line: a JSON object with the names of all contexts, every character
 * of them escaped. */
#define MAP_LINE_BYTES (CONTEXTS_MAX * (6 * NAME_BYTES_MAX + 256) + 256)

/* What is the same for a whole map. */
struct map_look {
  const struct contexts *contexts;
  enum map_style style;
  bool totals; /* sums instead of extents */
  bool colour; /* with a terminal's escape sequences */
};

/* ---- Extents ---- */

/* What comes before the first extent or sum, and behind the last; maybe nothing. */
void map_text_begin(const struct map_look *look, char line[MAP_LINE_BYTES]);
void map_text_end(const struct map_look *look, char line[MAP_LINE_BYTES]);

/* One extent, which begins at an offset. */
void map_text_extent(const struct map_look *look, uint64_t offset, const struct extent *extent, bool is_first,
                     char line[MAP_LINE_BYTES]);

/* Whether two extents side by side are shown as one. */
bool map_text_joins(const struct map_look *look, const struct extent *a, const struct extent *b);

/* ---- Totals ---- */

struct map_total {
  uint64_t values[CONTEXTS_MAX];
  uint64_t bytes;
};

/* The sums of each combination of values, in ascending order of them. */
struct map_totals {
  struct map_total list[MAP_TOTALS_MAX];
  size_t count;
  uint64_t bytes;
};

/* Adds an extent. Returns false when there are too many kinds. */
bool map_totals_add(struct map_totals *totals, const struct extent *extent);

/* One of the sums; `index` is below totals->count. */
void map_text_total(const struct map_look *look, const struct map_totals *totals, size_t index,
                    char line[MAP_LINE_BYTES]);

/* ---- The bar ---- */

/* What a block of the bar shows: the first of these that any of its bytes is. */
enum map_class { MAP_DIRTY, MAP_DATA, MAP_BACKING, MAP_ZERO, MAP_HOLE, MAP_CLASSES };

struct map_graph {
  struct range range;       /* the bytes that the bar stands for */
  unsigned columns;         /* blocks in a row */
  uint64_t block_bytes;     /* that a block stands for; the last one for less */
  unsigned blocks;          /* at most MAP_BLOCKS_MAX */
  uint8_t classes[MAP_BLOCKS_MAX];
  uint64_t bytes[MAP_CLASSES];
};

/* An empty bar, with at most `columns` blocks in a row. */
void map_graph_init(struct map_graph *graph, struct range range, unsigned columns);

void map_graph_add(struct map_graph *graph, const struct contexts *contexts, uint64_t offset,
                   const struct extent *extent);

/* A row of the bar, or, behind the last one, the legend; false when all is told. */
bool map_text_graph(const struct map_look *look, const struct map_graph *graph, unsigned row,
                    char line[MAP_LINE_BYTES]);

#endif
