/* SPDX-License-Identifier: MIT */
/* compare_read: what reads both ends; see compare_stages.h. */
#include "base/range.h"
#include "copy/compare_stages.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

/* ---- Answers ---- */

/* Block status that fails costs its shortcut alone. */
static void
conclude_question(struct compare *compare, struct compare_side *side, struct request *request)
{
  struct learnt learnt;

  if (request->errnum == ENOTCONN && compare_asks_again(compare, side, ENOTCONN, &side->survey_retry)) {
    windows_ask_again(&side->windows, request);
    return;
  }
  side->survey_retry = (struct retry){ 0 };
  windows_learn(&side->windows, request, &learnt);
  if (learnt.is_late)
    return;
  uint64_t bytes = asking_answered(&side->asking, &learnt, side->windows.out, loop_now_us(compare->config.loop));
  if (bytes > 0)
    windows_skip(&side->windows, bytes, compare->rules.unit_bytes);
}

/* A stream ended here, or before: what was asked for behind its end is as short. */
static void
end_stream(struct compare *compare, struct compare_read *read)
{
  uint64_t end = read->request.offset + read->request.done;

  compare->views[read->side].size = range_min(compare->views[read->side].size, end);
  read->range.end = range_max(compare->views[read->side].size, read->range.start);
}

/* A read that is asked for in parts goes on behind what it has, or behind what can't be had. */
static void
read_on(struct compare *compare, struct compare_read *read, uint64_t from)
{
  read->request.offset = from;
  read->state = COMPARE_READ_HOME;
  if (from >= read->range.end || compare_is_needless(compare, compare->units[read->unit].range.start))
    return;
  read->state = COMPARE_READ_AGAIN;
  read->retry.waits = true;
  read->retry.again_ms = 0;
  compare->sides[read->side].reads_waiting++;
}

static void
conclude_failure(struct compare *compare, struct compare_read *read)
{
  struct compare_side *side = &compare->sides[read->side];
  const struct request *request = &read->request;
  struct range rest = { request->offset + request->done, request->offset + request->length };

  if (compare_asks_again(compare, side, request->errnum, &read->retry)) {
    read->state = COMPARE_READ_AGAIN;
    side->reads_waiting++;
    return;
  }
  if (endpoint_errnum_is_loss(request->errnum) || side->end->traits.in_order) {
    struct compare_failure failure = { side->end, rest.start, request->errnum };
    compare_fail(compare, &failure, compare->units[read->unit].range.start);
  } else {
    compare_note_unreadable(compare, read, rest, request->errnum);
  }
  read_on(compare, read, rest.end);
}

static void
conclude_answer(struct compare *compare, struct compare_read *read)
{
  struct compare_side *side = &compare->sides[read->side];
  struct request *request = &read->request;
  uint64_t now_us = loop_now_us(compare->config.loop);

  side->reads_out--;
  pace_answered(&side->pace, request->length, now_us);
  asking_read_answered(&side->asking, request->length, now_us);
  compare->read_bytes += request->done;
  assert(request->done == 0 || chunks_cover(&read->chunks, request->done));
  read->state = COMPARE_READ_HOME;
  if (compare_is_needless(compare, compare->units[read->unit].range.start))
    return;
  if (request->errnum) {
    conclude_failure(compare, read);
    return;
  }
  recovery_progress(&side->recovery);
  if (request->done < request->length)
    end_stream(compare, read);
  else
    read_on(compare, read, request->offset + request->length);
}

bool
compare_take_answer(struct compare *compare)
{
  for (int i = 0; i < 2; i++) {
    struct compare_side *side = &compare->sides[i];
    struct request *answer = side->end->ops->take(side->end);
    if (!answer)
      continue;
    if (answer->kind == REQUEST_SURVEY)
      conclude_question(compare, side, answer);
    else
      conclude_answer(compare, (struct compare_read *)answer);
    return true;
  }
  return false;
}
_Static_assert(offsetof(struct compare_read, request) == 0, "a read is found by its request");

/* ---- Questions ---- */

bool
compare_has_room(const struct compare_side *side)
{
  return side->end->presence == PRESENCE_HERE && side->reads_out + side->windows.out < side->end->traits.requests_max;
}

/* The answers to both ends' questions share the memory that is for those of one. */
static bool
may_ask(const struct compare_side *side, const struct compare_side *other)
{
  return compare_has_room(side) && !side->survey_retry.waits &&
         (other->windows.out == 0 ||
          other->windows.out_bytes + range_max(side->windows.bytes, side->windows.rules.alignment) <= SURVEY_BYTES_MAX);
}

static bool
ask_side(struct compare *compare, struct compare_side *side, const struct compare_side *other)
{
  struct request *question = NULL;

  if (may_ask(side, other) && !compare_is_needless(compare, side->windows.end))
    question = windows_ask(&side->windows, side->extents.start);
  if (question) {
    asking_asked(&side->asking, side->windows.out, loop_now_us(compare->config.loop));
    side->end->ops->submit(side->end, question);
  }
  return windows_pass_on(&side->windows, &side->extents) || question;
}

bool
compare_survey(struct compare *compare)
{
  return ask_side(compare, &compare->sides[0], &compare->sides[1]) ||
         ask_side(compare, &compare->sides[1], &compare->sides[0]);
}

/* ---- Reads ---- */

void
compare_submit(struct compare *compare, struct compare_read *read)
{
  struct compare_side *side = &compare->sides[read->side];
  uint64_t offset = read->request.offset, now_us = loop_now_us(compare->config.loop), most = side->request_bytes;

  if (read->retry.failures == RETRIES_MAX)
    most = range_min(most, range_max(compare->rules.unit_bytes / RETRY_PARTS, side->end->traits.block_min));
  read->request = (struct request){ .kind = REQUEST_READ,
                                    .offset = offset,
                                    .length = range_min(read->range.end - offset, most),
                                    .payload = compare_payload(compare, read, offset),
                                    .chunks = &read->chunks,
                                    .is_aside = read->side == 0 }; /* the other's are read meanwhile */
  read->state = COMPARE_READ_OUT;
  if (side->reads_out++ == 0)
    asking_reads_begin(&side->asking, now_us);
  rate_sent(&side->rate, read->request.length, now_us);
  pace_sent(&side->pace, read->request.length, now_us);
  side->end->ops->submit(side->end, &read->request);
}

static void
begin_read_of(struct compare *compare, struct compare_read *read, struct range range)
{
  const struct compare_side *side = &compare->sides[read->side];
  uint64_t block = side->end->traits.block_min, size = compare->views[read->side].size;

  read->retry = (struct retry){ 0 };
  read->range = (struct range){ range_align_down(range.start, block),
                                range_min(range_align_up(range.end, block), size) };
  read->request.offset = read->range.start;
  compare_submit(compare, read);
}

static struct compare_unit *
find_unit(struct compare *compare)
{
  for (unsigned i = 0; i < compare->config.budget.units; i++)
    if (!compare->units[i].is_busy)
      return &compare->units[i];
  return NULL;
}

/* Whether both ends take one more read, whichever has to be read. */
static bool
can_read_next(struct compare *compare)
{
  uint64_t now_us = loop_now_us(compare->config.loop);

  compare->held_back = false;
  if (compare->all_planned || compare_is_needless(compare, compare->position) || !find_unit(compare))
    return false;
  for (int i = 0; i < 2; i++)
    if (!compare_has_room(&compare->sides[i]) || !pace_has_room(&compare->sides[i].pace))
      return false;
  compare->held_back = rate_wait_us(&compare->sides[0].rate, now_us) > 0 ||
                       rate_wait_us(&compare->sides[1].rate, now_us) > 0;
  return !compare->held_back;
}

static void
wait_for_extents(struct compare *compare, const struct compare_step *step)
{
  for (int i = 0; i < 2; i++)
    if (step->of[i])
      asking_reads_wait(&compare->sides[i].asking, loop_now_us(compare->config.loop));
}

static void
begin_unit(struct compare *compare, const struct compare_step *step)
{
  struct compare_unit *unit = find_unit(compare);

  unit->is_busy = true;
  unit->range = step->range;
  unit->unreadable = 0;
  for (int i = 0; i < 2; i++) {
    unit->reads[i].range = (struct range){ 0, 0 };
    unit->reads[i].state = COMPARE_READ_HOME;
  }
  for (int i = 0; i < 2; i++)
    if (step->of[i])
      begin_read_of(compare, &unit->reads[i], step->range);
}

bool
compare_read_next(struct compare *compare)
{
  if (!can_read_next(compare))
    return false;
  struct compare_step step = compare_plan(&compare->rules, compare->views, compare->position);
  switch (step.kind) {
  case COMPARE_STEP_WAIT:
    wait_for_extents(compare, &step);
    return false;
  case COMPARE_STEP_READ:
    begin_unit(compare, &step);
    break;
  case COMPARE_STEP_PASS:
    break;
  case COMPARE_STEP_END:
    compare->all_planned = true;
    return true;
  }
  compare->position = step.range.end;
  return true;
}
