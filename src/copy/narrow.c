/* SPDX-License-Identifier: MIT */
/* narrow: see narrow.h. */
#include "copy/narrow.h"

#include <assert.h>

void
narrow_begin(struct narrow *narrow, uint64_t unit_bytes, uint64_t part_bytes)
{
  assert(range_is_power_of_two(unit_bytes) && part_bytes >= unit_bytes);
  *narrow = (struct narrow){ .unit_bytes = unit_bytes, .part_bytes = part_bytes, .bytes = unit_bytes };
}

uint64_t
narrow_part_end(const struct narrow *narrow, struct range rest)
{
  uint64_t unit = narrow->unit_bytes, bytes = narrow->bytes;

  if (rest.start < narrow->failed_end)
    bytes = (narrow->failed_end - rest.start) / NARROW_SHARE;
  uint64_t end = range_align_down(range_end(rest.start, bytes), unit);
  return range_min(range_max(end, range_end(range_align_down(rest.start, unit), unit)), rest.end);
}

void
narrow_good(struct narrow *narrow, struct range part)
{
  if (part.end > narrow->failed_end)
    narrow->bytes = range_min(narrow->bytes * NARROW_SHARE, narrow->part_bytes);
}

bool
narrow_failed(struct narrow *narrow, struct range part)
{
  narrow->failed_end = part.end;
  narrow->bytes = narrow->unit_bytes;
  return range_align_down(part.start, narrow->unit_bytes) == range_align_down(part.end - 1, narrow->unit_bytes);
}

void
narrow_failed_at(struct narrow *narrow, uint64_t offset)
{
  narrow->bytes = narrow->unit_bytes;
  narrow->failed_end = range_end(range_align_down(offset, narrow->unit_bytes), narrow->unit_bytes);
}
