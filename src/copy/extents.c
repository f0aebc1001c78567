/* SPDX-License-Identifier: MIT */
/* extents: see extents.h. */
#include "copy/extents.h"

#include "base/range.h"

#include <assert.h>

void
extents_init(struct extents *extents, struct known_extent *ring, size_t max)
{
  extents->ring = ring;
  extents->max = max;
  extents_begin(extents, 0);
}

void
extents_begin(struct extents *extents, uint64_t start)
{
  extents->first = 0;
  extents->count = 0;
  extents->start = start;
  extents->end = start;
  extents->zeros = 0;
}

/* Appends at least a byte as part of the last extent, or as a new one. */
static bool
join_or_add(struct extents *extents, uint64_t length, enum extent_kind kind)
{
  struct known_extent *last = &extents->ring[(extents->first + extents->count + extents->max - 1) % extents->max];

  if (extents->count > 0 && last->kind == kind) {
    last->length += length;
    return true;
  }
  if (extents->count == extents->max)
    return false;
  extents->ring[(extents->first + extents->count) % extents->max] = (struct known_extent){ length, kind };
  extents->count++;
  return true;
}

bool
extents_append(struct extents *extents, uint64_t length, enum extent_kind kind)
{
  assert(length <= UINT64_MAX - extents->end);
  if (length == 0)
    return true;
  if (!join_or_add(extents, length, kind))
    return false;
  extents->end += length;
  extents->zeros += kind == EXTENT_IS_ZERO ? length : 0;
  return true;
}

size_t
extents_room(const struct extents *extents)
{
  return extents->max - extents->count;
}

const struct known_extent *
extents_at(const struct extents *extents, size_t index)
{
  return index < extents->count ? &extents->ring[(extents->first + index) % extents->max] : NULL;
}

const struct known_extent *
extents_front(const struct extents *extents)
{
  return extents_at(extents, 0);
}

/* Nothing was learnt of the next `length` bytes. */
static bool
take_for_data(struct extents *extents, const struct extents_rules *rules, uint64_t length)
{
  if (rules->part != PART_ALL)
    return false;
  extents_append(extents, range_min(length, rules->size - extents->end), EXTENT_IS_DATA);
  return true;
}

bool
extents_take_over(struct extents *extents, const struct survey *survey, const struct extents_rules *rules,
                  uint64_t asked)
{
  size_t count = survey_is_complete(survey) ? survey->count : 0;
  uint64_t start = extents->end;
  uint64_t limit = start; /* how far the answer reaches, in whole blocks */

  assert(start < rules->size && range_is_aligned(start, rules->alignment));
  for (size_t i = 0; i < count; i++)
    limit = range_end(limit, survey->extents[i].length);
  limit = limit >= rules->size ? rules->size : range_align_down(limit, rules->alignment);
  if (limit <= start)
    return take_for_data(extents, rules, count == 0 ? asked : rules->alignment);
  for (size_t i = 0; i < count && extents->end < limit; i++) {
    const struct extent *extent = &survey->extents[i];
    uint64_t length = range_min(extent->length, limit - extents->end);
    if (!extents_append(extents, length, contexts_judge(rules->contexts, extent->values, rules->part)))
      assert(!"there is room for an answer");
  }
  return true;
}

uint64_t
extents_next_window(const struct survey *survey, uint64_t asked, uint64_t least)
{
  size_t told = survey->told;

  for (; told > survey->max / 2 && asked > least; told /= 2)
    asked = range_max(asked / 2, least);
  if (survey->told < survey->max / 4)
    return range_min(asked * 2, SURVEY_BYTES_MAX);
  return asked;
}

void
extents_consume(struct extents *extents, uint64_t length)
{
  assert(length <= extents->end - extents->start);
  extents->start += length;
  while (length > 0) {
    struct known_extent *front = &extents->ring[extents->first];
    if (length < front->length) {
      front->length -= length;
      return;
    }
    length -= front->length;
    extents->first = (extents->first + 1) % extents->max;
    extents->count--;
  }
}
