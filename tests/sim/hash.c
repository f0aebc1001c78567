/* SPDX-License-Identifier: MIT */
/* A hash in the place of src/hash/hash.c, which takes BearSSL: quick, and different for whatever differs here. */
#include "hash/hash.h"

#include <string.h>

static void
mix(struct hash *hash, uint8_t byte)
{
  uint64_t value;

  memcpy(&value, hash->state, sizeof value);
  value = (value ^ byte) * UINT64_C(0x100000001b3);
  value ^= value >> 29;
  memcpy(hash->state, &value, sizeof value);
}

const struct hash_engine *
hash_best_engine(enum hash_kind kind)
{
  (void)kind;
  return NULL;
}

void
hash_init(struct hash *hash, enum hash_kind kind, const struct hash_engine *engine)
{
  *hash = (struct hash){ .kind = kind, .engine = engine, .state = "decant" };
}

void
hash_add(struct hash *hash, const uint8_t *data, uint64_t length)
{
  for (uint64_t i = 0; i < length; i++)
    mix(hash, data ? data[i] : 0);
}

void
hash_out(struct hash *hash, uint8_t *digest)
{
  for (unsigned i = 0; i < 4; i++) {
    mix(hash, (uint8_t)i);
    memcpy(digest + 8 * i, hash->state, 8);
  }
}
