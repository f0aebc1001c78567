/* SPDX-License-Identifier: MIT */
/* range: half-open ranges of bytes, [start, end), that cannot overflow.
 *
 * Offsets and lengths are bytes. What would pass the last offset that 64 bits
 * can name is cut there, so that comparing and subtracting stay safe whatever
 * a server says. Alignments are powers of two, at least 1.
 */
#ifndef DECANT_RANGE_H
#define DECANT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct range {
  uint64_t start; /* first byte */
  uint64_t end;   /* one past the last byte; never below start */
};

static inline uint64_t
range_min(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

static inline uint64_t
range_max(uint64_t a, uint64_t b)
{
  return a > b ? a : b;
}

/* offset + length, or the largest offset there is. */
static inline uint64_t
range_end(uint64_t offset, uint64_t length)
{
  return length > UINT64_MAX - offset ? UINT64_MAX : offset + length;
}

static inline struct range
range_make(uint64_t offset, uint64_t length)
{
  return (struct range){ offset, range_end(offset, length) };
}

static inline uint64_t
range_length(struct range r)
{
  return r.end - r.start;
}

static inline bool
range_is_empty(struct range r)
{
  return r.end == r.start;
}

static inline bool
range_is_power_of_two(uint64_t n)
{
  return n != 0 && (n & (n - 1)) == 0;
}

static inline uint64_t
range_align_down(uint64_t offset, uint64_t alignment)
{
  return offset & ~(alignment - 1);
}

/* Rounds up; an offset that has no aligned one above it is rounded down. */
static inline uint64_t
range_align_up(uint64_t offset, uint64_t alignment)
{
  return range_align_down(range_end(offset, alignment - 1), alignment);
}

/* How many pieces of at most so many bytes a length is; they may have any size but 0. */
static inline uint64_t
range_pieces(uint64_t length, uint64_t piece)
{
  return length / piece + (length % piece > 0);
}

/* The largest power of two that is at most n; n is at least 1. */
static inline uint64_t
range_power_of_two_below(uint64_t n)
{
  return UINT64_C(1) << (63 - __builtin_clzll(n));
}

static inline bool
range_is_aligned(uint64_t offset, uint64_t alignment)
{
  return (offset & (alignment - 1)) == 0;
}

#endif
