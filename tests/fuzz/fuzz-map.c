/* SPDX-License-Identifier: MIT */
/* Contexts with any names, and any replies to a question about them: what is merged of the replies is what they say, byte by byte, and what
 * is printed of it is JSON or may be shown, and adds up. A case is the contexts, a NUL behind each, and then the replies. */
#include "fuzz/fuzz.h"

#include "disk/contexts.h"
#include "disk/survey.h"
#include "report/map_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SURVEY_EXTENTS 12 /* few, so that there are often more */
#define REPLY_EXTENTS_MAX 20
#define LINES_BYTES (2 * MAP_LINE_BYTES)

static struct contexts contexts;
static struct extent extents[SURVEY_EXTENTS], before[SURVEY_EXTENTS];
static struct survey survey;
static uint64_t replies[CONTEXTS_MAX][REPLY_EXTENTS_MAX][2]; /* length and value */
static size_t counts[CONTEXTS_MAX];
static struct map_totals totals;
static struct map_graph graph;
static char lines[(SURVEY_EXTENTS + 2) * LINES_BYTES], line[MAP_LINE_BYTES];

static void
add_contexts(struct fuzz_case *input)
{
  memset(&contexts, 0, sizeof contexts);
  for (unsigned i = (unsigned)fuzz_between(input, 1, CONTEXTS_MAX); i > 0; i--) {
    char *name = fuzz_word(input);
    bool is_new = contexts_find(&contexts, name) == CONTEXTS_MAX;
    unsigned count = contexts.count;
    if (contexts_add(&contexts, name, true)) {
      must(contexts.count == count + is_new && strcmp(contexts.list[contexts_find(&contexts, name)].name, name) == 0);
      must(contexts_have_kind(&contexts, contexts_kind_of(name)));
    } else {
      must(strlen(name) >= CONTEXT_NAME_BYTES);
    }
    free(name);
  }
}

static void
reply(struct fuzz_case *input)
{
  unsigned first = (unsigned)fuzz_between(input, 0, CONTEXTS_MAX - 1);

  memset(counts, 0, sizeof counts);
  survey_init(&survey, extents, before, SURVEY_EXTENTS);
  survey_begin(&survey, contexts.count);
  for (unsigned i = 0; i < contexts.count; i++) {
    unsigned context = (first + i) % contexts.count;
    must(!survey_is_complete(&survey) && survey_reply(&survey, context));
    for (uint64_t left = fuzz_between(input, 1, REPLY_EXTENTS_MAX); left > 0; left--) {
      uint64_t *one = replies[context][counts[context]++];
      one[0] = fuzz_between(input, 0, 255) << (fuzz_one_in(input, 8) ? fuzz_between(input, 0, 40) : 0);
      one[1] = fuzz_one_in(input, 8) ? fuzz_between(input, 0, UINT64_MAX) : fuzz_between(input, 0, 3);
      survey_add(&survey, one[0], one[1]);
    }
    must(!survey_reply(&survey, context));
  }
  must(survey_is_complete(&survey) && survey.count <= SURVEY_EXTENTS);
}

/* What a context has said of the byte at an offset; false: nothing. */
static bool
said(unsigned context, uint64_t offset, uint64_t *value)
{
  for (size_t i = 0; i < counts[context]; i++) {
    *value = replies[context][i][1];
    if (offset < replies[context][i][0])
      return true;
    offset -= replies[context][i][0];
  }
  return false;
}

/* Both ends of each extent, since nothing changes within one but where a reply does. */
static uint64_t
must_be_what_was_said(void)
{
  uint64_t start = 0, value;

  for (size_t i = 0; i < survey.count; i++) {
    must(extents[i].length > 0);
    must(i == 0 || memcmp(extents[i].values, extents[i - 1].values, sizeof extents[i].values) != 0);
    for (unsigned context = 0; context < contexts.count; context++) {
      must(said(context, start, &value) && value == extents[i].values[context]);
      must(said(context, start + extents[i].length - 1, &value) && value == extents[i].values[context]);
    }
    for (unsigned context = contexts.count; context < CONTEXTS_MAX; context++)
      must(extents[i].values[context] == 0);
    start += extents[i].length;
  }
  /* It ends where one of them does, or where there was no more room at some time. */
  bool ends = false;
  for (unsigned context = 0; context < contexts.count; context++)
    ends = ends || !said(context, start, &value);
  must(ends || survey.told >= SURVEY_EXTENTS);
  return start;
}

static void
print(const struct map_look *look, uint64_t end)
{
  uint64_t offset = 0;

  map_text_begin(look, lines);
  for (size_t i = 0; i < survey.count; i++) {
    map_text_extent(look, offset, &extents[i], i == 0, line);
    must(look->style != MAP_TEXT || (line[0] && strchr(line, '\n') == line + strlen(line) - 1));
    strcat(lines, line);
    offset += extents[i].length;
  }
  map_text_end(look, line);
  strcat(lines, line);
  must(offset == end);
  must(look->style == MAP_TEXT ? fuzz_may_be_shown(lines) : fuzz_is_json(lines));
}

static void
sum_up(struct map_look look, uint64_t end)
{
  uint64_t sum = 0;

  memset(&totals, 0, sizeof totals);
  for (size_t i = 0; i < survey.count; i++)
    must(map_totals_add(&totals, &extents[i]));
  for (size_t i = 0; i < totals.count; i++) {
    must(i == 0 || memcmp(totals.list[i].values, totals.list[i - 1].values, sizeof totals.list[i].values) != 0);
    sum += totals.list[i].bytes;
  }
  must(sum == end && totals.bytes == end && totals.count <= survey.count);
  look.totals = true;
  map_text_begin(&look, lines);
  for (size_t i = 0; i < totals.count; i++) {
    map_text_total(&look, &totals, i, line);
    strcat(lines, line);
  }
  map_text_end(&look, line);
  strcat(lines, line);
  must(look.style == MAP_TEXT ? fuzz_may_be_shown(lines) : fuzz_is_json(lines));
}

static void
draw(struct fuzz_case *input, struct map_look look, uint64_t end)
{
  uint64_t start = fuzz_between(input, 0, 1 << 20), offset = start, sum = 0;

  map_graph_init(&graph, range_make(start, end), (unsigned)fuzz_between(input, 0, 200));
  for (size_t i = 0; i < survey.count; offset += extents[i++].length)
    map_graph_add(&graph, &contexts, offset, &extents[i]);
  for (unsigned class = 0; class < MAP_CLASSES; class ++)
    sum += graph.bytes[class];
  must(sum == end && graph.blocks <= MAP_BLOCKS_MAX);
  for (unsigned i = 0; i < graph.blocks; i++)
    must(graph.classes[i] < MAP_CLASSES && graph.bytes[graph.classes[i]] > 0);
  look.style = MAP_GRAPH;
  for (unsigned row = 0; map_text_graph(&look, &graph, row, line); row++)
    must(row <= MAP_ROWS + MAP_CLASSES + 4 && fuzz_may_be_shown(line));
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  struct map_look look = { .contexts = &contexts };

  add_contexts(input);
  if (contexts.count == 0)
    return 0;
  reply(input);
  uint64_t end = must_be_what_was_said();
  for (unsigned style = MAP_TEXT; style <= MAP_IMAGEIO; style++) {
    look.style = (enum map_style)style;
    print(&look, end);
    if (style != MAP_IMAGEIO)
      sum_up(look, end);
  }
  draw(input, look, end);
  return 0;
}
