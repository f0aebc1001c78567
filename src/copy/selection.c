/* SPDX-License-Identifier: MIT */
/* selection: see selection.h. */
#include "copy/selection.h"

#include <assert.h>

/* The next bytes that all lists want, up to where the first of them has another area; an empty range at the end if there are none. */
static struct range
next_wanted(const struct selection *selection, struct range within)
{
  struct range wanted = within;
  struct area area;

  /* What a list begins later, all begin anew at. */
  for (unsigned i = 0, agreed = 0; agreed < selection->count; i = (i + 1) % selection->count) {
    if (!areas_find(selection->lists[i].areas, (struct range){ wanted.start, within.end }, selection->lists[i].statuses,
                    false, &area))
      return (struct range){ within.end, within.end };
    if (agreed == 0 || area.range.start > wanted.start) {
      agreed = 0;
      wanted = area.range;
    }
    wanted.end = range_min(wanted.end, area.range.end);
    agreed++;
  }
  return wanted;
}

uint64_t
selection_run(const struct selection *selection, uint64_t offset, uint64_t size, uint64_t alignment, bool *is_wanted)
{
  assert(offset < size && range_is_aligned(offset, alignment));
  struct range wanted = next_wanted(selection, (struct range){ offset, size });
  uint64_t start = wanted.start < size ? range_align_down(wanted.start, alignment) : size;

  *is_wanted = start == offset;
  if (!*is_wanted)
    return start;
  return range_min(range_end(range_align_down(wanted.end - 1, alignment), alignment), size);
}
