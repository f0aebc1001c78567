/* SPDX-License-Identifier: MIT */
/* little: numbers whose first byte is the least, as PCs write them to their disks. */
#ifndef DECANT_LITTLE_H
#define DECANT_LITTLE_H

#include <stdint.h>

/* The number in so many bytes, 8 at most. */
static inline uint64_t
little_get(const unsigned char *at, unsigned bytes)
{
  uint64_t number = 0;

  while (bytes-- > 0)
    number = number << 8 | at[bytes];
  return number;
}

/* Writes as much of a number as so many bytes take. */
static inline void
little_put(unsigned char *at, unsigned bytes, uint64_t number)
{
  for (; bytes > 0; bytes--, number >>= 8)
    *at++ = (unsigned char)number;
}

#endif
