/* SPDX-License-Identifier: MIT */
/* local: see local.h. */
#include "edges/local.h"

#include "base/range.h"
#include "sim/disk.h"

#include <string.h>

static struct disk disk;
static uint8_t flushing[DISK_BYTES_MAX], late_bytes[DISK_BYTES_MAX], decided[DISK_BYTES_MAX], marks[DISK_BYTES_MAX];

/* ---- What disk.c asks of its simulator, which looks at the other end here ---- */

unsigned
sim_failures(const struct request *request)
{
  (void)request;
  return 0;
}

void
sim_see(const struct request *request)
{
  (void)request;
}

void
sim_see_asked(const struct request *request)
{
  (void)request;
}

struct endpoint *
local_open(struct random *random, enum role role, uint64_t bytes, uint8_t *content, uint8_t *stable, bool flushes)
{
  uint64_t block_min = random_one_in(random, 3) ? 1 : random_power(random, 0, 12);

  memset(&disk, 0, sizeof disk);
  disk.base = (struct endpoint){ .kind = "disk", .name = "disk" };
  disk.base.traits = (struct traits){ .size = range_align_up(bytes, block_min),
                                      .block_min = block_min,
                                      .block_preferred = block_min * random_power(random, 0, 4),
                                      .request_max = random_between(random, block_min, block_min * 8 + 20000),
                                      .can_extents = !random_one_in(random, 4),
                                      .can_zero = !random_one_in(random, 5),
                                      .can_flush = true,
                                      .can_read = true,
                                      .requests_max = (unsigned)random_between(random, 1, 40) };
  if (disk.base.traits.can_extents)
    contexts_add(&disk.base.contexts, CONTEXT_ALLOCATION_NAME, false);
  disk.random.state = random_next(random);
  disk.manners = (struct manners){ .dies_at_us = NEVER };
  disk.manners.delay_max_us = random_one_in(random, 4) ? 0 : random_power(random, 0, 12);
  disk.manners.split_one_in = random_one_in(random, 2) ? 3 : 0;
  disk.manners.sends = random_one_in(random, 2);
  disk.role = role;
  disk.bytes = disk.base.traits.size;
  disk.content = content;
  disk.stable = stable;
  disk.flushing = flushing;
  disk.marks = marks;
  disk.decided = decided;
  disk.late_bytes = late_bytes;
  disk.watched_bytes = disk.bytes;
  disk.zero_limit = UINT64_MAX;
  disk.flushes = flushes;
  memset(decided, 0, sizeof decided);
  disk_init(&disk);
  return &disk.base;
}

void
local_forget(void)
{
  disk_forget_requests(&disk);
}

uint64_t
local_next_us(void)
{
  return disk_next_us(&disk);
}

void
local_advance(uint64_t now_us)
{
  disk_advance(&disk, now_us);
}

void
local_lose_power(void)
{
  disk_lose_power(&disk);
}
