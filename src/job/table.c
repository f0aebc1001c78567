/* SPDX-License-Identifier: MIT */
/* table: see table.h. */
#include "job/table.h"

#include "base/range.h"

#include <string.h>

int
table_read_head(struct patch *patch, struct gpt *gpt, uint64_t size, struct fault *fault)
{
  memset(gpt->head, 0, GPT_HEAD_BYTES);
  return patch_read(patch, 0, range_min(GPT_HEAD_BYTES, size), gpt->head, fault);
}

int
table_read(struct patch *patch, struct gpt *gpt, uint64_t at, const char **why, struct fault *fault)
{
  *why = gpt_read_header(gpt, at);
  if (*why)
    return 0;
  if (patch_read(patch, gpt->entries_at * gpt->sector_bytes, gpt->entries_bytes, gpt->entries, fault) == -1)
    return -1;
  *why = gpt_read_entries(gpt);
  return 0;
}

int
table_write_second(struct patch *patch, const struct gpt *gpt, unsigned char *sector, struct fault *fault)
{
  uint64_t bytes = gpt->sector_bytes;

  gpt_make_second(gpt, sector);
  return patch_write(patch, gpt->second_entries_at * bytes, gpt->entries_bytes, gpt->entries, fault) == -1 ||
                 patch_flush(patch, false, fault) == -1 ||
                 patch_write(patch, gpt->second_at * bytes, bytes, sector, fault) == -1
             ? -1
             : patch_flush(patch, false, fault);
}

unsigned
table_mbr_sector_bytes(const struct endpoint *disk)
{
  return disk->identity.known && disk->identity.is_device ? (unsigned)disk->traits.block_min : 512;
}
