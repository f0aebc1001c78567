/* SPDX-License-Identifier: MIT */
/* copy_destination: the stages that have to do with the destination's answers, with buffers of
 * what is on its way, and with the end; see copy_stages.h. What is written is decided in
 * copy_pour.c, zeros are in copy_zeros.c. */
#include "base/range.h"
#include "copy/copy_stages.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

uint32_t
copy_find_free_stage(const struct copy *copy)
{
  for (uint32_t i = 0; i < copy->config.budget.stages; i++)
    if (!copy->stage_busy[i])
      return i;
  return STAGE_NONE;
}

unsigned char *
copy_stage_buffer(const struct copy *copy, uint32_t stage)
{
  return copy->config.stage_buffers + stage * copy->config.budget.block_bytes;
}

/* ---- Answers ---- */

void
copy_submit_to_destination(struct copy *copy, struct request *request)
{
  copy->config.destination->ops->submit(copy->config.destination, request);
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
wait_again(struct copy *copy, struct transfer *transfer)
{
  transfer->state = TRANSFER_AGAIN;
  transfer->retry.waits = true;
  copy->transfers_waiting++;
}

void
copy_fail_transfer(struct copy *copy, struct transfer *transfer)
{
  if (transfer->retry.waits)
    copy->transfers_waiting--;
  transfer->retry.waits = false;
  transfer->state = TRANSFER_FAILED;
}

/* Whether to go back over the destination for a write that can't be repeated; not for the same
 * one for ever. */
static bool
goes_back_for(struct copy *copy, uint64_t offset)
{
  copy->rewound_times = copy->rewound_for == offset ? copy->rewound_times + 1 : 1;
  copy->rewound_for = offset;
  return copy->rewound_times <= RETRIES_MAX && copy_can_return(copy, copy->config.destination);
}

/* Of a destination that was lost nothing is asked again: it is gone back over. Nor can a write
 * be repeated whose buffer is with others by now. Returns false where it is a fault. */
static bool
goes_on_after(struct copy *copy, struct transfer *transfer)
{
  const struct endpoint *destination = copy->config.destination;
  const struct request *request = &transfer->request;
  bool is_lost = request->errnum == ENOTCONN;

  if (is_lost && !copy_can_return(copy, destination))
    return false;
  if (!is_lost) {
    if (!copy_asks_again(copy, destination, request, &transfer->retry))
      return false;
    if (!transfer->is_reclaimed) {
      wait_again(copy, transfer);
      return true;
    }
    transfer->retry.waits = false;
    if (!goes_back_for(copy, request->offset))
      return false;
  }
  copy_rewind(copy, is_lost);
  return true;
}

static bool
makes_zeros(const struct copy *copy, const struct transfer *transfer)
{
  return transfer->request.kind == REQUEST_ZERO || transfer->request.payload == copy->config.zeros;
}

/* A write whose request was a part of it goes on with the next part; zeros have their own line. */
static void
go_on_writing(struct copy *copy, struct transfer *transfer)
{
  struct request *request = &transfer->request;

  if (makes_zeros(copy, transfer)) {
    copy_zero_later(copy, transfer);
    return;
  }
  request->offset += request->length;
  request->payload += request->length;
  transfer->retry.again_ms = 0;
  wait_again(copy, transfer);
}

static void
conclude_transfer(struct copy *copy, struct transfer *transfer)
{
  const struct request *request = &transfer->request;

  if (copy_proves(copy, transfer))
    return;
  copy->transfers_out--;
  if (copy->is_rewinding) {
    bring_home(copy, transfer);
    return;
  }
  if (copy_zero_was_refused(request)) {
    copy_zero_otherwise(copy, transfer);
    return;
  }
  if (request->errnum) {
    if (goes_on_after(copy, transfer))
      return;
    if (!copy_is_over(copy) || copy_is_final(copy, request, &transfer->retry)) /* else it isn't what ends the copy */
      copy_fail(copy, copy->config.destination, request->kind == REQUEST_ZERO ? "zeroing" : "writing", request->offset,
                request->errnum);
    copy_fail_transfer(copy, transfer);
    return;
  }
  if (request->kind == REQUEST_WRITE)
    copy->moved += request->length;
  else
    copy->zeroed += request->length;
  /* An edge block reaches beyond the source. */
  copy->done += range_min(request->offset + request->length, copy->source_end) - request->offset;
  if (copy->done > copy->done_most) { /* what is only done again is no progress */
    copy->done_most = copy->done;
    recovery_progress(&copy->destination_recovery);
  }
  transfer->range.start += request->length;
  if (range_is_empty(transfer->range))
    bring_home(copy, transfer);
  else
    go_on_writing(copy, transfer);
}

/* The last time in parts, as far as the destination's blocks allow. */
void
copy_transfer_again(struct copy *copy, struct transfer *transfer)
{
  bool is_last = transfer->retry.failures == RETRIES_MAX;

  copy->transfers_waiting--;
  transfer->retry.waits = false;
  if (makes_zeros(copy, transfer)) {
    transfer->asks_for_less = transfer->asks_for_less || is_last;
    copy_zero_later(copy, transfer);
    return;
  }
  if (is_last)
    transfer->request.length = range_min(range_length(transfer->range),
                                         copy_part_bytes(copy, copy->config.budget.block_bytes));
  copy_submit_transfer(copy, transfer);
}

void
copy_end_edge(struct copy *copy)
{
  copy->edge_retry.waits = false;
  copy->stage_busy[copy->edge_stage] = false;
  copy->pour_wait = POUR_GOES_ON;
}

static void
conclude_edge(struct copy *copy)
{
  const struct request *request = &copy->edge_request;

  if (request->errnum && !copy->is_rewinding) {
    if (copy_asks_again(copy, copy->config.destination, request, &copy->edge_retry))
      return;
    copy_fail(copy, copy->config.destination, "reading back", request->offset + request->done, request->errnum);
  } else if (!copy->is_rewinding) {
    assemble_edge(&copy->assemble, request->payload);
  }
  copy_end_edge(copy);
}

void
copy_edge_again(struct copy *copy)
{
  copy->edge_retry.waits = false;
  copy_submit_to_destination(copy, &copy->edge_request);
}

/* One that is lost with its destination is made up for; one that fails leaves nobody knowing
 * what is there, and isn't believed a second time. */
static void
copy_conclude_flush(struct copy *copy)
{
  int errnum = copy->flush_request.errnum;

  copy->flushing = false;
  copy->flush_took_ms = loop_now_ms(copy->config.loop) - copy->flush_asked_ms;
  if (!errnum)
    copy->flushed_below = copy->flush_reach;
  if (!errnum && copy->config.witness)
    copy->config.witness->flushed(copy->config.witness, copy->flushed_below);
  if (errnum == ENOTCONN && copy_can_return(copy, copy->config.destination)) {
    copy_rewind(copy, true);
    return;
  }
  copy->flush_errnum = errnum;
  copy->is_settled = !errnum && copy->flush_request.is_final;
  if (copy->flush_reason == FLUSH_AT_END)
    copy->finished = true;
  else if (copy->flush_reason == FLUSH_AFTER_RETURN && !errnum)
    copy_return(copy);
}

/* Zeros that were shown to be there are done as any others. */
static void
conclude_proof(struct copy *copy)
{
  struct transfer *proven = copy_conclude_proof(copy);

  if (proven)
    conclude_transfer(copy, proven);
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
  else if (answer == &copy->proof_request)
    conclude_proof(copy);
  else
    conclude_transfer(copy, (struct transfer *)answer);
  return true;
}
_Static_assert(offsetof(struct transfer, request) == 0, "a transfer is found by its request");

/* ---- Buffers of what is on its way ---- */

/* A write that has been sent and still has a buffer of the kind that is wanted; not one of which
 * only a part has. */
static struct transfer *
find_sent(struct copy *copy, bool wants_slot, bool wants_stage)
{
  struct endpoint *destination = copy->config.destination;
  unsigned unseen = copy->transfers_out;

  for (struct transfer *transfer = copy->transfers; unseen > 0; transfer++) {
    if (transfer->state != TRANSFER_OUT)
      continue;
    unseen--;
    if (transfer->request.length < range_length(transfer->range))
      continue;
    if (((wants_slot && transfer->slot != SLOT_NONE) || (wants_stage && transfer->stage != STAGE_NONE)) &&
        destination->ops->has_sent(destination, &transfer->request))
      return transfer;
  }
  return NULL;
}

bool
copy_reclaim(struct copy *copy)
{
  if (!copy->config.destination->ops->has_sent || copy->transfers_out == 0 || copy_has_failed(copy) ||
      copy->is_rewinding)
    return false;
  bool wants_slot = !copy->all_planned && copy_find_free_slot(copy) == SLOT_NONE;
  bool wants_stage = copy->pour_wait == POUR_WAITS_FOR_STAGE && copy_find_free_stage(copy) == STAGE_NONE;
  struct transfer *sent = wants_slot || wants_stage ? find_sent(copy, wants_slot, wants_stage) : NULL;
  if (!sent)
    return false;
  give_up_buffer(copy, sent);
  sent->is_reclaimed = true;
  return true;
}

/* ---- Requests ---- */

bool
copy_is_over(const struct copy *copy)
{
  return copy->destination_failed || copy->signal;
}

bool
copy_takes_more(const struct copy *copy)
{
  unsigned out = copy->transfers_out + copy->transfers_waiting + (copy->pour_wait == POUR_WAITS_FOR_EDGE) +
                 copy->flushing;

  return !copy_is_over(copy) && !copy->proof && !copy->is_rewinding &&
         out < range_min(WRITES_MAX, copy->config.destination->traits.requests_max);
}

struct transfer *
copy_take_transfer(struct copy *copy, struct range range)
{
  struct transfer *transfer = copy->transfers;

  while (transfer->state != TRANSFER_HOME)
    transfer++;
  assert(transfer < copy->transfers + WRITES_MAX);
  *transfer = (struct transfer){ .range = range, .slot = SLOT_NONE, .stage = STAGE_NONE };
  return transfer;
}

void
copy_submit_transfer(struct copy *copy, struct transfer *transfer)
{
  transfer->state = TRANSFER_OUT;
  copy->transfers_out++;
  copy_submit_to_destination(copy, &transfer->request);
}

/* ---- Flushing ---- */

bool
copy_flushes(const struct copy *copy)
{
  return copy->config.flush && copy->config.destination->traits.can_flush;
}

void
copy_flush(struct copy *copy, enum flush_reason reason)
{
  copy->flushing = true;
  copy->flush_reason = reason;
  copy->flush_asked_ms = loop_now_ms(copy->config.loop);
  copy->flush_done = copy->done;
  copy->flush_reach = range_max(copy->flushed_below, copy_confirmed_below(copy));
  copy->flush_request = (struct request){ .kind = REQUEST_FLUSH,
                                          .is_midway = reason != FLUSH_AT_END,
                                          .is_final = reason == FLUSH_AT_END && copy_is_all_confirmed(copy) };
  copy_submit_to_destination(copy, &copy->flush_request);
}

bool
copy_flush_midway(struct copy *copy)
{
  const struct copy_config *config = &copy->config;
  uint64_t new_bytes = copy->done - range_min(copy->flush_done, copy->done);

  if (config->flush_each_bytes == 0 || new_bytes < config->flush_each_bytes || copy->flushing || !copy_flushes(copy) ||
      config->destination->traits.in_order || copy_has_failed(copy) || !copy_takes_more(copy))
    return false;
  uint64_t since_ms = loop_now_ms(config->loop) - copy->flush_asked_ms;
  if (since_ms < range_max(config->flush_each_ms, FLUSH_SHARE_MAX * copy->flush_took_ms))
    return false;
  copy_flush(copy, FLUSH_MIDWAY);
  return true;
}

/* ---- The end ---- */

static bool
can_end(const struct copy *copy)
{
  if (copy->finished || copy->flushing || copy->transfers_out > 0 || copy->transfers_waiting > 0 ||
      copy->pour_wait == POUR_WAITS_FOR_EDGE || copy->proof)
    return false;
  if (!copy_has_failed(copy))
    return copy->pour_wait == POUR_IS_DONE && copy->zeros_waiting == 0 && !copy->is_rewinding &&
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
  if (copy_flushes(copy) && !copy->flush_errnum && copy->config.destination->presence != PRESENCE_OTHER)
    copy_flush(copy, FLUSH_AT_END);
  else
    copy->finished = true;
  return true;
}
