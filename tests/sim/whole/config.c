/* SPDX-License-Identifier: MIT */
/* config: see config.h. */
#include "sim/whole/config.h"

#include "base/range.h"
#include "sim/check.h"

#include <stdlib.h>
#include <string.h>

void
config_choose(struct copy_config *config, struct random *random, struct endpoint *source, struct endpoint *destination,
              struct loop *loop, bool is_patient)
{
  *config = (struct copy_config){ .source = source,
                                  .destination = destination,
                                  .loop = loop,
                                  .part = PART_ALL,
                                  .extents = !random_one_in(random, 8),
                                  .detect_zeros = !random_one_in(random, 4),
                                  .allocated = random_one_in(random, 8),
                                  .flush = !random_one_in(random, 8),
                                  .bytes_per_s = random_one_in(random, 16) ? random_power(random, 16, 30) : 0,
                                  .flush_each_bytes = random_one_in(random, 2) ? random_between(random, 1, 65536) : 0,
                                  .flush_each_ms = random_between(random, 0, 30) };
  if (is_patient)
    config->retry_ms = COPY_RETRY_FOREVER;
  else if (!random_one_in(random, 3))
    config->retry_ms = random_between(random, 1, 40000);
}

void
config_plan(struct copy_config *config, struct random *random, unsigned lowest, unsigned highest)
{
  struct budget *budget = &config->budget;
  struct budget_needs needs = budget_needs_of(&config->source->traits, &config->destination->traits);
  struct fault fault;

  needs.payload_bytes = PAYLOAD_BYTES_MIN;
  needs.sparse_bytes = random_one_in(random, 3) ? 0 : random_power(random, 9, 13);
  needs.zero_max = ZERO_BYTES_MAX;
  if (budget_plan(budget, &needs, &fault) == -1)
    sim_fail("no plan: %s", fault.text);
  if (random_one_in(random, 10))
    return;
  budget->slot_bytes = range_max(range_min(random_power(random, lowest, highest), budget->slot_bytes),
                                 needs.source_block_min);
  budget->slots = (unsigned)random_between(random, SLOTS_MIN, range_min(20, budget->slots));
  budget->stages = (unsigned)random_between(random, STAGES_MIN, range_min(4, budget->stages));
  if (random_one_in(random, 2))
    budget->zero_max = budget->block_bytes * random_power(random, 0, 4);
  budget->zero_sure = budget->zero_max;
}

static unsigned char *
take_buffer(uint64_t bytes, int filled_with)
{
  void *buffer = NULL;

  if (posix_memalign(&buffer, PAGE_BYTES, range_max(bytes, 1)) != 0)
    sim_fail("no memory is left for the simulation");
  memset(buffer, filled_with, bytes);
  return buffer;
}

void
config_take_buffers(struct copy_config *config)
{
  const struct budget *budget = &config->budget;

  config->slot_buffers = take_buffer(budget->slots * budget->slot_bytes, 0xee);
  config->spare_buffers = take_buffer(budget->spare_slots * budget->slot_bytes, 0xee);
  config->stage_buffers = take_buffer(budget->stages * budget->block_bytes, 0xee);
  config->zeros = take_buffer(budget->zero_bytes, 0);
}

void
config_drop_buffers(struct copy_config *config)
{
  free(config->slot_buffers);
  free(config->spare_buffers);
  free(config->stage_buffers);
  free(config->zeros);
  config->slot_buffers = config->spare_buffers = config->stage_buffers = config->zeros = NULL;
}
