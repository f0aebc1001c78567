/* SPDX-License-Identifier: MIT */
/* copy_unreadable: what is done about parts of the source that can't be read; see copy_stages.h. */
#include "base/range.h"
#include "copy/copy_stages.h"

uint64_t
copy_unit_bytes(const struct copy *copy)
{
  return range_max(SECTOR_BYTES, copy->schedule.block_min);
}

bool
copy_waits_for_turn(const struct copy *copy, const struct slot *slot)
{
  return slot->narrow.unit_bytes > 0 && copy->reorder.frontier < range_max(slot->request.offset, slot->wanted.start);
}

/* Not where whoever was asked is gone, or what is asked for can't be had at all; nor a second time where the operator wants that
 * nothing is asked for again. */
static bool
can_narrow(const struct copy *copy, const struct request *request)
{
  return copy->config.retry_ms > 0 && !copy->config.source->traits.in_order && !copy_is_over(copy) &&
         copy_may_pass(request->errnum) && !endpoint_errnum_is_loss(request->errnum);
}

/* What a read that failed has at its front is good all the same, as far as it is whole units. Returns how much that is. */
static uint64_t
take_front(struct copy *copy, struct slot *slot)
{
  uint64_t start = slot->request.offset;
  uint64_t end = range_align_down(start + slot->request.done, copy_unit_bytes(copy));

  if (end <= start)
    return 0;
  copy_push_piece(copy, slot, (struct range){ start, end }, false);
  return end - start;
}

bool
copy_narrow_down(struct copy *copy, struct slot *slot)
{
  struct request *request = &slot->request;
  struct range part = range_make(request->offset, request->length);
  struct narrow *narrow = &slot->narrow;
  uint64_t unit = copy_unit_bytes(copy);

  if (!can_narrow(copy, request))
    return false;
  uint64_t good = take_front(copy, slot);
  request->done = 0; /* it is a part of the copy already */
  if (narrow->unit_bytes == 0)
    narrow_begin(narrow, unit, copy_part_bytes(copy, unit));
  if (good > 0)
    narrow_failed_at(narrow, part.start + good);
  else if (narrow_failed(narrow, part))
    return false;
  copy_go_on_reading(copy, slot, good);
  return true;
}
