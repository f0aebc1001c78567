/* SPDX-License-Identifier: MIT */
/* hash: see hash.h. */
#include "hash/hash.h"

#include "base/range.h"
#include "hash/hash_engine.h"

#include <bearssl_hash.h>

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* By enum hash_kind. */
static const struct {
  const char *name;
  const br_hash_class *class;
} kinds[HASH_KINDS] = {
  [HASH_MD5] = { "md5", &br_md5_vtable },          [HASH_SHA1] = { "sha1", &br_sha1_vtable },
  [HASH_SHA224] = { "sha224", &br_sha224_vtable }, [HASH_SHA256] = { "sha256", &br_sha256_vtable },
  [HASH_SHA384] = { "sha384", &br_sha384_vtable }, [HASH_SHA512] = { "sha512", &br_sha512_vtable },
};

_Static_assert(br_sha512_SIZE == HASH_BYTES_MAX, "the longest digest fits");

/* FIPS 180-4, 4.2.2. */
const _Alignas(16) uint32_t hash_sha256_constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* ---- What the library knows of a hash ---- */

static uint32_t
description(enum hash_kind kind)
{
  return kinds[kind].class->desc;
}

static unsigned
block_bytes(enum hash_kind kind)
{
  return 1U << (description(kind) >> BR_HASHDESC_LBLEN_OFF & BR_HASHDESC_LBLEN_MASK);
}

const char *
hash_name(enum hash_kind kind)
{
  return kinds[kind].name;
}

unsigned
hash_bytes(enum hash_kind kind)
{
  return description(kind) >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

/* ---- Blocks ---- */

const struct hash_engine *
hash_best_engine(enum hash_kind kind)
{
  const struct hash_engine *engine = hash_x86_engine(kind);

  return engine ? engine : hash_arm_engine(kind);
}

static void
first_state(enum hash_kind kind, uint8_t *state)
{
  br_hash_compat_context context;

  kinds[kind].class->init(&context.vtable);
  kinds[kind].class->state(&context.vtable, state);
}

static void
take_portably(enum hash_kind kind, uint8_t *state, const uint8_t *data, uint64_t blocks)
{
  const br_hash_class *class = kinds[kind].class;
  br_hash_compat_context context;

  class->init(&context.vtable);
  class->set_state(&context.vtable, state, 0);
  class->update(&context.vtable, data, blocks * block_bytes(kind));
  class->state(&context.vtable, state);
}

static void
take_in(struct hash *hash, const uint8_t *data, uint64_t blocks)
{
  if (hash->engine)
    hash->engine->take(hash->state, data, blocks);
  else
    take_portably(hash->kind, hash->state, data, blocks);
}

/* What a message ends with: what of it fills no block, which is at `rest`, then a bit,
 * zeros, and how many bits the message has. Returns how many blocks that is. */
static unsigned
pad(enum hash_kind kind, uint8_t last[2 * HASH_BLOCK_BYTES_MAX], const uint8_t *rest, uint64_t message_bytes)
{
  unsigned block = block_bytes(kind), used = (unsigned)(message_bytes % block);
  unsigned blocks = used < block - block / 8 ? 1 : 2;
  bool is_big_endian = (description(kind) & BR_HASHDESC_MD_PADDING_BE) != 0;
  uint8_t *end = last + blocks * block;

  memset(last, 0, blocks * block);
  memcpy(last, rest, used);
  last[used] = 0x80;
  for (unsigned i = 0; i < 8; i++)
    end[is_big_endian ? -1 - (int)i : (int)i - 8] = (uint8_t)(message_bytes << 3 >> (8 * i));
  return blocks;
}

/* ---- A message ---- */

void
hash_init(struct hash *hash, enum hash_kind kind, const struct hash_engine *engine)
{
  assert(kind < HASH_KINDS);
  hash->kind = kind;
  hash->engine = engine;
  hash->length = 0;
  first_state(kind, hash->state);
}

static void
add_data(struct hash *hash, const uint8_t *data, uint64_t length)
{
  unsigned block = block_bytes(hash->kind), used = (unsigned)(hash->length % block);

  hash->length += length;
  if (used > 0) {
    uint64_t part = range_min(length, block - used);
    memcpy(hash->rest + used, data, part);
    if (used + part < block)
      return;
    take_in(hash, hash->rest, 1);
    data += part;
    length -= part;
  }
  if (length >= block)
    take_in(hash, data, length / block);
  memcpy(hash->rest, data + length - length % block, length % block);
}

void
hash_add(struct hash *hash, const uint8_t *data, uint64_t length)
{
  static const uint8_t zeros[1024];

  for (uint64_t part; length > 0; length -= part) {
    part = data ? length : range_min(length, sizeof zeros);
    add_data(hash, data ? data : zeros, part);
  }
}

void
hash_out(struct hash *hash, uint8_t *digest)
{
  uint8_t last[2 * HASH_BLOCK_BYTES_MAX];

  take_in(hash, last, pad(hash->kind, last, hash->rest, hash->length));
  memcpy(digest, hash->state, hash_bytes(hash->kind));
}

/* ---- Two messages ---- */

static void
one_after_the_other(enum hash_kind kind, const struct hash_engine *engine, const uint8_t *const data[2],
                    uint64_t length, uint8_t digests[2][HASH_BYTES_MAX])
{
  struct hash hash;

  for (unsigned i = 0; i < 2; i++) {
    hash_init(&hash, kind, engine);
    hash_add(&hash, data[i], length);
    hash_out(&hash, digests[i]);
  }
}

void
hash_two(enum hash_kind kind, const struct hash_engine *engine, const uint8_t *const data[2], uint64_t length,
         uint8_t digests[2][HASH_BYTES_MAX])
{
  uint64_t whole_blocks = length / block_bytes(kind);
  uint8_t last[2][2 * HASH_BLOCK_BYTES_MAX];
  unsigned last_blocks = 0;

  if (!engine || !engine->take_two) {
    one_after_the_other(kind, engine, data, length, digests);
    return;
  }
  for (unsigned i = 0; i < 2; i++) {
    first_state(kind, digests[i]);
    last_blocks = pad(kind, last[i], data[i] + whole_blocks * block_bytes(kind), length);
  }
  engine->take_two((uint8_t *const[]){ digests[0], digests[1] }, data, whole_blocks);
  engine->take_two((uint8_t *const[]){ digests[0], digests[1] }, (const uint8_t *const[]){ last[0], last[1] },
                   last_blocks);
}
