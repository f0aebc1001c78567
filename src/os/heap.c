/* SPDX-License-Identifier: MIT */
/* heap: see heap.h.
 *
 * The heap is a row of blocks without gaps, each with a header that knows its
 * own size and its left neighbour's. Free blocks stand in lists by size, and
 * neighbours that are both free become one as soon as they are.
 */
#include "os/heap.h"

#include "base/range.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 16 /* alignment and granularity of blocks, as malloc promises */

struct heap_block {
  size_t bytes;      /* of this block, header included; a multiple of UNIT; lowest bit: in use */
  size_t left_bytes; /* of the block before it; 0: this is the first */
  /* Payload begins here; a free block keeps its list there. */
  struct heap_block *next;
  struct heap_block *previous;
};

#define HEADER offsetof(struct heap_block, next)
#define BLOCK_MIN sizeof(struct heap_block)
_Static_assert(HEADER % UNIT == 0 && BLOCK_MIN % UNIT == 0, "payload is aligned");

static size_t
size_of(const struct heap_block *block)
{
  return block->bytes & ~(size_t)1;
}

static bool
in_use(const struct heap_block *block)
{
  return block->bytes & 1;
}

static struct heap_block *
right_of(struct heap_block *block)
{
  unsigned char *right = (unsigned char *)block + size_of(block);

  return right < heap.bytes + HEAP_BYTES ? (struct heap_block *)right : NULL;
}

static struct heap_block *
left_of(struct heap_block *block)
{
  return block->left_bytes ? (struct heap_block *)((unsigned char *)block - block->left_bytes) : NULL;
}

/* Blocks of 2^n to 2^(n+1)-1 units stand in bin n. */
static unsigned
bin_of(size_t bytes)
{
  return 63 - (unsigned)__builtin_clzll(bytes / UNIT);
}
_Static_assert(HEAP_BYTES / UNIT < UINT64_C(1) << HEAP_BINS, "the whole heap has its bin");

static void
set_size(struct heap_block *block, size_t bytes)
{
  block->bytes = bytes;
  struct heap_block *right = right_of(block);
  if (right)
    right->left_bytes = bytes;
}

static void
link_free(struct heap_block *block)
{
  struct heap_block **bin = &heap.bins[bin_of(size_of(block))];

  block->previous = NULL;
  block->next = *bin;
  if (*bin)
    (*bin)->previous = block;
  *bin = block;
}

static void
unlink_free(struct heap_block *block)
{
  if (block->previous)
    block->previous->next = block->next;
  else
    heap.bins[bin_of(size_of(block))] = block->next;
  if (block->next)
    block->next->previous = block->previous;
}

static struct heap_block *
find_free(size_t bytes)
{
  for (unsigned bin = bin_of(bytes); bin < HEAP_BINS; bin++)
    for (struct heap_block *block = heap.bins[bin]; block; block = block->next)
      if (size_of(block) >= bytes)
        return block;
  return NULL;
}

/* Cuts what a block has beyond `bytes` off, as a free block of its own. */
static void
cut_to(struct heap_block *block, size_t bytes)
{
  size_t rest = size_of(block) - bytes;

  if (rest < BLOCK_MIN)
    return;
  set_size(block, bytes);
  struct heap_block *right = right_of(block);
  right->left_bytes = bytes;
  set_size(right, rest);
  link_free(right);
}

static void *
allocate(size_t bytes)
{
  if (!heap.ready) {
    struct heap_block *all = (struct heap_block *)heap.bytes;
    all->left_bytes = 0;
    set_size(all, HEAP_BYTES);
    link_free(all);
    heap.ready = 1;
  }
  if (bytes > HEAP_BYTES) {
    errno = ENOMEM;
    return NULL;
  }
  bytes = (size_t)range_max(range_align_up(bytes + HEADER, UNIT), BLOCK_MIN);
  struct heap_block *block = find_free(bytes);
  if (!block) {
    errno = ENOMEM;
    return NULL;
  }
  unlink_free(block);
  cut_to(block, bytes);
  heap.used += size_of(block);
  heap.peak = heap.used > heap.peak ? heap.used : heap.peak;
  block->bytes |= 1;
  return (unsigned char *)block + HEADER;
}

/* libnbd may free() a string literal when it ran out of memory while noting an
 * error: what isn't the heap's is left alone. */
static struct heap_block *
block_of(void *pointer)
{
  unsigned char *p = pointer;

  if (p < heap.bytes + HEADER || p >= heap.bytes + HEAP_BYTES)
    return NULL;
  struct heap_block *block = (struct heap_block *)(p - HEADER);
  assert(in_use(block));
  return block;
}

void
free(void *pointer)
{
  struct heap_block *block = block_of(pointer);

  if (!block)
    return;
  heap.used -= size_of(block);
  block->bytes &= ~(size_t)1;
  struct heap_block *right = right_of(block);
  if (right && !in_use(right)) {
    unlink_free(right);
    set_size(block, size_of(block) + size_of(right));
  }
  struct heap_block *left = left_of(block);
  if (left && !in_use(left)) {
    unlink_free(left);
    set_size(left, size_of(left) + size_of(block));
    block = left;
  }
  link_free(block);
}

void *
malloc(size_t bytes)
{
  return allocate(bytes);
}

void *
calloc(size_t count, size_t bytes)
{
  if (bytes && count > SIZE_MAX / bytes) {
    errno = ENOMEM;
    return NULL;
  }
  void *pointer = allocate(count * bytes);
  if (pointer)
    memset(pointer, 0, count * bytes);
  return pointer;
}

void *
realloc(void *pointer, size_t bytes)
{
  if (!pointer)
    return allocate(bytes);
  struct heap_block *block = block_of(pointer);
  assert(block);
  size_t held = size_of(block) - HEADER;
  if (bytes <= held)
    return pointer;
  void *larger = allocate(bytes);
  if (larger) {
    memcpy(larger, pointer, held);
    free(pointer);
  }
  return larger;
}

/* Nothing in the program needs more than malloc's own alignment. */
void *
aligned_alloc(size_t alignment, size_t bytes)
{
  if (alignment > UNIT) {
    errno = EINVAL;
    return NULL;
  }
  return allocate(bytes);
}

void *memalign(size_t alignment, size_t bytes); /* not every <stdlib.h> declares it */

void *
memalign(size_t alignment, size_t bytes)
{
  return aligned_alloc(alignment, bytes);
}

int
posix_memalign(void **pointer, size_t alignment, size_t bytes)
{
  *pointer = aligned_alloc(alignment, bytes);
  return *pointer ? 0 : errno;
}
