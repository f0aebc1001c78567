/* SPDX-License-Identifier: MIT */
/* map_text: see map_text.h. */
#include "report/map_text.h"

#include "base/text.h"
#include "report/map_columns.h"
#include "report/map_json.h"

#include <assert.h>
#include <string.h>

static struct text
text_of(char line[MAP_LINE_BYTES])
{
  struct text text;

  text_init(&text, line, MAP_LINE_BYTES);
  return text;
}

static bool
is_json(const struct map_look *look)
{
  return look->style == MAP_JSON || look->style == MAP_IMAGEIO;
}

void
map_text_begin(const struct map_look *look, char line[MAP_LINE_BYTES])
{
  struct text text = text_of(line);

  if (is_json(look))
    text_add(&text, "[\n");
  else if (look->style == MAP_TEXT)
    map_columns_begin(&text, look);
}

void
map_text_end(const struct map_look *look, char line[MAP_LINE_BYTES])
{
  struct text text = text_of(line);

  if (is_json(look))
    text_add(&text, "\n]\n");
}

void
map_text_extent(const struct map_look *look, uint64_t offset, const struct extent *extent, bool is_first,
                char line[MAP_LINE_BYTES])
{
  struct text text = text_of(line);

  if (is_json(look) && !is_first)
    text_add(&text, ",\n");
  switch (look->style) {
  case MAP_TEXT:
    map_columns_extent(&text, look, offset, extent);
    break;
  case MAP_JSON:
    map_json_extent(&text, look->contexts, offset, extent);
    break;
  case MAP_IMAGEIO:
    map_json_imageio(&text, look->contexts, offset, extent);
    break;
  case MAP_GRAPH:
  case MAP_BMAP:
    break;
  }
}

bool
map_text_joins(const struct map_look *look, const struct extent *a, const struct extent *b)
{
  const uint32_t shown = EXTENT_ZERO | EXTENT_DIRTY;
  const struct contexts *contexts = look->contexts;

  if (look->style == MAP_TEXT || look->style == MAP_JSON)
    return memcmp(a->values, b->values, sizeof a->values) == 0;
  uint32_t flags_a = contexts_flags(contexts, a->values), flags_b = contexts_flags(contexts, b->values);
  return (flags_a & shown) == (flags_b & shown) &&
         contexts_is_hole(contexts, flags_a) == contexts_is_hole(contexts, flags_b);
}

void
map_text_total(const struct map_look *look, const struct map_totals *totals, size_t index, char line[MAP_LINE_BYTES])
{
  const struct map_total *total = &totals->list[index];
  double percent = 100.0 * (double)total->bytes / (double)totals->bytes;
  struct text text = text_of(line);

  assert(index < totals->count);
  if (look->style == MAP_TEXT) {
    map_columns_total(&text, look, total, percent);
    return;
  }
  if (index > 0)
    text_add(&text, ",\n");
  map_json_total(&text, look->contexts, total, percent);
}

bool
map_text_graph(const struct map_look *look, const struct map_graph *graph, unsigned row, char line[MAP_LINE_BYTES])
{
  struct text text = text_of(line);

  return map_graph_row(&text, graph, row, look->colour);
}
