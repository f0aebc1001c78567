/* SPDX-License-Identifier: MIT */
/* zeros: whether bytes are all zero, at the speed of memory.
 *
 * A cache line at a time, which the compiler makes wide instructions of; musl's
 * memcmp() goes byte by byte.
 */
#ifndef DECANT_ZEROS_H
#define DECANT_ZEROS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Whether all of data[0, length) is zero; a length of 0 is. Any alignment. */
static inline bool
zeros_only(const uint8_t *data, uint64_t length)
{
  uint64_t words[8];

  for (; length >= sizeof words; data += sizeof words, length -= sizeof words) {
    memcpy(words, data, sizeof words);
    if ((words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7]) != 0)
      return false;
  }
  while (length > 0)
    if (data[--length] != 0)
      return false;
  return true;
}

#endif
