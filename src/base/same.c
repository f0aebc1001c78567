/* SPDX-License-Identifier: MIT */
/* same: see same.h. */
#include "base/same.h"

#include "base/zeros.h"

#include <string.h>

#define SAME_LINE_BYTES 64
#define SAME_PART_BYTES 4096

uint64_t
same_bytes(const uint8_t *a, const uint8_t *b, uint64_t length)
{
  uint64_t at = 0, one[SAME_LINE_BYTES / 8], other[SAME_LINE_BYTES / 8];

  for (; length - at >= sizeof one; at += sizeof one) {
    uint64_t differs = 0;
    memcpy(one, a + at, sizeof one);
    memcpy(other, b + at, sizeof other);
    for (unsigned i = 0; i < SAME_LINE_BYTES / 8; i++)
      differs |= one[i] ^ other[i];
    if (differs)
      break;
  }
  while (at < length && a[at] == b[at])
    at++;
  return at;
}

uint64_t
same_zeros(const uint8_t *a, uint64_t length)
{
  uint64_t at = 0;

  while (length - at >= SAME_PART_BYTES && zeros_only(a + at, SAME_PART_BYTES))
    at += SAME_PART_BYTES;
  while (length - at >= SAME_LINE_BYTES && zeros_only(a + at, SAME_LINE_BYTES))
    at += SAME_LINE_BYTES;
  while (at < length && a[at] == 0)
    at++;
  return at;
}
