/* SPDX-License-Identifier: MIT */
/* buffers: see buffers.h. */
#include "job/buffers.h"

#include "base/range.h"

#include <string.h>

static int
plan(struct copy_config *config, const struct options *options, struct fault *fault)
{
  struct budget_needs needs = budget_needs_of(&config->source->traits, &config->destination->traits);

  if (config->blocks)
    needs.source_block_min = range_max(needs.source_block_min, config->blocks->config.block_bytes);
  needs.payload_bytes = options->copy.payload_bytes;
  needs.request_bytes = options->copy.request_bytes;
  needs.sparse_bytes = options->copy.sparse_bytes;
  needs.zero_max = options->persona == PERSONA_NBDCOPY ? ZERO_BYTES_MAX_AS_NBDCOPY : ZERO_BYTES_MAX;
  return budget_plan(&config->budget, &needs, fault);
}

int
buffers_plan(struct copy_config *config, const struct options *options, struct arena *arena, size_t used,
             struct fault *fault)
{
  struct budget *budget = &config->budget;
  bool is_fresh = arena->used == used;

  if (plan(config, options, fault) == -1)
    return -1;
  arena_take_back(arena, used);
  config->slot_buffers = arena_take(arena, budget->slots * budget->slot_bytes, LARGE_PAGE_BYTES);
  config->stage_buffers = arena_take(arena, budget->stages * budget->block_bytes, PAGE_BYTES);
  config->zeros = arena_take(arena, budget->zero_bytes, PAGE_BYTES);
  if (!is_fresh) /* else it hasn't been touched, and isn't before it is wanted */
    memset(config->zeros, 0, budget->zero_bytes);
  return 0;
}
