/* SPDX-License-Identifier: MIT */
/* mark: see mark.h. */
#include "copy/mark.h"

#include "base/range.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void
mark_fill(unsigned char *bytes, uint64_t offset, uint64_t length, enum mark mark, const char *words)
{
  char line[128];

  assert(mark != MARK_NONE);
  memset(bytes, 0, length);
  if (mark != MARK_PATTERN)
    return;
  int size = snprintf(line, sizeof line, "decant: unreadable at offset %llu, %s\n", (unsigned long long)offset, words);
  for (uint64_t at = 0; at < length; at++)
    bytes[at] = (unsigned char)line[at % range_min((uint64_t)size, sizeof line - 1)];
}
