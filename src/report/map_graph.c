/* SPDX-License-Identifier: MIT */
/* map_graph: see map_graph.h. */
#include "report/map_graph.h"

#include "base/sizes.h"

#include <assert.h>
#include <string.h>

typedef unsigned long long ull;

void
map_graph_init(struct map_graph *graph, struct range range, unsigned columns)
{
  uint64_t length = range_length(range);

  memset(graph, 0, sizeof *graph);
  graph->range = range;
  graph->columns = (unsigned)range_min(range_max(columns, 1), MAP_BLOCKS_MAX / MAP_ROWS);
  uint64_t blocks = graph->columns * MAP_ROWS;
  graph->block_bytes = range_pieces(length, blocks);
  graph->block_bytes = range_max(range_align_up(graph->block_bytes, 512), 512);
  graph->blocks = (unsigned)range_pieces(length, graph->block_bytes);
  memset(graph->classes, MAP_TO_COME, sizeof graph->classes);
}

static enum map_class
class_of(uint32_t flags)
{
  if (flags & EXTENT_DIRTY)
    return MAP_DIRTY;
  if (flags & EXTENT_ZERO)
    return flags & EXTENT_HOLE ? MAP_HOLE : MAP_ZERO;
  if (flags & EXTENT_BACKING)
    return MAP_BACKING;
  return flags & EXTENT_HOLE ? MAP_HOLE : MAP_DATA;
}

void
map_graph_mark(struct map_graph *graph, enum map_class class, uint64_t offset, uint64_t length)
{
  if (length == 0)
    return;
  uint64_t first = (offset - graph->range.start) / graph->block_bytes;
  uint64_t last = (offset + length - 1 - graph->range.start) / graph->block_bytes;

  assert(offset >= graph->range.start && last < graph->blocks);
  graph->bytes[class] += length;
  for (uint64_t i = first; i <= last; i++)
    if (class < graph->classes[i])
      graph->classes[i] = (uint8_t) class;
}

void
map_graph_add(struct map_graph *graph, const struct contexts *contexts, uint64_t offset, const struct extent *extent)
{
  map_graph_mark(graph, class_of(contexts_flags(contexts, extent->values)), offset, extent->length);
}

static const struct {
  const char *name;
  const char *colour;
  char letter; /* where there are no colours */
} classes[MAP_CLASSES] = {
  [MAP_UNREADABLE] = { "unreadable", "\033[101m", '!' },
  [MAP_DIRTY] = { "dirty", "\033[41m", 'D' },
  [MAP_DATA] = { "data", "\033[44m", '#' },
  [MAP_BACKING] = { "backing", "\033[45m", 'b' },
  [MAP_ZERO] = { "zero", "\033[46m", '0' },
  [MAP_HOLE] = { "hole", "\033[100m", '.' },
  [MAP_KEPT] = { "kept", "\033[42m", '=' },
  [MAP_TO_COME] = { "to come", NULL, '-' },
};

static void
add_block(struct text *text, bool in_colour, unsigned class)
{
  const char *colour = in_colour ? classes[class].colour : NULL;

  text_begin_colour(text, colour);
  text_add(text, "%c", classes[class].letter);
  text_end_colour(text, colour);
}

static void
add_legend(struct text *text, const struct map_graph *graph, bool in_colour)
{
  uint64_t all = range_length(graph->range);

  for (unsigned class = 0; class < MAP_CLASSES; class ++) {
    if (graph->bytes[class] == 0)
      continue;
    add_block(text, in_colour, class);
    text_add(text, " %-8s %12llu bytes %5.1f%%\n", classes[class].name, (ull)graph->bytes[class],
             100.0 * (double)graph->bytes[class] / (double)all);
  }
  text_add(text, "a block is %llu bytes; bytes %llu to %llu are shown\n", (ull)graph->block_bytes,
           (ull)graph->range.start, (ull)graph->range.end);
}

bool
map_graph_row(struct text *text, const struct map_graph *graph, unsigned row, bool in_colour)
{
  unsigned rows = (graph->blocks + graph->columns - 1) / graph->columns;

  if (row > rows)
    return false;
  if (row == rows) {
    add_legend(text, graph, in_colour);
    return true;
  }
  for (unsigned i = row * graph->columns; i < graph->blocks && i < (row + 1) * graph->columns; i++)
    add_block(text, in_colour, graph->classes[i]);
  text_add(text, "\n");
  return true;
}

void
map_graph_key(struct text *text, const struct map_graph *graph, bool in_colour)
{
  char words[SIZES_TEXT_BYTES];
  uint64_t passed = 0;

  for (unsigned class = 0; class < MAP_CLASSES; class ++) {
    passed += graph->bytes[class];
    if (graph->bytes[class] == 0 && (class != MAP_TO_COME || passed >= range_length(graph->range)))
      continue;
    add_block(text, in_colour, class);
    text_add(text, " %s, ", classes[class].name);
  }
  sizes_rounded_text(words, (double)graph->block_bytes);
  text_add(text, "a block is %s", words);
}
