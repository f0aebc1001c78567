/* SPDX-License-Identifier: MIT */
/* arena: memory for payload, TLS sessions and large tables, reserved at start.
 *
 * One reservation, made once, handed out front to back; all behind a place may be handed out anew.
 * What malloc() gives comes from elsewhere (heap.h). A child doesn't get it: a process that
 * lives beside us would have us hold each page twice that we change, and secrets too.
 */
#ifndef DECANT_ARENA_H
#define DECANT_ARENA_H

#include "base/error.h"
#include "base/limits.h"

#include <stddef.h>

struct arena {
  unsigned char *base;
  size_t bytes; /* reserved */
  size_t spare; /* of them, those that were only asked for */
  size_t used;
};

/* Reserves the arena, with `spare` bytes besides if they are to be had; its bytes are zero. Returns 0, or -1 with the fault set. */
int arena_reserve(struct arena *arena, size_t bytes, size_t spare, struct fault *fault);

/* Has the arena's memory come in pages of LARGE_PAGE_BYTES, where the machine has them
 * to give. A disk is given memory in contiguous pieces, of which a request takes
 * only so many: in small pages, direct I/O goes at less than half the speed. Only
 * for an arena that will be used as a whole, since whoever touches a byte gets a
 * page. Before the first byte is touched. */
void arena_use_large_pages(const struct arena *arena);

/* Hands out `bytes`, aligned to `alignment` (a power of two). What is asked for
 * was counted before: running out is a mistake, and asserted. */
void *arena_take(struct arena *arena, size_t bytes, size_t alignment);

/* Takes back all that was handed out since `used` was what the arena had used; its bytes stay as they are. */
void arena_take_back(struct arena *arena, size_t used);

#endif
