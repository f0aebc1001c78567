/* SPDX-License-Identifier: MIT */
/* A partition table with anything in it, whose checksums may be right all the same: either it is refused with words, or what is made of it is
 * whole, reaches to the disk's end, and has the partitions that it had, where they were. */
#include "fuzz/fuzz.h"

#include "base/little.h"
#include "disk/gpt.h"

#include <string.h>

#define SECTORS (1 << 20)

static struct gpt gpt, before;

static uint32_t
crc(const unsigned char *bytes, size_t length)
{
  uint32_t sum = ~0u;

  for (; length > 0; length--, bytes++) {
    sum ^= *bytes;
    for (int bit = 0; bit < 8; bit++)
      sum = sum >> 1 ^ (0xedb88320u & -(sum & 1));
  }
  return ~sum;
}

/* As far as what it says of itself can be. */
static void
set_checksums(void)
{
  unsigned char *header = gpt.head + gpt.sector_bytes;
  uint64_t length = little_get(header + 12, 4), entries = little_get(header + 80, 4) * little_get(header + 84, 4);

  if (entries <= GPT_ENTRIES_BYTES_MAX)
    little_put(header + 88, 4, crc(gpt.entries, entries));
  little_put(header + 16, 4, 0);
  if (length <= gpt.sector_bytes)
    little_put(header + 16, 4, crc(header, length));
}

static void
make_seed(struct fuzz_case *input)
{
  unsigned sector = fuzz_one_in(input, 2) ? 512 : 4096, count = (unsigned)fuzz_between(input, 1, 40);
  unsigned char *header = gpt.head + sector;

  memset(&gpt, 0, sizeof gpt);
  gpt.sector_bytes = sector;
  gpt.head[446 + 4] = 0xee;
  gpt.head[446 + 8] = 1;
  memcpy(header, "EFI PART\0\0\1\0\x5c\0\0\0", 16);
  little_put(header + 24, 8, 1);
  little_put(header + 32, 8, SECTORS - 1);
  little_put(header + 40, 8, 100);
  little_put(header + 48, 8, SECTORS - 100);
  little_put(header + 72, 8, 2);
  little_put(header + 80, 4, count);
  little_put(header + 84, 4, 128);
  for (unsigned i = 0; i < count; i++) {
    unsigned char *entry = gpt.entries + (size_t)i * 128;
    memset(entry, fuzz_one_in(input, 3) ? 0 : 1, 32);
    entry[16] = (unsigned char)i;
    little_put(entry + 32, 8, 100 + i * 200);
    little_put(entry + 40, 8, 100 + i * 200 + fuzz_between(input, 0, 199));
    entry[56] = (unsigned char)('a' + i % 26);
  }
}

static void
must_be_as_before(unsigned but)
{
  struct gpt_partition one, other;

  for (unsigned number = 1; number <= before.count; number++) {
    bool is_there = gpt_partition(&before, number, &one);
    if (!is_there || number == but)
      continue;
    must(gpt_partition(&gpt, number, &other) && one.first == other.first && one.last == other.last);
    must(strcmp(one.uuid, other.uuid) == 0 && strcmp(one.label, other.label) == 0);
  }
}

static void
must_be_whole(void)
{
  unsigned char second[4096];
  struct gpt_partition partition;

  gpt_seal(&gpt);
  gpt_make_second(&gpt, second);
  must(gpt_is_header(second, gpt.sector_bytes, 2 * SECTORS - 1));
  must(gpt_is_there(&gpt) && !gpt_read_header(&gpt, 1) && !gpt_read_entries(&gpt));
  must(gpt.second_at == 2 * SECTORS - 1);
  for (unsigned number = 1; number <= gpt.count; number++)
    must(!gpt_partition(&gpt, number, &partition) || partition.last < 2 * SECTORS - 1);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  struct gpt_partition partition = { 0 };
  unsigned char entry[GPT_ENTRY_BYTES];
  unsigned number = (unsigned)fuzz_between(input, 0, 50);

  make_seed(input);
  (void)fuzz_mutate(input, gpt.head + gpt.sector_bytes + 8, 88, 88);
  if (fuzz_one_in(input, 2))
    (void)fuzz_mutate(input, gpt.entries, 40 * 128, 40 * 128);
  if (!fuzz_one_in(input, 10))
    set_checksums();
  if (!gpt_is_there(&gpt) || gpt_read_header(&gpt, 1) || gpt_read_entries(&gpt))
    return 0;
  before = gpt;
  if (gpt_reach(&gpt, 2 * SECTORS)) {
    must(memcmp(&before, &gpt, sizeof gpt) == 0);
    return 0;
  }
  bool is_found = !gpt_find(&gpt, (const char *[]){ "a", "1", "7", "c" }[fuzz_between(input, 0, 3)], &partition);
  if (is_found && gpt_extend(&gpt, &partition, fuzz_one_in(input, 2) ? UINT64_MAX : SECTORS))
    partition.number = 0;
  memcpy(entry, gpt_entry(&gpt, 1), sizeof entry);
  (void)fuzz_mutate(input, entry, sizeof entry, sizeof entry);
  entry[0] |= 1;
  (void)gpt_add(&gpt, entry, &number);
  must_be_as_before(is_found ? partition.number : 0);
  must_be_whole();
  return 0;
}
