/* SPDX-License-Identifier: MIT */
/* map_text: a map as text, line by line, in the style that is wanted.
 *
 * What the styles are made of is map_columns', map_json's and map_graph's. Text goes
 * into lines of the caller's, of MAP_LINE_BYTES; nothing is printed here.
 */
#ifndef DECANT_MAP_TEXT_H
#define DECANT_MAP_TEXT_H

#include "disk/survey.h"
#include "report/map_graph.h"
#include "report/map_look.h"
#include "report/map_totals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What comes before the first extent or sum, and behind the last; maybe nothing. */
void map_text_begin(const struct map_look *look, char line[MAP_LINE_BYTES]);
void map_text_end(const struct map_look *look, char line[MAP_LINE_BYTES]);

/* One extent, which begins at an offset; nothing of it in a bar. */
void map_text_extent(const struct map_look *look, uint64_t offset, const struct extent *extent, bool is_first,
                     char line[MAP_LINE_BYTES]);

/* Whether two extents side by side are shown as one. */
bool map_text_joins(const struct map_look *look, const struct extent *a, const struct extent *b);

/* One of the sums; `index` is below totals->count. */
void
map_text_total(const struct map_look *look, const struct map_totals *totals, size_t index, char line[MAP_LINE_BYTES]);

/* A row of the bar, or, behind the last one, the legend; false when all is told. */
bool
map_text_graph(const struct map_look *look, const struct map_graph *graph, unsigned row, char line[MAP_LINE_BYTES]);

#endif
