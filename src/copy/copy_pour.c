/* SPDX-License-Identifier: MIT */
/* copy_pour: the stage that pours the source into the destination's blocks; see copy_stages.h. */
#include "base/range.h"
#include "copy/copy_stages.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

bool
copy_is_refused(const struct copy *copy)
{
  return copy->config.tap && copy->config.tap->has_refused;
}

static bool
all_popped(const struct copy *copy)
{
  return copy->all_planned && copy->reorder.frontier == copy->source_end && !copy_is_refused(copy);
}

/* The source ends here for us, since it failed, and all that could be read below is there. Where the destination takes no
 * shorter block, what lies in its last one is left for the copy that goes on. */
static bool
ends_early(const struct copy *copy)
{
  uint64_t end = copy_is_refused(copy) ? copy->assemble.position : copy->reorder.frontier;

  return copy->failure.endpoint == copy->config.source && copy->reads_in_flight == 0 &&
         !reorder_is_ready(&copy->reorder) && range_is_aligned(end, copy->config.destination->traits.block_min);
}

static bool
can_pour(const struct copy *copy)
{
  if (copy->zeros_waiting > 0 || !copy_takes_more(copy))
    return false;
  switch (copy->pour_wait) {
  case POUR_GOES_ON:
    return true;
  case POUR_WAITS_FOR_PIECE:
    return reorder_is_ready(&copy->reorder) || all_popped(copy) || ends_early(copy);
  case POUR_WAITS_FOR_STAGE:
    return copy_find_free_stage(copy) != STAGE_NONE;
  case POUR_WAITS_FOR_EDGE:
  case POUR_IS_DONE:
    break;
  }
  return false;
}

static void
pour_write(struct copy *copy, const struct action *action)
{
  struct transfer *transfer = copy_take_transfer(copy, range_make(action->offset, action->length));

  transfer->stage = action->stage;
  transfer->request = (struct request){
    .kind = REQUEST_WRITE, .offset = action->offset, .length = action->length, .payload = (unsigned char *)action->data
  };
  if (action->stage == STAGE_NONE) {
    transfer->slot = copy->poured_slot;
    copy->slots[transfer->slot].holders++;
  }
  copy_submit_transfer(copy, transfer);
}

static void
pour_zero(struct copy *copy, const struct action *action)
{
  if (!copy->config.skip_zeros) {
    copy_zero_later(copy, copy_take_transfer(copy, range_make(action->offset, action->length)));
    return;
  }
  copy->done += action->length;
  copy->skipped += action->length;
}

/* A stream may turn out longer than the destination: what fits is copied, and
 * the rest is a fault. Returns false if nothing of the piece remains. */
static bool
cut_to_fit(struct copy *copy, struct piece *piece)
{
  uint64_t size = copy->config.destination->traits.size;

  if (range_end(piece->offset, piece->length) <= size)
    return true;
  copy_fail(copy, copy->config.source, "copying", size, EFBIG);
  if (piece->offset >= size)
    return false;
  piece->length = size - piece->offset;
  return true;
}

/* The next piece in order. With a tap, which may take its time over every byte, a
 * long run of zeros comes in parts, so that the loop keeps turning. */
static bool
next_piece(struct copy *copy, struct piece *piece)
{
  struct piece *rest = &copy->rest;

  if (rest->length == 0 && !reorder_pop(&copy->reorder, rest))
    return false;
  *piece = *rest;
  if (copy->config.tap && !piece->data)
    piece->length = range_min(piece->length, TAP_BYTES_MAX);
  rest->offset += piece->length;
  rest->length -= piece->length;
  return true;
}

/* Lets the tap hear of a piece what it hasn't heard yet. */
static void
tap(struct copy *copy, const struct piece *piece)
{
  uint64_t end = range_end(piece->offset, piece->length);
  uint64_t heard = range_min(range_max(copy->tapped, piece->offset), end) - piece->offset;

  if (!copy->config.tap || heard == piece->length)
    return;
  if (piece->kept && copy->config.tap->keep)
    copy->config.tap->keep(copy->config.tap, piece->length - heard);
  else
    copy->config.tap->take(copy->config.tap, piece->data ? piece->data + heard : NULL, piece->length - heard);
  copy->tapped = end;
}

/* What the tap won't have ends the copy; neither that nor what comes behind it gets any further. All below it was read: whatever
 * failed before it lies behind, though a block may begin below. */
static bool
is_refused(struct copy *copy, const struct piece *piece)
{
  if (copy_is_refused(copy))
    return true;
  tap(copy, piece);
  if (!copy_is_refused(copy))
    return false;
  if (copy->failure.endpoint == copy->config.source && !copy->signal)
    copy->failure.endpoint = NULL;
  copy_fail(copy, copy->config.source, "checking", piece->offset, EBADMSG);
  return true;
}

/* The assembler has used up its piece: gives back that one's slot, and gets it
 * the next. */
static void
feed(struct copy *copy)
{
  struct piece piece;

  copy_release_slot(copy, copy->poured_slot);
  copy->poured_slot = SLOT_NONE;
  if (next_piece(copy, &piece)) {
    copy->poured_slot = piece.slot;
    if (!cut_to_fit(copy, &piece) || is_refused(copy, &piece))
      return;
    assemble_feed(&copy->assemble, &piece);
  } else if (all_popped(copy) || ends_early(copy)) {
    assemble_end(&copy->assemble);
  } else {
    copy->pour_wait = POUR_WAITS_FOR_PIECE;
  }
}

/* A staging buffer, or STAGE_NONE, and then pouring waits for one. */
static uint32_t
take_stage(struct copy *copy)
{
  uint32_t stage = copy_find_free_stage(copy);

  if (stage == STAGE_NONE)
    copy->pour_wait = POUR_WAITS_FOR_STAGE;
  else
    copy->stage_busy[stage] = true;
  return stage;
}

static void
lend_stage(struct copy *copy)
{
  uint32_t stage = take_stage(copy);

  if (stage != STAGE_NONE)
    assemble_stage(&copy->assemble, copy_stage_buffer(copy, stage), stage);
}

static void
read_edge(struct copy *copy, const struct action *action)
{
  assert(copy->config.destination->traits.can_read); /* whoever has blocks larger than a byte */
  copy->edge_stage = take_stage(copy);
  if (copy->edge_stage == STAGE_NONE)
    return;
  copy->edge_request = (struct request){ .kind = REQUEST_READ,
                                         .offset = action->offset,
                                         .length = action->length,
                                         .payload = copy_stage_buffer(copy, copy->edge_stage),
                                         .chunks = &copy->edge_chunks };
  copy->edge_retry = (struct retry){ 0 };
  copy->pour_wait = POUR_WAITS_FOR_EDGE;
  copy_submit_to_destination(copy, &copy->edge_request);
}

bool
copy_pour(struct copy *copy)
{
  struct action action;

  if (!can_pour(copy))
    return false;
  copy->pour_wait = POUR_GOES_ON;
  switch (assemble_next(&copy->assemble, &action)) {
  case ASSEMBLE_WANTS_PIECE:
    feed(copy);
    break;
  case ASSEMBLE_WANTS_STAGE:
    lend_stage(copy);
    break;
  case ASSEMBLE_WANTS_EDGE:
    read_edge(copy, &action);
    break;
  case ASSEMBLE_WRITE:
    pour_write(copy, &action);
    break;
  case ASSEMBLE_ZERO:
    pour_zero(copy, &action);
    break;
  case ASSEMBLE_KEEP:
    copy->done += action.length;
    copy->kept += action.length;
    break;
  case ASSEMBLE_DONE:
    copy_release_slot(copy, copy->poured_slot);
    copy->poured_slot = SLOT_NONE;
    copy->pour_wait = POUR_IS_DONE;
    break;
  }
  return true;
}
