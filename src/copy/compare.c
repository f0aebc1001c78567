/* SPDX-License-Identifier: MIT */
/* compare: see compare.h and compare_stages.h. */
#include "copy/compare.h"

#include "base/range.h"
#include "copy/compare_stages.h"
#include "copy/turn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Steps between two looks at the loop. */
#define COMPARES_PER_TURN 64

/* ---- What is known ---- */

uint64_t
compare_now_ms(const struct compare *compare)
{
  return loop_now_ms(compare->config.loop);
}

bool
compare_is_needless(const struct compare *compare, uint64_t offset)
{
  return offset >= compare->needed_below;
}

uint64_t
compare_known_below(const struct compare *compare)
{
  uint64_t below = compare->position;

  for (unsigned i = 0; i < compare->config.budget.units; i++)
    if (compare->units[i].is_busy)
      below = range_min(below, compare->units[i].range.start);
  return range_min(below, compare->needed_below);
}

void
compare_fail(struct compare *compare, const struct compare_failure *failure, uint64_t below)
{
  if (!compare->failure.end || failure->offset < compare->failure.offset)
    compare->failure = *failure;
  compare->needed_below = range_min(compare->needed_below, below);
}

const struct endpoint *
compare_waits_for(const struct compare *compare, uint64_t *since_ms)
{
  for (int i = 0; i < 2; i++) {
    *since_ms = compare->sides[i].recovery.lost_ms;
    if (compare->sides[i].recovery.is_lost && !compare->is_ending)
      return compare->sides[i].end;
  }
  return NULL;
}

/* ---- The loop ---- */

/* Whether nothing that is still to come could change the answer. */
static bool
is_decided(const struct compare *compare)
{
  if (!compare->all_planned && !compare_is_needless(compare, compare->position))
    return false;
  for (unsigned i = 0; i < compare->config.budget.units; i++)
    if (compare->units[i].is_busy && !compare_is_needless(compare, compare->units[i].range.start))
      return false;
  return true;
}

static bool
is_all_home(const struct compare *compare)
{
  for (int i = 0; i < 2; i++)
    if (compare->sides[i].reads_out > 0 || compare->sides[i].windows.out > 0)
      return false;
  return true;
}

static bool
end_compare(struct compare *compare)
{
  if (!is_decided(compare))
    return false;
  if (!compare->is_ending)
    compare->stop_ms = compare_now_ms(compare) + COPY_STOP_MS;
  compare->is_ending = true;
  compare->finished = is_all_home(compare);
  return compare->finished;
}

/* What frees something comes before what uses something up. */
static bool (*const compare_steps[])(struct compare *compare) = {
  compare_take_answer, compare_a_unit, compare_recover,   compare_ask_again,
  compare_survey,      end_compare,    compare_read_next,
};

static bool
take_compare_step(struct compare *compare)
{
  for (size_t i = 0; i < sizeof compare_steps / sizeof compare_steps[0]; i++)
    if (compare_steps[i](compare))
      return true;
  return false;
}

static void
observe_compare(struct compare *compare)
{
  struct compare_observer *observer = compare->config.observer;
  uint64_t now_ms = compare_now_ms(compare);

  if (observer->interval_ms == 0 ||
      (!compare->finished && now_ms - compare->observed_ms < (uint64_t)observer->interval_ms))
    return;
  compare->observed_ms = now_ms;
  observer->progress(observer, compare, now_ms);
}

/* The first signal ends it in good order, a second one at once. */
static void
heed_signals_of_compare(struct compare *compare)
{
  struct loop *loop = compare->config.loop;

  if (!loop->signal_seen)
    return;
  if (compare->signal || compare->is_ending)
    compare->finished = true;
  if (!is_decided(compare)) /* else it stops nothing */
    compare->signal = loop->signal_seen;
  compare->needed_below = range_min(compare->needed_below, compare_known_below(compare));
  loop->signal_seen = 0;
}

static void
set_compare_alarms(const struct compare *compare)
{
  struct loop *loop = compare->config.loop;
  uint64_t now_us = loop_now_us(loop);

  if (compare->config.observer->interval_ms)
    loop_wake_by(loop, compare->observed_ms + (uint64_t)compare->config.observer->interval_ms);
  if (compare->is_ending)
    loop_wake_by(loop, compare->stop_ms);
  for (int i = 0; compare->held_back && i < 2; i++) {
    uint64_t wait_us = rate_wait_us(&compare->sides[i].rate, now_us);
    if (wait_us > 0)
      loop_wake_by(loop, (now_us + wait_us + 999) / 1000);
  }
  compare_set_recovery_alarms(compare);
}

static int
compare_a_turn(struct compare *compare, struct fault *fault)
{
  struct turn turn = { compare->config.loop, { compare->config.ends[0], compare->config.ends[1] } };
  unsigned count = 0;

  while (count < COMPARES_PER_TURN && !compare->finished && take_compare_step(compare))
    count++;
  if (compare->finished)
    return 0;
  turn_begin(&turn);
  set_compare_alarms(compare);
  if (turn_wait(&turn, count == COMPARES_PER_TURN, fault) == -1)
    return -1;
  heed_signals_of_compare(compare);
  if (compare->is_ending && compare_now_ms(compare) >= compare->stop_ms)
    compare->finished = true;
  observe_compare(compare);
  return 0;
}

/* ---- The beginning and the end ---- */

int
compare_divide(struct compare_budget *budget, const struct traits *one, const struct traits *other,
               uint64_t payload_bytes, struct fault *fault)
{
  uint64_t block = range_max(one->block_min, other->block_min);
  uint64_t share = range_power_of_two_below(payload_bytes / (2 * COMPARE_UNITS_MAX));

  budget->unit_bytes = range_max(range_max(range_min(share, SLOT_BYTES_MAX), PAGE_BYTES), block);
  budget->units = (unsigned)range_min(payload_bytes / (2 * budget->unit_bytes), COMPARE_UNITS_MAX);
  if (budget->units >= COMPARE_UNITS_MIN)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "the blocks of %llu KiB need --memory=%lluM at least",
                   (unsigned long long)(block / KIB),
                   (unsigned long long)(range_align_up(2 * COMPARE_UNITS_MIN * block, MIB) / MIB));
}

uint64_t
compare_map_bytes(const struct endpoint *one, const struct endpoint *other)
{
  return range_max(one->traits.size, other->traits.size);
}

static void
init_side(struct compare *compare, unsigned index)
{
  const struct compare_config *config = &compare->config;
  struct compare_side *side = &compare->sides[index];
  struct endpoint *end = config->ends[index];
  struct extents_rules rules = {
    .contexts = &end->contexts, .part = PART_ALL, .alignment = end->traits.block_min, .size = end->traits.size
  };

  side->end = end;
  extents_init(&side->extents, side->known, COMPARE_EXTENTS_MAX);
  windows_init(&side->windows, &rules, NULL, config->extents && end->traits.can_extents);
  pace_init(&side->pace, config->budget.units * config->budget.unit_bytes,
            config->budget.units * config->budget.unit_bytes);
  rate_init(&side->rate, config->bytes_per_s);
  recovery_init(&side->recovery, config->retry_ms, loop_now_us(config->loop) ^ index);
  side->request_bytes = range_max(range_power_of_two_below(end->traits.request_max), end->traits.block_min);
  compare->views[index] = (struct compare_view){ &side->extents, end->traits.size };
}

void
compare_init(struct compare *compare, const struct compare_config *config)
{
  const struct traits *one = &config->ends[0]->traits, *other = &config->ends[1]->traits;
  uint64_t bytes = config->budget.unit_bytes;

  memset(compare, 0, sizeof *compare);
  compare->config = *config;
  compare->rules = (struct compare_rules){ .unit_bytes = bytes,
                                           .grain_bytes = range_max(PAGE_BYTES,
                                                                    range_max(one->block_min, other->block_min)),
                                           .bridge_bytes = BRIDGE_BYTES };
  compare->first_difference = compare->needed_below = UINT64_MAX;
  compare->observed_ms = compare_now_ms(compare);
  for (unsigned i = 0; i < 2; i++)
    init_side(compare, i);
  for (unsigned i = 0; i < config->budget.units; i++)
    for (unsigned side = 0; side < 2; side++) {
      struct compare_read *read = &compare->units[i].reads[side];
      read->buffer = config->buffers + (2 * i + side) * bytes;
      read->unit = i;
      read->side = side;
    }
}

static int
tell_compare(const struct compare *compare, struct fault *fault)
{
  const struct compare_failure *failure = &compare->failure;

  if (failure->end)
    fault_set(fault, EXIT_FAILED, 0, "%s %s failed at offset %llu: %s", "reading", failure->end->name,
              (unsigned long long)failure->offset, endpoint_why(failure->end, failure->errnum));
  else
    fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d", compare->signal);
  if (compare->first_difference == UINT64_MAX && compare->unreadable_bytes == 0)
    fault_add(fault, "; both are the same below offset %llu", (unsigned long long)compare_known_below(compare));
  else if (compare->first_difference != UINT64_MAX)
    fault_add(fault, "; they differ at %llu", (unsigned long long)compare->first_difference);
  return -1;
}

/* Whether what failed came before any difference, or kept others from being found that are wanted. */
static bool
has_failed_first(const struct compare *compare)
{
  return compare->failure.end && (compare->config.areas || compare->first_difference > compare->needed_below);
}

int
compare_run(struct compare *compare, struct fault *fault)
{
  while (!compare->finished)
    if (compare_a_turn(compare, fault) == -1)
      return -1;
  observe_compare(compare);
  if (compare->signal || has_failed_first(compare))
    return tell_compare(compare, fault);
  if (compare->config.areas)
    areas_end_at(compare->config.areas, compare_total(compare->views));
  return 0;
}
