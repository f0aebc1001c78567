/* SPDX-License-Identifier: MIT */
/* map_text: see map_text.h. */
#include "report/map_text.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

typedef unsigned long long ull;

/* The least that a column of several contexts takes: as much as most values and
 * their words. */
#define COLUMN_WIDTH 21

static struct text
text_of(char line[MAP_LINE_BYTES])
{
  struct text text;

  text_init(&text, line, MAP_LINE_BYTES);
  return text;
}

static const char *
boolean(bool value)
{
  return value ? "true" : "false";
}

/* ---- Extents ---- */

static bool
is_json(const struct map_look *look)
{
  return look->style == MAP_JSON || look->style == MAP_IMAGEIO;
}

static bool
has_kind(const struct contexts *contexts, enum context_kind kind)
{
  for (unsigned i = 0; i < contexts->count; i++)
    if (contexts->list[i].kind == kind)
      return true;
  return false;
}

/* A hole is what isn't in this image, whatever it is made of, if that is known. */
static bool
is_hole(const struct contexts *contexts, uint32_t flags)
{
  if (has_kind(contexts, CONTEXT_JOINT) || has_kind(contexts, CONTEXT_DEPTH))
    return !(flags & EXTENT_LOCAL);
  return flags & EXTENT_HOLE;
}

/* A value and its words, in a column. */
static void
add_value(struct text *text, const struct context *context, uint64_t value)
{
  char words[CONTEXT_WORDS_BYTES];
  int width = (int)range_max(strlen(context->name), COLUMN_WIDTH);

  contexts_describe(context->kind, value, words);
  text_add(text, "  %3llu  %-*s", (ull)value, width > 5 ? width - 5 : 0, words);
}

/* "type": 3, "description": "hole,zero" */
static void
add_type(struct text *text, const struct context *context, uint64_t value)
{
  char words[CONTEXT_WORDS_BYTES];

  contexts_describe(context->kind, value, words);
  text_add(text, "\"type\": %llu", (ull)value);
  if (words[0]) {
    text_add(text, ", \"description\": ");
    text_add_json(text, words);
  }
}

static void
add_types(struct text *text, const struct contexts *contexts, const uint64_t values[CONTEXTS_MAX])
{
  if (contexts->count == 1) {
    add_type(text, &contexts->list[0], values[0]);
    return;
  }
  text_add(text, "\"contexts\": { ");
  for (unsigned i = 0; i < contexts->count; i++) {
    text_add(text, "%s", i ? ", " : "");
    text_add_json(text, contexts->list[i].name);
    text_add(text, ": { ");
    add_type(text, &contexts->list[i], values[i]);
    text_add(text, " }");
  }
  text_add(text, " }");
}

static void
add_imageio(struct text *text, const struct contexts *contexts, uint64_t offset, const struct extent *extent)
{
  uint32_t flags = contexts_flags(contexts, extent->values);

  text_add(text, "{\"start\": %llu, \"length\": %llu, \"zero\": %s, \"hole\": %s", (ull)offset, (ull)extent->length,
      boolean(flags & EXTENT_ZERO), boolean(is_hole(contexts, flags)));
  if (has_kind(contexts, CONTEXT_DIRTY))
    text_add(text, ", \"dirty\": %s", boolean(flags & EXTENT_DIRTY));
  text_add(text, "}");
}

/* Without the trailing blanks of the last column. */
static void
trim(struct text *text)
{
  while (text->used > 0 && text->bytes[text->used - 1] == ' ')
    text->bytes[--text->used] = '\0';
}

static void
end_line(struct text *text, const char *colour)
{
  trim(text);
  text_end_colour(text, colour);
  text_add(text, "\n");
}

/* The colours that nbdinfo gives to a line about one context; NULL: none. */
static const char *
colour_of(const struct map_look *look, const uint64_t values[CONTEXTS_MAX])
{
  static const char *const dirty[] = { "\033[22;32m", "\033[22;31m" };
  const struct contexts *contexts = look->contexts;

  if (!look->colour || contexts->count != 1)
    return NULL;
  switch (contexts->list[0].kind) {
  case CONTEXT_ALLOCATION:
    return values[0] == 0 ? "\033[1;30m" : NULL;
  case CONTEXT_DIRTY:
    return values[0] < 2 ? dirty[values[0]] : NULL;
  case CONTEXT_DEPTH:
    return values[0] == 0 ? NULL : values[0] == 1 ? "\033[1;37m\033[40m" : "\033[47m";
  default:
    return NULL;
  }
}

static void
add_words(struct text *text, const struct contexts *contexts, const uint64_t values[CONTEXTS_MAX])
{
  for (unsigned i = 0; i < contexts->count; i++)
    add_value(text, &contexts->list[i], values[i]);
}

void
map_text_begin(const struct map_look *look, char line[MAP_LINE_BYTES])
{
  struct text text = text_of(line);

  if (is_json(look))
    text_add(&text, "[\n");
  if (look->style != MAP_TEXT || look->contexts->count == 1)
    return;
  if (look->totals)
    text_add(&text, "%10s  %10s", "size", "percent");
  else
    text_add(&text, "%10s  %10s", "offset", "length");
  for (unsigned i = 0; i < look->contexts->count; i++)
    text_add(&text, "  %-*s", COLUMN_WIDTH, look->contexts->list[i].name);
  end_line(&text, NULL);
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
  const char *colour;

  if (is_json(look) && !is_first)
    text_add(&text, ",\n");
  switch (look->style) {
  case MAP_TEXT:
    colour = colour_of(look, extent->values);
    text_begin_colour(&text, colour);
    text_add(&text, "%10llu  %10llu", (ull)offset, (ull)extent->length);
    add_words(&text, look->contexts, extent->values);
    end_line(&text, colour);
    break;
  case MAP_JSON:
    text_add(&text, "{ \"offset\": %llu, \"length\": %llu, ", (ull)offset, (ull)extent->length);
    add_types(&text, look->contexts, extent->values);
    text_add(&text, "}");
    break;
  case MAP_IMAGEIO:
    add_imageio(&text, look->contexts, offset, extent);
    break;
  case MAP_GRAPH:
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
  return (flags_a & shown) == (flags_b & shown) && is_hole(contexts, flags_a) == is_hole(contexts, flags_b);
}

/* ---- Totals ---- */

/* By the first context, then by the second, ... */
static int
compare(const uint64_t a[CONTEXTS_MAX], const uint64_t b[CONTEXTS_MAX])
{
  for (unsigned i = 0; i < CONTEXTS_MAX; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

bool
map_totals_add(struct map_totals *totals, const struct extent *extent)
{
  struct map_total *list = totals->list;
  size_t at = 0;

  while (at < totals->count && compare(list[at].values, extent->values) < 0)
    at++;
  if (at == totals->count || compare(list[at].values, extent->values) != 0) {
    if (totals->count == MAP_TOTALS_MAX)
      return false;
    memmove(&list[at + 1], &list[at], (totals->count++ - at) * sizeof list[0]);
    list[at].bytes = 0;
    memcpy(list[at].values, extent->values, sizeof extent->values);
  }
  list[at].bytes += extent->length;
  totals->bytes += extent->length;
  return true;
}

/* One context as nbdinfo has it, several side by side. */
static void
add_total(struct text *text, const struct map_look *look, const struct map_total *total, double percent)
{
  const char *colour = colour_of(look, total->values);

  text_begin_colour(text, colour);
  if (look->contexts->count == 1) {
    char words[CONTEXT_WORDS_BYTES];
    contexts_describe(look->contexts->list[0].kind, total->values[0], words);
    text_add(text, "%10llu %5.1f%% %3llu %s", (ull)total->bytes, percent, (ull)total->values[0], words);
  } else {
    text_add(text, "%10llu  %9.1f%%", (ull)total->bytes, percent);
    add_words(text, look->contexts, total->values);
  }
  end_line(text, colour);
}

void
map_text_total(const struct map_look *look, const struct map_totals *totals, size_t index, char line[MAP_LINE_BYTES])
{
  const struct map_total *total = &totals->list[index];
  double percent = 100.0 * (double)total->bytes / (double)totals->bytes;
  struct text text = text_of(line);

  assert(index < totals->count);
  if (look->style == MAP_TEXT) {
    add_total(&text, look, total, percent);
    return;
  }
  text_add(&text, "%s{ \"size\": %llu, \"percent\": %g, ", index ? ",\n" : "", (ull)total->bytes, percent);
  add_types(&text, look->contexts, total->values);
  text_add(&text, " }");
}

/* ---- The bar ---- */

void
map_graph_init(struct map_graph *graph, struct range range, unsigned columns)
{
  uint64_t length = range_length(range);

  memset(graph, 0, sizeof *graph);
  graph->range = range;
  graph->columns = (unsigned)range_min(range_max(columns, 1), MAP_BLOCKS_MAX / MAP_ROWS);
  uint64_t blocks = graph->columns * MAP_ROWS;
  graph->block_bytes = length / blocks + (length % blocks != 0);
  graph->block_bytes = range_max(range_align_up(graph->block_bytes, 512), 512);
  graph->blocks = (unsigned)(length / graph->block_bytes + (length % graph->block_bytes != 0));
  memset(graph->classes, MAP_HOLE, sizeof graph->classes);
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
map_graph_add(struct map_graph *graph, const struct contexts *contexts, uint64_t offset, const struct extent *extent)
{
  enum map_class class = class_of(contexts_flags(contexts, extent->values));
  uint64_t first = (offset - graph->range.start) / graph->block_bytes;
  uint64_t last = (offset + extent->length - 1 - graph->range.start) / graph->block_bytes;

  assert(offset >= graph->range.start && last < graph->blocks);
  graph->bytes[class] += extent->length;
  for (uint64_t i = first; i <= last; i++)
    if (class < graph->classes[i])
      graph->classes[i] = (uint8_t)class;
}

static const struct {
  const char *name;
  const char *colour;
  char letter; /* where there are no colours */
} classes[MAP_CLASSES] = {
  [MAP_DIRTY] = { "dirty", "\033[41m", 'D' },  [MAP_DATA] = { "data", "\033[44m", '#' },
  [MAP_BACKING] = { "backing", "\033[45m", 'b' }, [MAP_ZERO] = { "zero", "\033[46m", '0' },
  [MAP_HOLE] = { "hole", "\033[100m", '.' },
};

static void
add_block(struct text *text, const struct map_look *look, unsigned class)
{
  const char *colour = look->colour ? classes[class].colour : NULL;

  text_begin_colour(text, colour);
  text_add(text, "%c", classes[class].letter);
  text_end_colour(text, colour);
}

static void
add_legend(struct text *text, const struct map_look *look, const struct map_graph *graph)
{
  uint64_t all = range_length(graph->range);

  for (unsigned class = 0; class < MAP_CLASSES; class++) {
    if (graph->bytes[class] == 0)
      continue;
    add_block(text, look, class);
    text_add(text, " %-8s %12llu bytes %5.1f%%\n", classes[class].name, (ull)graph->bytes[class],
        100.0 * (double)graph->bytes[class] / (double)all);
  }
  text_add(text, "a block is %llu bytes; bytes %llu to %llu are shown\n", (ull)graph->block_bytes, (ull)graph->range.start,
      (ull)graph->range.end);
}

bool
map_text_graph(const struct map_look *look, const struct map_graph *graph, unsigned row, char line[MAP_LINE_BYTES])
{
  unsigned rows = (graph->blocks + graph->columns - 1) / graph->columns;
  struct text text = text_of(line);

  if (row > rows)
    return false;
  if (row == rows) {
    add_legend(&text, look, graph);
    return true;
  }
  for (unsigned i = row * graph->columns; i < graph->blocks && i < (row + 1) * graph->columns; i++)
    add_block(&text, look, graph->classes[i]);
  text_add(&text, "\n");
  return true;
}
