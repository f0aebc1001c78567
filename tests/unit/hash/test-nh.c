/* SPDX-License-Identifier: MIT */
/* A word that doesn't count, or a sum that loses its upper half, calls a bad copy good: digests are held to the definition, worked
 * out in 32 bits at a time, and each bit of a block to changing them. */
#include "unit/unit.h"

#include "hash/nh.h"

static struct nh_key key;
static uint8_t block[NH_BLOCK_BYTES + 1];

static void
fill(void)
{
  static const uint8_t seed[NH_SEED_BYTES] = "a seed of random";

  srandom(3);
  for (size_t i = 0; i < sizeof block; i++)
    block[i] = (uint8_t)random();
  nh_key_init(&key, seed);
}

/* Adds the product of two words to a sum of four digits, the lowest first. */
static void
add_product(uint32_t sum[4], uint64_t left, uint64_t right)
{
  const uint64_t digits[2][2] = { { (uint32_t)left, left >> 32 }, { (uint32_t)right, right >> 32 } };

  for (unsigned i = 0; i < 2; i++)
    for (unsigned j = 0; j < 2; j++) {
      uint64_t carry = digits[0][i] * digits[1][j];
      for (unsigned k = i + j; k < 4; k++) {
        uint64_t digit = sum[k] + (uint64_t)(uint32_t)carry;
        sum[k] = (uint32_t)digit;
        carry = (carry >> 32) + (digit >> 32);
      }
    }
}

static void
define(const uint8_t *data, uint8_t digest[NH_DIGEST_BYTES])
{
  uint64_t words[NH_BLOCK_BYTES / 8];
  uint32_t sums[2][4] = { { 0 }, { 0 } };

  memcpy(words, data, sizeof words);
  for (unsigned sum = 0; sum < 2; sum++)
    for (unsigned i = 0; i < NH_BLOCK_BYTES / 8; i += 2)
      add_product(sums[sum], words[i] + key.words[i + 2 * sum], words[i + 1] + key.words[i + 1 + 2 * sum]);
  memcpy(digest, sums, NH_DIGEST_BYTES);
}

static void
test_definition(void **state)
{
  uint8_t digest[NH_DIGEST_BYTES], wanted[NH_DIGEST_BYTES];

  (void)state;
  fill();
  for (unsigned at = 0; at < 2; at++) {
    define(block + at, wanted);
    nh_take(&key, block + at, digest);
    assert_memory_equal(digest, wanted, sizeof wanted);
  }
  memset(block, 0xFF, sizeof block);
  memset(key.words, 0, sizeof key.words); /* the largest products */
  define(block, wanted);
  nh_take(&key, block, digest);
  assert_memory_equal(digest, wanted, sizeof wanted);
}

static void
test_every_bit(void **state)
{
  uint8_t digest[NH_DIGEST_BYTES], other[NH_DIGEST_BYTES];

  (void)state;
  fill();
  nh_take(&key, block, digest);
  for (unsigned bit = 0; bit < 8 * NH_BLOCK_BYTES; bit++) {
    block[bit / 8] ^= (uint8_t)(1 << bit % 8);
    nh_take(&key, block, other);
    assert_memory_not_equal(digest, other, 16);
    assert_memory_not_equal(digest + 16, other + 16, 16);
    block[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
}

static void
test_keys(void **state)
{
  static const uint8_t seeds[2][NH_SEED_BYTES] = { { 1 }, { 2 } };
  struct nh_key keys[2], again;

  (void)state;
  for (unsigned i = 0; i < 2; i++)
    nh_key_init(&keys[i], seeds[i]);
  for (size_t i = 0; i < LENGTH_OF(again.words); i++) {
    assert_true(keys[0].words[i] != keys[1].words[i]);
    assert_true(i == 0 || keys[0].words[i] != keys[0].words[i - 1]);
  }
  nh_key_init(&again, seeds[0]);
  assert_memory_equal(&again, &keys[0], sizeof again);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_definition),
    cmocka_unit_test(test_every_bit),
    cmocka_unit_test(test_keys),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
