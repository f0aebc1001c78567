/* SPDX-License-Identifier: MIT */
/* copy: see copy.h. */
#include "copy.h"

#include "range.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Stages run between two looks at the loop: local files answer at once, and
 * would otherwise keep signals and the other end waiting. */
#define RUNS_PER_TURN 64

/* ---- Faults ---- */

static bool
has_failed(const struct copy *copy)
{
  return copy->failure.endpoint || copy->signal;
}

/* Keeps the first fault, since what comes after is mostly its consequence; of
 * requests that fail at the same end, as when a server dies with many in flight,
 * the one with the lowest offset. */
static void
fail(struct copy *copy, const struct endpoint *endpoint, const char *doing, const struct request *request)
{
  struct failure *failure = &copy->failure;

  if (endpoint == copy->config.destination)
    copy->destination_failed = true;
  if (!failure->endpoint || (failure->endpoint == endpoint && request->offset < failure->offset))
    *failure = (struct failure){ endpoint, doing, request->offset, request->errnum };
}

/* Every byte below is on the destination: handed over, and confirmed. */
static uint64_t
good_up_to(const struct copy *copy)
{
  uint64_t good = assemble_decided(&copy->assemble);

  for (size_t i = 0; i < WRITES_MAX; i++)
    if (copy->transfers[i].state != TRANSFER_HOME)
      good = range_min(good, copy->transfers[i].range.start);
  return range_min(good, copy->source_end);
}

/* ---- Buffers ---- */

static uint32_t
find_free_slot(const struct copy *copy)
{
  for (uint32_t i = 0; i < copy->config.budget.slots; i++)
    if (copy->slots[i].holders == 0)
      return i;
  return SLOT_NONE;
}

static void
release_slot(struct copy *copy, uint32_t slot)
{
  if (slot == SLOT_NONE)
    return;
  assert(copy->slots[slot].holders > 0);
  copy->slots[slot].holders--;
}

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

/* ---- Stage: what the destination answered ---- */

static bool
destination_answered(struct copy *copy)
{
  copy->destination_answer = copy->config.destination->ops->take(copy->config.destination);
  return copy->destination_answer != NULL;
}

static void
submit_to_destination(struct copy *copy, struct request *request)
{
  copy->config.destination->ops->submit(copy->config.destination, request);
}

/* Writes the next part of a zero that the destination can't make by itself. */
static void
fill(struct copy *copy, struct transfer *transfer)
{
  if (!transfer->filling)
    copy->fills++;
  transfer->filling = true;
  transfer->request = (struct request){ .kind = REQUEST_WRITE,
                                        .offset = transfer->range.start,
                                        .length = range_min(range_length(transfer->range), copy->config.budget.zero_bytes),
                                        .payload = copy->config.zeros };
  submit_to_destination(copy, &transfer->request);
}

static void
bring_home(struct copy *copy, struct transfer *transfer)
{
  release_slot(copy, transfer->slot);
  if (transfer->stage != STAGE_NONE)
    copy->stage_busy[transfer->stage] = false;
  if (transfer->filling)
    copy->fills--;
  transfer->state = TRANSFER_HOME;
  copy->transfers_out--;
}

static void
conclude_transfer(struct copy *copy, struct transfer *transfer)
{
  const struct request *request = &transfer->request;

  if (request->kind == REQUEST_ZERO && (request->errnum == EOPNOTSUPP || request->errnum == EINVAL)) {
    fill(copy, transfer); /* a server may announce zeros and still not have them everywhere */
    return;
  }
  if (request->errnum) {
    fail(copy, copy->config.destination, request->kind == REQUEST_ZERO ? "zeroing" : "writing", request);
    transfer->state = TRANSFER_FAILED;
    copy->transfers_out--;
    return;
  }
  /* An edge block reaches beyond the source. */
  copy->done += range_min(request->offset + request->length, copy->source_end) - request->offset;
  transfer->range.start += request->length;
  if (range_is_empty(transfer->range))
    bring_home(copy, transfer);
  else
    fill(copy, transfer);
}

static void
conclude_edge(struct copy *copy)
{
  if (copy->edge_request.errnum)
    fail(copy, copy->config.destination, "reading back", &copy->edge_request);
  else
    assemble_edge(&copy->assemble, copy->edge_request.payload);
  copy->stage_busy[copy->edge_stage] = false;
  copy->pour_wait = POUR_GOES_ON;
}

static void
conclude_flush(struct copy *copy)
{
  copy->flushing = false;
  copy->flushed = copy->flush_request.errnum == 0;
  copy->finished = true;
  if (!copy->flushed && !has_failed(copy)) {
    copy->flush_request.offset = good_up_to(copy);
    fail(copy, copy->config.destination, "flushing", &copy->flush_request);
  }
}

static void
conclude_destination_answer(struct copy *copy)
{
  struct request *request = copy->destination_answer;

  if (request == &copy->edge_request)
    conclude_edge(copy);
  else if (request == &copy->flush_request)
    conclude_flush(copy);
  else
    conclude_transfer(copy, (struct transfer *)request);
}
_Static_assert(offsetof(struct transfer, request) == 0, "a transfer is found by its request");

/* ---- Stage: what the source answered ---- */

static bool
source_answered(struct copy *copy)
{
  copy->source_answer = copy->config.source->ops->take(copy->config.source);
  return copy->source_answer != NULL;
}

/* A block status that failed costs its shortcut alone: the window is read. */
static void
conclude_survey(struct copy *copy)
{
  struct request *request = &copy->survey_request;

  copy->surveying = false;
  if (request->errnum)
    copy->survey.count = copy->survey.told = 0;
  extents_take_over(&copy->extents, &copy->survey, request->length, copy->schedule.block_min, copy->schedule.size);
  if (!request->errnum)
    copy->survey_bytes = extents_next_window(&copy->survey, copy->survey_bytes);
}

static void
push_pieces(struct copy *copy, struct slot *slot)
{
  uint32_t number = (uint32_t)(slot - copy->slots);

  for (size_t i = 0; i < slot->chunks.count; i++) {
    const struct chunk *chunk = &slot->chunks.list[i];
    struct piece piece = { slot->request.offset + chunk->offset, chunk->length, NULL, SLOT_NONE };
    if (!chunk->zero) {
      piece.data = slot->buffer + chunk->offset;
      piece.slot = number;
      slot->holders++;
    }
    reorder_push(&copy->reorder, piece);
  }
}

static void
conclude_read(struct copy *copy, struct slot *slot)
{
  struct request *request = &slot->request;

  copy->reads_in_flight--;
  if (request->errnum) { /* its slot stays with it */
    fail(copy, copy->config.source, "reading", request);
    return;
  }
  if (request->done < request->length) { /* the stream ended here, or before */
    copy->all_planned = true;
    copy->source_end = range_min(copy->source_end, request->offset + request->done);
  }
  if (request->done > 0)
    push_pieces(copy, slot);
  release_slot(copy, (uint32_t)(slot - copy->slots));
}

static void
conclude_source_answer(struct copy *copy)
{
  if (copy->source_answer == &copy->survey_request)
    conclude_survey(copy);
  else
    conclude_read(copy, (struct slot *)copy->source_answer);
}
_Static_assert(offsetof(struct slot, request) == 0, "a slot is found by its request");

/* ---- Stage: pour what is in order into the destination's blocks ---- */

static bool
all_popped(const struct copy *copy)
{
  return copy->all_planned && copy->reorder.frontier == copy->source_end;
}

static bool
can_pour(struct copy *copy)
{
  const struct traits *traits = &copy->config.destination->traits;

  if (copy->destination_failed || copy->signal)
    return false;
  if (copy->transfers_out >= range_min(WRITES_MAX, traits->requests_max) || (traits->in_order && copy->fills > 0))
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

static struct transfer *
send_out(struct copy *copy, const struct action *action, enum request_kind kind)
{
  struct transfer *transfer = copy->transfers;

  while (transfer->state != TRANSFER_HOME)
    transfer++;
  assert(transfer < copy->transfers + WRITES_MAX);
  *transfer = (struct transfer){ .request = { .kind = kind,
                                              .offset = action->offset,
                                              .length = action->length,
                                              .payload = (unsigned char *)action->data,
                                              .no_hole = copy->config.allocated },
                                 .state = TRANSFER_OUT,
                                 .range = range_make(action->offset, action->length),
                                 .slot = SLOT_NONE,
                                 .stage = action->stage };
  copy->transfers_out++;
  return transfer;
}

static void
pour_write(struct copy *copy, const struct action *action)
{
  struct transfer *transfer = send_out(copy, action, REQUEST_WRITE);

  if (action->stage == STAGE_NONE) {
    transfer->slot = copy->poured_slot;
    copy->slots[transfer->slot].holders++;
  }
  submit_to_destination(copy, &transfer->request);
}

static void
pour_zero(struct copy *copy, const struct action *action)
{
  if (copy->config.skip_zeros) {
    copy->done += action->length;
    return;
  }
  struct transfer *transfer = send_out(copy, action, REQUEST_ZERO);
  if (copy->config.destination->traits.can_zero)
    submit_to_destination(copy, &transfer->request);
  else
    fill(copy, transfer);
}

/* The assembler has used up its piece: gives back that one's slot, and gets it
 * the next. */
static void
feed(struct copy *copy)
{
  struct piece piece;

  release_slot(copy, copy->poured_slot);
  copy->poured_slot = SLOT_NONE;
  if (reorder_pop(&copy->reorder, &piece)) {
    copy->poured_slot = piece.slot;
    assemble_feed(&copy->assemble, &piece);
  } else if (all_popped(copy)) {
    assemble_end(&copy->assemble);
  } else {
    copy->pour_wait = POUR_WAITS_FOR_PIECE;
  }
}

static void
lend_stage(struct copy *copy)
{
  uint32_t stage = find_free_stage(copy);

  if (stage == STAGE_NONE) {
    copy->pour_wait = POUR_WAITS_FOR_STAGE;
    return;
  }
  copy->stage_busy[stage] = true;
  assemble_stage(&copy->assemble, stage_buffer(copy, stage), stage);
}

static void
read_edge(struct copy *copy, const struct action *action)
{
  copy->edge_stage = find_free_stage(copy);
  if (copy->edge_stage == STAGE_NONE) {
    copy->pour_wait = POUR_WAITS_FOR_STAGE;
    return;
  }
  copy->stage_busy[copy->edge_stage] = true;
  copy->edge_request = (struct request){ .kind = REQUEST_READ,
                                         .offset = action->offset,
                                         .length = action->length,
                                         .payload = stage_buffer(copy, copy->edge_stage),
                                         .chunks = &copy->edge_chunks };
  copy->pour_wait = POUR_WAITS_FOR_EDGE;
  submit_to_destination(copy, &copy->edge_request);
}

static void
pour(struct copy *copy)
{
  struct action action;

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
  case ASSEMBLE_DONE:
    release_slot(copy, copy->poured_slot);
    copy->poured_slot = SLOT_NONE;
    copy->pour_wait = POUR_IS_DONE;
    break;
  }
}

/* ---- Stage: read what comes next ---- */

static bool
can_read(struct copy *copy)
{
  if (has_failed(copy) || copy->all_planned)
    return false;
  if (!extents_front(&copy->extents) && copy->extents.start < copy->schedule.size)
    return false; /* the survey isn't back yet */
  /* Every read may come back in many pieces, and they must all find room. */
  return copy->reads_in_flight < copy->config.source->traits.requests_max &&
         reorder_room(&copy->reorder) > (copy->reads_in_flight + 1) * CHUNKS_MAX && find_free_slot(copy) != SLOT_NONE;
}

static void
submit_read(struct copy *copy, const struct step *step)
{
  struct slot *slot = &copy->slots[find_free_slot(copy)];

  slot->holders = 1;
  slot->request = (struct request){ .kind = REQUEST_READ,
                                    .offset = step->offset,
                                    .length = step->length,
                                    .payload = slot->buffer,
                                    .chunks = &slot->chunks };
  copy->reads_in_flight++;
  copy->config.source->ops->submit(copy->config.source, &slot->request);
}

static void
read_next(struct copy *copy)
{
  struct step step = schedule_next(&copy->schedule, &copy->extents);

  switch (step.kind) {
  case STEP_READ:
    submit_read(copy, &step);
    break;
  case STEP_ZERO:
    reorder_push(&copy->reorder, (struct piece){ step.offset, step.length, NULL, SLOT_NONE });
    break;
  case STEP_END:
    copy->all_planned = true;
    break;
  case STEP_WAIT:
    assert(!"extents end on the source's blocks, so what is known can be read");
  }
}

/* ---- Stage: ask for extents, ahead of the reads ---- */

static bool
can_survey(struct copy *copy)
{
  const struct extents *extents = &copy->extents;

  return !copy->surveying && !has_failed(copy) && extents->end < copy->schedule.size &&
         extents_room(extents) >= SURVEY_EXTENTS_MAX && extents->end - extents->start < 2 * copy->survey_bytes;
}

static void
survey_next(struct copy *copy)
{
  uint64_t start = copy->extents.end;
  uint64_t end = range_end(start, range_align_up(copy->survey_bytes, copy->schedule.block_min));

  copy->survey_request = (struct request){ .kind = REQUEST_SURVEY,
                                           .offset = start,
                                           .length = range_min(end, copy->schedule.size) - start,
                                           .survey = &copy->survey };
  copy->surveying = true;
  copy->config.source->ops->submit(copy->config.source, &copy->survey_request);
}

/* ---- Stage: the end, good or bad ---- */

static bool
can_end(struct copy *copy)
{
  if (copy->finished || copy->flushing || copy->transfers_out > 0 || copy->pour_wait == POUR_WAITS_FOR_EDGE)
    return false;
  if (!has_failed(copy))
    return copy->pour_wait == POUR_IS_DONE;
  /* Reads below the one that failed may still be good; what they bring is poured. */
  return copy->reads_in_flight == 0 || copy->signal || copy->destination_failed;
}

/* What is there is brought to stable storage also after a fault elsewhere, so
 * that what we say of it holds. */
static void
end(struct copy *copy)
{
  if (!copy->config.flush || !copy->config.destination->traits.can_flush || copy->destination_failed) {
    copy->finished = true;
    return;
  }
  copy->flushing = true;
  copy->flush_request = (struct request){ .kind = REQUEST_FLUSH };
  submit_to_destination(copy, &copy->flush_request);
}

/* ---- The hallway ---- */

static const struct stage {
  const char *name;
  bool (*ready)(struct copy *copy);
  void (*run)(struct copy *copy);
} stages[] = {
  { "destination", destination_answered, conclude_destination_answer },
  { "source", source_answered, conclude_source_answer },
  { "pour", can_pour, pour },
  { "survey", can_survey, survey_next },
  { "read", can_read, read_next },
  { "end", can_end, end },
};

/* Runs the first stage that is ready. Returns false when none is. */
static bool
run_a_stage(struct copy *copy)
{
  for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
    if (stages[i].ready(copy)) {
      stages[i].run(copy);
      return true;
    }
  return false;
}

static bool
waits_for_an_answer(const struct copy *copy)
{
  return copy->reads_in_flight > 0 || copy->transfers_out > 0 || copy->surveying || copy->flushing ||
         copy->pour_wait == POUR_WAITS_FOR_EDGE;
}

static void
observe(struct copy *copy)
{
  struct copy_observer *observer = copy->config.observer;
  uint64_t now_ms = loop_now_ms(copy->config.loop);

  if (!observer || observer->interval_ms == 0)
    return;
  if (!copy->finished && now_ms - copy->observed_ms < (uint64_t)observer->interval_ms)
    return;
  copy->observed_ms = now_ms;
  observer->progress(observer, copy->done, copy->source_end, now_ms);
}

/* The first signal ends the copy in good order, a second one at once. */
static void
heed_signals(struct copy *copy)
{
  struct loop *loop = copy->config.loop;

  if (!loop->signal_seen)
    return;
  if (has_failed(copy))
    copy->finished = true;
  copy->signal = loop->signal_seen;
  loop->signal_seen = 0;
}

static int
take_a_turn(struct copy *copy, struct fault *fault)
{
  const struct copy_config *config = &copy->config;
  struct loop *loop = config->loop;
  int timeout_ms = config->observer && config->observer->interval_ms ? config->observer->interval_ms : -1;
  unsigned runs = 0;

  while (runs < RUNS_PER_TURN && run_a_stage(copy))
    runs++;
  if (copy->finished)
    return 0;
  assert(runs == RUNS_PER_TURN || waits_for_an_answer(copy));
  loop_begin(loop);
  config->source->ops->watch(config->source, loop);
  config->destination->ops->watch(config->destination, loop);
  if (loop_wait(loop, runs == RUNS_PER_TURN ? 0 : timeout_ms, fault) == -1)
    return -1;
  config->source->ops->serve(config->source, loop);
  config->destination->ops->serve(config->destination, loop);
  heed_signals(copy);
  observe(copy);
  return 0;
}

/* What went wrong, where, how far the destination is good, and how to go on. */
static void
tell(const struct copy *copy, struct fault *fault)
{
  const struct failure *failure = &copy->failure;
  bool lost = failure->errnum == ENOTCONN;

  if (failure->endpoint)
    fault_set(fault, EXIT_FAILED, lost ? 0 : failure->errnum, "%s %s failed at offset %llu%s", failure->doing,
              failure->endpoint->name, (unsigned long long)failure->offset, lost ? ": the connection was lost" : "");
  else
    fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d", copy->signal);
  fault_add(fault, "; the copy is good below offset %llu%s and incomplete from there on: copy again from the start",
            (unsigned long long)good_up_to(copy), copy->flushed ? " (flushed)" : "");
}

void
copy_init(struct copy *copy, const struct copy_config *config)
{
  const struct traits *source = &config->source->traits;
  const struct traits *destination = &config->destination->traits;
  struct assemble_config assemble = { .block_bytes = config->budget.block_bytes,
                                      .block_min = destination->block_min,
                                      .write_max = config->budget.write_max,
                                      .zero_max = config->budget.zero_max,
                                      .size = destination->size,
                                      .detect_zeros = config->detect_zeros };

  memset(copy, 0, sizeof *copy);
  copy->config = *config;
  copy->source_end = source->size;
  copy->schedule = (struct schedule){ source->size, source->block_min, config->budget.slot_bytes };
  extents_init(&copy->extents, 0);
  if (!config->extents || !source->can_extents)
    extents_append(&copy->extents, source->size, false);
  reorder_init(&copy->reorder, 0);
  assemble_init(&copy->assemble, &assemble);
  copy->survey_bytes = SURVEY_BYTES_FIRST;
  copy->poured_slot = SLOT_NONE;
  for (unsigned i = 0; i < config->budget.slots; i++)
    copy->slots[i].buffer = config->slot_buffers + i * config->budget.slot_bytes;
}

int
copy_run(struct copy *copy, struct fault *fault)
{
  copy->observed_ms = loop_now_ms(copy->config.loop);
  while (!copy->finished)
    if (take_a_turn(copy, fault) == -1)
      return -1;
  observe(copy);
  if (has_failed(copy)) {
    tell(copy, fault);
    return -1;
  }
  assert(copy_is_home(copy));
  return 0;
}

bool
copy_is_home(const struct copy *copy)
{
  for (size_t i = 0; i < SLOTS_MAX; i++)
    if (copy->slots[i].holders > 0)
      return false;
  for (size_t i = 0; i < STAGES_MAX; i++)
    if (copy->stage_busy[i])
      return false;
  return copy->transfers_out == 0 && copy->reads_in_flight == 0 && copy->fills == 0;
}
