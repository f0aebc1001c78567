/* SPDX-License-Identifier: MIT */
/* A digest that stands for the wrong bytes calls a bad copy good, or a good one bad: trees are held to what they are by
 * definition, however the disk is cut, wherever it ends and however often its ranges had to be doubled; and what differs is
 * told, and nothing else. */
#include "unit/unit.h"

#include "base/limits.h"
#include "hash/ranges.h"

#define LEAF RANGE_LEAF_BYTES
#define DISK_BYTES (40 * LEAF)

static struct ranges ranges, other;
static uint8_t disk[DISK_BYTES];
static const uint8_t seed[NH_SEED_BYTES] = "ranges";

static void
fill_disk(void)
{
  srandom(1);
  for (size_t i = 0; i < sizeof disk; i++)
    disk[i] = (uint8_t)random();
  memset(disk + 9 * LEAF, 0, 7 * LEAF);        /* zeros on their own */
  memset(disk + 20 * LEAF + 100, 0, 2 * LEAF); /* and within leaves */
}

static void
sha256(const uint8_t *one, uint64_t one_bytes, const uint8_t *two, uint64_t two_bytes, uint8_t out[RANGE_DIGEST_BYTES])
{
  uint8_t digest[HASH_BYTES_MAX];
  struct hash hash;

  hash_init(&hash, HASH_SHA256, NULL);
  hash_add(&hash, one, one_bytes);
  hash_add(&hash, two, two_bytes);
  hash_out(&hash, digest);
  memcpy(out, digest, RANGE_DIGEST_BYTES);
}

/* Of the digests of its blocks, each of which is whole. */
static void
define_leaf(const uint8_t *data, uint64_t length, uint8_t out[RANGE_DIGEST_BYTES])
{
  static uint8_t digests[LEAF / NH_BLOCK_BYTES][NH_DIGEST_BYTES];
  uint8_t block[NH_BLOCK_BYTES];
  struct nh_key key;
  unsigned blocks = 0;

  nh_key_init(&key, seed);
  for (uint64_t at = 0; at < length; at += sizeof block) {
    memset(block, 0, sizeof block);
    memcpy(block, data + at, range_min(sizeof block, length - at));
    nh_take(&key, block, digests[blocks++]);
  }
  sha256(digests[0], (uint64_t)blocks * NH_DIGEST_BYTES, NULL, 0, out);
}

/* By the definition: the left tree is the largest whole one. */
static void
define(const uint8_t *data, uint64_t length, uint8_t out[RANGE_DIGEST_BYTES])
{
  uint8_t left[RANGE_DIGEST_BYTES], right[RANGE_DIGEST_BYTES];
  uint64_t half = LEAF;

  if (length <= LEAF) {
    define_leaf(data, length, out);
    return;
  }
  while (2 * half < length)
    half *= 2;
  define(data, half, left);
  define(data + half, length - half, right);
  sha256(left, sizeof left, right, sizeof right, out);
}

/* In parts as they come: a run of zeros now and then without its bytes. */
static void
add_in_parts(struct ranges *to, const uint8_t *data, uint64_t size)
{
  for (uint64_t at = 0, part; at < size; at += part) {
    part = range_min(size - at, (uint64_t)random() % 3 ? 1 + (uint64_t)random() % (5 * LEAF) : LEAF);
    bool zero = true;
    for (uint64_t i = 0; zero && i < part; i++)
      zero = data[at + i] == 0;
    ranges_add(to, zero && random() % 2 ? NULL : data + at, part);
  }
}

static void
pass(struct ranges *to, enum ranges_pass kind, bool only_differing, const uint8_t *data, uint64_t size)
{
  ranges_begin(to, kind, only_differing);
  add_in_parts(to, data, size);
  ranges_end(to);
}

static void
check_trees(uint64_t size, uint64_t range_bytes)
{
  ranges_init(&ranges, size, range_bytes, seed);
  assert_int_equal(ranges.bytes, range_bytes);
  pass(&ranges, RANGES_LEARN, false, disk, size);
  for (uint64_t at = 0; at < size; at += range_bytes) {
    uint8_t wanted[RANGE_DIGEST_BYTES];
    define(disk + at, range_min(range_bytes, size - at), wanted);
    assert_memory_equal(ranges.digests[at / range_bytes], wanted, sizeof wanted);
  }
}

static void
test_trees(void **state)
{
  (void)state;
  fill_disk();
  for (uint64_t bytes = LEAF; bytes <= 64 * LEAF; bytes *= 2)
    for (unsigned i = 0; i < 4; i++) {
      check_trees(1 + (uint64_t)random() % DISK_BYTES, bytes);
      check_trees(LEAF * (1 + (uint64_t)random() % 40), bytes);
    }
}

static void
test_sizes(void **state)
{
  static const struct {
    uint64_t size, block_bytes, bytes;
  } sizes[] = {
    { 0, 1, LEAF },
    { 1, 512, LEAF },
    { 4096 * LEAF, 1, LEAF },
    { 4096 * LEAF + 1, 1, 2 * LEAF },
    { MIB, 32 * MIB, 32 * MIB },
    { SIZE_UNKNOWN, 1, LEAF },
    { UINT64_C(1) << 62, 1, UINT64_C(1) << 50 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
    ranges_init(&ranges, sizes[i].size, sizes[i].block_bytes, seed);
    assert_int_equal(ranges.bytes, sizes[i].bytes);
    assert_int_equal(LEAF << ranges.levels, ranges.bytes);
  }
}

static void
test_nothing(void **state)
{
  struct range found;

  (void)state;
  ranges_init(&ranges, 0, 1, seed);
  for (int i = 0; i < 2; i++) {
    ranges_begin(&ranges, i ? RANGES_COMPARE : RANGES_LEARN, false);
    ranges_end(&ranges);
    assert_false(ranges_find(&ranges, 0, &found));
  }
}

/* A disk that is as long as it takes for its ranges to be doubled, mostly of zeros. */
static void
add_long(struct ranges *to, uint64_t leaves, uint64_t wrong)
{
  for (uint64_t at = 0; at < leaves; at += 40) {
    if (at <= wrong && wrong < at + 40)
      disk[(wrong - at) * LEAF + 5] ^= 1;
    if (at % 1000 == 0 || (at <= wrong && wrong < at + 40))
      ranges_add(to, disk, range_min(40, leaves - at) * LEAF);
    else
      ranges_add(to, NULL, range_min(40, leaves - at) * LEAF);
    if (at <= wrong && wrong < at + 40)
      disk[(wrong - at) * LEAF + 5] ^= 1;
  }
}

static void
learn_long(struct ranges *to, uint64_t size, uint64_t leaves)
{
  ranges_init(to, size, 1, seed);
  ranges_begin(to, RANGES_LEARN, false);
  add_long(to, leaves, UINT64_MAX);
  ranges_end(to);
}

/* A stream's ranges are in the end what those of a disk of that size are. */
static void
test_stream(void **state)
{
  static const uint64_t leaves[] = { 4096, 4097, 8192, 8193, 20011 };
  struct range found;

  (void)state;
  fill_disk();
  for (size_t i = 0; i < LENGTH_OF(leaves); i++) {
    learn_long(&ranges, SIZE_UNKNOWN, leaves[i]);
    learn_long(&other, leaves[i] * LEAF, leaves[i]);
    assert_int_equal(ranges.bytes, other.bytes);
    assert_int_equal(ranges.size, leaves[i] * LEAF);
    assert_memory_equal(ranges.digests, other.digests, (leaves[i] * LEAF - 1) / ranges.bytes * RANGE_DIGEST_BYTES);
    ranges_begin(&ranges, RANGES_COMPARE, false);
    add_long(&ranges, leaves[i], UINT64_MAX);
    ranges_end(&ranges);
    assert_false(ranges_find(&ranges, 0, &found));
  }
}

static void
check_found(uint64_t start, uint64_t end)
{
  struct range found;

  assert_true(ranges_find(&ranges, 0, &found));
  assert_int_equal(found.start, start);
  assert_int_equal(found.end, end);
  assert_false(ranges_find(&ranges, end, &found));
}

/* One bit anywhere is seen, and told where it is. */
static void
test_differences(void **state)
{
  uint64_t size = DISK_BYTES - 77, bytes = 4 * LEAF;

  (void)state;
  fill_disk();
  ranges_init(&ranges, size, bytes, seed);
  pass(&ranges, RANGES_LEARN, false, disk, size);
  for (unsigned i = 0; i < 50; i++) {
    uint64_t at = i == 0 ? 0 : i == 1 ? size - 1 : (uint64_t)random() % size;
    uint64_t start = at / bytes * bytes;
    disk[at] ^= 1u << random() % 8;
    pass(&ranges, RANGES_COMPARE, false, disk, size);
    check_found(start, range_min(start + bytes, size));
    pass(&ranges, RANGES_LEARN, true, disk, size); /* it is to be so, after all */
    pass(&ranges, RANGES_COMPARE, true, disk, size);
    struct range found;
    assert_false(ranges_find(&ranges, 0, &found));
    pass(&ranges, RANGES_COMPARE, false, disk, size);
    assert_false(ranges_find(&ranges, 0, &found));
  }
}

/* A pass for those that differ leaves the others as they are, whatever goes by there. */
static void
test_only_differing(void **state)
{
  uint64_t size = 16 * LEAF, bytes = LEAF;

  (void)state;
  fill_disk();
  ranges_init(&ranges, size, bytes, seed);
  pass(&ranges, RANGES_LEARN, false, disk, size);
  disk[5 * LEAF] ^= 1;
  disk[6 * LEAF] ^= 1;
  pass(&ranges, RANGES_COMPARE, false, disk, size);
  check_found(5 * LEAF, 7 * LEAF);
  disk[6 * LEAF] ^= 1;
  memset(disk, 0, 5 * LEAF);
  pass(&ranges, RANGES_COMPARE, true, disk, size);
  check_found(5 * LEAF, 6 * LEAF);
  pass(&ranges, RANGES_LEARN, true, disk, size);
  fill_disk();
  disk[5 * LEAF] ^= 1;
  pass(&ranges, RANGES_COMPARE, false, disk, size);
  struct range found;
  assert_false(ranges_find(&ranges, 0, &found));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_trees),  cmocka_unit_test(test_sizes),       cmocka_unit_test(test_nothing),
    cmocka_unit_test(test_stream), cmocka_unit_test(test_differences), cmocka_unit_test(test_only_differing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
