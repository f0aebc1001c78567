/* SPDX-License-Identifier: MIT */
/* An MBR has no checksum and one copy, so an entry is changed only where it is clear which one is meant, and that nothing else lies
 * where it is to reach. */
#include "unit/unit.h"

#include "base/little.h"
#include "disk/mbr.h"

static unsigned char mbr[MBR_BYTES];
static unsigned char before[MBR_BYTES];
static struct mbr_partition partition;

static void
put_entry(unsigned number, unsigned char type, uint32_t start, uint32_t count)
{
  unsigned char *entry = mbr + 446 + (size_t)16 * (number - 1);

  entry[4] = type;
  little_put(entry + 8, 4, start);
  little_put(entry + 12, 4, count);
}

static void
make_mbr(void)
{
  memset(mbr, 0, sizeof mbr);
  memcpy(mbr + 510, "\x55\xaa", 2);
  little_put(mbr + 440, 4, 0x0badcafe);
  put_entry(1, 0x83, 10240, 2048);
  put_entry(2, 0x0c, 2048, 8192);
  memcpy(before, mbr, sizeof mbr);
}

static void
must_refuse(const char *name, const char *why)
{
  memcpy(before, mbr, sizeof mbr);
  assert_string_equal(mbr_extend(mbr, name, 1 << 20, 512, &partition), why);
  assert_memory_equal(mbr, before, sizeof mbr);
}

static void
the_last_one_grows(void **state)
{
  (void)state;
  for (unsigned sector = 512; sector <= 4096; sector *= 8)
    for (int i = 0; i < 2; i++) {
      uint64_t mib = 1048576 / sector;
      make_mbr();
      assert_null(mbr_extend(mbr, i ? "0BADCAFE-01" : "1", 64 * mib + 77, sector, &partition));
      assert_int_equal(partition.number, 1);
      assert_int_equal(partition.start, 10240);
      assert_int_equal(partition.end_before, 12288);
      assert_int_equal(partition.end, 64 * mib);
      assert_int_equal(little_get(mbr + 446 + 12, 4), 64 * mib - 10240);
      assert_int_equal(little_get(mbr + 446 + 5, 3), 0xfffffe);
      assert_memory_equal(mbr + 446 + 16, before + 446 + 16, 66);
      assert_memory_equal(mbr, before, 446 + 5);
    }
}

static void
it_never_shrinks_nor_passes_what_can_be_said(void **state)
{
  (void)state;
  make_mbr();
  put_entry(1, 0x83, 10240, 2047);
  assert_null(mbr_extend(mbr, "1", 12290, 512, &partition));
  assert_int_equal(partition.end, 12288);
  put_entry(1, 0x83, 10240, 2047);
  assert_null(mbr_extend(mbr, "1", 12287, 512, &partition));
  assert_int_equal(partition.end, 12287);
  assert_null(mbr_extend(mbr, "1", UINT64_C(1) << 40, 512, &partition));
  assert_int_equal(partition.end, UINT64_C(1) << 32);
  make_mbr();
  put_entry(2, 0, 0, 0);
  put_entry(1, 0x83, 0, 2048);
  memcpy(before, mbr, sizeof mbr);
  assert_string_equal(mbr_extend(mbr, "1", UINT64_C(1) << 40, 512, &partition), "that is the whole disk");
  assert_memory_equal(mbr, before, sizeof mbr);
}

static void
others_are_refused(void **state)
{
  static const unsigned char extended[] = { 0x05, 0x0f, 0x85 };
  const char *none = "it has no partition of that number";

  (void)state;
  make_mbr();
  must_refuse("2", "another partition lies behind it");
  must_refuse("3", none);
  must_refuse("0", none);
  must_refuse("root", none);
  must_refuse("0badcaff-01", none);
  must_refuse("5", "only a primary partition can be made larger");
  must_refuse("0badcafe-05", "only a primary partition can be made larger");
  for (size_t i = 0; i < sizeof extended; i++) {
    put_entry(1, extended[i], 10240, 2048);
    must_refuse("1", "that is an extended partition");
  }
}

static void
partitions_are_listed(void **state)
{
  uint64_t first, length;

  (void)state;
  make_mbr();
  assert_true(mbr_partition(mbr, 1, &first, &length));
  assert_true(first == 10240 && length == 2048);
  assert_true(mbr_partition(mbr, 2, &first, &length));
  assert_true(first == 2048 && length == 8192);
  assert_false(mbr_partition(mbr, 3, &first, &length));
  assert_false(mbr_partition(mbr, 4, &first, &length));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_last_one_grows),
    cmocka_unit_test(it_never_shrinks_nor_passes_what_can_be_said),
    cmocka_unit_test(others_are_refused),
    cmocka_unit_test(partitions_are_listed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
