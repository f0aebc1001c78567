/* SPDX-License-Identifier: MIT */
/* A label or UUID that is read from the wrong place is another disk's: each must be where the filesystem's own tools put it. (Those
 * tools make the disks in tests/integration/test-disks.sh.) */
#include "unit/unit.h"

#include "report/content.h"
#include "report/labels.h"

static unsigned char disk[CONTENT_PROBE_BYTES];
static struct disk_content content;

struct mark {
  size_t offset;
  const char *bytes;
};

static const struct {
  struct mark marks[4];
  const char *type, *label, *uuid;
} cases[] = {
  { { { 0, "LUKS\xba\xbe" }, { 7, "\2" }, { 24, "crypt" }, { 168, "0a1b2c3d-0000-4000-8000-123456789abc" } },
    "LUKS",
    "crypt",
    "0a1b2c3d-0000-4000-8000-123456789abc" },
  { { { 0, "LUKS\xba\xbe" }, { 7, "\1" }, { 24, "sha256" }, { 168, "0a1b2c3d-0000-4000-8000-123456789abc" } },
    "LUKS",
    "",
    "0a1b2c3d-0000-4000-8000-123456789abc" },
  { { { 536, "LVM2 001" }, { 544, "abcdefghijklmnopqrstuvwxyz012345" } },
    "LVM2 member",
    "",
    "abcdef-ghij-klmn-opqr-stuv-wxyz-012345" },
  { { { 4096, "\xfc\x4e\x2b\xa9" }, { 4128, "host:0" }, { 4112, "0123456789abcdef" } },
    "RAID member",
    "host:0",
    "30313233-3435-3637-3839-616263646566" },
  { { { 0, "XFSB" }, { 108, "twelve bytes and more" }, { 32, "0123456789abcdef" } },
    "xfs",
    "twelve bytes",
    "30313233-3435-3637-3839-616263646566" },
  { { { 1080, "\x53\xef" }, { 1144, "root" }, { 1128, "0123456789abcdef" } },
    "ext2",
    "root",
    "30313233-3435-3637-3839-616263646566" },
  { { { 65600, "_BHRfS_M" }, { 65835, "data" }, { 65568, "0123456789abcdef" } },
    "btrfs",
    "data",
    "30313233-3435-3637-3839-616263646566" },
  { { { 3, "NTFS    " }, { 72, "\1\2\3\4\5\6\7\x8f" } }, "ntfs", "", "8F07060504030201" },
  { { { 82, "FAT32   " }, { 71, "STICK      " }, { 67, "\xcd\xab\x34\x12" } }, "vfat", "STICK", "1234-ABCD" },
  { { { 54, "FAT16   " }, { 43, "NO NAME    " }, { 39, "\1\2\3\4" } }, "vfat", "", "0403-0201" },
  { { { 32769, "CD001" }, { 32808, "DECANT                  " }, { 33598, "2026112619180000" } },
    "iso9660",
    "DECANT",
    "2026-11-26-19-18-00-00" },
  { { { 510, "\x55\xaa" }, { 440, "\x78\x56\x34\x12" } }, "MBR", "", "12345678" },
  { { { 510, "\x55\xaa" }, { 512, "EFI PART" }, { 568, "0123456789abcdef" } },
    "GPT",
    "",
    "33323130-3534-3736-3839-616263646566" },
  { { { 510, "\x55\xaa" }, { 4096, "EFI PART" }, { 4152, "0123456789abcdef" } },
    "GPT for sectors of 4096",
    "",
    "33323130-3534-3736-3839-616263646566" },
  { { { 0, "vhdxfile" } }, "a VHDX image", "", "" },
  { { { 60000, "x" } }, "data", "", "" },
  { { { 0, "" } }, "zeros", "", "" },
};

static void
each_is_read_from_its_place(void **state)
{
  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    memset(disk, 0, sizeof disk);
    for (int j = 0; j < 4 && cases[i].marks[j].bytes; j++)
      memcpy(disk + cases[i].marks[j].offset, cases[i].marks[j].bytes, strlen(cases[i].marks[j].bytes));
    labels_find(disk, sizeof disk, &content);
    assert_true(content.is_known);
    assert_string_equal(content.type, cases[i].type);
    assert_string_equal(content.label, cases[i].label);
    assert_string_equal(content.uuid, cases[i].uuid);
    bool is_one = strstr("ext2 xfs btrfs ntfs vfat", content.type);
    assert_int_equal(labels_is_filesystem(&content), is_one);
  }
}

static void
partitions_have_uuids_of_their_own(void **state)
{
  char uuid[DISK_UUID_BYTES];

  (void)state;
  for (size_t sector = 512; sector <= 4096; sector *= 8) {
    memset(disk, 0, sizeof disk);
    memcpy(disk + 510, "\x55\xaa", 2);
    memcpy(disk + sector, "EFI PART", 8);
    disk[sector + 72] = 2;
    disk[sector + 84] = 128;
    memcpy(disk + 2 * sector + 3 * 128 + 16, "0123456789abcdef", 16);
    labels_find_partition(disk, sizeof disk, 4, uuid);
    assert_string_equal(uuid, "33323130-3534-3736-3839-616263646566");
    disk[sector + 72 + 7] = 0xff; /* a table that is elsewhere */
    labels_find_partition(disk, sizeof disk, 4, uuid);
    assert_string_equal(uuid, "");
    disk[sector + 72 + 7] = 0;
    memset(disk + sector + 84, 0xff, 4);
    labels_find_partition(disk, sizeof disk, 4, uuid);
    assert_string_equal(uuid, "");
  }
  memset(disk, 0, sizeof disk);
  memcpy(disk + 510, "\x55\xaa", 2);
  labels_find_partition(disk, sizeof disk, 1, uuid);
  assert_string_equal(uuid, "");
  memcpy(disk + 440, "\x78\x56\x34\x02", 4);
  labels_find_partition(disk, sizeof disk, 11, uuid);
  assert_string_equal(uuid, "02345678-0b");
  labels_find_partition(disk, 0, 1, uuid);
  assert_string_equal(uuid, "");
}

/* Of any number of bytes, only those are looked at: the sanitizer watches. */
static void
a_short_disk_is_no_danger(void **state)
{
  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    memset(disk, 0, sizeof disk);
    for (int j = 0; j < 4 && cases[i].marks[j].bytes; j++)
      memcpy(disk + cases[i].marks[j].offset, cases[i].marks[j].bytes, strlen(cases[i].marks[j].bytes));
    for (size_t length = 0; length <= sizeof disk; length = length * 2 + 513) {
      unsigned char *some = malloc(length + 1);
      memcpy(some, disk, length);
      labels_find(some, length, &content);
      labels_find_partition(some, length, 128, content.uuid);
      free(some);
    }
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_is_read_from_its_place),
    cmocka_unit_test(partitions_have_uuids_of_their_own),
    cmocka_unit_test(a_short_disk_is_no_danger),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
