/* SPDX-License-Identifier: MIT */
/* budget: see budget.h. */
#include "copy/budget.h"

#include "base/limits.h"
#include "base/range.h"

/* The unit of writes: what the destination likes best, coarser where zeros are
 * to be looked for in larger runs, finer where its requests or the memory hold
 * no more; never finer than its minimum. */
static uint64_t
choose_block(const struct budget_needs *needs)
{
  uint64_t block = range_max(needs->destination_block_preferred, needs->sparse_bytes);
  uint64_t limit = range_min(needs->destination_request_max, needs->payload_bytes / PAYLOAD_SHARE_PER_BLOCK);

  block = range_min(block, range_power_of_two_below(range_max(limit, 1)));
  return range_max(block, needs->destination_block_min);
}

static uint64_t
choose_slot(const struct budget_needs *needs)
{
  uint64_t share = needs->payload_bytes / PAYLOAD_SHARE_PER_SLOT;
  uint64_t slot = range_min(range_max(share, SLOT_BYTES_MIN), SLOT_BYTES_MAX);

  if (needs->request_bytes)
    slot = needs->request_bytes;
  slot = range_power_of_two_below(range_min(slot, needs->source_request_max));
  return range_max(slot, needs->source_block_min);
}

/* Divides the payload without minding whether it suffices; returns what it takes
 * at least. */
static uint64_t
divide(struct budget *budget, const struct budget_needs *needs)
{
  uint64_t block = choose_block(needs);
  uint64_t slot = choose_slot(needs);
  uint64_t write_max = range_align_down(range_max(needs->destination_request_max, block), block);
  uint64_t zeros = range_min(range_min(slot, range_power_of_two_below(write_max)), ZERO_BLOCK_BYTES);
  uint64_t stages = needs->payload_bytes / PAYLOAD_SHARE_FOR_STAGING / block;

  stages = range_min(range_max(stages, STAGES_MIN), STAGES_MAX);
  *budget = (struct budget){ .slot_bytes = slot,
                             .block_bytes = block,
                             .stages = (unsigned)stages,
                             .zero_bytes = range_max(zeros, block),
                             .write_max = write_max,
                             .zero_max = range_align_down(needs->zero_max, block),
                             .zero_sure = range_align_down(range_min(needs->zero_max, ZERO_BYTES_MAX), block) };
  uint64_t fixed = stages * block + budget->zero_bytes;
  if (fixed < needs->payload_bytes)
    budget->slots = (unsigned)range_min((needs->payload_bytes - fixed) / slot, SLOTS_MAX);
  budget->spare_slots = (unsigned)range_min(needs->spare_bytes / slot, SLOTS_MAX - budget->slots);
  return fixed + SLOTS_MIN * slot;
}

struct budget_needs
budget_needs_of(const struct traits *source, const struct traits *destination)
{
  return (struct budget_needs){ .source_block_min = source->block_min,
                                .source_request_max = source->request_max,
                                .destination_block_min = destination->block_min,
                                .destination_block_preferred = destination->block_preferred,
                                .destination_request_max = destination->request_max };
}

int
budget_plan(struct budget *budget, const struct budget_needs *needs, struct fault *fault)
{
  struct budget_needs enough = *needs;
  uint64_t least;

  /* More memory makes for larger slots: ask again until it really suffices. */
  while ((least = divide(budget, &enough)) > enough.payload_bytes)
    enough.payload_bytes = range_align_up(least, MIB);
  if (enough.payload_bytes == needs->payload_bytes)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "the blocks of source (%llu KiB) and destination (%llu KiB) need --memory=%lluM at least",
                   (unsigned long long)(needs->source_block_min / KIB),
                   (unsigned long long)(needs->destination_block_min / KIB),
                   (unsigned long long)(enough.payload_bytes / MIB));
}
