/* SPDX-License-Identifier: MIT */
/* A digest that is wrong by one byte says that a good copy is bad, or worse. The
 * plain ones are held to published values, and a blkhash to its definition, put
 * together from plain ones, however the disk was cut into parts. */
#include "unit/unit.h"

#include "report/digest.h"

static const char *const names[] = { "md5", "sha1", "sha224", "sha256", "sha384", "sha512" };

static void
plain(enum hash_kind hash, const void *data, size_t length, char hex[DIGEST_HEX_BYTES])
{
  struct digest_config config = { .kind = DIGEST_PLAIN, .hash = hash };
  struct digest digest;

  digest_init(&digest, &config);
  digest_add(&digest, data, length);
  digest_finish(&digest, hex);
}

/* Appends what `hex` stands for. */
static size_t
append(uint8_t *bytes, size_t used, const char *hex)
{
  return used + from_hex(bytes + used, hex);
}

/* The definition, word for word. */
static void
define_blkhash(enum hash_kind hash, size_t block_bytes, const uint8_t *disk, size_t size, char hex[DIGEST_HEX_BYTES])
{
  uint8_t *bytes = malloc((size / block_bytes + 1) * HASH_BYTES_MAX + 8);
  size_t used = 0;

  for (size_t at = 0; at < size; at += block_bytes) {
    plain(hash, disk + at, size - at < block_bytes ? size - at : block_bytes, hex);
    used = append(bytes, used, hex);
  }
  for (unsigned i = 0; i < 8; i++)
    bytes[used++] = (uint8_t)((uint64_t)size >> (8 * i));
  plain(hash, bytes, used, hex);
  free(bytes);
}

static void
plain_digests_are_the_published_ones(void **state)
{
  static const char *const of_abc[] = {
    "900150983cd24fb0d6963f7d28e17f72",
    "a9993e364706816aba3e25717850c26c9cd0d89d",
    "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
    "454d4423643ce80e2a9ac94fa54ca49f",
  };
  char hex[DIGEST_HEX_BYTES];

  (void)state;
  for (enum hash_kind hash = HASH_MD5; hash <= HASH_SHA512; hash++) {
    plain(hash, "abc", 3, hex);
    assert_string_equal(hex, of_abc[hash]);
  }
  plain(HASH_SHA256, NULL, 0, hex);
  assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
a_blkhash_of_nothing_is_that_of_its_size(void **state)
{
  struct digest digest;
  char hex[DIGEST_HEX_BYTES];

  (void)state;
  digest_init(&digest, &digest_blkhash);
  digest_add(&digest, NULL, 0);
  digest_finish(&digest, hex);
  assert_string_equal(hex, "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
}

/* What came of the blocks, which the whole is the digest of. */
struct collector {
  struct digest_sink sink;
  uint8_t bytes[8000 * HASH_BYTES_MAX];
  size_t used;
};

static void
collect(struct digest_sink *sink, const uint8_t *digest, unsigned bytes)
{
  struct collector *collector = (struct collector *)sink;

  memcpy(collector->bytes + collector->used, digest, bytes);
  collector->used += bytes;
}

static void
assert_blocks_make_the_whole(struct collector *collector, const struct digest_config *config, size_t size,
                             const char *whole)
{
  char hex[DIGEST_HEX_BYTES];

  check(collector->used == (size + config->block_bytes - 1) / config->block_bytes * hash_bytes(config->hash));
  for (unsigned i = 0; i < 8; i++)
    collector->bytes[collector->used++] = (uint8_t)((uint64_t)size >> (8 * i));
  plain(config->hash, collector->bytes, collector->used, hex);
  check(strcmp(hex, whole) == 0);
}

/* Some of it zeros, in runs that do and don't fill blocks. */
static size_t
make_disk(struct random *random, uint8_t *disk, size_t bytes_max)
{
  size_t size = random_between(random, 0, bytes_max), at = 0;

  memset(disk, 0, size);
  while (at < size) {
    size_t run = random_between(random, 1, size - at);
    if (random_one_in(random, 2))
      memset(disk + at, (int)random_between(random, 1, 255), run);
    at += run;
    disk[random_between(random, 0, size - 1)] ^= random_one_in(random, 2);
  }
  return size;
}

static bool
is_zero(const uint8_t *data, size_t length)
{
  while (length > 0)
    if (data[--length] != 0)
      return false;
  return true;
}

static void
parts_do_not_matter(struct random *random)
{
  static uint8_t disk[6000];
  static struct collector collector;
  enum hash_kind hash = (enum hash_kind)random_between(random, HASH_MD5, HASH_SHA512);
  struct digest_config config = { .kind = random_one_in(random, 4) ? DIGEST_PLAIN : DIGEST_BLKHASH, .hash = hash };
  char expected[DIGEST_HEX_BYTES], got[DIGEST_HEX_BYTES];
  struct digest digest;
  size_t size = make_disk(random, disk, sizeof disk);
  size_t part_max = random_between(random, 1, 3000);

  config.block_bytes = (uint64_t)1 << random_between(random, 0, 13);
  if (config.kind == DIGEST_BLKHASH)
    define_blkhash(hash, config.block_bytes, disk, size, expected);
  else
    plain(hash, disk, size, expected);
  digest_init(&digest, &config);
  collector = (struct collector){ .sink = { collect } };
  digest.sink = &collector.sink;
  for (size_t at = 0; at < size;) {
    size_t part = random_between(random, 0, part_max);
    part = part > size - at ? size - at : part;
    /* Zeros may come as data too. */
    digest_add(&digest, is_zero(disk + at, part) && random_one_in(random, 2) ? NULL : disk + at, part);
    at += part;
  }
  digest_finish(&digest, got);
  check(strcmp(got, expected) == 0);
  if (config.kind == DIGEST_BLKHASH)
    assert_blocks_make_the_whole(&collector, &config, size, expected);
}

static void
however_the_disk_is_cut_the_digest_is_the_same(void **state)
{
  (void)state;
  run_seeds(1000, parts_do_not_matter);
}

/* 128 GiB, of which one block is hashed. */
static void
long_holes_are_counted_and_not_read(void **state)
{
  struct digest_config config = { .kind = DIGEST_BLKHASH, .hash = HASH_SHA256, .block_bytes = 32 * MIB };
  static uint8_t bytes[4096 * 32 + 8];
  char expected[DIGEST_HEX_BYTES], got[DIGEST_HEX_BYTES];
  size_t used = 0;
  struct digest digest;

  (void)state;
  plain(HASH_SHA256, NULL, 32 * MIB, got);
  for (unsigned i = 0; i < 4096; i++)
    used = append(bytes, used, got);
  memcpy(bytes + used, "\0\0\0\0\40\0\0\0", 8);
  plain(HASH_SHA256, bytes, used + 8, expected);
  digest_init(&digest, &config);
  digest_add(&digest, NULL, 64 * GIB);
  digest_add(&digest, NULL, MIB);
  digest_add(&digest, NULL, 64 * GIB - MIB);
  digest_finish(&digest, got);
  assert_string_equal(got, expected);
}

static void
blkhash_values_are_understood(void **state)
{
  static const struct {
    const char *text;
    enum hash_kind hash;
    uint64_t block_bytes;
  } good[] = {
    { NULL, HASH_SHA256, 64 * KIB },
    { "", HASH_SHA256, 64 * KIB },
    { "sha256", HASH_SHA256, 64 * KIB },
    { "SHA512/512k", HASH_SHA512, 512 * KIB },
    { "md5/4", HASH_MD5, 4 },
    { "Sha1/1M", HASH_SHA1, MIB },
    { "sha224/1", HASH_SHA224, 1 },
    { "sha384/1G", HASH_SHA384, GIB },
  };
  static const char *const bad[] = { "sha",       "sha2560",     "sha256:64k", "crc32",        "/64k",
                                     "sha256/",   "sha256/0",    "sha256/3",   "sha256/65537", "sha256/64x",
                                     "sha256/2G", "sha256/64k/", "sha256/-1",  " md5" };
  struct digest_config config;
  struct fault fault;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(good); i++) {
    assert_int_equal(digest_parse_blkhash(&config, good[i].text, &fault), 0);
    assert_int_equal(config.kind, DIGEST_BLKHASH);
    assert_int_equal(config.hash, good[i].hash);
    assert_int_equal(config.block_bytes, good[i].block_bytes);
  }
  for (enum hash_kind hash = HASH_MD5; hash <= HASH_SHA512; hash++) {
    assert_int_equal(digest_parse_blkhash(&config, names[hash], &fault), 0);
    assert_int_equal(config.hash, hash);
  }
  for (size_t i = 0; i < LENGTH_OF(bad); i++) {
    assert_int_equal(digest_parse_blkhash(&config, bad[i], &fault), -1);
    assert_int_equal(fault.exit_code, EXIT_BAD_USAGE);
    assert_non_null(strstr(fault.text, bad[i]));
  }
}

#define ABC256 "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"

static void
expected_values_are_understood(void **state)
{
  static const char *const bad[] = { "",
                                     "sha256",
                                     "sha256:",
                                     "blkhash:",
                                     ":" ABC256,
                                     ABC256,
                                     "sha256:" ABC256 "0",
                                     "sha256:abcd",
                                     "md5:900150983cd24fb0d6963f7d28e17f72",
                                     "blkhash:xyz",
                                     "blkhash:" ABC256 ABC256 "00",
                                     "sha256 :" ABC256,
                                     "sha256: " ABC256 };
  struct digest_expected expected;
  struct digest_config md5;
  struct fault fault;
  char hex[DIGEST_HEX_BYTES];

  (void)state;
  assert_int_equal(digest_parse_expected(&expected, "sha256:" ABC256, &fault), 0);
  assert_int_equal(expected.kind, DIGEST_PLAIN);
  plain(HASH_SHA256, "abc", 3, hex);
  assert_string_equal(expected.hex, hex);
  assert_int_equal(digest_parse_expected(&expected, "BLKHASH:" ABC256, &fault), 0);
  assert_int_equal(expected.kind, DIGEST_BLKHASH);
  assert_int_equal(digest_check_expected(&expected, &digest_blkhash, &fault), 0);
  assert_int_equal(digest_parse_blkhash(&md5, "md5", &fault), 0);
  assert_int_equal(digest_check_expected(&expected, &md5, &fault), -1);
  assert_int_equal(fault.exit_code, EXIT_BAD_USAGE);
  for (size_t i = 0; i < LENGTH_OF(bad); i++) {
    assert_int_equal(digest_parse_expected(&expected, bad[i], &fault), -1);
    assert_int_equal(fault.exit_code, EXIT_BAD_USAGE);
  }
}

static void
a_difference_is_told_with_both(void **state)
{
  struct digest_expected expected;
  struct fault fault;
  char hex[DIGEST_HEX_BYTES];

  (void)state;
  assert_int_equal(digest_parse_expected(&expected, "sha256:" ABC256, &fault), 0);
  plain(HASH_SHA256, "abc", 3, hex);
  assert_int_equal(digest_compare(&expected, hex, &fault), 0);
  plain(HASH_SHA256, "abd", 3, hex);
  assert_int_equal(digest_compare(&expected, hex, &fault), -1);
  assert_int_equal(fault.exit_code, EXIT_DIGEST_DIFFERS);
  assert_non_null(strstr(fault.text, hex));
  assert_non_null(strstr(fault.text, expected.hex));
  assert_null(strchr(fault.text, '\n'));
}

static void
add_behind_the_end(void)
{
  struct digest digest;
  char hex[DIGEST_HEX_BYTES];

  digest_init(&digest, &digest_sha256);
  digest_finish(&digest, hex);
  digest_add(&digest, NULL, 1);
}

static void
blocks_of_three(void)
{
  struct digest_config config = { .kind = DIGEST_BLKHASH, .hash = HASH_SHA256, .block_bytes = 3 };
  struct digest digest;

  digest_init(&digest, &config);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(add_behind_the_end));
  assert_true(is_asserted(blocks_of_three));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(plain_digests_are_the_published_ones),
    cmocka_unit_test(a_blkhash_of_nothing_is_that_of_its_size),
    cmocka_unit_test(however_the_disk_is_cut_the_digest_is_the_same),
    cmocka_unit_test(long_holes_are_counted_and_not_read),
    cmocka_unit_test(blkhash_values_are_understood),
    cmocka_unit_test(expected_values_are_understood),
    cmocka_unit_test(a_difference_is_told_with_both),
    cmocka_unit_test(mistakes_are_asserted),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
