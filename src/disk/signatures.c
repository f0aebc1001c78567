/* SPDX-License-Identifier: MIT */
/* signatures: see signatures.h. */
#include "disk/signatures.h"

#include <string.h>

#define UBERBLOCK_BYTES 1024 /* at least */
#define ZFS_BYTES_MIN (64 * MIB)

/* One lies so far before the end, once that is rounded down. */
static const struct kind {
  uint32_t alignment;
  uint32_t before;
  uint32_t length; /* of what is looked at */
  unsigned char magic_bytes;
  const char *magic;
  const char *words;
} kinds[] = {
#define MAGIC(magic) sizeof(magic) - 1, magic
  { 512, 512, 512, MAGIC("EFI PART"), "a GPT's second header" },
  { 4096, 4096, 512, MAGIC("EFI PART"), "a GPT's second header" },
  { 4096, 8192, 512, MAGIC("\xfc\x4e\x2b\xa9"), "a RAID superblock (md 1.0)" },
  { 65536, 65536, 512, MAGIC("\xfc\x4e\x2b\xa9"), "a RAID superblock (md 0.90)" },
  { 512, 1024, 512, MAGIC("Intel Raid ISM Cfg Sig."), "a RAID superblock (Intel)" },
  { 4096, 8192, 512, MAGIC("Intel Raid ISM Cfg Sig."), "a RAID superblock (Intel)" },
  { 512, 512, 512, MAGIC("\xde\x11\xde\x11"), "a RAID superblock (DDF)" },
  { 512, 1024, 512, MAGIC("NVIDIA"), "a RAID superblock (NVIDIA)" },
  { 512, 512, 512, MAGIC("GEOM::"), "a GEOM label" },
  /* The rings of uberblocks of the last two labels, each behind what describes the pool. */
  { 262144, 131072, 131072, MAGIC("\x0c\xb1\xba\0\0\0\0\0"), "a ZFS label" },
  { 262144, 393216, 131072, MAGIC("\x0c\xb1\xba\0\0\0\0\0"), "a ZFS label" },
#undef MAGIC
};

bool
signatures_place(unsigned number, uint64_t size, struct range *place)
{
  if (number >= sizeof kinds / sizeof kinds[0])
    return false;
  const struct kind *kind = &kinds[number];
  uint64_t end = range_align_down(size, kind->alignment);
  *place = (struct range){ 0, 0 };
  if (end >= kind->before && (kind->length < SIGNATURE_BYTES_MAX || size >= ZFS_BYTES_MIN))
    *place = range_make(end - kind->before, kind->length);
  return true;
}

/* The first one from an offset on; the end: there is none. */
static uint32_t
next_magic(const struct kind *kind, const unsigned char *bytes, uint32_t at)
{
  while (at < kind->length && memcmp(bytes + at, kind->magic, kind->magic_bytes) != 0)
    at += UBERBLOCK_BYTES;
  return at;
}

const char *
signatures_find(unsigned number, const unsigned char *bytes)
{
  const struct kind *kind = &kinds[number];

  return next_magic(kind, bytes, 0) < kind->length ? kind->words : NULL;
}

void
signatures_clear(unsigned number, unsigned char *bytes)
{
  const struct kind *kind = &kinds[number];
  uint32_t at = 0;

  while ((at = next_magic(kind, bytes, at)) < kind->length)
    memset(bytes + at, 0, SECTOR_BYTES);
}
