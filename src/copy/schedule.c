/* SPDX-License-Identifier: MIT */
/* schedule: see schedule.h. */
#include "copy/schedule.h"

#include "base/range.h"

#include <assert.h>

/* Where the zeros at the front end, cut to whole blocks of the source: what
 * remains of a block at their end is read together with what follows. */
static uint64_t
zeros_end(const struct schedule *schedule, const struct extents *extents, uint64_t front_end)
{
  if (front_end == schedule->size)
    return front_end;
  return range_max(range_align_down(front_end, schedule->block_min), extents->start);
}

/* Where the data at the front ends, short runs of zeros in it being taken for data:
 * one request over them costs less than one for each side. They must be known to
 * end before `limit`, with data behind them. */
static uint64_t
data_end(const struct schedule *schedule, const struct extents *extents, uint64_t limit)
{
  uint64_t end = range_end(extents->start, extents_front(extents)->length);
  const struct known_extent *zeros, *data;

  for (size_t i = 1; end < limit; i += 2) {
    zeros = extents_at(extents, i);
    data = extents_at(extents, i + 1);
    if (!zeros || !data || zeros->kind != EXTENT_IS_ZERO || data->kind != EXTENT_IS_DATA ||
        zeros->length >= schedule->bridge_bytes || range_end(end, zeros->length) >= limit)
      break;
    end = range_end(end, zeros->length + data->length);
  }
  return end;
}

/* Where the first extent that is to be kept begins, if that is below `limit`. */
static uint64_t
cut_before_kept(const struct extents *extents, uint64_t limit)
{
  const struct known_extent *extent;
  uint64_t at = extents->start;

  for (size_t i = 0; at < limit && (extent = extents_at(extents, i)); i++) {
    if (extent->kind == EXTENT_IS_KEPT)
      return at;
    at = range_end(at, extent->length);
  }
  return limit;
}

struct step
schedule_next(const struct schedule *schedule, struct extents *extents)
{
  const struct known_extent *front = extents_front(extents);
  uint64_t start = extents->start;
  struct step step = { .kind = STEP_READ, .offset = start };

  assert(start <= schedule->size);
  if (start == schedule->size)
    return (struct step){ .kind = STEP_END };
  if (!front)
    return (struct step){ .kind = STEP_WAIT };

  uint64_t front_end = range_end(start, front->length);
  uint64_t end = front->kind == EXTENT_IS_ZERO ? zeros_end(schedule, extents, front_end) : start;

  if (front->kind == EXTENT_IS_KEPT) {
    step.kind = STEP_KEEP;
    end = front_end;
  } else if (end > start) {
    step.kind = STEP_ZERO;
  } else {
    /* A read reaches to the end of the block that holds the extent's last byte,
     * if that is known already; else it is data up to where we know. */
    uint64_t grid = range_align_down(range_end(start, schedule->request_bytes), schedule->request_bytes);
    end = front->kind == EXTENT_IS_ZERO ? front_end : data_end(schedule, extents, grid);
    end = range_align_up(end, schedule->block_min);
    if (schedule->limit)
      end = range_min(end, schedule->limit);
    end = cut_before_kept(extents, range_min(range_min(end, grid), schedule->size));
    if (end > extents->end) {
      end = range_align_down(extents->end, schedule->block_min);
      if (end <= start)
        return (struct step){ .kind = STEP_WAIT };
    }
  }
  step.length = end - start;
  extents_consume(extents, step.length);
  return step;
}
