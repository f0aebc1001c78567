/* SPDX-License-Identifier: MIT */
/* copy_source: the stages that bring the source in; see copy_stages.h. */
#include "base/range.h"
#include "copy/copy_stages.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

/* ---- Answers ---- */

/* Takes some of what follows for data, where asking on would cost more than reading it.
 * Not where only a part is wanted: nobody knows then what that is. */
static void
ask_less(struct copy *copy, const struct learnt *learnt)
{
  uint64_t bytes = asking_answered(&copy->asking, learnt, copy->windows.out, loop_now_us(copy->config.loop));

  if (bytes > 0 && copy->config.part == PART_ALL)
    windows_skip(&copy->windows, bytes, copy->schedule.request_bytes);
}

/* A block status that failed costs its shortcut alone: what it asked for is read. But
 * where only a part of the source is wanted, nobody knows what that is then. */
static void
conclude_survey(struct copy *copy, struct request *request)
{
  struct learnt learnt;

  if (copy->is_rewinding) { /* it is asked for again, from there on */
    windows_ask_again(&copy->windows, request);
    return;
  }
  if (request->errnum && (request->errnum == ENOTCONN || copy->config.part != PART_ALL) &&
      copy_asks_again(copy, copy->config.source, request, &copy->survey_retry)) {
    windows_ask_again(&copy->windows, request);
    return;
  }
  copy->survey_retry = (struct retry){ 0 };
  if (!windows_learn(&copy->windows, request, &learnt))
    copy_fail(copy, copy->config.source, "asking for the extents of", request->offset,
              request->errnum ? request->errnum : EPROTO);
  if (!learnt.is_late)
    ask_less(copy, &learnt);
}

void
copy_push_piece(struct copy *copy, struct slot *slot, struct range part, enum content content)
{
  struct piece piece = { .slot = SLOT_NONE, .kept = content == CONTENT_KEPT };

  part = (struct range){ range_max(part.start, slot->wanted.start), range_min(part.end, slot->wanted.end) };
  if (part.start >= part.end)
    return;
  piece.offset = part.start;
  piece.length = range_length(part);
  if (content == CONTENT_DATA) {
    piece.data = slot->request.payload + (part.start - slot->request.offset);
    piece.slot = (uint32_t)(slot - copy->slots);
    slot->holders++;
  }
  reorder_push(&copy->reorder, piece);
}

static void
push_pieces(struct copy *copy, struct slot *slot)
{
  for (size_t i = 0; i < slot->chunks.count; i++) {
    const struct chunk *chunk = &slot->chunks.list[i];
    copy_push_piece(copy, slot, range_make(slot->request.offset + chunk->offset, chunk->length),
                    chunk->zero ? CONTENT_ZERO : CONTENT_DATA);
  }
}

/* A read that is asked for in parts mustn't bring more pieces than one that isn't: each part
 * is one of data, and its zeros are found again later. */
static void
push_part(struct copy *copy, struct slot *slot)
{
  copy_push_piece(copy, slot, range_make(slot->request.offset, slot->request.done), CONTENT_DATA);
}

void
copy_end_read(struct copy *copy, struct slot *slot)
{
  if (slot->retry.waits)
    copy->reads_waiting--;
  slot->retry.waits = false;
  copy->suspects -= slot->is_suspect;
  slot->is_suspect = false;
  copy->reads_in_flight--;
  pace_answered(&copy->pace, slot->end - slot->request.offset, loop_now_us(copy->config.loop));
  copy_release_slot(copy, (uint32_t)(slot - copy->slots));
}

void
copy_go_on_reading(struct copy *copy, struct slot *slot, uint64_t bytes)
{
  struct request *request = &slot->request;

  if (bytes > 0)
    pace_answered(&copy->pace, bytes, loop_now_us(copy->config.loop));
  request->offset += bytes;
  request->payload += bytes;
  slot->retry.waits = true;
  slot->retry.again_ms = 0;
  copy->reads_waiting++;
}

/* What an answer brought, also of one that failed: what it has at its front is good all the same. */
static void
take_what_was_read(struct copy *copy, struct slot *slot)
{
  const struct request *request = &slot->request;

  if (request->done == 0)
    return;
  assert(chunks_cover(&slot->chunks, request->done));
  if (slot->retry.failures == RETRIES_MAX || slot->narrow.unit_bytes > 0)
    push_part(copy, slot);
  else
    push_pieces(copy, slot);
}

/* What the tap has refused lies before all that is still being read, though a block may begin below. */
static void
fail_read(struct copy *copy, const struct request *request)
{
  if (!copy_is_refused(copy))
    copy_fail(copy, copy->config.source, request->errnum == COPY_DIFFERS ? "checking" : "reading",
              request->offset + request->done, request->errnum);
}

static void
copy_conclude_read(struct copy *copy, struct slot *slot)
{
  struct request *request = &slot->request;

  if (!copy->is_rewinding) {
    if (request->errnum == ENOTCONN && copy_is_blamed(copy, slot))
      request->errnum = ETIMEDOUT;
    copy_check_blocks(copy, slot);
    if (request->errnum && copy_asks_again(copy, copy->config.source, request, &slot->retry)) {
      copy->reads_waiting++;
      return;
    }
    asking_read_answered(&copy->asking, request->length, loop_now_us(copy->config.loop));
    if (request->errnum && !copy->config.blocks && copy_narrow_down(copy, slot)) /* blocks are good as a whole */
      return;
    take_what_was_read(copy, slot);
    if (request->errnum) {
      fail_read(copy, request);
    } else if (request->done < request->length && request->offset + request->done < copy->start) {
      copy_fail(copy, copy->config.source, "reading", request->offset + request->done, ENODATA);
    } else if (request->done < request->length) { /* the stream ended here, or before */
      copy->all_planned = true;
      copy->source_end = range_min(copy->source_end, request->offset + request->done);
    } else {
      recovery_progress(&copy->source_recovery);
      narrow_good(&slot->narrow, range_make(request->offset, request->length));
      if (request->offset + request->length < slot->end) {
        copy_go_on_reading(copy, slot, request->length);
        return;
      }
    }
  }
  copy_end_read(copy, slot);
}

bool
copy_take_source_answer(struct copy *copy)
{
  struct request *answer = copy->config.source->ops->take(copy->config.source);

  if (!answer)
    return false;
  if (answer->kind == REQUEST_SURVEY)
    conclude_survey(copy, answer);
  else
    copy_conclude_read(copy, (struct slot *)answer);
  return true;
}
_Static_assert(offsetof(struct slot, request) == 0, "a slot is found by its request");

static bool
source_has_room(const struct copy *copy)
{
  const struct endpoint *source = copy->config.source;

  if (copy_is_away(copy, source))
    return false;
  return copy->reads_in_flight + copy->windows.out < source->traits.requests_max;
}

/* ---- Reads ---- */

/* Whether there is room for the next step. */
static bool
can_read(const struct copy *copy)
{
  if (copy_has_failed(copy) || copy->all_planned || copy->is_rewinding || copy->suspects > 0)
    return false;
  /* Every read may come back in many pieces, and they must all find room. */
  return source_has_room(copy) && pace_has_room(&copy->pace) &&
         reorder_room(&copy->reorder) > (copy->reads_in_flight + 1) * CHUNKS_MAX &&
         copy_find_free_slot(copy) != SLOT_NONE;
}

static bool
waits_for_survey(const struct copy *copy)
{
  return !extents_front(&copy->extents) && copy->extents.start < copy->schedule.size;
}

static bool
is_over_rate(const struct copy *copy)
{
  return copy->rate.bytes_per_s > 0 && rate_wait_us(&copy->rate, loop_now_us(copy->config.loop)) > 0;
}

/* Within its slot, data lies as it does on the disk: a block of the destination
 * is then aligned in memory too, as direct I/O wants it. It always fits, since a
 * read ends on the grid of the slots' size. */
static unsigned char *
payload_at(const struct copy *copy, const struct slot *slot, uint64_t offset)
{
  return slot->buffer + (offset & (copy->config.budget.slot_bytes - 1));
}

static void
submit_read(struct copy *copy, const struct step *step)
{
  struct slot *slot = &copy->slots[copy_find_free_slot(copy)];
  uint64_t start = range_align_down(step->offset, copy->schedule.block_min);
  uint64_t end = range_align_up(range_end(step->offset, step->length), copy->schedule.block_min);
  uint64_t now_us = loop_now_us(copy->config.loop);

  slot->holders = 1;
  slot->wanted = (struct range){ range_max(step->offset, copy->start), range_end(step->offset, step->length) };
  slot->start = start;
  slot->end = range_min(end, copy->schedule.size);
  slot->retry = (struct retry){ 0 };
  slot->narrow = (struct narrow){ 0 };
  slot->is_suspect = false;
  slot->request = (struct request){ .kind = REQUEST_READ,
                                    .offset = start,
                                    .length = slot->end - start,
                                    .payload = payload_at(copy, slot, start),
                                    .chunks = &slot->chunks };
  copy_note_blocks(copy, slot);
  if (copy->reads_in_flight++ == 0)
    asking_reads_begin(&copy->asking, now_us);
  rate_sent(&copy->rate, slot->request.length, now_us);
  pace_sent(&copy->pace, slot->request.length, now_us);
  copy->config.source->ops->submit(copy->config.source, &slot->request);
}

void
copy_read_again(struct copy *copy, struct slot *slot)
{
  struct range rest = { slot->request.offset, slot->end };

  copy->reads_waiting--;
  slot->retry.waits = false;
  if (slot->narrow.unit_bytes > 0)
    slot->request.length = narrow_part_end(&slot->narrow, rest) - rest.start;
  else if (slot->retry.failures == RETRIES_MAX)
    slot->request.length = range_min(range_length(rest), copy_part_bytes(copy, copy_unit_bytes(copy)));
  copy->config.source->ops->submit(copy->config.source, &slot->request);
}

/* What of a run that needs no read is part of the copy. */
static void
pass(struct copy *copy, const struct step *step)
{
  uint64_t start = range_max(step->offset, copy->start), end = step->offset + step->length;

  if (start < end)
    reorder_push(&copy->reorder,
                 (struct piece){
                     .offset = start, .length = end - start, .slot = SLOT_NONE, .kept = step->kind == STEP_KEEP });
}

static void
take_step(struct copy *copy)
{
  struct step step = copy_next_step(copy);

  switch (step.kind) {
  case STEP_READ:
    submit_read(copy, &step);
    break;
  case STEP_ZERO:
  case STEP_KEEP:
    pass(copy, &step);
    break;
  case STEP_END:
    copy->all_planned = true;
    break;
  case STEP_WAIT:
    assert(!"extents end on the source's blocks, so what is known can be read");
  }
}

bool
copy_read(struct copy *copy)
{
  bool can = can_read(copy);

  if (can && waits_for_survey(copy)) {
    asking_reads_wait(&copy->asking, loop_now_us(copy->config.loop));
    can = false;
  }
  can = can && !copy_lacks_blocks(copy);
  copy->held_back = can && is_over_rate(copy); /* the loop then waits until the rate allows it */
  if (!can || copy->held_back)
    return false;
  take_step(copy);
  return true;
}

/* ---- Surveys ---- */

bool
copy_survey(struct copy *copy)
{
  struct request *question = NULL;

  if (!copy_has_failed(copy) && source_has_room(copy) && !copy->is_rewinding && !copy->survey_retry.waits &&
      copy->suspects == 0)
    question = windows_ask(&copy->windows, copy->extents.start);
  if (question) {
    asking_asked(&copy->asking, copy->windows.out, loop_now_us(copy->config.loop));
    copy->config.source->ops->submit(copy->config.source, question);
  }
  return windows_pass_on(&copy->windows, &copy->extents) || question;
}
