/* SPDX-License-Identifier: MIT */
/* zeros: see zeros.h. */
#include "base/zeros.h"

#include <string.h>

bool
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
