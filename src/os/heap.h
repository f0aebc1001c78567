/* SPDX-License-Identifier: MIT */
/* heap: malloc() and its kin, out of a fixed region.
 *
 * For libnbd and the C library: this room defines those functions for the whole
 * program, so that nothing in it can ask the kernel for more. When the heap is
 * full, malloc() fails with ENOMEM, and the caller says so. The functions are
 * declared where they always are, in stdlib.h and malloc.h.
 */
#ifndef DECANT_HEAP_H
#define DECANT_HEAP_H

#include "base/limits.h"

#include <stddef.h>

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
