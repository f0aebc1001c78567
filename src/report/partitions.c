/* SPDX-License-Identifier: MIT */
/* partitions: see partitions.h. */
#include "report/partitions.h"

#include "disk/gpt.h"
#include "disk/mbr.h"

unsigned
partitions_sector_bytes(const unsigned char *bytes, size_t length, uint64_t size)
{
  unsigned sector = gpt_sector_bytes(bytes, length);

  if (sector)
    return sector;
  return size != UINT64_MAX && mbr_end(bytes, length) > size / 4096 ? 512 : 0;
}

bool
partitions_are_there(const unsigned char *bytes, size_t length)
{
  return gpt_sector_bytes(bytes, length) > 0 || mbr_end(bytes, length) > 0;
}
