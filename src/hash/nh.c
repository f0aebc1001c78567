/* SPDX-License-Identifier: MIT */
/* nh: see nh.h. */
#include "hash/nh.h"

#include "base/range.h"
#include "hash/hash.h"

#include <string.h>

#define KEY_BYTES (sizeof((struct nh_key *)NULL)->words)
#define SHA256_BYTES 32
#define WORDS (NH_BLOCK_BYTES / 8)

__extension__ typedef unsigned __int128 uint128;

_Static_assert(2 * sizeof(uint128) == NH_DIGEST_BYTES, "a digest is two sums");

void
nh_key_init(struct nh_key *key, const uint8_t seed[NH_SEED_BYTES])
{
  uint8_t digest[HASH_BYTES_MAX], *to = (uint8_t *)key->words;
  struct hash hash;

  for (uint64_t at = 0, part; at < KEY_BYTES; at += part) {
    part = range_min(SHA256_BYTES, KEY_BYTES - at);
    hash_init(&hash, HASH_SHA256, NULL);
    hash_add(&hash, seed, NH_SEED_BYTES);
    hash_add(&hash, (const uint8_t *)&at, sizeof at);
    hash_out(&hash, digest);
    memcpy(to + at, digest, part);
  }
}

static inline uint64_t
word(const uint8_t *at)
{
  uint64_t value;

  memcpy(&value, at, sizeof value);
  return value;
}

/* The second sum is that of another key, the first one's words two further on, as UMAC has it: by one alone, the same digest
 * would be had by one key of 2^64. */
void
nh_take(const struct nh_key *key, const uint8_t block[NH_BLOCK_BYTES], uint8_t digest[NH_DIGEST_BYTES])
{
  uint128 sums[2] = { 0, 0 };

  for (unsigned i = 0; i < WORDS; i += 2) {
    uint64_t left = word(block + 8 * i), right = word(block + 8 * i + 8);
    sums[0] += (uint128)(left + key->words[i]) * (right + key->words[i + 1]);
    sums[1] += (uint128)(left + key->words[i + 2]) * (right + key->words[i + 3]);
  }
  memcpy(digest, sums, sizeof sums);
}
