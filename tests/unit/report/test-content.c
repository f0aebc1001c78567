/* SPDX-License-Identifier: MIT */
/* An operator who is about to overwrite a disk looks at what it seems to hold: each
 * format must be told by its own mark, and no mark be looked for where there is
 * nothing. */
#include "unit/unit.h"

#include "report/content.h"

static unsigned char disk[CONTENT_PROBE_BYTES];

struct mark {
  size_t offset;
  const char *bytes;
  size_t length;
};
#define MARK(offset, bytes)                                                                                            \
  {                                                                                                                    \
    offset, bytes, sizeof(bytes) - 1                                                                                   \
  }
#define MARKS_MAX 4

static const struct {
  struct mark marks[MARKS_MAX];
  const char *words;
} formats[] = {
  { { MARK(0, "") }, "data" },
  { { MARK(0, "QFI\xfb\0\0\0\3"), MARK(24, "\0\0\0\1\0\0\0\0") }, "QEMU QCOW Image (v3), 4294967296 bytes" },
  { { MARK(0, "QFI\xfb\0\0\0\2\0\0\0\0\0\0\1"), MARK(30, "\2") }, "QEMU QCOW Image (v2), has backing file, 512 bytes" },
  { { MARK(0, "KDMV") }, "VMware4 disk image" },
  { { MARK(64, "\x7f\x10\xda\xbe\1\0\1"), MARK(370, "\x10") },
    "VirtualBox Disk Image, major 1, minor 1, 1048576 bytes" },
  { { MARK(0, "vhdxfile") }, "Microsoft Disk Image eXtended" },
  { { MARK(0, "conectix") }, "Microsoft Disk Image, Virtual Server or Virtual PC" },
  { { MARK(0, "LUKS\xba\xbe\0\2") }, "LUKS encrypted file, ver 2" },
  { { MARK(512, "LABELONE"), MARK(536, "LVM2 001") }, "LVM2 PV (Linux Logical Volume Manager)" },
  { { MARK(0, "\x1f\x8b") }, "gzip compressed data" },
  { { MARK(0, "\xfd\x37zXZ\0") }, "XZ compressed data" },
  { { MARK(0, "\x28\xb5\x2f\xfd") }, "Zstandard compressed data (v0.8+)" },
  { { MARK(0, "XFSB") }, "SGI XFS filesystem data" },
  { { MARK(65600, "_BHRfS_M") }, "BTRFS Filesystem" },
  { { MARK(1080, "\x53\xef"), MARK(0x44c, "\1") }, "Linux rev 1.0 ext2 filesystem data" },
  { { MARK(1080, "\x53\xef"), MARK(0x44c, "\1"), MARK(0x45c, "\4") }, "Linux rev 1.0 ext3 filesystem data" },
  { { MARK(1080, "\x53\xef"), MARK(0x44c, "\1"), MARK(0x45c, "\4"), MARK(0x460, "\x40") },
    "Linux rev 1.0 ext4 filesystem data" },
  { { MARK(4086, "SWAPSPACE2") }, "Linux swap file, 4k page size" },
  { { MARK(32769, "CD001") }, "ISO 9660 CD-ROM filesystem data" },
  { { MARK(32769, "CD001"), MARK(510, "\x55\xaa") }, "ISO 9660 CD-ROM filesystem data" },
  { { MARK(510, "\x55\xaa") }, "DOS/MBR boot sector" },
  { { MARK(510, "\x55\xaa"), MARK(512, "EFI PART") }, "DOS/MBR boot sector, GPT partition table" },
  { { MARK(510, "\x55\xaa"), MARK(4096, "EFI PART") }, "DOS/MBR boot sector, GPT partition table" },
  { { MARK(510, "\x55\xaa"), MARK(3, "NTFS    ") }, "DOS/MBR boot sector, NTFS filesystem" },
  { { MARK(510, "\x55\xaa"), MARK(82, "FAT32   ") }, "DOS/MBR boot sector, FAT (32 bit) filesystem" },
};

static void
put_marks(const struct mark *marks)
{
  memset(disk, 0, sizeof disk);
  for (int i = 0; i < MARKS_MAX && marks[i].bytes; i++)
    memcpy(disk + marks[i].offset, marks[i].bytes, marks[i].length);
}

/* ---- What is no disk ---- */

static const struct {
  struct mark marks[MARKS_MAX];
  const char *words; /* NULL: may be a disk */
  const char *qemu_format;
  const char *unpack;
} wrappings[] = {
  { { MARK(0, "QFI\xfb\0\0\0\3") }, "a qcow2 image", "qcow2", NULL },
  { { MARK(0, "QFI\xfb\0\0\0\2") }, "a qcow2 image", "qcow2", NULL },
  { { MARK(0, "QFI\xfb\0\0\0\1") }, "a qcow image", "qcow", NULL },
  { { MARK(0, "QED\0") }, "a QED image", "qed", NULL },
  { { MARK(0, "KDMV") }, "a VMDK image", "vmdk", NULL },
  { { MARK(64, "\x7f\x10\xda\xbe") }, "a VDI image", "vdi", NULL },
  { { MARK(0, "vhdxfile") }, "a VHDX image", "vhdx", NULL },
  { { MARK(0, "conectix") }, "a VHD image", "vpc", NULL },
  { { MARK(0, "\x1f\x8b\x08") }, "compressed by gzip", NULL, "gzip -dc" },
  { { MARK(0, "\xfd\x37zXZ\0") }, "compressed by xz", NULL, "xz -dc" },
  { { MARK(0, "\x28\xb5\x2f\xfd") }, "compressed by zstd", NULL, "zstd -dc" },
  { { MARK(0, "BZh91AY&SY") }, "compressed by bzip2", NULL, "bzip2 -dc" },
  { { MARK(0, "\x04\x22\x4d\x18") }, "compressed by lz4", NULL, "lz4 -dc" },
  /* A disk, or perhaps one. */
  { { MARK(0, "") }, NULL, NULL, NULL },
  { { MARK(0, "\x1f\x8b") }, NULL, NULL, NULL },
  { { MARK(0, "BZh9") }, NULL, NULL, NULL },
  { { MARK(0, "LUKS\xba\xbe\0\2") }, NULL, NULL, NULL },
  { { MARK(510, "\x55\xaa"), MARK(512, "EFI PART") }, NULL, NULL, NULL },
  { { MARK(512, "QFI\xfb\0\0\0\3") }, NULL, NULL, NULL },
};

static void
wrappings_are_told_with_what_opens_them(void **state)
{
  (void)state;
  for (size_t i = 0; i < LENGTH_OF(wrappings); i++) {
    put_marks(wrappings[i].marks);
    const struct content_wrapping *is = content_wrapping(disk, CONTENT_HEAD_BYTES);
    assert_int_equal(is != NULL, wrappings[i].words != NULL);
    if (!is)
      continue;
    assert_string_equal(is->words, wrappings[i].words);
    assert_int_equal(is->qemu_format != NULL, wrappings[i].qemu_format != NULL);
    assert_int_equal(is->unpack != NULL, wrappings[i].unpack != NULL);
    if (is->qemu_format)
      assert_string_equal(is->qemu_format, wrappings[i].qemu_format);
    if (is->unpack)
      assert_string_equal(is->unpack, wrappings[i].unpack);
  }
}

/* A mark that isn't all there is none, and nothing is looked at beyond the end. */
static void
wrappings_end_with_the_bytes(void **state)
{
  (void)state;
  for (size_t i = 0; i < LENGTH_OF(wrappings) && wrappings[i].words; i++) {
    const struct mark *mark = &wrappings[i].marks[0];
    put_marks(wrappings[i].marks);
    unsigned char *exact = malloc(mark->offset + mark->length);
    memcpy(exact, disk, mark->offset + mark->length);
    assert_non_null(content_wrapping(exact, mark->offset + mark->length));
    if (mark->length > 1)
      assert_null(content_wrapping(exact, mark->offset + mark->length - 1));
    free(exact);
    assert_null(content_wrapping(NULL, 0));
  }
}

static void
formats_are_told_by_their_marks(void **state)
{
  char text[CONTENT_TEXT_BYTES];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(formats); i++) {
    put_marks(formats[i].marks);
    content_recognise(disk, sizeof disk, text);
    assert_string_equal(text, formats[i].words);
  }
}

static void
nothing_is_empty(void **state)
{
  char text[CONTENT_TEXT_BYTES];

  (void)state;
  content_recognise(disk, 0, text);
  assert_string_equal(text, "empty");
}

/* However little there is: nothing is read behind it, as the sanitizers see. */
static void
short_disks_are_read_to_their_end(void **state)
{
  char text[CONTENT_TEXT_BYTES];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(formats); i++)
    for (size_t length = 1; length < 8192; length += length < 600 ? 1 : 97) {
      unsigned char *part = malloc(length);
      put_marks(formats[i].marks);
      memcpy(part, disk, length);
      content_recognise(part, length, text);
      assert_true(text[0] != '\0');
      free(part);
    }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(wrappings_are_told_with_what_opens_them), cmocka_unit_test(wrappings_end_with_the_bytes),
    cmocka_unit_test(formats_are_told_by_their_marks),         cmocka_unit_test(nothing_is_empty),
    cmocka_unit_test(short_disks_are_read_to_their_end),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
