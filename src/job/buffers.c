/* SPDX-License-Identifier: MIT */
/* buffers: see buffers.h. */
#include "job/buffers.h"

#include "base/range.h"
#include "os/spare.h"

#include <string.h>

int
buffers_reserve(struct arena *arena, const struct options *options, size_t tables_bytes, struct fault *fault)
{
  /* The payload begins with a large page, and each part of it may be rounded to a small one. */
  size_t bytes = range_align_up(tables_bytes, LARGE_PAGE_BYTES) + options->copy.payload_bytes + 4 * PAGE_BYTES;
  size_t spare = 0;

  if (options->copy.payload_bytes == PAYLOAD_BYTES_DEFAULT && !options->copy.payload_is_fixed)
    spare = (size_t)range_min(spare_memory() / SPARE_SHARE, SPARE_BYTES_MAX);
  return arena_reserve(arena, bytes, spare, fault);
}

static int
plan(struct copy_config *config, const struct options *options, uint64_t spare_bytes, struct fault *fault)
{
  struct budget_needs needs = budget_needs_of(&config->source->traits, &config->destination->traits);

  if (config->blocks)
    needs.source_block_min = range_max(needs.source_block_min, config->blocks->config.block_bytes);
  needs.payload_bytes = options->copy.payload_bytes;
  needs.spare_bytes = spare_bytes;
  needs.request_bytes = options->copy.request_bytes;
  needs.sparse_bytes = options->copy.sparse_bytes;
  needs.zero_max = options->persona == PERSONA_NBDCOPY ? ZERO_BYTES_MAX_AS_NBDCOPY : ZERO_BYTES_MAX;
  return budget_plan(&config->budget, &needs, fault);
}

/* What there is for spare slots, which begin with a large page. A copy that is held to a list has digests for each of its slots, and
 * makes do with those of its payload. */
static uint64_t
spare_bytes_of(const struct copy_config *config, const struct arena *arena)
{
  return config->blocks ? 0 : arena->spare - range_min(arena->spare, LARGE_PAGE_BYTES);
}

int
buffers_plan(struct copy_config *config, const struct options *options, struct arena *arena, size_t used,
             struct fault *fault)
{
  struct budget *budget = &config->budget;
  bool is_fresh = arena->used == used;

  if (plan(config, options, spare_bytes_of(config, arena), fault) == -1)
    return -1;
  arena_take_back(arena, used);
  config->slot_buffers = arena_take(arena, budget->slots * budget->slot_bytes, LARGE_PAGE_BYTES);
  config->stage_buffers = arena_take(arena, budget->stages * budget->block_bytes, PAGE_BYTES);
  config->zeros = arena_take(arena, budget->zero_bytes, PAGE_BYTES);
  if (budget->spare_slots > 0)
    config->spare_buffers = arena_take(arena, budget->spare_slots * budget->slot_bytes, LARGE_PAGE_BYTES);
  if (!is_fresh) /* else it hasn't been touched, and isn't before it is wanted */
    memset(config->zeros, 0, budget->zero_bytes);
  return 0;
}
