/* SPDX-License-Identifier: MIT */
/* A partition table is rewritten by hand on a disk that somebody wants to start from: both copies must be right to the last bit, for either
 * size of sectors and whatever size its array of entries has; and what is damaged must be left alone. The checksums are those of another
 * implementation, by a table. */
#include "unit/unit.h"

#include "base/little.h"
#include "disk/gpt.h"

static struct gpt gpt;
static unsigned char second[4096];

static uint32_t
crc_by_table(const unsigned char *bytes, size_t length)
{
  uint32_t table[256], crc = 0;

  for (uint32_t i = 0; i < 256; i++) {
    table[i] = i;
    for (int bit = 0; bit < 8; bit++)
      table[i] = (table[i] >> 1) ^ (0xedb88320u * (table[i] & 1));
  }
  for (crc = ~crc; length > 0; length--)
    crc = table[(crc ^ *bytes++) & 0xff] ^ (crc >> 8);
  return ~crc;
}

static unsigned char *
header(void)
{
  return gpt.head + gpt.sector_bytes;
}

static unsigned char *
entry(unsigned number)
{
  return gpt.entries + (size_t)(number - 1) * little_get(header() + 84, 4);
}

static void
seal(void)
{
  size_t length = little_get(header() + 80, 4) * little_get(header() + 84, 4);

  little_put(header() + 88, 4, crc_by_table(gpt.entries, length));
  little_put(header() + 16, 4, 0);
  little_put(header() + 16, 4, crc_by_table(header(), little_get(header() + 12, 4)));
}

static void
put_partition(unsigned number, uint64_t first, uint64_t last, const char *label)
{
  memset(entry(number), 0, 128);
  memset(entry(number), 0x11, 16);
  memset(entry(number) + 16, (int)number, 16);
  little_put(entry(number) + 32, 8, first);
  little_put(entry(number) + 40, 8, last);
  for (size_t i = 0; label[i]; i++)
    entry(number)[56 + 2 * i] = (unsigned char)label[i];
  seal();
}

/* A table of `count` entries of `each` bytes, on a disk of `sectors`. */
static void
make_table(unsigned sector_bytes, unsigned count, unsigned each, uint64_t sectors)
{
  uint64_t array = (count * each + sector_bytes - 1) / sector_bytes;

  memset(&gpt, 0, sizeof gpt);
  gpt.sector_bytes = sector_bytes;
  memcpy(gpt.head + 510, "\x55\xaa", 2);
  gpt.head[446 + 4] = 0xee;
  little_put(gpt.head + 446 + 8, 4, 1);
  little_put(gpt.head + 446 + 12, 4, sectors - 1);
  memcpy(header(), "EFI PART\0\0\1\0\x5c\0\0\0", 16);
  little_put(header() + 24, 8, 1);
  little_put(header() + 32, 8, sectors - 1);
  little_put(header() + 40, 8, 2 + array);
  little_put(header() + 48, 8, sectors - array - 2);
  memset(header() + 56, 0xab, 16);
  little_put(header() + 72, 8, 2);
  little_put(header() + 80, 4, count);
  little_put(header() + 84, 4, each);
  seal();
}

static void
read_it(void)
{
  assert_true(gpt_is_there(&gpt));
  assert_null(gpt_read_header(&gpt, 1));
  assert_null(gpt_read_entries(&gpt));
}

static void
assert_whole(const unsigned char *at, uint64_t own, uint64_t other, uint64_t entries_at)
{
  unsigned char copy[4096];

  memcpy(copy, at, gpt.sector_bytes);
  little_put(copy + 16, 4, 0);
  assert_int_equal(crc_by_table(copy, 92), little_get(at + 16, 4));
  assert_int_equal(little_get(at + 24, 8), own);
  assert_int_equal(little_get(at + 32, 8), other);
  assert_int_equal(little_get(at + 72, 8), entries_at);
  assert_int_equal(little_get(at + 88, 4), crc_by_table(gpt.entries, (size_t)gpt.count * gpt.entry_bytes));
  assert_true(gpt_is_header(at, gpt.sector_bytes, own));
  assert_false(gpt_is_header(at, gpt.sector_bytes, own + 1));
}

/* ---- Reaching further ---- */

static void
reach_with(unsigned sector_bytes, unsigned count, unsigned each)
{
  uint64_t mib = 1048576 / sector_bytes, sectors = 64 * mib + 5;
  uint64_t array = (count * each + sector_bytes - 1) / sector_bytes;
  struct gpt_partition partition;

  make_table(sector_bytes, count, each, 16 * mib);
  put_partition(1, mib, 2 * mib - 1, "boot");
  put_partition(3, 2 * mib, 15 * mib - 1, "root");
  read_it();
  assert_int_equal(gpt.entries_at, 2);
  assert_int_equal(gpt.entries_bytes, array * sector_bytes);
  assert_null(gpt_find(&gpt, "root", &partition));
  assert_null(gpt_reach(&gpt, sectors));
  assert_null(gpt_extend(&gpt, &partition, UINT64_MAX));
  assert_int_equal(partition.number, 3);
  assert_int_equal(partition.first, 2 * mib);
  assert_true(partition.last <= sectors - array - 2);
  assert_int_equal((partition.last + 1) % mib, 0);
  assert_true(partition.last + mib > sectors - array - 2);
  gpt_seal(&gpt);
  gpt_make_second(&gpt, second);
  assert_whole(header(), 1, sectors - 1, 2);
  assert_whole(second, sectors - 1, 1, sectors - array - 1);
  assert_int_equal(little_get(header() + 48, 8), sectors - array - 2);
  assert_int_equal(little_get(entry(3) + 40, 8), partition.last);
  assert_int_equal(little_get(entry(1) + 40, 8), 2 * mib - 1);
  assert_int_equal(little_get(gpt.head + 446 + 12, 4), sectors - 1);
  read_it(); /* and it is taken for whole */
}

static void
a_table_reaches_to_the_end(void **state)
{
  (void)state;
  reach_with(512, 128, 128);
  reach_with(4096, 128, 128);
  reach_with(512, 4, 128);
  reach_with(512, 1024, 128);
  reach_with(4096, 1024, 128);
  reach_with(512, 127, 256);
  reach_with(4096, 5, 512);
}

static void
a_disk_beyond_two_tib_is_said_to_be_as_large_as_can_be(void **state)
{
  (void)state;
  make_table(512, 128, 128, 1 << 20);
  read_it();
  assert_null(gpt_reach(&gpt, UINT64_C(1) << 33));
  gpt_seal(&gpt);
  assert_int_equal(little_get(gpt.head + 446 + 12, 4), UINT32_MAX);
}

static void
an_mbr_with_more_in_it_is_left_alone(void **state)
{
  (void)state;
  make_table(512, 128, 128, 1 << 20);
  gpt.head[446 + 16 + 4] = 0x0c;
  read_it();
  assert_null(gpt_reach(&gpt, 1 << 22));
  gpt_seal(&gpt);
  assert_int_equal(little_get(gpt.head + 446 + 12, 4), (1 << 20) - 1);
  assert_whole(header(), 1, (1 << 22) - 1, 2);
}

static void
what_lies_in_the_way_is_left_alone(void **state)
{
  struct gpt_partition partition;

  (void)state;
  make_table(512, 128, 128, 1 << 20);
  put_partition(1, 2048, 4095, "a");
  put_partition(2, 4096, (1 << 20) - 34, "b");
  read_it();
  assert_null(gpt_find(&gpt, "1", &partition));
  assert_string_equal(gpt_extend(&gpt, &partition, UINT64_MAX), "another partition lies behind it");
  assert_int_equal(little_get(entry(1) + 40, 8), 4095);
  assert_null(gpt_reach(&gpt, 1 << 20)); /* as it is */
  assert_non_null(strstr(gpt_reach(&gpt, (1 << 20) - 1), "a partition lies where"));
  assert_non_null(strstr(gpt_reach(&gpt, 66), "no room"));
  assert_int_equal(gpt.second_at, (1 << 20) - 1);
  assert_null(gpt_find(&gpt, "2", &partition));
  assert_null(gpt_extend(&gpt, &partition, UINT64_MAX)); /* never shorter, though its end isn't that of a MiB */
  assert_int_equal(partition.last, (1 << 20) - 34);
}

/* ---- Others' partitions ---- */

static void
partitions_of_another_table_are_added(void **state)
{
  unsigned char other[128], again[128];
  struct gpt_partition partition;
  unsigned number = 3;

  (void)state;
  make_table(512, 4, 128, 1 << 20);
  put_partition(1, 2048, 4095, "boot");
  put_partition(2, 4096, 8191, "root");
  read_it();
  memcpy(other, entry(2), sizeof other);
  memset(other + 16, 0x77, 16);
  little_put(other + 32, 8, 1 << 19);
  little_put(other + 40, 8, (1 << 19) + 2047);
  assert_null(gpt_find(&gpt, "root", &partition));
  assert_null(gpt_extend(&gpt, &partition, 1 << 19)); /* up to where it will be */
  assert_int_equal(partition.last, (1 << 19) - 1);
  assert_null(gpt_add(&gpt, other, &number));
  assert_int_equal(number, 3);
  assert_int_equal(gpt_used(&gpt), 3);
  assert_memory_equal(gpt_entry(&gpt, 3), other, sizeof other);
  number = 9;
  assert_null(gpt_add(&gpt, other, &number)); /* it is there */
  assert_int_equal(number, 3);
  assert_int_equal(gpt_used(&gpt), 3);
  assert_null(gpt_extend(&gpt, &partition, 1 << 19)); /* as it was, though something lies behind it */
  memcpy(again, other, sizeof again);
  little_put(again + 32, 8, 1 << 18);
  assert_string_equal(gpt_add(&gpt, again, &number), "another partition lies there");
  little_put(again + 32, 8, (1 << 19) + 2048);
  little_put(again + 40, 8, (1 << 19) + 4095);
  assert_string_equal(gpt_add(&gpt, again, &number), "another partition has the same UUID");
  memset(again + 16, 0x78, 16);
  little_put(again + 40, 8, 1 << 20);
  assert_string_equal(gpt_add(&gpt, again, &number), "it lies where the table has to be");
  little_put(again + 40, 8, 4096);
  assert_string_equal(gpt_add(&gpt, again, &number), "it lies where the table has to be");
  little_put(again + 40, 8, (1 << 19) + 4095);
  number = 2;
  assert_null(gpt_add(&gpt, again, &number)); /* that number is taken */
  assert_int_equal(number, 4);
  memset(again + 16, 0x79, 16);
  little_put(again + 32, 8, (1 << 19) + 4096);
  little_put(again + 40, 8, (1 << 19) + 6143);
  assert_string_equal(gpt_add(&gpt, again, &number), "the table is full");
  gpt_seal(&gpt);
  read_it();
}

/* The second one may have its entries anywhere before it. */
static void
the_second_header_is_read_too(void **state)
{
  (void)state;
  make_table(512, 128, 128, 1 << 20);
  put_partition(1, 2048, 4095, "a");
  read_it();
  gpt.second_entries_at = 10000;
  gpt_seal(&gpt);
  gpt_make_second(&gpt, second);
  memcpy(header(), second, 512);
  assert_string_equal(gpt_read_header(&gpt, 1), "its header is damaged");
  assert_null(gpt_read_header(&gpt, (1 << 20) - 1));
  assert_null(gpt_read_entries(&gpt));
  assert_int_equal(gpt.entries_at, 10000);
  gpt.second_at = 10031; /* into its own entries */
  gpt.second_entries_at = 10000;
  gpt_make_second(&gpt, second);
  memcpy(header(), second, 512);
  assert_string_equal(gpt_read_header(&gpt, 10031), "its header makes no sense");
}

/* ---- Names ---- */

static void
partitions_are_found(void **state)
{
  struct gpt_partition partition;

  (void)state;
  make_table(512, 128, 128, 1 << 20);
  put_partition(2, 2048, 4095, "EFI system");
  put_partition(5, 4096, 8191, "twice");
  put_partition(6, 8192, 9999, "twice");
  put_partition(128, 10000, 10001, "");
  memcpy(entry(128) + 56, "\xe4\0\xac\x20", 4);
  memcpy(entry(2) + 16, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 16);
  seal();
  read_it();
  assert_null(gpt_find(&gpt, "2", &partition));
  assert_int_equal(partition.number, 2);
  assert_string_equal(partition.label, "EFI system");
  assert_string_equal(partition.uuid, "04030201-0605-0807-090a-0b0c0d0e0f10");
  assert_null(gpt_find(&gpt, "EFI_system", &partition));
  assert_null(gpt_find(&gpt, "EFI system", &partition));
  assert_null(gpt_find(&gpt, "04030201-0605-0807-090A-0B0C0D0E0F10", &partition));
  assert_int_equal(partition.number, 2);
  assert_null(gpt_find(&gpt, "\xc3\xa4\xe2\x82\xac", &partition));
  assert_int_equal(partition.number, 128);
  assert_string_equal(gpt_find(&gpt, "twice", &partition), "it has several partitions of that label");
  assert_string_equal(gpt_find(&gpt, "EFI", &partition), "it has no partition of that label or UUID");
  assert_string_equal(gpt_find(&gpt, "EFI systems", &partition), "it has no partition of that label or UUID");
  for (int i = 0; i < 4; i++)
    assert_string_equal(gpt_find(&gpt, (const char *[]){ "0", "1", "129", "4294967295" }[i], &partition),
                        "it has no partition of that number");
}

/* ---- Damage ---- */

static void
damage_is_refused(void **state)
{
  (void)state;
  make_table(512, 128, 128, 1 << 20);
  put_partition(1, 2048, 4095, "a");
  for (size_t at = 0; at < 92; at++) {
    header()[at] ^= 0x10;
    assert_true(at < 8 || gpt_is_there(&gpt));
    gpt.sector_bytes = 512;
    assert_non_null(gpt_read_header(&gpt, 1));
    header()[at] ^= 0x10;
  }
  read_it();
  for (size_t at = 0; at < (size_t)128 * 128; at += 97) {
    gpt.entries[at] ^= 1;
    assert_string_equal(gpt_read_entries(&gpt), "its entries are damaged");
    gpt.entries[at] ^= 1;
  }
  read_it();
}

/* Checksums that are right, of what isn't. */
static void
refuse_with(unsigned at, unsigned bytes, uint64_t number)
{
  unsigned char before[8];

  memcpy(before, header() + at, 8);
  little_put(header() + at, bytes, number);
  little_put(header() + 16, 4, 0);
  if (little_get(header() + 12, 4) <= 512)
    little_put(header() + 16, 4, crc_by_table(header(), little_get(header() + 12, 4)));
  assert_non_null(gpt_read_header(&gpt, 1));
  memcpy(header() + at, before, 8);
  seal();
}

static void
nonsense_is_refused(void **state)
{
  (void)state;
  make_table(512, 128, 128, 1 << 20);
  put_partition(1, 2048, 4095, "a");
  read_it();
  refuse_with(12, 4, 91);         /* too short a header */
  refuse_with(12, 4, 513);        /* one beyond its sector */
  refuse_with(24, 8, 2);          /* that lies elsewhere */
  refuse_with(40, 8, 1 << 20);    /* no room for partitions */
  refuse_with(40, 8, 33);         /* entries among the partitions */
  refuse_with(72, 8, 1);          /* entries over the header */
  refuse_with(72, 8, UINT64_MAX); /* nowhere */
  refuse_with(80, 4, 0);          /* none */
  refuse_with(80, 4, 1025);       /* more than are taken */
  refuse_with(80, 4, UINT32_MAX);
  refuse_with(84, 4, 64);
  refuse_with(84, 4, 192);
  refuse_with(84, 4, UINT32_MAX);
  read_it();
  put_partition(2, 33, 40, "before all");
  assert_non_null(gpt_read_entries(&gpt));
  put_partition(2, 4096, 1 << 20, "behind all");
  assert_non_null(gpt_read_entries(&gpt));
  put_partition(2, 9000, 8999, "less than nothing");
  assert_non_null(gpt_read_entries(&gpt));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_table_reaches_to_the_end),
    cmocka_unit_test(a_disk_beyond_two_tib_is_said_to_be_as_large_as_can_be),
    cmocka_unit_test(an_mbr_with_more_in_it_is_left_alone),
    cmocka_unit_test(what_lies_in_the_way_is_left_alone),
    cmocka_unit_test(partitions_of_another_table_are_added),
    cmocka_unit_test(the_second_header_is_read_too),
    cmocka_unit_test(partitions_are_found),
    cmocka_unit_test(damage_is_refused),
    cmocka_unit_test(nonsense_is_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
