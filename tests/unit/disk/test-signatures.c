/* SPDX-License-Identifier: MIT */
/* What lies at a disk's end is wiped where these places say, so they have to be those at which each of them really lies, for disks of any
 * size, and never outside of it. */
#include "unit/unit.h"

#include "disk/signatures.h"

static unsigned char bytes[SIGNATURE_BYTES_MAX];

/* The offset at which a signature with these words is looked for, and found as `magic`; 0: at none. */
static uint64_t
place_of(const char *words, const char *magic, uint64_t size, unsigned which)
{
  struct range place;

  for (unsigned number = 0; signatures_place(number, size, &place); number++) {
    assert_true(place.end <= size && range_length(place) <= SIGNATURE_BYTES_MAX);
    if (range_is_empty(place))
      continue;
    memset(bytes, 0, sizeof bytes);
    assert_null(signatures_find(number, bytes));
    memcpy(bytes, magic, strlen(magic));
    const char *found = signatures_find(number, bytes);
    if (found && strcmp(found, words) == 0 && which-- == 0)
      return place.start;
  }
  return 0;
}

static void
each_lies_where_it_is_looked_for(void **state)
{
  uint64_t size = 100 * MIB + 5 * 512;

  (void)state;
  assert_int_equal(place_of("a GPT's second header", "EFI PART", size, 0), size - 512);
  assert_int_equal(place_of("a GPT's second header", "EFI PART", size, 1), 100 * MIB - 4096);
  /* As the kernel's md has them, in sectors: ((n - 16) & ~7) and (n & ~127) - 128. */
  assert_int_equal(place_of("a RAID superblock (md 1.0)", "\xfc\x4e\x2b\xa9", size, 0),
                   ((size / 512 - 16) & ~7u) * 512);
  assert_int_equal(place_of("a RAID superblock (md 0.90)", "\xfc\x4e\x2b\xa9", size, 0),
                   ((size / 512 & ~127u) - 128) * 512);
  assert_int_equal(place_of("a RAID superblock (Intel)", "Intel Raid ISM Cfg Sig. 1.3", size, 0), size - 1024);
  assert_int_equal(place_of("a RAID superblock (Intel)", "Intel Raid ISM Cfg Sig. 1.3", size, 1), 100 * MIB - 8192);
  assert_int_equal(place_of("a RAID superblock (DDF)", "\xde\x11\xde\x11", size, 0), size - 512);
  assert_int_equal(place_of("a RAID superblock (NVIDIA)", "NVIDIA", size, 0), size - 1024);
  assert_int_equal(place_of("a GEOM label", "GEOM::MIRROR", size, 0), size - 512);
}

static void
a_pool_is_known_by_any_of_its_uberblocks(void **state)
{
  const uint64_t size = 64 * MIB + 262143;
  struct range place;
  unsigned found = 0;

  (void)state;
  for (unsigned number = 0; signatures_place(number, size, &place); number++)
    for (size_t at = 0; range_length(place) == 131072 && at < 131072; at += 512) {
      memset(bytes, 0, sizeof bytes);
      memcpy(bytes + at, "\x0c\xb1\xba\0\0\0\0\0", 8);
      assert_int_equal(signatures_find(number, bytes) != NULL, at % 1024 == 0);
      signatures_clear(number, bytes);
      assert_int_equal(bytes[at] == 0, at % 1024 == 0);
      found |= place.start == 64 * MIB - 131072 ? 1 : place.start == 64 * MIB - 393216 ? 2 : 4;
    }
  assert_int_equal(found, 3);
}

/* As the second copy of a table may that is the disk's own now. */
static void
what_lies_beside_it_stays(void **state)
{
  struct range place;
  unsigned number = 0;

  (void)state;
  while (signatures_place(number, 64 * MIB, &place) && range_length(place) < SIGNATURE_BYTES_MAX)
    number++;
  memset(bytes, 0xaa, sizeof bytes);
  for (size_t at = 2048; at < 5000; at += 2048)
    memcpy(bytes + at, "\x0c\xb1\xba\0\0\0\0\0", 8);
  signatures_clear(number, bytes);
  for (size_t at = 0; at < sizeof bytes; at++)
    assert_int_equal(bytes[at], at / 512 == 4 || at / 512 == 8 ? 0 : 0xaa);
}

static void
nothing_is_looked_for_outside(void **state)
{
  struct range place;

  (void)state;
  for (uint64_t size = 0; size < 300000; size += 128)
    for (unsigned number = 0; signatures_place(number, size, &place); number++) {
      assert_true(place.start <= place.end && place.end <= size);
      assert_true(range_length(place) <= 512); /* it is too small for a pool */
    }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_lies_where_it_is_looked_for),
    cmocka_unit_test(a_pool_is_known_by_any_of_its_uberblocks),
    cmocka_unit_test(what_lies_beside_it_stays),
    cmocka_unit_test(nothing_is_looked_for_outside),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
