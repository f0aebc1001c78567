/* SPDX-License-Identifier: MIT */
/* gpt: see gpt.h. */
#include "disk/gpt.h"

#include "base/little.h"
#include "base/range.h"
#include "base/sizes.h"
#include "base/zeros.h"
#include "disk/mbr.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Where what lies in a header ... */
#define HEADER_BYTES_AT 12
#define HEADER_CRC_AT 16
#define OWN_AT 24
#define OTHER_AT 32
#define FIRST_USABLE_AT 40
#define LAST_USABLE_AT 48
#define ENTRIES_AT 72
#define COUNT_AT 80
#define ENTRY_BYTES_AT 84
#define ENTRIES_CRC_AT 88
#define HEADER_BYTES_MIN 92

/* ... and in an entry. */
#define UUID_AT 16
#define FIRST_AT 32
#define LAST_AT 40
#define LABEL_AT 56
#define LABEL_UNITS 36

static const char signature[] = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' };

/* CRC-32, as Ethernet has it. `skip` bytes from `skip_at` on count as zeros. */
static uint32_t
crc_of(const unsigned char *bytes, size_t length, size_t skip_at, size_t skip)
{
  uint32_t crc = UINT32_MAX;

  for (size_t i = 0; i < length; i++) {
    crc ^= i - skip_at < skip ? 0 : bytes[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

static uint32_t
crc_of_header(const unsigned char *header)
{
  return crc_of(header, little_get(header + HEADER_BYTES_AT, 4), HEADER_CRC_AT, 4);
}

static size_t
entries_length(const struct gpt *gpt)
{
  return (size_t)gpt->count * gpt->entry_bytes;
}

static uint64_t
entries_sectors(const struct gpt *gpt)
{
  return gpt->entries_bytes / gpt->sector_bytes;
}

/* ---- Reading ---- */

bool
gpt_is_header(const unsigned char *sector, unsigned sector_bytes, uint64_t at)
{
  uint64_t length = little_get(sector + HEADER_BYTES_AT, 4);

  return memcmp(sector, signature, sizeof signature) == 0 && length >= HEADER_BYTES_MIN && length <= sector_bytes &&
         crc_of_header(sector) == little_get(sector + HEADER_CRC_AT, 4) && little_get(sector + OWN_AT, 8) == at;
}

unsigned
gpt_sector_bytes(const unsigned char *bytes, size_t length)
{
  for (unsigned sector = 512; sector <= 4096 && sector + sizeof signature <= length; sector *= 8)
    if (memcmp(bytes + sector, signature, sizeof signature) == 0)
      return sector;
  return 0;
}

bool
gpt_is_there(struct gpt *gpt)
{
  gpt->sector_bytes = gpt_sector_bytes(gpt->head, sizeof gpt->head);
  return gpt->sector_bytes > 0;
}

const char *
gpt_read_header(struct gpt *gpt, uint64_t at)
{
  const unsigned char *header = gpt->head + gpt->sector_bytes;

  if (!gpt_is_header(header, gpt->sector_bytes, at))
    return "its header is damaged";
  gpt->second_at = little_get(header + OTHER_AT, 8);
  gpt->second_entries_at = 0;
  gpt->first_usable = little_get(header + FIRST_USABLE_AT, 8);
  gpt->last_usable = little_get(header + LAST_USABLE_AT, 8);
  gpt->entries_at = little_get(header + ENTRIES_AT, 8);
  uint64_t count = little_get(header + COUNT_AT, 4), each = little_get(header + ENTRY_BYTES_AT, 4);
  if (each < GPT_ENTRY_BYTES || !range_is_power_of_two(each) || count == 0)
    return "its header makes no sense";
  if (count > GPT_ENTRIES_BYTES_MAX / each)
    return "it has more entries than can be handled here";
  gpt->count = (unsigned)count;
  gpt->entry_bytes = (unsigned)each;
  gpt->entries_bytes = range_align_up(count * each, gpt->sector_bytes);
  uint64_t end = at == 1 ? gpt->first_usable : at; /* of where the entries may lie */
  if (gpt->entries_at < 2 || gpt->first_usable > gpt->last_usable || gpt->entries_at > end ||
      end - gpt->entries_at < entries_sectors(gpt))
    return "its header makes no sense";
  return NULL;
}

const char *
gpt_read_entries(const struct gpt *gpt)
{
  const unsigned char *header = gpt->head + gpt->sector_bytes;
  struct gpt_partition partition;

  if (crc_of(gpt->entries, entries_length(gpt), 0, 0) != little_get(header + ENTRIES_CRC_AT, 4))
    return "its entries are damaged";
  for (unsigned number = 1; number <= gpt->count; number++)
    if (gpt_partition(gpt, number, &partition) &&
        (partition.first > partition.last || partition.first < gpt->first_usable || partition.last > gpt->last_usable))
      return "one of its partitions lies outside of it";
  return NULL;
}

/* ---- Partitions ---- */

static void
read_uuid(const unsigned char *at, char text[GPT_UUID_BYTES])
{
  snprintf(text, GPT_UUID_BYTES, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", (unsigned)little_get(at, 4),
           (unsigned)little_get(at + 4, 2), (unsigned)little_get(at + 6, 2), at[8], at[9], at[10], at[11], at[12],
           at[13], at[14], at[15]);
}

/* UTF-16 as UTF-8, each half of a pair by itself: it is compared with nobody's. */
static void
read_label(const unsigned char *at, char *text)
{
  for (int i = 0; i < LABEL_UNITS; i++) {
    unsigned unit = (unsigned)little_get(at + (size_t)2 * i, 2);
    if (unit == 0)
      break;
    if (unit >= 0x800)
      *text++ = (char)(0xe0 | unit >> 12);
    if (unit >= 0x80)
      *text++ = (char)(unit >= 0x800 ? 0x80 | (unit >> 6 & 0x3f) : 0xc0 | unit >> 6);
    *text++ = (char)(unit >= 0x80 ? 0x80 | (unit & 0x3f) : unit);
  }
  *text = '\0';
}

static unsigned char *
entry_at(struct gpt *gpt, unsigned number)
{
  return gpt->entries + (size_t)(number - 1) * gpt->entry_bytes;
}

const unsigned char *
gpt_entry(const struct gpt *gpt, unsigned number)
{
  return gpt->entries + (size_t)(number - 1) * gpt->entry_bytes;
}

bool
gpt_partition(const struct gpt *gpt, unsigned number, struct gpt_partition *partition)
{
  if (number == 0 || number > gpt->count)
    return false;
  const unsigned char *entry = gpt_entry(gpt, number);
  if (zeros_only(entry, UUID_AT)) /* no type */
    return false;
  partition->number = number;
  partition->first = little_get(entry + FIRST_AT, 8);
  partition->last = little_get(entry + LAST_AT, 8);
  read_uuid(entry + UUID_AT, partition->uuid);
  read_label(entry + LABEL_AT, partition->label);
  return true;
}

unsigned
gpt_used(const struct gpt *gpt)
{
  struct gpt_partition partition;
  unsigned used = 0;

  for (unsigned number = 1; number <= gpt->count; number++)
    used += gpt_partition(gpt, number, &partition);
  return used;
}

/* As with selectors of disks: blanks have to be quoted on many a command line. */
static bool
is_label(const char *has, const char *wanted)
{
  while (*wanted && (*wanted == *has || (*wanted == '_' && *has == ' ')))
    wanted++, has++;
  return !*wanted && !*has;
}

const char *
gpt_find(const struct gpt *gpt, const char *name, struct gpt_partition *partition)
{
  struct gpt_partition each;
  uint64_t number;
  unsigned found = 0;

  if (sizes_parse_number(name, 0, UINT32_MAX, &number))
    return gpt_partition(gpt, (unsigned)number, partition) ? NULL : "it has no partition of that number";
  for (unsigned i = 1; i <= gpt->count; i++)
    if (gpt_partition(gpt, i, &each) &&
        (is_label(each.label, name) || strncasecmp(each.uuid, name, GPT_UUID_BYTES) == 0)) {
      *partition = each;
      found++;
    }
  return found == 1   ? NULL
         : found == 0 ? "it has no partition of that label or UUID"
                      : "it has several partitions of that label";
}

/* ---- Growing ---- */

const char *
gpt_reach(struct gpt *gpt, uint64_t sectors)
{
  uint64_t taken = entries_sectors(gpt) + 1;
  struct gpt_partition partition;

  if (sectors <= gpt->first_usable + taken || (sectors - taken) * gpt->sector_bytes < GPT_HEAD_BYTES)
    return "the disk has no room for its second copy";
  uint64_t last = sectors - taken - 1;
  for (unsigned i = 1; i <= gpt->count; i++)
    if (gpt_partition(gpt, i, &partition) && partition.last > last)
      return "a partition lies where its second copy has to be, at the disk's end";
  gpt->last_usable = last;
  gpt->second_at = sectors - 1;
  gpt->second_entries_at = last + 1;
  return NULL;
}

const char *
gpt_extend(struct gpt *gpt, struct gpt_partition *partition, uint64_t limit)
{
  uint64_t end = range_min(limit, gpt->last_usable + 1);
  struct gpt_partition each;

  for (unsigned i = 1; i <= gpt->count; i++)
    if (i != partition->number && gpt_partition(gpt, i, &each) && each.last > partition->first && each.first < end)
      return "another partition lies behind it";
  end = range_align_down(end, PARTITION_GRAIN_BYTES / gpt->sector_bytes);
  partition->last = range_max(partition->last, end - 1);
  little_put(entry_at(gpt, partition->number) + LAST_AT, 8, partition->last);
  return NULL;
}

/* Where it lies, and what it is called by. */
static bool
is_the_same(const unsigned char *one, const unsigned char *other)
{
  return memcmp(one + UUID_AT, other + UUID_AT, LAST_AT + 8 - UUID_AT) == 0;
}

const char *
gpt_add(struct gpt *gpt, const unsigned char *entry, unsigned *number)
{
  uint64_t first = little_get(entry + FIRST_AT, 8), last = little_get(entry + LAST_AT, 8);
  unsigned free = 0;

  if (first > last || first < gpt->first_usable || last > gpt->last_usable)
    return "it lies where the table has to be";
  for (unsigned i = gpt->count; i > 0; i--) {
    struct gpt_partition each;
    bool is_used = gpt_partition(gpt, i, &each);
    if (!is_used && (free == 0 || free != *number))
      free = i;
    if (is_used && is_the_same(gpt_entry(gpt, i), entry)) {
      *number = i;
      return NULL;
    }
    if (is_used && each.first <= last && each.last >= first)
      return "another partition lies there";
    if (is_used && memcmp(gpt_entry(gpt, i) + UUID_AT, entry + UUID_AT, 16) == 0)
      return "another partition has the same UUID";
  }
  if (free == 0)
    return "the table is full";
  memset(entry_at(gpt, free), 0, gpt->entry_bytes);
  memcpy(entry_at(gpt, free), entry, GPT_ENTRY_BYTES);
  *number = free;
  return NULL;
}

/* ---- Writing ---- */

static void
seal_header(unsigned char *header)
{
  little_put(header + HEADER_CRC_AT, 4, crc_of_header(header));
}

void
gpt_seal(struct gpt *gpt)
{
  unsigned char *header = gpt->head + gpt->sector_bytes;

  little_put(header + OTHER_AT, 8, gpt->second_at);
  little_put(header + LAST_USABLE_AT, 8, gpt->last_usable);
  little_put(header + ENTRIES_CRC_AT, 4, crc_of(gpt->entries, entries_length(gpt), 0, 0));
  seal_header(header);
  mbr_protect(gpt->head, gpt->second_at);
}

void
gpt_make_second(const struct gpt *gpt, unsigned char *sector)
{
  memcpy(sector, gpt->head + gpt->sector_bytes, gpt->sector_bytes);
  little_put(sector + OWN_AT, 8, gpt->second_at);
  little_put(sector + OTHER_AT, 8, 1);
  little_put(sector + ENTRIES_AT, 8, gpt->second_entries_at);
  seal_header(sector);
}
