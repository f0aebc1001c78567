/* SPDX-License-Identifier: MIT */
/* mbr: see mbr.h. */
#include "disk/mbr.h"

#include "base/limits.h"
#include "base/little.h"
#include "base/range.h"
#include "base/sizes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ENTRIES_AT 446
#define ENTRY_BYTES 16
#define TYPE_AT 4
#define LAST_CHS_AT 5
#define START_AT 8
#define COUNT_AT 12
#define DISK_NUMBER_AT 440
#define MARK_AT 510

#define PROTECTIVE 0xee /* the type of the entry that stands for a GPT */

static unsigned char *
entry_of(unsigned char *mbr, unsigned number)
{
  return mbr + ENTRIES_AT + (size_t)(number - 1) * ENTRY_BYTES;
}

static uint64_t
mbr_start(unsigned char *mbr, unsigned number)
{
  return little_get(entry_of(mbr, number) + START_AT, 4);
}

/* 0: it can't be one. */
static unsigned
mbr_number(const unsigned char *mbr, const char *name)
{
  char front[sizeof "12345678-0"];
  uint64_t number;

  snprintf(front, sizeof front, "%08x-0", (unsigned)little_get(mbr + DISK_NUMBER_AT, 4));
  if (strncasecmp(name, front, strlen(front)) == 0)
    name += strlen(front);
  return sizes_parse_number(name, 1, UINT32_MAX, &number) ? (unsigned)number : 0;
}

bool
mbr_partition(const unsigned char mbr[MBR_BYTES], unsigned number, uint64_t *first, uint64_t *length)
{
  const unsigned char *entry = entry_of((unsigned char *)mbr, number);

  *first = little_get(entry + START_AT, 4);
  *length = little_get(entry + COUNT_AT, 4);
  return entry[TYPE_AT] != 0;
}

/* What is executable there says neither 0 nor 0x80 four times. */
uint64_t
mbr_end(const unsigned char *bytes, size_t length)
{
  uint64_t end = 0, first, count;

  if (length < MBR_BYTES || bytes[MARK_AT] != 0x55 || bytes[MARK_AT + 1] != 0xaa)
    return 0;
  for (unsigned i = 1; i <= MBR_PARTITIONS; i++) {
    const unsigned char *entry = entry_of((unsigned char *)bytes, i);
    if (entry[0] & 0x7f)
      return 0;
    if (mbr_partition(bytes, i, &first, &count) && entry[TYPE_AT] != PROTECTIVE && first > 0)
      end = range_max(end, first + count);
  }
  return end;
}

void
mbr_protect(unsigned char mbr[MBR_BYTES], uint64_t last)
{
  unsigned char *only = NULL;
  unsigned used = 0;

  for (unsigned i = 1; i <= MBR_PARTITIONS; i++)
    if (entry_of(mbr, i)[TYPE_AT] != 0) {
      used++;
      only = entry_of(mbr, i);
    }
  if (used == 1 && only[TYPE_AT] == PROTECTIVE && little_get(only + START_AT, 4) == 1)
    little_put(only + COUNT_AT, 4, range_min(last, UINT32_MAX));
}

const char *
mbr_extend(unsigned char mbr[MBR_BYTES], const char *name, uint64_t sectors, unsigned sector_bytes,
           struct mbr_partition *partition)
{
  unsigned number = mbr_number(mbr, name);

  if (number > MBR_PARTITIONS)
    return "only a primary partition can be made larger";
  if (number == 0 || entry_of(mbr, number)[TYPE_AT] == 0)
    return "it has no partition of that number";
  unsigned char *entry = entry_of(mbr, number), type = entry[TYPE_AT];
  if (type == 0x05 || type == 0x0f || type == 0x85)
    return "that is an extended partition";
  uint64_t start = mbr_start(mbr, number), end = range_min(sectors, UINT64_C(1) << 32);
  for (unsigned i = 1; i <= MBR_PARTITIONS; i++)
    if (entry_of(mbr, i)[TYPE_AT] != 0 && mbr_start(mbr, i) > start)
      return "another partition lies behind it";
  uint64_t before = start + little_get(entry + COUNT_AT, 4);
  end = range_max(range_align_down(end, PARTITION_GRAIN_BYTES / sector_bytes), before);
  if (end - start > UINT32_MAX) /* only from the first sector on */
    return "that is the whole disk";
  little_put(entry + COUNT_AT, 4, end - start);
  little_put(entry + LAST_CHS_AT, 3, 0xfffffe); /* beyond what could be said in these numbers */
  *partition = (struct mbr_partition){ number, start, end, before };
  return NULL;
}
