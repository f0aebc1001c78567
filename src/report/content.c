/* SPDX-License-Identifier: MIT */
/* content: see content.h. */
#include "report/content.h"

#include "disk/gpt.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct probe {
  const unsigned char *bytes;
  size_t length;
};

/* ---- Looking; what lies beyond the end is 0 and matches nothing ---- */

static bool
matches(const struct probe *probe, size_t offset, const char *magic, size_t length)
{
  return offset + length <= probe->length && memcmp(probe->bytes + offset, magic, length) == 0;
}

static uint64_t
number_at(const struct probe *probe, size_t offset, unsigned width, bool big_endian)
{
  uint64_t number = 0;

  for (unsigned i = 0; i < width; i++) {
    size_t at = offset + (big_endian ? i : width - 1 - i);
    number = number << 8 | (at < probe->length ? probe->bytes[at] : 0);
  }
  return number;
}

/* ---- What there is to add ---- */

static void
add_qcow(const struct probe *probe, char *text, size_t room)
{
  snprintf(text, room, " (v%" PRIu64 ")%s, %" PRIu64 " bytes", number_at(probe, 4, 4, true),
           number_at(probe, 8, 8, true) ? ", has backing file" : "", number_at(probe, 24, 8, true));
}

static void
add_vdi(const struct probe *probe, char *text, size_t room)
{
  snprintf(text, room, ", major %" PRIu64 ", minor %" PRIu64 ", %" PRIu64 " bytes", number_at(probe, 70, 2, false),
           number_at(probe, 68, 2, false), number_at(probe, 368, 8, false));
}

static void
add_luks(const struct probe *probe, char *text, size_t room)
{
  snprintf(text, room, ", ver %" PRIu64, number_at(probe, 6, 2, true));
}

/* The name hangs on the features: a journal makes an ext3, and any feature that
 * came later an ext4. */
static unsigned
ext_version(const struct probe *probe)
{
  uint64_t compatible = number_at(probe, 0x45c, 4, false);
  uint64_t incompatible = number_at(probe, 0x460, 4, false);
  uint64_t readonly_compatible = number_at(probe, 0x464, 4, false);
  bool has_journal = compatible & 0x4;
  bool is_4 = incompatible & ~UINT64_C(0x1f) || readonly_compatible & ~UINT64_C(0x7);

  return is_4 ? 4 : has_journal ? 3 : 2;
}

unsigned
content_ext_version(const unsigned char *bytes, size_t length)
{
  return ext_version(&(struct probe){ bytes, length });
}

static void
add_ext(const struct probe *probe, char *text, size_t room)
{
  snprintf(text, room, " rev %" PRIu64 ".%" PRIu64 " ext%u filesystem data", number_at(probe, 0x44c, 4, false),
           number_at(probe, 0x43e, 2, false), ext_version(probe));
}

static void
add_partitions(const struct probe *probe, char *text, size_t room)
{
  snprintf(text, room, "%s", gpt_sector_bytes(probe->bytes, probe->length) ? ", GPT partition table" : "");
}

/* ---- The formats: the first that matches, so what is more telling comes first ---- */

static const struct format {
  size_t offset;
  unsigned char magic_length;
  const char *magic;
  const char *words;
  void (*add)(const struct probe *probe, char *text, size_t room);
} formats[] = {
#define MAGIC(offset, magic) offset, sizeof(magic) - 1, magic
  /* Images of disks. */
  { MAGIC(0, "QFI\xfb"), "QEMU QCOW Image", add_qcow },
  { MAGIC(0, "QED\0"), "QEMU QED Image", NULL },
  { MAGIC(0, "KDMV"), "VMware4 disk image", NULL },
  { MAGIC(0, "COWD"), "VMWare3 disk image", NULL },
  { MAGIC(0, "# Disk DescriptorFile"), "VMware4 disk image description", NULL },
  { MAGIC(64, "\x7f\x10\xda\xbe"), "VirtualBox Disk Image", add_vdi },
  { MAGIC(0, "vhdxfile"), "Microsoft Disk Image eXtended", NULL },
  { MAGIC(0, "conectix"), "Microsoft Disk Image, Virtual Server or Virtual PC", NULL },
  /* What wraps others. */
  { MAGIC(0, "LUKS\xba\xbe"), "LUKS encrypted file", add_luks },
  { MAGIC(536, "LVM2 001"), "LVM2 PV (Linux Logical Volume Manager)", NULL },
  { MAGIC(4096, "\xfc\x4e\x2b\xa9"), "Linux Software RAID version 1.2", NULL },
  { MAGIC(0, "\x1f\x8b"), "gzip compressed data", NULL },
  { MAGIC(0, "\xfd"
             "7zXZ\0"),
    "XZ compressed data", NULL },
  { MAGIC(0, "\x28\xb5\x2f\xfd"), "Zstandard compressed data (v0.8+)", NULL },
  { MAGIC(0, "BZh"), "bzip2 compressed data", NULL },
  { MAGIC(0, "\x04\x22\x4d\x18"), "LZ4 compressed data (v1.4+)", NULL },
  { MAGIC(0, "PK\x03\x04"), "Zip archive data", NULL },
  { MAGIC(257, "ustar"), "POSIX tar archive", NULL },
  /* Filesystems. */
  { MAGIC(0, "XFSB"), "SGI XFS filesystem data", NULL },
  { MAGIC(65600, "_BHRfS_M"), "BTRFS Filesystem", NULL },
  { MAGIC(1080, "\x53\xef"), "Linux", add_ext },
  { MAGIC(0, "hsqs"), "Squashfs filesystem, little endian", NULL },
  { MAGIC(1024, "\xe2\xe1\xf5\xe0"), "EROFS filesystem", NULL },
  { MAGIC(1024, "\x10\x20\xf5\xf2"), "F2FS filesystem", NULL },
  { MAGIC(4086, "SWAPSPACE2"), "Linux swap file, 4k page size", NULL },
  { MAGIC(32769, "CD001"), "ISO 9660 CD-ROM filesystem data", NULL },
  { MAGIC(3, "NTFS    "), "DOS/MBR boot sector, NTFS filesystem", NULL },
  { MAGIC(82, "FAT32   "), "DOS/MBR boot sector, FAT (32 bit) filesystem", NULL },
  { MAGIC(54, "FAT16   "), "DOS/MBR boot sector, FAT (16 bit) filesystem", NULL },
  { MAGIC(54, "FAT12   "), "DOS/MBR boot sector, FAT (12 bit) filesystem", NULL },
  { MAGIC(510, "\x55\xaa"), "DOS/MBR boot sector", add_partitions },
  { MAGIC(4096, "EFI PART"), "GPT partition table", NULL },
#undef MAGIC
};

bool
content_recognise(const unsigned char *bytes, size_t length, char text[CONTENT_TEXT_BYTES])
{
  struct probe probe = { bytes, length };

  snprintf(text, CONTENT_TEXT_BYTES, "%s", length == 0 ? "empty" : "data");
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    const struct format *format = &formats[i];
    if (!matches(&probe, format->offset, format->magic, format->magic_length))
      continue;
    int used = snprintf(text, CONTENT_TEXT_BYTES, "%s", format->words);
    if (format->add)
      format->add(&probe, text + used, CONTENT_TEXT_BYTES - (size_t)used);
    return true;
  }
  return false;
}

/* ---- What is no disk ---- */

/* Who finds one of these is refused, so where a mark alone might come of chance (of an encrypted disk's first bytes, say), more is
 * looked at than it takes for a name. */
static const struct wrapping {
  size_t offset;
  unsigned char magic_length;
  const char *magic;
  struct content_wrapping is;
} wrappings[] = {
#define MAGIC(offset, magic) offset, sizeof(magic) - 1, magic
  { MAGIC(0, "QFI\xfb\0\0\0\3"), { "a qcow2 image", "qcow2", NULL } },
  { MAGIC(0, "QFI\xfb\0\0\0\2"), { "a qcow2 image", "qcow2", NULL } },
  { MAGIC(0, "QFI\xfb\0\0\0\1"), { "a qcow image", "qcow", NULL } },
  { MAGIC(0, "QED\0"), { "a QED image", "qed", NULL } },
  { MAGIC(0, "KDMV"), { "a VMDK image", "vmdk", NULL } },
  { MAGIC(0, "COWD"), { "a VMDK image", "vmdk", NULL } },
  { MAGIC(0, "# Disk DescriptorFile"), { "the description of a VMDK image", "vmdk", NULL } },
  { MAGIC(64, "\x7f\x10\xda\xbe"), { "a VDI image", "vdi", NULL } },
  { MAGIC(0, "vhdxfile"), { "a VHDX image", "vhdx", NULL } },
  { MAGIC(0, "conectix"), { "a VHD image", "vpc", NULL } },
  { MAGIC(0, "WithoutFreeSpace"), { "a Parallels image", "parallels", NULL } },
  { MAGIC(0, "WithouFreSpacExt"), { "a Parallels image", "parallels", NULL } },
  { MAGIC(0, "\x1f\x8b\x08"), { "compressed by gzip", NULL, "gzip -dc" } },
  { MAGIC(0, "\xfd"
             "7zXZ\0"),
    { "compressed by xz", NULL, "xz -dc" } },
  { MAGIC(0, "\x28\xb5\x2f\xfd"), { "compressed by zstd", NULL, "zstd -dc" } },
  { MAGIC(4, "1AY&SY"), { "compressed by bzip2", NULL, "bzip2 -dc" } }, /* behind "BZh" and the level */
  { MAGIC(0, "\x04\x22\x4d\x18"), { "compressed by lz4", NULL, "lz4 -dc" } },
  { MAGIC(0, "\x02\x21\x4c\x18"), { "compressed by lz4", NULL, "lz4 -dc" } },
  { MAGIC(0, "\x89LZO\0\r\n\x1a\n"), { "compressed by lzop", NULL, "lzop -dc" } },
  { MAGIC(0, "PK\x03\x04"), { "a zip archive", NULL, "funzip" } },
#undef MAGIC
};

const struct content_wrapping *
content_wrapping(const unsigned char *bytes, size_t length)
{
  struct probe probe = { bytes, length };

  for (size_t i = 0; i < sizeof wrappings / sizeof wrappings[0]; i++)
    if (matches(&probe, wrappings[i].offset, wrappings[i].magic, wrappings[i].magic_length))
      return &wrappings[i].is;
  return NULL;
}
