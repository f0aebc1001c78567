/* SPDX-License-Identifier: MIT */
/* copy_unreadable: what is done about parts of the source that can't be read; see copy_stages.h. */
#include "base/range.h"
#include "copy/copy_stages.h"
#include "copy/selection.h"

#include <errno.h>

uint64_t
copy_unit_bytes(const struct copy *copy)
{
  return range_max(SECTOR_BYTES, copy->schedule.block_min);
}

uint64_t
copy_reads_from(const struct slot *slot)
{
  return range_max(slot->request.offset, slot->wanted.start);
}

bool
copy_waits_for_turn(const struct copy *copy, const struct slot *slot)
{
  return slot->narrow.unit_bytes > 0 && copy->reorder.frontier < copy_reads_from(slot);
}

/* Not where whoever was asked is gone, or what is asked for can't be had at all; nor a second time where the operator wants
 * neither that anything is asked for again nor that it is left out. */
static bool
can_narrow(const struct copy *copy, const struct request *request)
{
  const struct copy_config *config = &copy->config;

  return (config->retry_ms > 0 || config->unreadable) && !config->source->traits.in_order && !copy_is_over(copy) &&
         retry_may_pass(request->errnum) && !endpoint_errnum_is_loss(request->errnum);
}

bool
copy_is_blamed(struct copy *copy, struct slot *slot)
{
  bool was_suspect = slot->is_suspect;

  if (!copy->config.unreadable || !copy_can_return(copy, copy->config.source))
    return false;
  copy->suspects += !was_suspect;
  slot->is_suspect = true;
  if (was_suspect) /* it costs that part, and no other */
    recovery_progress(&copy->source_recovery);
  return was_suspect;
}

/* What a read that failed has at its front is good all the same, as far as it is whole units. Returns how much that is. */
static uint64_t
take_front(struct copy *copy, struct slot *slot)
{
  uint64_t start = slot->request.offset;
  uint64_t end = range_align_down(start + slot->request.done, copy_unit_bytes(copy));

  if (end <= start)
    return 0;
  copy_push_piece(copy, slot, (struct range){ start, end }, CONTENT_DATA);
  return end - start;
}

/* What a destination is given for what can't be read: one that was there keeps what it has. */
static enum content
content_left_out(const struct copy *copy)
{
  const struct copy_config *config = &copy->config;
  const struct traits *destination = &config->destination->traits;
  bool is_new = destination->reads_zero || destination->in_order || config->skip_zeros;

  if (config->mark == MARK_PATTERN)
    return CONTENT_DATA;
  return config->mark == MARK_ZERO || is_new ? CONTENT_ZERO : CONTENT_KEPT;
}

/* Notes what of a range is wanted, as the maps have it: a block of the source may reach into what was copied before. Returns
 * whether all of it is. */
static bool
note_unreadable(struct copy *copy, struct range range, enum area_status status)
{
  const struct copy_config *config = &copy->config;
  bool is_wanted = true, are_all_wanted = true;

  for (uint64_t at = range.start, end = range.end; at < range.end; at = end) {
    if (config->selection)
      end = range_min(selection_run(config->selection, at, copy->schedule.size, 1, &is_wanted), range.end);
    if (is_wanted)
      areas_set(config->unreadable, (struct range){ at, end }, status);
    are_all_wanted = are_all_wanted && is_wanted;
  }
  return are_all_wanted;
}

/* A part can't be read. Returns false where that ends the copy. */
static bool
leave_part_out(struct copy *copy, struct slot *slot, struct range part, enum area_status status)
{
  struct range wanted = { range_max(part.start, slot->wanted.start), range_min(part.end, slot->wanted.end) };

  if (!copy->config.unreadable || ++copy->errors >= copy->config.errors_max)
    return false;
  enum content content = note_unreadable(copy, wanted, status) ? content_left_out(copy) : CONTENT_KEPT;
  if (content == CONTENT_DATA)
    mark_fill(slot->request.payload, part.start, range_length(part), copy->config.mark, copy->config.mark_words);
  copy_push_piece(copy, slot, part, content);
  return true;
}

/* So much at the front of a read is done. */
static bool
go_on_behind(struct copy *copy, struct slot *slot, uint64_t bytes)
{
  if (slot->request.offset + bytes < slot->end)
    copy_go_on_reading(copy, slot, bytes);
  else
    copy_end_read(copy, slot);
  return true;
}

bool
copy_narrow_down(struct copy *copy, struct slot *slot)
{
  struct request *request = &slot->request;
  struct range part = range_make(request->offset, request->length);
  struct narrow *narrow = &slot->narrow;
  uint64_t unit = copy_unit_bytes(copy), part_bytes = copy_part_bytes(copy, unit);

  if (!can_narrow(copy, request))
    return false;
  uint64_t good = take_front(copy, slot);
  request->done = 0; /* it is a part of the copy already */
  /* To find the sector at which a source falls silent would take that time again and again. */
  bool is_silent = copy->config.unreadable && request->errnum == ETIMEDOUT && good == 0;
  if (is_silent && request->length <= part_bytes)
    return leave_part_out(copy, slot, part, AREA_NON_SCRAPED) && go_on_behind(copy, slot, request->length);
  if (narrow->unit_bytes == 0)
    narrow_begin(narrow, unit, part_bytes);
  if (good > 0)
    narrow_failed_at(narrow, part.start + good);
  else if (narrow_failed(narrow, part))
    return leave_part_out(copy, slot, part, AREA_BAD_SECTOR) && go_on_behind(copy, slot, request->length);
  return go_on_behind(copy, slot, good);
}

uint64_t
copy_unreadable_below(const struct copy *copy, uint64_t below)
{
  const struct areas *areas = copy->config.unreadable;
  unsigned statuses = AREA_STATUSES_ALL & ~(1u << AREA_FINISHED);
  struct area area = { { 0, 0 }, AREA_FINISHED };
  uint64_t bytes = 0;

  while (areas &&
         areas_find(areas, (struct range){ area.range.end, range_min(below, areas->size) }, statuses, false, &area))
    bytes += range_length(area.range);
  return bytes;
}
