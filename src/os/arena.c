/* SPDX-License-Identifier: MIT */
/* arena: see arena.h. */
#include "os/arena.h"

#include "base/range.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

/* More addresses than are wanted, so that some among them begin where a large page
 * does; the others go back at once. */
static int
reserve(struct arena *arena, size_t bytes, struct fault *fault)
{
  size_t kept = (size_t)range_align_up(bytes, PAGE_BYTES);
  size_t asked = kept > SIZE_MAX - LARGE_PAGE_BYTES ? SIZE_MAX : kept + LARGE_PAGE_BYTES;
  unsigned char *base = mmap(NULL, asked, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (base == MAP_FAILED)
    return fault_set(fault, EXIT_FAILED, errno, "cannot reserve %zu KiB of memory (a smaller --memory may do)",
                     bytes / 1024);
  size_t before = (size_t)(range_align_up((uintptr_t)base, LARGE_PAGE_BYTES) - (uintptr_t)base);
  if (before > 0)
    munmap(base, before);
  if (asked - before > kept)
    munmap(base + before + kept, asked - before - kept);
  madvise(base + before, kept, MADV_DONTFORK);
  *arena = (struct arena){ .base = base + before, .bytes = bytes };
  return 0;
}

int
arena_reserve(struct arena *arena, size_t bytes, size_t spare, struct fault *fault)
{
  if (spare == 0 || reserve(arena, bytes + spare, fault) == -1)
    return reserve(arena, bytes, fault);
  arena->spare = spare;
  return 0;
}

void
arena_use_large_pages(const struct arena *arena)
{
  (void)madvise(arena->base, arena->bytes, MADV_HUGEPAGE); /* where it is refused, small ones do */
}

void *
arena_take(struct arena *arena, size_t bytes, size_t alignment)
{
  size_t at = (size_t)range_align_up(arena->used, alignment);

  assert(at <= arena->bytes && bytes <= arena->bytes - at);
  arena->used = at + bytes;
  return arena->base + at;
}

void
arena_take_back(struct arena *arena, size_t used)
{
  assert(used <= arena->used);
  arena->used = used;
}
