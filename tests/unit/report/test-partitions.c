/* SPDX-License-Identifier: MIT */
/* A disk is refused for what its partition table says, so nothing may be read out of one that it doesn't say: neither of bytes that
 * only look like a table, nor of one that would be right for sectors of either size. */
#include "unit/unit.h"

#include "report/partitions.h"

static unsigned char disk[PARTITIONS_HEAD_BYTES];

static void
clear(void)
{
  memset(disk, 0, sizeof disk);
  memcpy(disk + 510, "\x55\xaa", 2);
}

static void
put_entry(int index, unsigned char type, uint32_t start, uint32_t count)
{
  unsigned char *entry = disk + 446 + 16 * index;

  entry[4] = type;
  for (int i = 0; i < 4; i++) {
    entry[8 + i] = (unsigned char)(start >> 8 * i);
    entry[12 + i] = (unsigned char)(count >> 8 * i);
  }
}

static void
a_gpt_tells_by_its_place(void **state)
{
  (void)state;
  for (size_t sector = 512; sector <= 4096; sector *= 8) {
    clear();
    put_entry(0, 0xee, 1, 0xffffffff);
    assert_int_equal(partitions_sector_bytes(disk, sizeof disk, 1 << 30), 0);
    memcpy(disk + sector, "EFI PART", 8);
    assert_int_equal(partitions_sector_bytes(disk, sizeof disk, 1 << 30), sector);
    assert_int_equal(partitions_sector_bytes(disk, sizeof disk, UINT64_MAX), sector);
    assert_true(partitions_are_there(disk, sizeof disk));
    assert_int_equal(partitions_sector_bytes(disk, sector + 7, 1 << 30), 0); /* not all of it is here */
  }
}

static void
an_mbr_tells_what_would_not_fit(void **state)
{
  (void)state;
  clear();
  put_entry(0, 0x83, 2048, 8192);
  put_entry(2, 0x83, 10240, 6144);
  assert_int_equal(partitions_sector_bytes(disk, sizeof disk, 16384 * 512), 512);
  assert_int_equal(partitions_sector_bytes(disk, sizeof disk, UINT64_C(16384) * 4096 - 1), 512);
  assert_int_equal(partitions_sector_bytes(disk, sizeof disk, UINT64_C(16384) * 4096), 0);
  assert_int_equal(partitions_sector_bytes(disk, sizeof disk, UINT64_MAX), 0);
  assert_true(partitions_are_there(disk, sizeof disk));
}

static void
what_only_ends_like_one_is_none(void **state)
{
  (void)state;
  clear();
  assert_false(partitions_are_there(disk, sizeof disk)); /* no partition in it */
  put_entry(0, 0x83, 2048, 8192);
  put_entry(1, 0x65, 0x20726568, 0x74206f6e);
  disk[446 + 16] = 'T'; /* a filesystem's message to whoever starts it */
  assert_false(partitions_are_there(disk, sizeof disk));
  assert_int_equal(partitions_sector_bytes(disk, sizeof disk, 1 << 20), 0);
  disk[446 + 16] = 0x80;
  assert_true(partitions_are_there(disk, sizeof disk));
  assert_false(partitions_are_there(disk, 511));
  assert_false(partitions_are_there(disk, 0));
  disk[510] = 0;
  assert_false(partitions_are_there(disk, sizeof disk));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_gpt_tells_by_its_place),
    cmocka_unit_test(an_mbr_tells_what_would_not_fit),
    cmocka_unit_test(what_only_ends_like_one_is_none),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
