/* SPDX-License-Identifier: MIT */
/* copy_destination: the stages that pour the source into the destination's
 * blocks; see copy_stages.h. */
#include "base/range.h"
#include "copy/copy_stages.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

static uint32_t
find_free_stage(const struct copy *copy)
{
  for (uint32_t i = 0; i < copy->config.budget.stages; i++)
    if (!copy->stage_busy[i])
      return i;
  return STAGE_NONE;
}

static unsigned char *
stage_buffer(const struct copy *copy, uint32_t stage)
{
  return copy->config.stage_buffers + stage * copy->config.budget.block_bytes;
}

/* ---- Answers ---- */

static void
submit_to_destination(struct copy *copy, struct request *request)
{
  copy->config.destination->ops->submit(copy->config.destination, request);
}

/* A zero that was refused isn't a fault: one that is too large is halved, for
 * all that follow too, down to a block; else it is written as data. A server may
 * announce zeros and still not have them everywhere. */
static bool
is_refused_zero(const struct request *request)
{
  return request->kind == REQUEST_ZERO &&
         (request->errnum == EOPNOTSUPP || request->errnum == EINVAL || request->errnum == EOVERFLOW);
}

static void
zero_otherwise(struct copy *copy, struct transfer *transfer)
{
  uint64_t block = copy->config.budget.block_bytes;
  uint64_t length = transfer->request.length;

  if (transfer->request.errnum == EOPNOTSUPP)
    transfer->writes_zeros = true;
  else
    copy->zero_max = range_min(copy->zero_max, length > block ? range_align_up(length / 2, block) : 0);
}

/* What of a transfer is to be zeroed has to wait until those below it are on their way. */
static void
put_in_line(struct copy *copy, struct transfer *transfer)
{
  transfer->state = TRANSFER_WAITS;
  copy->zeros_waiting++;
}

/* The buffer that a transfer writes from, if it still has one, is free for others. */
static void
give_up_buffer(struct copy *copy, struct transfer *transfer)
{
  copy_release_slot(copy, transfer->slot);
  if (transfer->stage != STAGE_NONE)
    copy->stage_busy[transfer->stage] = false;
  transfer->slot = SLOT_NONE;
  transfer->stage = STAGE_NONE;
}

static void
bring_home(struct copy *copy, struct transfer *transfer)
{
  give_up_buffer(copy, transfer);
  transfer->state = TRANSFER_HOME;
}

static void
conclude_transfer(struct copy *copy, struct transfer *transfer)
{
  const struct request *request = &transfer->request;

  copy->transfers_out--;
  if (is_refused_zero(request)) {
    zero_otherwise(copy, transfer);
    put_in_line(copy, transfer);
    return;
  }
  if (request->errnum) {
    copy_fail(copy, copy->config.destination, request->kind == REQUEST_ZERO ? "zeroing" : "writing", request->offset,
              request->errnum);
    transfer->state = TRANSFER_FAILED;
    return;
  }
  if (request->kind == REQUEST_WRITE)
    copy->moved += request->length;
  /* An edge block reaches beyond the source. */
  copy->done += range_min(request->offset + request->length, copy->source_end) - request->offset;
  transfer->range.start += request->length;
  if (range_is_empty(transfer->range))
    bring_home(copy, transfer);
  else
    put_in_line(copy, transfer);
}

static void
conclude_edge(struct copy *copy)
{
  const struct request *request = &copy->edge_request;

  if (request->errnum)
    copy_fail(copy, copy->config.destination, "reading back", request->offset + request->done, request->errnum);
  else
    assemble_edge(&copy->assemble, request->payload);
  copy->stage_busy[copy->edge_stage] = false;
  copy->pour_wait = POUR_GOES_ON;
}

static void
copy_conclude_flush(struct copy *copy)
{
  copy->flushing = false;
  copy->finished = true;
  copy->flush_errnum = copy->flush_request.errnum;
  if (!copy->flush_errnum)
    copy->flushed_below = copy->flush_reach;
}

bool
copy_take_destination_answer(struct copy *copy)
{
  struct request *answer = copy->config.destination->ops->take(copy->config.destination);

  if (!answer)
    return false;
  if (answer == &copy->edge_request)
    conclude_edge(copy);
  else if (answer == &copy->flush_request)
    copy_conclude_flush(copy);
  else
    conclude_transfer(copy, (struct transfer *)answer);
  return true;
}
_Static_assert(offsetof(struct transfer, request) == 0, "a transfer is found by its request");

/* ---- Buffers of what is on its way ---- */

/* A write that has been sent and still has a buffer of the kind that is wanted. */
static struct transfer *
find_sent(struct copy *copy, bool wants_slot, bool wants_stage)
{
  struct endpoint *destination = copy->config.destination;
  unsigned unseen = copy->transfers_out;

  for (struct transfer *transfer = copy->transfers; unseen > 0; transfer++) {
    if (transfer->state != TRANSFER_OUT)
      continue;
    unseen--;
    if (((wants_slot && transfer->slot != SLOT_NONE) || (wants_stage && transfer->stage != STAGE_NONE)) &&
        destination->ops->has_sent(destination, &transfer->request))
      return transfer;
  }
  return NULL;
}

bool
copy_reclaim(struct copy *copy)
{
  if (!copy->config.destination->ops->has_sent || copy->transfers_out == 0 || copy_has_failed(copy))
    return false;
  bool wants_slot = !copy->all_planned && copy_find_free_slot(copy) == SLOT_NONE;
  bool wants_stage = copy->pour_wait == POUR_WAITS_FOR_STAGE && find_free_stage(copy) == STAGE_NONE;
  struct transfer *sent = wants_slot || wants_stage ? find_sent(copy, wants_slot, wants_stage) : NULL;
  if (!sent)
    return false;
  give_up_buffer(copy, sent);
  return true;
}

/* ---- Zeros ---- */

/* After a signal, or a fault of its own, nothing more is sent to the destination. */
static bool
takes_more(const struct copy *copy)
{
  unsigned out = copy->transfers_out + (copy->pour_wait == POUR_WAITS_FOR_EDGE);

  return !copy->destination_failed && !copy->signal &&
         out < range_min(WRITES_MAX, copy->config.destination->traits.requests_max);
}

/* Whether a transfer is to spare for a part of zeros: as many may wait as may be out. */
static bool
has_spare_transfer(const struct copy *copy)
{
  return copy->transfers_out + copy->zeros_waiting <
         range_min(WRITES_MAX, UINT64_C(2) * copy->config.destination->traits.requests_max);
}

/* An unused transfer for a range; its owner knows that there is one. */
static struct transfer *
take_transfer(struct copy *copy, struct range range)
{
  struct transfer *transfer = copy->transfers;

  while (transfer->state != TRANSFER_HOME)
    transfer++;
  assert(transfer < copy->transfers + WRITES_MAX);
  *transfer = (struct transfer){ .range = range, .slot = SLOT_NONE, .stage = STAGE_NONE };
  return transfer;
}

static void
submit_transfer(struct copy *copy, struct transfer *transfer)
{
  transfer->state = TRANSFER_OUT;
  copy->transfers_out++;
  submit_to_destination(copy, &transfer->request);
}

static struct transfer *
find_lowest_waiting(struct copy *copy)
{
  struct transfer *lowest = NULL;

  for (struct transfer *transfer = copy->transfers; transfer < copy->transfers + WRITES_MAX; transfer++)
    if (transfer->state == TRANSFER_WAITS && (!lowest || transfer->range.start < lowest->range.start))
      lowest = transfer;
  return lowest;
}

static bool
has_to_write_zeros(const struct copy *copy, const struct transfer *transfer)
{
  return transfer->writes_zeros || !copy->config.destination->traits.can_zero || copy->zero_max == 0;
}

/* How much of the zeros that wait one request takes. */
static uint64_t
next_zeros(const struct copy *copy, const struct transfer *transfer)
{
  uint64_t max = has_to_write_zeros(copy, transfer) ? copy->config.budget.zero_bytes : copy->zero_max;

  return range_min(range_length(transfer->range), max);
}

/* Sends the first `length` bytes of a transfer's zeros. Those that a single write
 * could do as well are only to be zeroed if that is faster. */
static void
submit_zeros(struct copy *copy, struct transfer *transfer, uint64_t length)
{
  if (has_to_write_zeros(copy, transfer))
    transfer->request = (struct request){ .kind = REQUEST_WRITE,
                                          .offset = transfer->range.start,
                                          .length = length,
                                          .payload = copy->config.zeros };
  else
    transfer->request = (struct request){
      .kind = REQUEST_ZERO,
      .offset = transfer->range.start,
      .length = length,
      .no_hole = copy->config.allocated,
      .fast = copy->config.destination->traits.can_fast_zero && length <= copy->config.budget.zero_bytes,
    };
  submit_transfer(copy, transfer);
}

/* Zeros that take many requests would otherwise advance side by side with those
 * behind them, and of much that is done nothing could be said. */
bool
copy_zero(struct copy *copy)
{
  struct transfer *waiting = copy->zeros_waiting > 0 && takes_more(copy) ? find_lowest_waiting(copy) : NULL;

  if (!waiting || (!has_spare_transfer(copy) && copy->transfers_out > 0))
    return false;
  uint64_t length = next_zeros(copy, waiting);
  struct range part = range_make(waiting->range.start, length);
  if (length < range_length(waiting->range) && has_spare_transfer(copy)) {
    struct transfer *transfer = take_transfer(copy, part);
    transfer->writes_zeros = waiting->writes_zeros;
    waiting->range.start = part.end;
    submit_zeros(copy, transfer, length);
  } else { /* what remains is put in line again */
    copy->zeros_waiting--;
    submit_zeros(copy, waiting, length);
  }
  return true;
}

/* ---- Pouring ---- */

static bool
all_popped(const struct copy *copy)
{
  return copy->all_planned && copy->reorder.frontier == copy->source_end;
}

static bool
can_pour(const struct copy *copy)
{
  if (copy->zeros_waiting > 0 || !takes_more(copy))
    return false;
  switch (copy->pour_wait) {
  case POUR_GOES_ON:
    return true;
  case POUR_WAITS_FOR_PIECE:
    return reorder_is_ready(&copy->reorder) || all_popped(copy);
  case POUR_WAITS_FOR_STAGE:
    return find_free_stage(copy) != STAGE_NONE;
  case POUR_WAITS_FOR_EDGE:
  case POUR_IS_DONE:
    break;
  }
  return false;
}

static void
pour_write(struct copy *copy, const struct action *action)
{
  struct transfer *transfer = take_transfer(copy, range_make(action->offset, action->length));

  transfer->stage = action->stage;
  transfer->request = (struct request){ .kind = REQUEST_WRITE,
                                        .offset = action->offset,
                                        .length = action->length,
                                        .payload = (unsigned char *)action->data };
  if (action->stage == STAGE_NONE) {
    transfer->slot = copy->poured_slot;
    copy->slots[transfer->slot].holders++;
  }
  submit_transfer(copy, transfer);
}

static void
pour_zero(struct copy *copy, const struct action *action)
{
  if (copy->config.skip_zeros)
    copy->done += action->length;
  else
    put_in_line(copy, take_transfer(copy, range_make(action->offset, action->length)));
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
    if (!cut_to_fit(copy, &piece))
      return;
    if (copy->config.tap)
      copy->config.tap->take(copy->config.tap, piece.data, piece.length);
    assemble_feed(&copy->assemble, &piece);
  } else if (all_popped(copy)) {
    assemble_end(&copy->assemble);
  } else {
    copy->pour_wait = POUR_WAITS_FOR_PIECE;
  }
}

/* A staging buffer, or STAGE_NONE, and then pouring waits for one. */
static uint32_t
take_stage(struct copy *copy)
{
  uint32_t stage = find_free_stage(copy);

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
    assemble_stage(&copy->assemble, stage_buffer(copy, stage), stage);
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
                                         .payload = stage_buffer(copy, copy->edge_stage),
                                         .chunks = &copy->edge_chunks };
  copy->pour_wait = POUR_WAITS_FOR_EDGE;
  submit_to_destination(copy, &copy->edge_request);
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
    break;
  case ASSEMBLE_DONE:
    copy_release_slot(copy, copy->poured_slot);
    copy->poured_slot = SLOT_NONE;
    copy->pour_wait = POUR_IS_DONE;
    break;
  }
  return true;
}

/* ---- The end ---- */

static bool
can_end(const struct copy *copy)
{
  if (copy->finished || copy->flushing || copy->transfers_out > 0 || copy->pour_wait == POUR_WAITS_FOR_EDGE)
    return false;
  if (!copy_has_failed(copy))
    return copy->pour_wait == POUR_IS_DONE && copy->zeros_waiting == 0 &&
           copy->reads_in_flight == 0; /* reads beyond a stream's end come back empty */
  /* Reads below the one that failed may still be good; what they bring is poured. */
  return copy->reads_in_flight == 0 || copy->signal || copy->destination_failed;
}

/* What is there is brought to stable storage also after a fault, so that what we
 * say of it holds. Where the connection is lost, the flush comes back so too. */
bool
copy_end(struct copy *copy)
{
  if (!can_end(copy))
    return false;
  if (!copy->config.flush || !copy->config.destination->traits.can_flush) {
    copy->finished = true;
    return true;
  }
  copy->flushing = true;
  copy->flush_reach = copy_confirmed_below(copy);
  copy->flush_request = (struct request){ .kind = REQUEST_FLUSH };
  submit_to_destination(copy, &copy->flush_request);
  return true;
}
