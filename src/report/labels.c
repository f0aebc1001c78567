/* SPDX-License-Identifier: MIT */
/* labels: see labels.h. */
#include "report/labels.h"

#include "base/little.h"
#include "base/zeros.h"
#include "disk/gpt.h"
#include "report/content.h"

#include <stdio.h>
#include <string.h>

#define UUID_TEXT_BYTES 36 /* of the longest form on disk */

/* How a UUID is written down. */
enum uuid_form {
  FORM_NONE,
  FORM_BYTES, /* 16 of them */
  FORM_TEXT,  /* as a text of 36 */
  FORM_LVM,   /* as a text of 32, without its hyphens */
  FORM_FAT,   /* 4, the last one first */
  FORM_NTFS,  /* 8, the last one first */
  FORM_TIME,  /* ISO 9660's 16 digits of a time */
  FORM_MBR,   /* 4, the last one first, of a disk */
  FORM_GPT,   /* 16, of which three numbers are little-endian */
};

/* The first that matches, so what is more telling comes first. */
static const struct known {
  unsigned offset;
  unsigned char magic_length;
  unsigned char label_bytes;
  unsigned char form;
  const char *magic;
  const char *type;
  unsigned label_at;
  unsigned uuid_at;
} known_types[] = {
#define MAGIC(offset, magic, label_bytes, form) offset, sizeof(magic) - 1, label_bytes, form, magic
  { MAGIC(0, "LUKS\xba\xbe\0\2", 48, FORM_TEXT), "LUKS", 24, 168 },
  { MAGIC(0, "LUKS\xba\xbe", 0, FORM_TEXT), "LUKS", 0, 168 },
  { MAGIC(536, "LVM2 001", 0, FORM_LVM), "LVM2 member", 0, 544 },
  { MAGIC(4096, "\xfc\x4e\x2b\xa9", 32, FORM_BYTES), "RAID member", 4128, 4112 },
  { MAGIC(0, "\xfc\x4e\x2b\xa9", 32, FORM_BYTES), "RAID member", 32, 16 },
  { MAGIC(0, "XFSB", 12, FORM_BYTES), "xfs", 108, 32 },
  { MAGIC(65600, "_BHRfS_M", 64, FORM_BYTES), "btrfs", 65835, 65568 },
  { MAGIC(1080, "\x53\xef", 16, FORM_BYTES), "ext", 1144, 1128 },
  { MAGIC(0, "hsqs", 0, FORM_NONE), "squashfs", 0, 0 },
  { MAGIC(1024, "\xe2\xe1\xf5\xe0", 16, FORM_BYTES), "erofs", 1088, 1072 },
  { MAGIC(1024, "\x10\x20\xf5\xf2", 0, FORM_BYTES), "f2fs", 0, 1132 },
  { MAGIC(4086, "SWAPSPACE2", 16, FORM_BYTES), "swap", 1052, 1036 },
  { MAGIC(32769, "CD001", 32, FORM_TIME), "iso9660", 32808, 33598 },
  { MAGIC(3, "NTFS    ", 0, FORM_NTFS), "ntfs", 0, 72 },
  { MAGIC(3, "EXFAT   ", 0, FORM_FAT), "exfat", 0, 100 },
  { MAGIC(82, "FAT32   ", 11, FORM_FAT), "vfat", 71, 67 },
  { MAGIC(54, "FAT16   ", 11, FORM_FAT), "vfat", 43, 39 },
  { MAGIC(54, "FAT12   ", 11, FORM_FAT), "vfat", 43, 39 },
  { MAGIC(512, "EFI PART", 0, FORM_GPT), "GPT", 0, 568 },
  { MAGIC(4096, "EFI PART", 0, FORM_GPT), "GPT for sectors of 4096", 0, 4152 },
  { MAGIC(510, "\x55\xaa", 0, FORM_MBR), "MBR", 0, 440 },
#undef MAGIC
};

/* Blanks at the end fill it up; what FAT has where there is none is none. */
static void
set_label(struct disk_content *content, const unsigned char *at, unsigned length)
{
  snprintf(content->label, sizeof content->label, "%.*s", (int)length, (const char *)at);
  for (size_t end = strlen(content->label); end > 0 && content->label[end - 1] == ' '; end--)
    content->label[end - 1] = '\0';
  if (strcmp(content->label, "NO NAME") == 0)
    content->label[0] = '\0';
}

/* The text of a UUID: `count` characters, cut into groups of so many each. */
static void
set_groups(char uuid[DISK_UUID_BYTES], const char *text, unsigned count, const char *groups)
{
  size_t used = 0;

  for (unsigned group; count > 0; count -= group, text += group) {
    group = (unsigned char)*groups++;
    used += (size_t)snprintf(uuid + used, DISK_UUID_BYTES - used, "%s%.*s", used ? "-" : "", (int)group, text);
  }
}

/* Bytes as hexadecimal digits, in this order, the first one called a. */
static void
set_bytes(char uuid[DISK_UUID_BYTES], const unsigned char *at, const char *order, const char *format,
          const char *groups)
{
  char digits[33];
  unsigned count = (unsigned)strlen(order);

  for (unsigned i = 0; i < count; i++)
    snprintf(digits + (size_t)2 * i, 3, format, at[order[i] - 'a']);
  set_groups(uuid, digits, 2 * count, groups);
}

static void
set_uuid(char uuid[DISK_UUID_BYTES], const unsigned char *at, enum uuid_form form)
{
  switch (form) {
  case FORM_NONE:
    return;
  case FORM_BYTES:
    return set_bytes(uuid, at, "abcdefghijklmnop", "%02x", "\10\4\4\4\14");
  case FORM_GPT:
    return set_bytes(uuid, at, "dcbafehgijklmnop", "%02x", "\10\4\4\4\14");
  case FORM_TEXT:
    snprintf(uuid, DISK_UUID_BYTES, "%.36s", (const char *)at);
    return;
  case FORM_LVM:
    return set_groups(uuid, (const char *)at, 32, "\6\4\4\4\4\4\6");
  case FORM_TIME:
    return set_groups(uuid, (const char *)at, 16, "\4\2\2\2\2\2\2");
  case FORM_FAT:
    return set_bytes(uuid, at, "dcba", "%02X", "\4\4");
  case FORM_NTFS:
    return set_bytes(uuid, at, "hgfedcba", "%02X", "\20");
  case FORM_MBR:
    return set_bytes(uuid, at, "dcba", "%02x", "\10");
  }
}

/* ---- Which it is ---- */

static bool
is_known(const struct known *known, const unsigned char *bytes, size_t length)
{
  return known->offset + known->magic_length <= length &&
         memcmp(bytes + known->offset, known->magic, known->magic_length) == 0;
}

static void
labels_take(const struct known *known, const unsigned char *bytes, size_t length, struct disk_content *content)
{
  snprintf(content->type, sizeof content->type, "%s", known->type);
  if (strcmp(known->type, "ext") == 0)
    snprintf(content->type, sizeof content->type, "ext%u", content_ext_version(bytes, length));
  if (known->label_bytes > 0 && known->label_at + known->label_bytes <= length)
    set_label(content, bytes + known->label_at, known->label_bytes);
  if (known->uuid_at + UUID_TEXT_BYTES <= length)
    set_uuid(content->uuid, bytes + known->uuid_at, known->form);
}

/* What has no label. */
static const char *
other_words(const unsigned char *bytes, size_t length)
{
  const struct content_wrapping *wrapping = content_wrapping(bytes, length);

  if (wrapping)
    return wrapping->words;
  return zeros_only(bytes, length) ? "zeros" : "data";
}

void
labels_find(const unsigned char *bytes, size_t length, struct disk_content *content)
{
  *content = (struct disk_content){ .is_known = true };
  for (size_t i = 0; i < sizeof known_types / sizeof known_types[0]; i++)
    if (is_known(&known_types[i], bytes, length)) {
      labels_take(&known_types[i], bytes, length, content);
      return;
    }
  snprintf(content->type, sizeof content->type, "%s", other_words(bytes, length));
}

bool
labels_is_filesystem(const struct disk_content *content)
{
  static const char *const types[] = { "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat", "exfat", "ntfs" };

  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(content->type, types[i]) == 0)
      return true;
  return false;
}

/* ---- Partitions, by their number ---- */

static void
find_in_gpt(const unsigned char *bytes, size_t length, size_t sector, unsigned number, char uuid[DISK_UUID_BYTES])
{
  uint64_t first = little_get(bytes + sector + 72, 8), each = little_get(bytes + sector + 84, 4);
  size_t most = length / sector;

  if (first >= most || each > length / number) /* not all of the table is here */
    return;
  size_t at = (size_t)(first * sector + (number - 1) * each);
  if (at + 32 <= length)
    set_uuid(uuid, bytes + at + 16, FORM_GPT);
}

void
labels_find_partition(const unsigned char *bytes, size_t length, unsigned number, char uuid[DISK_UUID_BYTES])
{
  uuid[0] = '\0';
  if (number == 0 || length < 2 * 4096)
    return;
  unsigned sector = gpt_sector_bytes(bytes, length);
  if (sector)
    find_in_gpt(bytes, length, sector, number, uuid);
  else if (memcmp(bytes + 510, "\x55\xaa", 2) == 0 && little_get(bytes + 440, 4) != 0)
    snprintf(uuid, DISK_UUID_BYTES, "%08x-%02x", (unsigned)little_get(bytes + 440, 4), number);
}
