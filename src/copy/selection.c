/* SPDX-License-Identifier: MIT */
/* selection: see selection.h. */
#include "copy/selection.h"

#include <assert.h>

bool
selection_is_all(const struct selection *selection)
{
  return selection->count == 0 && !selection->bmap;
}

/* The first bytes within a range that one list wants; the block map comes behind the lists. */
static bool
find_in(const struct selection *selection, unsigned list, struct range within, struct range *found)
{
  struct area area;

  if (list == selection->count)
    return bmap_find(selection->bmap, within, found);
  if (!areas_find(selection->lists[list].areas, within, selection->lists[list].statuses, false, &area))
    return false;
  *found = area.range;
  return true;
}

bool
selection_find(const struct selection *selection, struct range within, struct range *found)
{
  unsigned count = selection->count + (selection->bmap != NULL);
  struct range wanted = within, next;

  /* What a list begins later, all begin anew at. */
  for (unsigned i = 0, agreed = 0; agreed < count; i = (i + 1) % count) {
    if (!find_in(selection, i, (struct range){ wanted.start, within.end }, &next))
      return false;
    if (agreed == 0 || next.start > wanted.start) {
      agreed = 0;
      wanted = next;
    }
    wanted.end = range_min(wanted.end, next.end);
    agreed++;
  }
  *found = wanted;
  return !range_is_empty(wanted);
}

uint64_t
selection_run(const struct selection *selection, uint64_t offset, uint64_t size, uint64_t alignment, bool *is_wanted)
{
  assert(offset < size && range_is_aligned(offset, alignment));
  struct range wanted;

  if (!selection_find(selection, (struct range){ offset, size }, &wanted))
    wanted = (struct range){ size, size };
  uint64_t start = wanted.start < size ? range_align_down(wanted.start, alignment) : size;

  *is_wanted = start == offset;
  if (!*is_wanted)
    return start;
  return range_min(range_end(range_align_down(wanted.end - 1, alignment), alignment), size);
}
