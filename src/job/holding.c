/* SPDX-License-Identifier: MIT */
/* holding: see holding.h. */
#include "job/holding.h"

#include "base/range.h"
#include "job/ending.h"

size_t
holding_bytes(const struct options *options)
{
  uint64_t bytes = options->copy.hold_back_bytes;
  size_t left = options->copy.from > 0 ? range_align_up(sizeof(struct areas), PAGE_BYTES) : 0;

  return bytes > 0 ? hold_back_bytes(bytes) + left : 0;
}

void
holding_open(struct holding *holding, const struct options *options, struct arena *arena)
{
  uint64_t bytes = options->copy.hold_back_bytes;

  if (bytes == 0)
    return;
  holding->buffer = arena_take(arena, hold_back_bytes(bytes), PAGE_BYTES);
  if (options->copy.from > 0)
    holding->left = arena_take(arena, sizeof *holding->left, PAGE_BYTES);
}

int
holding_check(const struct holding *holding, const struct options *options, const struct endpoint *destination,
              struct fault *fault)
{
  if (!holding->buffer)
    return 0;
  return hold_back_check(destination, options->copy.hold_back_bytes, options->copy.domain || options->copy.bmap, fault);
}

/* What lies between the head and where the copy goes on is there, but what of it is the tail. */
static void
leave_out_what_is_there(struct holding *holding, uint64_t from, uint64_t size)
{
  const struct hold_back *hold = &holding->hold;
  uint64_t end = range_is_empty(hold->tail) ? size : hold->tail.start;
  struct range there = { hold->head.end, range_min(range_min(from, end), size) };

  areas_init(holding->left, size, false);
  if (there.start < there.end)
    areas_set(holding->left, there, AREA_FINISHED);
}

static void
select_what_is_left(struct holding *holding, struct copy_config *config)
{
  struct selection *selection = &holding->selection;

  if (config->selection)
    *selection = *config->selection;
  selection->lists[selection->count].areas = holding->left;
  selection->lists[selection->count++].statuses = AREA_STATUSES_ALL & ~(1u << AREA_FINISHED);
  config->selection = selection;
}

void
holding_begin(struct holding *holding, const struct options *options, struct keeper *keeper, struct copy_config *config)
{
  uint64_t from = options->copy.from, size = config->source->traits.size;
  bool is_stream = config->source->traits.in_order;

  if (!holding->buffer)
    return;
  struct hold_back_config hold = { .destination = config->destination,
                                   .bytes = options->copy.hold_back_bytes,
                                   .size = size,
                                   .passed_below = is_stream ? from : 0,
                                   .there_below = from,
                                   .wanted = keeper_wanted(keeper),
                                   .are_zeros = config->skip_zeros,
                                   .keeps_rest = options->copy.kept,
                                   .allocated = config->allocated,
                                   .zeros = config->zeros,
                                   .zero_bytes = config->budget.zero_bytes,
                                   .buffer = holding->buffer };
  hold_back_init(&holding->hold, &hold);
  hold_back_wait(&holding->hold, ending_changes(options) && !options->copy.verify);
  holding->is_on = true;
  config->destination = &holding->hold.front.base;
  config->start = 0;
  if (from > 0 && !is_stream) {
    leave_out_what_is_there(holding, from, size);
    select_what_is_left(holding, config);
  }
  keeper_hold(keeper, &holding->hold);
}

uint64_t
holding_missing(const struct holding *holding)
{
  const struct hold_back *hold = &holding->hold;

  return hold->is_touched && !hold_back_is_done(hold) ? hold->config.bytes : 0;
}

void
holding_tell(const struct holding *holding, struct fault *fault)
{
  unsigned long long missing = holding_missing(holding);

  if (missing == 0)
    return;
  if (holding->hold.is_ending)
    fault_add(fault, "; but of its first and last %llu bytes, which come last, not all is there", missing);
  else if (range_is_empty(holding->hold.tail))
    fault_add(fault, "; but its first %llu bytes are zeros until all is there, so that it doesn't boot", missing);
  else
    fault_add(fault, "; but its first and last %llu bytes are zeros until all is there, so that it doesn't boot",
              missing);
}
