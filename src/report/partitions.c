/* SPDX-License-Identifier: MIT */
/* partitions: see partitions.h. */
#include "report/partitions.h"

#include <string.h>

#define ENTRIES 4
#define PROTECTIVE 0xee /* the type of the entry that stands for a GPT */

static bool
has_gpt(const unsigned char *bytes, size_t length, size_t sector)
{
  return sector + 8 <= length && memcmp(bytes + sector, "EFI PART", 8) == 0;
}

static uint64_t
number_of_entry(const unsigned char *entry, unsigned at)
{
  return entry[at] | (uint64_t)entry[at + 1] << 8 | (uint64_t)entry[at + 2] << 16 | (uint64_t)entry[at + 3] << 24;
}

/* The sector behind the last partition of an MBR; 0: there is no MBR, or none in it. What is executable there says neither 0 nor 0x80
 * four times. */
static uint64_t
end_of_mbr(const unsigned char *bytes, size_t length)
{
  uint64_t end = 0;

  if (length < 512 || bytes[510] != 0x55 || bytes[511] != 0xaa)
    return 0;
  for (int i = 0; i < ENTRIES; i++) {
    const unsigned char *entry = bytes + 446 + 16 * i;
    uint64_t start = number_of_entry(entry, 8), count = number_of_entry(entry, 12);
    if (entry[0] & 0x7f)
      return 0;
    if (entry[4] != 0 && entry[4] != PROTECTIVE && start > 0 && start + count > end)
      end = start + count;
  }
  return end;
}

unsigned
partitions_sector_bytes(const unsigned char *bytes, size_t length, uint64_t size)
{
  if (has_gpt(bytes, length, 512))
    return 512;
  if (has_gpt(bytes, length, 4096))
    return 4096;
  return size != UINT64_MAX && end_of_mbr(bytes, length) > size / 4096 ? 512 : 0;
}

bool
partitions_are_there(const unsigned char *bytes, size_t length)
{
  return has_gpt(bytes, length, 512) || has_gpt(bytes, length, 4096) || end_of_mbr(bytes, length) > 0;
}
