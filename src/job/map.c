/* SPDX-License-Identifier: MIT */
/* map: see map.h. */
#include "job/map.h"

#include "job/ask.h"
#include "os/say.h"

#include <errno.h>
#include <string.h>

/* ---- Output ---- */

static int
map_flush(struct map *map, struct fault *fault)
{
  map->output[map->output_used] = '\0';
  map->output_used = 0;
  return say_answer(map->output, fault);
}

static int
map_print(struct map *map, const char *line, struct fault *fault)
{
  size_t length = strlen(line);

  if (map->output_used + length >= sizeof map->output && map_flush(map, fault) == -1)
    return -1;
  memcpy(map->output + map->output_used, line, length);
  map->output_used += length;
  return 0;
}

/* ---- What has been learnt ---- */

/* Prints what is known of a block map once the pending extent has come; or all of it, at the end. */
static int
show_in_bmap(struct map *map, bool is_end, struct fault *fault)
{
  const uint32_t empty = EXTENT_HOLE | EXTENT_ZERO;
  const struct extent *pending = &map->pending;
  bool is_mapped = !is_end && (contexts_flags(map->look.contexts, pending->values) & empty) != empty;
  struct text text;

  text_init(&text, map->line, sizeof map->line);
  if (is_mapped &&
      map_bmap_add(&map->bmap, (struct range){ map->position - pending->length, map->position }, &text, fault) == -1)
    return -1;
  if (is_end && map_bmap_end(&map->bmap, &text, fault) == -1)
    return -1;
  return map_print(map, map->line, fault);
}

static int
begin_bmap(struct map *map, struct fault *fault)
{
  struct text text;

  if (map->config.source->traits.size == 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s is empty, and nothing is known as the block map of that",
                     map->config.source->name);
  text_init(&text, map->line, sizeof map->line);
  map_bmap_begin(&map->bmap, map->config.source, map->config.loop, map->config.buffer, &text);
  return 0;
}

/* Shows what is pending: nothing more of its kind follows. */
static int
map_show(struct map *map, struct fault *fault)
{
  struct extent *pending = &map->pending;
  uint64_t offset = map->position - pending->length;

  if (pending->length == 0)
    return 0;
  if (map->config.totals) {
    if (!map_totals_add(&map->totals, pending))
      return fault_set(fault, EXIT_FAILED, 0, "%s has more than %d kinds of extents: too many to sum up",
                       map->config.source->name, MAP_TOTALS_MAX);
  } else if (map->look.style == MAP_BMAP) {
    if (show_in_bmap(map, false, fault) == -1)
      return -1;
  } else if (map->look.style == MAP_GRAPH) {
    map_graph_add(&map->graph, map->look.contexts, offset, pending);
  } else {
    map_text_extent(&map->look, offset, pending, map->is_first, map->line);
    if (map_print(map, map->line, fault) == -1)
      return -1;
  }
  map->is_first = false;
  pending->length = 0;
  return 0;
}

/* The next extent, which begins at the position. */
static int
map_learn(struct map *map, const struct extent *extent, struct fault *fault)
{
  struct extent *pending = &map->pending;

  if (pending->length > 0 && map_text_joins(&map->look, pending, extent)) {
    pending->length += extent->length;
  } else {
    if (map_show(map, fault) == -1)
      return -1;
    *pending = *extent;
  }
  map->position += extent->length;
  return 0;
}

/* What could only be told when all was known. */
static int
finish(struct map *map, struct fault *fault)
{
  if (map_show(map, fault) == -1)
    return -1;
  for (size_t i = 0; i < map->totals.count; i++) {
    map_text_total(&map->look, &map->totals, i, map->line);
    if (map_print(map, map->line, fault) == -1)
      return -1;
  }
  for (unsigned row = 0; map->look.style == MAP_GRAPH && map_text_graph(&map->look, &map->graph, row, map->line); row++)
    if (map_print(map, map->line, fault) == -1)
      return -1;
  if (map->look.style == MAP_BMAP)
    return show_in_bmap(map, true, fault) == -1 ? -1 : map_flush(map, fault);
  map_text_end(&map->look, map->line);
  return map_print(map, map->line, fault) == -1 ? -1 : map_flush(map, fault);
}

/* ---- Asking ---- */

static int
cannot_ask(const struct map *map, int errnum, struct fault *fault)
{
  const struct endpoint *source = map->config.source;
  const char *why = errnum == 0 ? "the server said nothing about it" : endpoint_why(source, errnum);

  return fault_set(fault, EXIT_FAILED, 0, "asking for the extents of %s failed at offset %llu: %s", source->name,
                   (unsigned long long)map->position, why);
}

/* Learns what the answer says from the position on, to the end of the range. */
static int
take_answer(struct map *map, struct fault *fault)
{
  uint64_t at = map->request.offset, before = map->position;

  if (map->request.errnum || !survey_is_complete(&map->survey))
    return cannot_ask(map, map->request.errnum, fault);
  for (size_t i = 0; i < map->survey.count && at < map->config.range.end; i++) {
    struct extent extent = map->survey.extents[i];
    uint64_t end = range_min(range_end(at, extent.length), map->config.range.end);
    if (end > map->position) {
      extent.length = end - map->position;
      if (map_learn(map, &extent, fault) == -1)
        return -1;
    }
    at = range_end(at, map->survey.extents[i].length);
  }
  return map->position > before ? 0 : cannot_ask(map, 0, fault);
}

static int
survey(struct map *map, struct fault *fault)
{
  const struct traits *traits = &map->config.source->traits;
  uint64_t start = range_align_down(map->position, traits->block_min);
  uint64_t end = range_min(range_align_up(range_end(start, map->survey_bytes), traits->block_min), traits->size);

  map->request =
      (struct request){ .kind = REQUEST_SURVEY, .offset = start, .length = end - start, .survey = &map->survey };
  if (ask(map->config.source, map->config.loop, &map->request, fault) == -1 || take_answer(map, fault) == -1)
    return -1;
  map->survey_bytes = extents_next_window(&map->survey, map->survey_bytes, SURVEY_BYTES_MIN);
  return 0;
}

int
map_run(struct map *map, const struct map_config *config, struct fault *fault)
{
  uint64_t size = config->source->traits.size;

  memset(map, 0, sizeof *map);
  map->config = *config;
  map->config.range.end = range_min(config->range.end, size);
  map->config.range.start = range_min(config->range.start, map->config.range.end);
  map->look = (struct map_look){ &config->source->contexts, config->style, config->totals, config->colour };
  map->position = map->config.range.start;
  survey_init(&map->survey, map->extents, map->before, MAP_EXTENTS_MAX);
  map->survey_bytes = SURVEY_BYTES_FIRST;
  map->is_first = true;
  map_graph_init(&map->graph, map->config.range, config->columns);
  if (config->style == MAP_BMAP && begin_bmap(map, fault) == -1)
    return -1;
  if (config->style != MAP_BMAP)
    map_text_begin(&map->look, map->line);
  if (map_print(map, map->line, fault) == -1)
    return -1;
  while (map->position < map->config.range.end)
    if (survey(map, fault) == -1)
      return -1;
  return finish(map, fault);
}
