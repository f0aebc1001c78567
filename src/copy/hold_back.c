/* SPDX-License-Identifier: MIT */
/* hold_back: see hold_back.h. */
#include "copy/hold_back.h"

#include "base/zeros.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* Room for an end that begins or ends inside a block, too. */
#define SPARE_BYTES (64 * KIB)

static uint64_t
capacity(uint64_t bytes)
{
  return range_align_up(bytes, PAGE_BYTES) + SPARE_BYTES;
}

size_t
hold_back_bytes(uint64_t bytes)
{
  return 2 * capacity(bytes);
}

static struct hold_back *
hold_of(struct endpoint *endpoint)
{
  return (struct hold_back *)endpoint;
}
_Static_assert(offsetof(struct hold_back, front) == 0, "it is found by its endpoint");

/* ---- What is held ---- */

/* The part of what is held that begins at an offset or behind it, and lies below `limit`; empty: there is none. */
static struct range
held_from(const struct hold_back *hold, uint64_t at, uint64_t limit)
{
  struct range part = at < hold->head.end ? hold->head : hold->tail;

  part.start = range_max(part.start, at);
  part.end = range_min(part.end, limit);
  return part.start < part.end ? part : (struct range){ 0, 0 };
}

static unsigned char *
held_bytes(const struct hold_back *hold, uint64_t offset)
{
  return offset < hold->head.end ? hold->config.buffer + offset : hold->tail_bytes + (offset - hold->tail.start);
}

/* Keeps what of a write or a zero is held. */
static void
hold_take(struct hold_back *hold, const struct request *request)
{
  uint64_t end = request->offset + request->length;
  struct range part = held_from(hold, request->offset, end);

  for (; !range_is_empty(part); part = held_from(hold, part.end, end)) {
    unsigned char *bytes = held_bytes(hold, part.start);
    if (request->kind == REQUEST_WRITE)
      memcpy(bytes, request->payload + (part.start - request->offset), range_length(part));
    else
      memset(bytes, 0, range_length(part));
  }
  hold->reach = range_max(hold->reach, end);
}

/* What of a write or a zero is for the destination: one piece, since the ends are what is held. */
static struct range
rest_of(const struct hold_back *hold, const struct request *request)
{
  uint64_t start = range_max(request->offset, range_max(hold->head.end, hold->passed_below));
  uint64_t end = request->offset + request->length;

  if (!range_is_empty(hold->tail))
    end = range_min(end, hold->tail.start);
  return start < end ? (struct range){ start, end } : (struct range){ 0, 0 };
}

/* ---- What is to be asked ---- */

/* Whether this is one of the two blocks that firmware looks at. */
static bool
is_outermost(const struct hold_back *hold, uint64_t offset)
{
  uint64_t block = range_align_down(offset, hold->block_bytes);

  return block == 0 || range_end(block, hold->block_bytes) >= hold->end;
}

/* What became zeros at the beginning needn't be written as zeros; where a part was to stay, who knows. */
static bool
is_to_be_written(const struct hold_back *hold, struct range block)
{
  if (is_outermost(hold, block.start) != (hold->step == HOLD_BACK_WRITES_OUTERMOST))
    return false;
  return hold->config.wanted || !zeros_only(held_bytes(hold, block.start), range_length(block));
}

/* The next run of blocks that this step writes, from an offset on. */
static struct range
next_written(const struct hold_back *hold, uint64_t at)
{
  struct range run = { 0, 0 }, part;

  while (!range_is_empty(part = held_from(hold, at, hold->reach))) {
    uint64_t next = range_align_down(part.start, hold->block_bytes) + hold->block_bytes;
    struct range block = { part.start, range_min(part.end, next) };
    bool joins = range_is_empty(run) || block.start == run.end;
    if (joins && is_to_be_written(hold, block))
      run = (struct range){ range_is_empty(run) ? block.start : run.start, block.end };
    else if (!range_is_empty(run))
      break;
    at = block.end;
  }
  return run;
}

/* What of a part is wanted first, in whole blocks of the destination; empty: nothing. */
static struct range
wanted_of(const struct hold_back *hold, struct range part)
{
  uint64_t block = hold->front.base.traits.block_min;
  struct range found;

  for (uint64_t at = part.start; selection_find(hold->config.wanted, (struct range){ at, part.end }, &found);
       at = found.end) {
    struct range wanted = { range_align_up(found.start, block), range_align_down(found.end, block) };
    if (wanted.start < wanted.end)
      return wanted;
  }
  return (struct range){ 0, 0 };
}

/* The next bytes that are to become zeros, from an offset on. */
static struct range
next_zeroed(const struct hold_back *hold, uint64_t at)
{
  struct range part, wanted;

  if (!hold->config.wanted)
    return held_from(hold, at, hold->zero_below);
  for (; !range_is_empty(part = held_from(hold, at, hold->zero_below)); at = part.end)
    if (!range_is_empty(wanted = wanted_of(hold, part)))
      return wanted;
  return part;
}

/* ---- The scripts ---- */

static bool
ask_about(struct hold_back *hold, enum request_kind kind, struct range part, uint64_t max)
{
  if (range_is_empty(part))
    return false;
  hold->own = (struct request){ .kind = kind,
                                .offset = part.start,
                                .length = range_min(range_length(part), max),
                                .payload = held_bytes(hold, part.start),
                                .chunks = &hold->own_chunks,
                                .no_hole = hold->config.allocated };
  return true;
}

static bool
ask_for_zeros(struct hold_back *hold)
{
  bool writes = hold->writes_zeros || !hold->front.base.traits.can_zero;
  struct range part = next_zeroed(hold, hold->at);

  if (!ask_about(hold, writes ? REQUEST_WRITE : REQUEST_ZERO, part, writes ? hold->config.zero_bytes : ZERO_BYTES_MAX))
    return false;
  if (writes)
    hold->own.payload = (unsigned char *)hold->config.zeros;
  return true;
}

static bool
ask_to_write(struct hold_back *hold, uint64_t max)
{
  struct range part = next_written(hold, hold->at);

  hold->is_ending = hold->is_ending || !range_is_empty(part);
  return ask_about(hold, REQUEST_WRITE, part, max);
}

static bool
ask_for_flush(struct hold_back *hold)
{
  hold->own = (struct request){ .kind = REQUEST_FLUSH, .is_midway = true };
  return hold->at == 0;
}

/* Makes the next request of the step; false: that is over. */
static bool
take_hold_step(struct hold_back *hold)
{
  const struct traits *traits = &hold->front.base.traits;
  uint64_t max = range_align_down(traits->request_max, traits->block_min);

  switch (hold->step) {
  case HOLD_BACK_READS:
    return hold->config.wanted && ask_about(hold, REQUEST_READ, held_from(hold, hold->at, hold->reach), max);
  case HOLD_BACK_ZEROS:
    return !hold->config.are_zeros && ask_for_zeros(hold);
  case HOLD_BACK_WRITES:
  case HOLD_BACK_WRITES_OUTERMOST:
    return ask_to_write(hold, max);
  case HOLD_BACK_FLUSHES_ZEROS:
  case HOLD_BACK_FLUSHES_REST:
  case HOLD_BACK_FLUSHES_MORE:
    return ask_for_flush(hold);
  case HOLD_BACK_HOLDS:
  case HOLD_BACK_ENDS:
  case HOLD_BACK_IS_DONE:
    break;
  }
  return false;
}

/* Until both ends are zeros, the destination is given one request at a time. */
static void
begin_step(struct hold_back *hold, enum hold_back_step step)
{
  hold->step = step;
  hold->at = 0;
  hold->front.requests_most = step < HOLD_BACK_HOLDS ? 1 : UINT_MAX;
}

/* Goes on with the script, up to its next request or its end, where what waited for that follows. */
static void
hold_go_on(struct hold_back *hold)
{
  struct request *parked = hold->parked;

  while (!take_hold_step(hold)) {
    begin_step(hold, hold->step + 1);
    if (hold->step != HOLD_BACK_HOLDS && hold->step != HOLD_BACK_ENDS)
      continue;
    hold->parked = NULL;
    if (hold->step == HOLD_BACK_HOLDS)
      hold->front.base.ops->submit(&hold->front.base, parked);
    else
      front_pass_on(&hold->front, parked);
    return;
  }
  front_pass_on(&hold->front, &hold->own);
}

static void
begin_script(struct hold_back *hold, struct request *parked, enum hold_back_step step)
{
  hold->parked = parked;
  hold->is_touched = true;
  begin_step(hold, step);
  hold_go_on(hold);
}

static bool
zero_is_refused(const struct request *request)
{
  return request->kind == REQUEST_ZERO &&
         (request->errnum == EOPNOTSUPP || request->errnum == EINVAL || request->errnum == EOVERFLOW);
}

/* One that fails takes along what waits for it, which is asked for again, and the script with it, or is a fault. */
static void
conclude_own(struct hold_back *hold)
{
  const struct request *own = &hold->own;

  assert(hold->parked);
  if (own->errnum && !zero_is_refused(own)) {
    begin_step(hold, hold->step < HOLD_BACK_HOLDS ? HOLD_BACK_READS : HOLD_BACK_HOLDS);
    hold->parked->errnum = own->errnum;
    hold->parked->done = 0;
    request_queue_push(&hold->answered, hold->parked);
    hold->parked = NULL;
    return;
  }
  hold->writes_zeros = hold->writes_zeros || own->errnum;
  if (!own->errnum)
    hold->at = own->kind == REQUEST_FLUSH ? 1 : own->offset + own->length;
  hold_go_on(hold);
}

/* ---- The contract ---- */

/* Only the destination's part of a request is sent. */
static void
hold_cut(struct hold_back *hold, struct request *request, struct range rest)
{
  struct cut *cut = hold->cuts[0].request ? &hold->cuts[1] : &hold->cuts[0];

  assert(!cut->request);
  *cut = (struct cut){ request, request->offset, request->length, request->payload, rest.end };
  if (request->kind == REQUEST_WRITE)
    request->payload += rest.start - request->offset;
  request->offset = rest.start;
  request->length = range_length(rest);
}

/* As it was, but for zeros that were made in part. */
static void
uncut(struct hold_back *hold, struct request *request)
{
  for (int i = 0; i < 2; i++) {
    struct cut *cut = &hold->cuts[i];
    if (cut->request != request)
      continue;
    uint64_t end = request->offset + request->length;
    bool is_partial = !request->errnum && end < cut->rest_end;
    request->length = is_partial ? end - cut->offset : cut->length;
    request->offset = cut->offset;
    request->payload = cut->payload;
    cut->request = NULL;
  }
}

static void
hold_or_pass(struct hold_back *hold, struct request *request)
{
  struct range rest = rest_of(hold, request);

  hold_take(hold, request);
  if (range_is_empty(rest)) {
    request->errnum = 0;
    request_queue_push(&hold->answered, request);
    return;
  }
  if (range_length(rest) < request->length)
    hold_cut(hold, request, rest);
  front_pass_on(&hold->front, request);
}

static void
hold_submit(struct endpoint *endpoint, struct request *request)
{
  struct hold_back *hold = hold_of(endpoint);
  bool changes = request->kind == REQUEST_WRITE || request->kind == REQUEST_ZERO;

  assert(!hold->parked);
  if (hold->step < HOLD_BACK_HOLDS && (request->kind != REQUEST_FLUSH || request->is_final))
    begin_script(hold, request, HOLD_BACK_READS);
  else if (request->is_final && hold->waits)
    front_pass_on(&hold->front, request);
  else if (request->is_final)
    begin_script(hold, request, HOLD_BACK_FLUSHES_REST);
  else if (changes)
    hold_or_pass(hold, request);
  else
    front_pass_on(&hold->front, request);
}

static struct request *
hold_take_answer(struct endpoint *endpoint)
{
  struct hold_back *hold = hold_of(endpoint);
  struct endpoint *destination = hold->config.destination;
  struct request *answer = request_queue_pop(&hold->answered);

  while (!answer && (answer = destination->ops->take(destination)) == &hold->own) {
    conclude_own(hold);
    answer = request_queue_pop(&hold->answered);
  }
  if (answer && answer->is_final && hold->step == HOLD_BACK_ENDS)
    begin_step(hold, answer->errnum ? HOLD_BACK_HOLDS : HOLD_BACK_IS_DONE);
  if (answer)
    uncut(hold, answer);
  front_mirror(&hold->front);
  return answer;
}

static bool
hold_has_sent(struct endpoint *endpoint, const struct request *request)
{
  struct hold_back *hold = hold_of(endpoint);

  return request != hold->parked && hold->config.destination->ops->has_sent(hold->config.destination, request);
}

/* ---- The beginning ---- */

int
hold_back_check(const struct endpoint *destination, uint64_t bytes, bool is_partial, struct fault *fault)
{
  const struct traits *traits = &destination->traits;
  const char *why = NULL;

  if (traits->in_order)
    why = "is written from front to end";
  else if (!traits->can_flush)
    why = "can't be told to bring what it has to stable storage";
  else if (is_partial && !traits->can_read)
    why = "can't be read";
  else if (bytes + traits->block_min > capacity(bytes) + 1)
    why = "takes blocks that are too large for that";
  if (!why)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s %s, so its beginning can't be held back until all is there: copy without --hold-back; "
                   "nothing was written",
                   destination->name, why);
}

static void
lay_out_ends(struct hold_back *hold)
{
  const struct hold_back_config *config = &hold->config;
  uint64_t held = range_min(range_align_up(config->bytes, hold->block_bytes), hold->end);

  if (config->keeps_rest)
    held = range_min(held, range_align_down(config->size, hold->block_bytes));
  hold->head = (struct range){ 0, held };
  hold->tail = (struct range){ 0, 0 };
  hold->tail_bytes = config->buffer + capacity(config->bytes);
  if (hold->end == SIZE_UNKNOWN || held == hold->end || config->keeps_rest)
    return;
  uint64_t start = range_align_down(hold->end - config->bytes, hold->block_bytes);
  if (start > held)
    hold->tail = (struct range){ start, hold->end };
  else
    hold->head.end = hold->end;
}

void
hold_back_init(struct hold_back *hold, const struct hold_back_config *config)
{
  struct endpoint *destination = config->destination;
  const struct traits *traits = &destination->traits;
  bool ends = traits->size != SIZE_UNKNOWN;

  *hold = (struct hold_back){ .config = *config };
  front_init(&hold->front, destination, hold_submit, hold_take_answer);
  if (destination->ops->has_sent)
    hold->front.ops.has_sent = hold_has_sent;
  hold->block_bytes = range_max(traits->block_min, PAGE_BYTES);
  hold->end = ends ? traits->size : config->size;
  hold->passed_below = range_align_down(config->passed_below, hold->block_bytes);
  lay_out_ends(hold);
  if (config->size != SIZE_UNKNOWN)
    hold->reach = range_min(range_align_up(config->size, traits->block_min), hold->end);
  hold->zero_below = config->wanted ? config->size : hold->end != SIZE_UNKNOWN ? hold->end : config->there_below;
  begin_step(hold, HOLD_BACK_READS);
  front_mirror(&hold->front);
}

void
hold_back_wait(struct hold_back *hold, bool waits)
{
  hold->waits = waits;
}

void
hold_back_show(const struct hold_back *hold, struct range range, unsigned char *bytes)
{
  struct range part = held_from(hold, range.start, range.end);

  for (; !range_is_empty(part); part = held_from(hold, part.end, range.end))
    memcpy(bytes + (part.start - range.start), held_bytes(hold, part.start), range_length(part));
}

bool
hold_back_is_done(const struct hold_back *hold)
{
  return hold->step == HOLD_BACK_IS_DONE;
}
