/* SPDX-License-Identifier: MIT */
/* bmap: see bmap.h. */
#include "disk/bmap.h"

size_t
bmap_index(const struct bmap *bmap, uint64_t offset)
{
  size_t low = 0, high = bmap->count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (bmap->list[middle].range.end > offset)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

bool
bmap_find(const struct bmap *bmap, struct range within, struct range *found)
{
  size_t index = bmap_index(bmap, within.start);

  if (index == bmap->count)
    return false;
  struct range range = bmap->list[index].range;
  *found = (struct range){ range_max(range.start, within.start), range_min(range.end, within.end) };
  return found->start < found->end;
}
