/* SPDX-License-Identifier: MIT */
/* arena: all memory, reserved at start.
 *
 * Two things. The arena is one reservation, made once, handed out front to back
 * and never given back: the payload's buffers. The heap is
 * a fixed region behind malloc() and its kin, for libnbd and the C library: this
 * file defines those functions for the whole program, so that nothing in it can
 * ask the kernel for more. When the heap is full, malloc() fails with ENOMEM,
 * and the caller says so.
 */
#ifndef DECANT_ARENA_H
#define DECANT_ARENA_H

#include "base/error.h"
#include "base/limits.h"

#include <stddef.h>
#include <stdint.h>

struct arena {
  unsigned char *base;
  size_t bytes; /* reserved */
  size_t used;
};

/* Reserves the arena; its bytes are zero. Returns 0, or -1 with the fault set. */
int arena_reserve(struct arena *arena, size_t bytes, struct fault *fault);

/* Has the arena's memory come in pages of LARGE_PAGE_BYTES, where the machine has them
 * to give. A disk is given memory in contiguous pieces, of which a request takes
 * only so many: in small pages, direct I/O goes at less than half the speed. Only
 * for an arena that will be used as a whole, since whoever touches a byte gets a
 * page. Before the first byte is touched. */
void arena_use_large_pages(const struct arena *arena);

/* Hands out `bytes`, aligned to `alignment` (a power of two). What is asked for
 * was counted before: running out is a mistake, and asserted. */
void *arena_take(struct arena *arena, size_t bytes, size_t alignment);

#define HEAP_BINS 24

struct heap_block;

/* The heap's state, defined in main.c; all zero is an empty heap. */
struct heap {
  _Alignas(16) unsigned char bytes[HEAP_BYTES];
  struct heap_block *bins[HEAP_BINS]; /* free blocks by size, powers of two */
  size_t used;                        /* bytes handed out, with their headers */
  size_t peak;                        /* the most that `used` ever was */
  int ready;
};

extern struct heap heap;

#endif
