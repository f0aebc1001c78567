/* SPDX-License-Identifier: MIT */
/* reorder: see reorder.h. */
#include "copy/reorder.h"

#include "base/range.h"

#include <assert.h>

void
reorder_init(struct reorder *reorder, uint64_t frontier)
{
  reorder->count = 0;
  reorder->frontier = frontier;
}

size_t
reorder_room(const struct reorder *reorder)
{
  return PIECES_MAX - reorder->count;
}

void
reorder_push(struct reorder *reorder, struct piece piece)
{
  struct piece *heap = reorder->heap;
  size_t at = reorder->count++;

  assert(at < PIECES_MAX);
  assert(piece.length > 0 && piece.offset >= reorder->frontier);
  for (size_t parent; at > 0; at = parent) {
    parent = (at - 1) / 2;
    if (heap[parent].offset <= piece.offset)
      break;
    heap[at] = heap[parent];
  }
  heap[at] = piece;
}

/* Fills the gap at the root with the last piece of the heap. */
static void
sift_down(struct reorder *reorder)
{
  struct piece *heap = reorder->heap;
  struct piece last = heap[reorder->count];
  size_t at = 0;

  for (size_t child; (child = 2 * at + 1) < reorder->count; at = child) {
    if (child + 1 < reorder->count && heap[child + 1].offset < heap[child].offset)
      child++;
    if (heap[child].offset >= last.offset)
      break;
    heap[at] = heap[child];
  }
  heap[at] = last;
}

bool
reorder_is_ready(const struct reorder *reorder)
{
  assert(reorder->count == 0 || reorder->heap[0].offset >= reorder->frontier);
  return reorder->count > 0 && reorder->heap[0].offset == reorder->frontier;
}

bool
reorder_pop(struct reorder *reorder, struct piece *piece)
{
  if (!reorder_is_ready(reorder))
    return false;
  *piece = reorder->heap[0];
  reorder->frontier = range_end(piece->offset, piece->length);
  reorder->count--;
  if (reorder->count > 0)
    sift_down(reorder);
  return true;
}
