/* SPDX-License-Identifier: MIT */
/* compare_plan: see compare_plan.h. */
#include "copy/compare_plan.h"

#include "base/limits.h"

/* What one disk is from an offset on: zeros, or something that has to be read. It is all of one kind up to `end`, which is the
 * offset itself where nothing is known. */
struct run {
  uint64_t end;
  bool is_data;
};

static struct run
run_at(const struct compare_view *view, uint64_t offset)
{
  const struct known_extent *extent;
  uint64_t at = view->extents->start;

  if (offset >= view->size)
    return (struct run){ UINT64_MAX, false };
  for (size_t i = 0; (extent = extents_at(view->extents, i)); i++) {
    at = range_end(at, extent->length);
    if (at > offset)
      return (struct run){ range_min(at, view->size), extent->kind != EXTENT_IS_ZERO };
  }
  return (struct run){ offset, false };
}

/* What the two are together. */
struct stretch {
  uint64_t end;
  unsigned of; /* a bit for each that has to be read */
};

static struct stretch
stretch_at(const struct compare_view views[2], uint64_t offset)
{
  struct run one = run_at(&views[0], offset), other = run_at(&views[1], offset);

  return (struct stretch){ range_min(one.end, other.end), (one.is_data ? 1u : 0) | (other.is_data ? 2u : 0) };
}

/* Where zeros on both sides end; what is left of a grain is read with what follows, or known to be zeros later. */
static uint64_t
end_of_zeros(const struct compare_rules *rules, struct stretch first, uint64_t position, uint64_t total)
{
  if (first.end >= total)
    return total;
  return range_max(range_align_down(first.end, rules->grain_bytes), position);
}

/* Where a part ends that is to be read: before a long run of another kind, or with the grid. */
static uint64_t
end_of_part(const struct compare_rules *rules, const struct compare_view views[2], uint64_t position, uint64_t limit)
{
  struct stretch next = stretch_at(views, position);
  uint64_t end = range_min(next.end, limit);
  unsigned of = next.of;

  while (end < limit) {
    next = stretch_at(views, end);
    if (next.end == end) /* nothing is known of it */
      break;
    if (of && next.of != of && next.end - end >= rules->bridge_bytes)
      break;
    of |= next.of;
    end = range_min(next.end, limit);
  }
  return end;
}

/* Whether any of a range has to be read. */
static bool
has_data(const struct compare_view *view, struct range range)
{
  for (uint64_t at = range.start; at < range.end;) {
    struct run run = run_at(view, at);
    if (run.is_data || run.end == at) /* what isn't known is data */
      return true;
    at = run.end;
  }
  return false;
}

static void
consume_known(struct extents *extents, uint64_t position)
{
  if (position > extents->start)
    extents_consume(extents, range_min(position, extents->end) - extents->start);
}

static void
plan_part(const struct compare_rules *rules, const struct compare_view views[2], uint64_t total,
          struct compare_step *step)
{
  uint64_t start = step->range.start;
  uint64_t limit = range_min(range_end(range_align_down(start, rules->unit_bytes), rules->unit_bytes), total);
  uint64_t end = range_align_up(end_of_part(rules, views, start, limit), rules->grain_bytes);

  for (int i = 0; i < 2; i++) /* no further than is known */
    if (views[i].extents->end < views[i].size)
      limit = range_min(limit, views[i].extents->end);
  step->range.end = range_min(end, limit);
  for (int i = 0; i < 2; i++)
    step->of[i] = has_data(&views[i], step->range);
  step->kind = step->of[0] || step->of[1] ? COMPARE_STEP_READ : COMPARE_STEP_PASS;
}

struct compare_step
compare_plan(const struct compare_rules *rules, const struct compare_view views[2], uint64_t position)
{
  struct compare_step step = { .kind = COMPARE_STEP_PASS, .range = { position, position } };
  uint64_t total = compare_total(views);
  struct stretch first = stretch_at(views, position);

  if (position >= total)
    return (struct compare_step){ .kind = COMPARE_STEP_END };
  if (first.end == position) {
    step.kind = COMPARE_STEP_WAIT;
    for (int i = 0; i < 2; i++)
      step.of[i] = run_at(&views[i], position).end == position;
    return step;
  }
  if (!first.of)
    step.range.end = end_of_zeros(rules, first, position, total);
  if (range_is_empty(step.range))
    plan_part(rules, views, total, &step);
  for (int i = 0; i < 2; i++)
    consume_known(views[i].extents, step.range.end);
  return step;
}
