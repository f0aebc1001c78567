/* SPDX-License-Identifier: MIT */
/* map_columns: see map_columns.h. */
#include "report/map_columns.h"

#include "base/range.h"

#include <string.h>

typedef unsigned long long ull;

/* The least that a column of several contexts takes: as much as most values and
 * their words. */
#define COLUMN_WIDTH 21

/* A value and its words, in a column. */
static void
add_value(struct text *text, const struct context *context, uint64_t value)
{
  char words[CONTEXT_WORDS_BYTES];
  int width = (int)range_max(strlen(context->name), COLUMN_WIDTH);

  contexts_describe(context->kind, value, words);
  text_add(text, "  %3llu  %-*s", (ull)value, width > 5 ? width - 5 : 0, words);
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

/* A context's name is anybody's word. Its column is as wide as the values' all the same. */
static void
add_heading(struct text *text, const char *name)
{
  size_t end = text->used + 2 + range_max(strlen(name), COLUMN_WIDTH);

  text_add(text, "  ");
  text_add_words(text, name);
  text_add(text, "%*s", text->used < end ? (int)(end - text->used) : 0, "");
}

void
map_columns_begin(struct text *text, const struct map_look *look)
{
  if (look->contexts->count == 1)
    return;
  if (look->totals)
    text_add(text, "%10s  %10s", "size", "percent");
  else
    text_add(text, "%10s  %10s", "offset", "length");
  for (unsigned i = 0; i < look->contexts->count; i++)
    add_heading(text, look->contexts->list[i].name);
  end_line(text, NULL);
}

void
map_columns_extent(struct text *text, const struct map_look *look, uint64_t offset, const struct extent *extent)
{
  const char *colour = colour_of(look, extent->values);

  text_begin_colour(text, colour);
  text_add(text, "%10llu  %10llu", (ull)offset, (ull)extent->length);
  add_words(text, look->contexts, extent->values);
  end_line(text, colour);
}

void
map_columns_total(struct text *text, const struct map_look *look, const struct map_total *total, double percent)
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
