/* SPDX-License-Identifier: MIT */
/* Hashes beside BearSSL's own: a message in parts of any length, each of them a buffer that
 * ends where it ends; looked at on the way, with more behind it than anybody has the time to
 * add; and two messages side by side. */
#include "fuzz/fuzz.h"

#include "hash/hash.h"

#include <bearssl_hash.h>

#include <stdlib.h>
#include <string.h>

#define PART_BYTES_MAX 1500

static const br_hash_class *const classes[HASH_KINDS] = {
  &br_md5_vtable, &br_sha1_vtable, &br_sha224_vtable, &br_sha256_vtable, &br_sha384_vtable, &br_sha512_vtable,
};

/* Random bytes, now and then all the same. To be freed. */
static uint8_t *
make_part(struct random *random, size_t length)
{
  static uint8_t bytes[4 * PART_BYTES_MAX];
  bool is_same = random_one_in(random, 4);

  must(length <= sizeof bytes);
  memset(bytes, (int)random_between(random, 0, 255), length);
  for (size_t i = 0; i < length && !is_same; i++)
    bytes[i] = (uint8_t)random_next(random);
  return fuzz_copy(bytes, length);
}

/* Some bytes, or some blocks and hardly more. */
static size_t
some_length(struct random *random)
{
  size_t length = random_between(random, 0, random_one_in(random, 3) ? 40 : PART_BYTES_MAX);

  return random_one_in(random, 2) ? length / 64 * 64 + random_between(random, 0, 2) : length;
}

static void
must_agree(const struct hash *hash, const br_hash_compat_context *context)
{
  uint8_t expected[HASH_BYTES_MAX];
  uint8_t *got = malloc(hash_bytes(hash->kind));
  struct hash copy = *hash;

  must(got != NULL);
  context->vtable->out(&context->vtable, expected);
  hash_out(&copy, got);
  must(memcmp(got, expected, hash_bytes(hash->kind)) == 0);
  free(got);
}

static void
one_message(struct random *random, enum hash_kind kind, const struct hash_engine *engine)
{
  br_hash_compat_context context;
  struct hash hash;

  classes[kind]->init(&context.vtable);
  hash_init(&hash, kind, engine);
  if (random_one_in(random, 4)) {
    hash.length = random_next(random) >> random_between(random, 11, 60) << 7; /* below 2^60 */
    classes[kind]->set_state(&context.vtable, hash.state, hash.length);
  }
  for (uint64_t parts = random_between(random, 0, 20); parts > 0; parts--) {
    size_t length = some_length(random);
    uint8_t *part = make_part(random, length);
    classes[kind]->update(&context.vtable, part, length);
    hash_add(&hash, part, length);
    free(part);
    if (random_one_in(random, 4))
      must_agree(&hash, &context);
  }
  must_agree(&hash, &context);
}

static void
two_messages(struct random *random, enum hash_kind kind, const struct hash_engine *engine)
{
  size_t length = some_length(random) * random_between(random, 1, 4);
  uint8_t *data[2] = { make_part(random, length), make_part(random, length) };
  uint8_t expected[HASH_BYTES_MAX], got[2][HASH_BYTES_MAX];
  br_hash_compat_context context;

  hash_two(kind, engine, (const uint8_t *const[]){ data[0], data[1] }, length, got);
  for (unsigned i = 0; i < 2; i++) {
    classes[kind]->init(&context.vtable);
    classes[kind]->update(&context.vtable, data[i], length);
    classes[kind]->out(&context.vtable, expected);
    must(memcmp(got[i], expected, hash_bytes(kind)) == 0);
    free(data[i]);
  }
}

void
fuzz_one(struct random *random)
{
  enum hash_kind kind = (enum hash_kind)random_between(random, HASH_MD5, HASH_SHA512);
  const struct hash_engine *engine = random_one_in(random, 4) ? NULL : hash_best_engine(kind);

  if (random_one_in(random, 2))
    one_message(random, kind, engine);
  else
    two_messages(random, kind, engine);
}
