/* SPDX-License-Identifier: MIT */
/* map_json: see map_json.h. */
#include "report/map_json.h"

typedef unsigned long long ull;

static const char *
boolean(bool value)
{
  return value ? "true" : "false";
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

void
map_json_extent(struct text *text, const struct contexts *contexts, uint64_t offset, const struct extent *extent)
{
  text_add(text, "{ \"offset\": %llu, \"length\": %llu, ", (ull)offset, (ull)extent->length);
  add_types(text, contexts, extent->values);
  text_add(text, "}");
}

void
map_json_imageio(struct text *text, const struct contexts *contexts, uint64_t offset, const struct extent *extent)
{
  uint32_t flags = contexts_flags(contexts, extent->values);

  text_add(text, "{\"start\": %llu, \"length\": %llu, \"zero\": %s, \"hole\": %s", (ull)offset, (ull)extent->length,
           boolean(flags & EXTENT_ZERO), boolean(contexts_is_hole(contexts, flags)));
  if (contexts_have_kind(contexts, CONTEXT_DIRTY))
    text_add(text, ", \"dirty\": %s", boolean(flags & EXTENT_DIRTY));
  text_add(text, "}");
}

void
map_json_total(struct text *text, const struct contexts *contexts, const struct map_total *total, double percent)
{
  text_add(text, "{ \"size\": %llu, \"percent\": %g, ", (ull)total->bytes, percent);
  add_types(text, contexts, total->values);
  text_add(text, " }");
}
