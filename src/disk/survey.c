/* SPDX-License-Identifier: MIT */
/* survey: see survey.h. */
#include "disk/survey.h"

#include "base/range.h"

#include <assert.h>
#include <string.h>

void
survey_init(struct survey *survey, struct extent *extents, struct extent *before, size_t max)
{
  *survey = (struct survey){ .extents = extents, .before = before, .max = max };
}

void
survey_begin(struct survey *survey, unsigned contexts)
{
  assert(contexts <= CONTEXTS_MAX);
  survey->count = survey->told = 0;
  survey->contexts = contexts;
  survey->replied = 0;
}

bool
survey_reply(struct survey *survey, unsigned context)
{
  uint32_t bit = UINT32_C(1) << context;

  assert(context < survey->contexts);
  if (survey->replied & bit)
    return false;
  survey->is_first = survey->replied == 0;
  memcpy(survey->before, survey->extents, survey->count * sizeof survey->extents[0]);
  survey->before_count = survey->count;
  survey->before_index = 0;
  survey->before_used = 0;
  survey->count = 0;
  survey->is_full = false;
  survey->replied |= bit;
  survey->replying = context;
  survey->reply_count = 0;
  return true;
}

static void
append(struct survey *survey, const struct extent *extent)
{
  struct extent *last = &survey->extents[survey->count];

  if (survey->is_full)
    return;
  if (survey->count > 0 && memcmp(last[-1].values, extent->values, sizeof extent->values) == 0 &&
      last[-1].length <= UINT64_MAX - extent->length) {
    last[-1].length += extent->length;
    return;
  }
  survey->is_full = survey->count == survey->max;
  if (!survey->is_full)
    survey->extents[survey->count++] = *extent;
}

/* Cuts `length` bytes of one value along what is known of them already. */
static void
merge(struct survey *survey, uint64_t length, uint64_t value)
{
  while (length > 0 && survey->before_index < survey->before_count) {
    struct extent part = survey->before[survey->before_index];
    uint64_t rest = part.length - survey->before_used;
    part.length = range_min(length, rest);
    part.values[survey->replying] = value;
    append(survey, &part);
    length -= part.length;
    survey->before_used += part.length;
    if (part.length == rest) {
      survey->before_index++;
      survey->before_used = 0;
    }
  }
}

void
survey_add(struct survey *survey, uint64_t length, uint64_t value)
{
  struct extent extent = { .length = length };

  survey->reply_count++;
  if (survey->is_first && length > 0) {
    extent.values[survey->replying] = value;
    append(survey, &extent);
  } else {
    merge(survey, length, value);
  }
  survey->told = range_max(survey->told, range_max(survey->reply_count, survey->count));
}

bool
survey_is_complete(const struct survey *survey)
{
  return survey->replied == (UINT32_C(1) << survey->contexts) - 1;
}
