/* SPDX-License-Identifier: MIT */
/* copy: see copy.h and copy_stages.h. */
#include "copy/copy.h"

#include "base/range.h"
#include "copy/copy_stages.h"
#include "copy/turn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Stages run between two looks at the loop: local files answer at once, and
 * would otherwise keep signals and the other end waiting. */
#define RUNS_PER_TURN 64

/* ---- Faults ---- */

bool
copy_has_failed(const struct copy *copy)
{
  return copy->failure.endpoint || copy->signal || copy->flush_errnum;
}

void
copy_fail(struct copy *copy, const struct endpoint *endpoint, const char *doing, uint64_t offset, int errnum)
{
  struct failure *failure = &copy->failure;

  if (endpoint == copy->config.destination)
    copy->destination_failed = true;
  if (copy->signal) /* it would have been asked again, or not at all: the operator has stopped it */
    return;
  if (!failure->endpoint || (failure->endpoint == endpoint && offset < failure->offset))
    *failure = (struct failure){ endpoint, doing, offset, errnum };
}

uint64_t
copy_confirmed_below(const struct copy *copy)
{
  uint64_t below = assemble_decided(&copy->assemble);

  if (copy->is_rewinding)
    return copy->flushed_below;
  for (size_t i = 0; i < WRITES_MAX; i++)
    if (copy->transfers[i].state != TRANSFER_HOME)
      below = range_min(below, copy->transfers[i].range.start);
  return range_min(below, copy->source_end);
}

uint32_t
copy_find_free_slot(const struct copy *copy)
{
  const struct budget *budget = &copy->config.budget;

  /* The spare ones only as far as the window is so wide. */
  for (uint32_t i = 0; i < budget->slots || i * budget->slot_bytes < copy->pace.window; i++)
    if (copy->slots[i].holders == 0)
      return i;
  return SLOT_NONE;
}

void
copy_release_slot(struct copy *copy, uint32_t slot)
{
  if (slot == SLOT_NONE)
    return;
  assert(copy->slots[slot].holders > 0);
  copy->slots[slot].holders--;
}

/* ---- The hallway ---- */

static const struct stage {
  const char *name;
  bool (*run)(struct copy *copy); /* does one step; false: there is nothing to do now */
} stages[] = {
  { "destination", copy_take_destination_answer },
  { "source", copy_take_source_answer },
  { "list", copy_take_list_answer },
  { "recover", copy_recover },
  { "again", copy_ask_again },
  { "reclaim", copy_reclaim },
  { "zero", copy_zero },
  { "pour", copy_pour },
  { "survey", copy_survey },
  { "flush", copy_flush_midway },
  { "ask list", copy_ask_list },
  { "read", copy_read },
  { "end", copy_end },
};

/* Runs the first stage that has something to do. Returns false when none has. */
static bool
run_a_stage(struct copy *copy)
{
  for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
    if (stages[i].run(copy))
      return true;
  return false;
}

static bool
waits_for_something(const struct copy *copy)
{
  uint64_t since_ms;

  return copy_waits_for(copy, &since_ms) || copy->transfers_waiting > 0 || copy->reads_in_flight > 0 ||
         copy->transfers_out > 0 || copy->windows.out > 0 || copy->survey_retry.waits || copy_waits_for_list(copy) ||
         copy->flushing || copy->proof || copy->pour_wait == POUR_WAITS_FOR_EDGE;
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
  if (copy_has_failed(copy))
    copy->finished = true;
  copy->signal = loop->signal_seen;
  copy->stop_ms = loop_now_ms(loop) + COPY_STOP_MS;
  loop->signal_seen = 0;
}

/* Until when the loop may wait, whatever the ends wait for. */
static void
set_alarms(const struct copy *copy)
{
  const struct copy_config *config = &copy->config;

  if (config->observer && config->observer->interval_ms)
    loop_wake_by(config->loop, copy->observed_ms + (uint64_t)config->observer->interval_ms);
  if (copy->held_back) {
    uint64_t now_us = loop_now_us(config->loop);
    loop_wake_by(config->loop, (now_us + rate_wait_us(&copy->rate, now_us) + 999) / 1000);
  }
  if (copy->signal)
    loop_wake_by(config->loop, copy->stop_ms);
  copy_set_recovery_alarms(copy);
}

static int
take_a_turn(struct copy *copy, struct fault *fault)
{
  const struct copy_config *config = &copy->config;
  struct turn turn = { config->loop, { config->source, config->destination, config->list } };
  unsigned runs = 0;

  while (runs < RUNS_PER_TURN && run_a_stage(copy))
    runs++;
  if (copy->finished)
    return 0;
  assert(runs == RUNS_PER_TURN || waits_for_something(copy) || copy->held_back);
  turn_begin(&turn);
  set_alarms(copy);
  if (turn_wait(&turn, runs == RUNS_PER_TURN, fault) == -1)
    return -1;
  heed_signals(copy);
  if (copy->signal && loop_now_ms(config->loop) >= copy->stop_ms)
    copy->finished = true;
  observe(copy);
  return 0;
}

static const char *
why(const struct copy *copy, const struct endpoint *endpoint, int errnum)
{
  if (errnum == EFBIG && endpoint == copy->config.source)
    return "it is longer than the destination";
  if (errnum == ENODATA && endpoint == copy->config.source && endpoint->traits.in_order)
    return "it ends before the copy begins: it isn't what was copied before";
  if (errnum == COPY_DIFFERS)
    return endpoint == copy->config.list ? "it isn't what it was before"
                                         : "the list of blocks has another digest there";
  return endpoint_why(endpoint, errnum);
}

/* What of the destination is good. Nothing that wasn't flushed may be called so: a
 * server that dies, or a disk that loses power, takes it along. */
static void
tell_what_is_good(const struct copy *copy, struct fault *fault)
{
  unsigned long long confirmed = copy_confirmed_below(copy), flushed = copy->flushed_below;
  unsigned long long unreadable = copy_unreadable_below(copy, confirmed);

  if (flushed == 0 && confirmed > 0)
    fault_add(fault, "; the copy is confirmed below offset %llu, but nothing of it is flushed, and that may be lost",
              confirmed);
  else if (flushed < confirmed)
    fault_add(fault,
              "; the copy is good below offset %llu (flushed); up to %llu it is only confirmed, and that may be lost",
              flushed, confirmed);
  else
    fault_add(fault, "; the copy is good below offset %llu%s and incomplete from there on", flushed,
              flushed > 0 ? " (flushed)" : "");
  if (unreadable > 0)
    fault_add(fault, ", but for %llu bytes there that can't be read", unreadable);
}

/* Whether a flush failed, and that isn't the same as what failed before. */
static bool
has_flush_to_tell(const struct copy *copy)
{
  bool lost_before = copy->failure.endpoint == copy->config.destination && copy->failure.errnum == ENOTCONN;

  return copy->flush_errnum && !(lost_before && copy->flush_errnum == ENOTCONN);
}

/* What went wrong, where, how far the destination is good, and how to go on. */
static void
copy_tell(const struct copy *copy, struct fault *fault)
{
  const struct failure *failure = &copy->failure;
  const struct endpoint *destination = copy->config.destination;
  const char *joint = ", and ";

  if (failure->endpoint)
    fault_set(fault, failure->errnum == COPY_DIFFERS ? EXIT_DIGEST_DIFFERS : EXIT_FAILED, 0,
              "%s %s failed at offset %llu: %s", failure->doing, failure->endpoint->name,
              (unsigned long long)failure->offset, why(copy, failure->endpoint, failure->errnum));
  else if (copy->signal)
    fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d", copy->signal);
  else
    fault_set(fault, EXIT_FAILED, 0, "%s", joint = "");
  if (copy->config.unreadable && copy->errors >= copy->config.errors_max)
    fault_add(fault, ", which makes %llu parts that can't be read (--max-errors)", (unsigned long long)copy->errors);
  if (has_flush_to_tell(copy))
    fault_add(fault, "%sflushing %s failed: %s", joint, destination->name, why(copy, destination, copy->flush_errnum));
  if (!copy->config.only_looks)
    tell_what_is_good(copy, fault);
}

/* Puts everything back where it was before anything was read, but for what is known of the
 * ends and what the destination holds. */
static void
clear_rooms(struct copy *copy)
{
  for (unsigned i = 0; i < budget_slots(&copy->config.budget); i++)
    copy->slots[i].holders = 0;
  memset(copy->stage_busy, 0, sizeof copy->stage_busy);
  for (size_t i = 0; i < WRITES_MAX; i++)
    copy->transfers[i] = (struct transfer){ .state = TRANSFER_HOME };
  copy->zeros_waiting = 0;
  copy->rest = (struct piece){ 0 };
  copy->poured_slot = SLOT_NONE;
  copy->pour_wait = POUR_GOES_ON;
  copy->all_planned = false;
  copy->suspects = 0;
}

void
copy_begin(struct copy *copy, uint64_t start)
{
  const struct copy_config *config = &copy->config;
  const struct traits *source = &config->source->traits, *destination = &config->destination->traits;
  struct assemble_config assemble = { .block_bytes = config->budget.block_bytes,
                                      .block_min = destination->block_min,
                                      .write_max = config->budget.write_max,
                                      .zero_max = config->budget.zero_max,
                                      .size = destination->size,
                                      .detect_zeros = config->detect_zeros };
  uint64_t base = range_align_down(start, destination->block_min);

  clear_rooms(copy);
  if (config->unreadable) /* what is read anew may go well */
    areas_set(config->unreadable, (struct range){ start, source->size }, AREA_FINISHED);
  if (copy->errors > 0 && config->mark == MARK_PATTERN) /* which may lie where the source says now that it has zeros */
    copy->config.skip_zeros = false;
  copy->start = start;
  copy->done = base;
  extents_begin(&copy->extents, source->in_order ? 0 : range_align_down(start, copy->schedule.block_min));
  windows_begin(&copy->windows, copy->extents.end);
  reorder_init(&copy->reorder, base);
  assemble_init(&copy->assemble, &assemble, base);
  /* What of the destination's first block lies below is to be kept. */
  if (base < start)
    reorder_push(&copy->reorder,
                 (struct piece){ .offset = base, .length = start - base, .slot = SLOT_NONE, .kept = true });
}

/* Where the source ends, for this copy; SIZE_UNKNOWN for a stream. */
static uint64_t
end_of_source(const struct copy_config *config)
{
  const struct traits *source = &config->source->traits;

  return config->end == 0 ? source->size : range_min(range_align_up(config->end, source->block_min), source->size);
}

/* Whether all of the source is part of the copy. */
static bool
is_whole(const struct copy_config *config)
{
  return config->part == PART_ALL && !config->selection && config->start == 0;
}

void
copy_init(struct copy *copy, const struct copy_config *config)
{
  const struct traits *source = &config->source->traits;
  uint64_t size = end_of_source(config), base = range_align_down(config->start, config->destination->traits.block_min);
  /* What is checked by blocks is read in blocks. */
  uint64_t block_min = range_max(source->block_min, config->blocks ? config->blocks->config.block_bytes : 1);
  struct extents_rules rules = {
    .contexts = &config->source->contexts, .part = config->part, .alignment = block_min, .size = size
  };
  uint64_t now_us = loop_now_us(config->loop);

  assert(config->part == PART_ALL || (config->extents && source->can_extents));
  assert(!config->selection || !source->in_order);
  assert(config->start <= size);
  assert(!config->blocks || config->budget.spare_slots == 0); /* there are no digests for them */
  assert(is_whole(config) || (!config->skip_zeros && (!config->tap || config->tap->keep)));
  assert(!config->blocks || (!config->extents && !source->in_order && config->part == PART_ALL &&
                             block_list_is_noted(config->blocks) && config->budget.slot_bytes >= block_min));
  assert(!config->unreadable || (!source->in_order && !config->blocks && config->unreadable->size == source->size));
  memset(copy, 0, sizeof *copy);
  copy->config = *config;
  copy->source_end = size;
  if (config->tap && base > 0)
    config->tap->keep(config->tap, base);
  /* Zeros that are read as data must be found again, or are to be written as data. */
  copy->schedule = (struct schedule){ .size = size,
                                      .block_min = block_min,
                                      .request_bytes = config->budget.slot_bytes,
                                      .bridge_bytes = config->detect_zeros || config->allocated ? BRIDGE_BYTES : 0 };
  extents_init(&copy->extents, copy->known, EXTENTS_MAX);
  windows_init(&copy->windows, &rules, config->selection, config->extents && source->can_extents);
  pace_init(&copy->pace, config->budget.slots * config->budget.slot_bytes,
            budget_slots(&config->budget) * config->budget.slot_bytes);
  rate_init(&copy->rate, config->bytes_per_s);
  recovery_init(&copy->source_recovery, config->retry_ms, now_us);
  recovery_init(&copy->destination_recovery, config->retry_ms, ~now_us);
  recovery_init(&copy->list_recovery, config->retry_ms, now_us * 3);
  copy->zero_max = config->budget.zero_max;
  copy->large_zeros_work = !config->destination->traits.can_read;
  copy->flushed_below = config->start;
  copy->flush_asked_ms = now_us / 1000;
  for (unsigned i = 0; i < config->budget.slots; i++)
    copy->slots[i].buffer = config->slot_buffers + i * config->budget.slot_bytes;
  for (unsigned i = 0; i < config->budget.spare_slots; i++)
    copy->slots[config->budget.slots + i].buffer = config->spare_buffers + i * config->budget.slot_bytes;
  for (unsigned i = 0; config->blocks && i < config->budget.slots; i++)
    copy->slots[i].digests = config->slot_digests + i * block_list_bytes(config->budget.slot_bytes,
                                                                         config->blocks->config.block_bytes,
                                                                         config->blocks->config.hash->digest_bytes);
  copy_begin(copy, config->start);
}

bool
copy_is_all_confirmed(const struct copy *copy)
{
  return !copy->failure.endpoint && !copy->flush_errnum && !copy->is_rewinding &&
         copy_confirmed_below(copy) == copy->source_end && copy_is_home(copy);
}

/* A signal that came when all was done but the flush has stopped nothing. */
static bool
is_complete(const struct copy *copy)
{
  return copy_is_all_confirmed(copy) && (!copy_flushes(copy) || copy->is_settled);
}

int
copy_run(struct copy *copy, struct fault *fault)
{
  copy->observed_ms = loop_now_ms(copy->config.loop);
  while (!copy->finished)
    if (take_a_turn(copy, fault) == -1)
      return -1;
  observe(copy);
  if (copy_has_failed(copy) && !is_complete(copy)) {
    copy_tell(copy, fault);
    return -1;
  }
  assert(copy_is_home(copy));
  if (copy->signal) /* it has stopped nothing here, and is for what comes behind */
    copy->config.loop->signal_seen = copy->signal;
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
  return copy->transfers_out == 0 && copy->transfers_waiting == 0 && copy->zeros_waiting == 0 &&
         copy->reads_in_flight == 0 && !copy->proof;
}
