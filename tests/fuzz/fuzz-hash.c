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
make_part(struct fuzz_case *input, size_t length)
{
  static uint8_t bytes[4 * PART_BYTES_MAX];

  must(length <= sizeof bytes);
  if (fuzz_one_in(input, 4))
    memset(bytes, (int)fuzz_between(input, 0, 255), length);
  else
    fuzz_fill(input, bytes, length);
  return fuzz_copy(bytes, length);
}

/* Some bytes, or some blocks and hardly more. */
static size_t
some_length(struct fuzz_case *input)
{
  size_t length = fuzz_between(input, 0, fuzz_one_in(input, 3) ? 40 : PART_BYTES_MAX);

  return fuzz_one_in(input, 2) ? length / 64 * 64 + fuzz_between(input, 0, 2) : length;
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
one_message(struct fuzz_case *input, enum hash_kind kind, const struct hash_engine *engine)
{
  br_hash_compat_context context;
  struct hash hash;

  classes[kind]->init(&context.vtable);
  hash_init(&hash, kind, engine);
  if (fuzz_one_in(input, 4)) {
    hash.length = fuzz_between(input, 0, UINT64_MAX) >> fuzz_between(input, 11, 60) << 7; /* below 2^60 */
    classes[kind]->set_state(&context.vtable, hash.state, hash.length);
  }
  for (uint64_t parts = fuzz_between(input, 0, 20); parts > 0; parts--) {
    size_t length = some_length(input);
    uint8_t *part = make_part(input, length);
    classes[kind]->update(&context.vtable, part, length);
    hash_add(&hash, part, length);
    free(part);
    if (fuzz_one_in(input, 4))
      must_agree(&hash, &context);
  }
  must_agree(&hash, &context);
}

static void
two_messages(struct fuzz_case *input, enum hash_kind kind, const struct hash_engine *engine)
{
  size_t length = some_length(input) * fuzz_between(input, 1, 4);
  uint8_t *data[2] = { make_part(input, length), make_part(input, length) };
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

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  enum hash_kind kind = (enum hash_kind)fuzz_between(input, HASH_MD5, HASH_SHA512);
  const struct hash_engine *engine = fuzz_one_in(input, 4) ? NULL : hash_best_engine(kind);

  if (fuzz_one_in(input, 2))
    one_message(input, kind, engine);
  else
    two_messages(input, kind, engine);
  return 0;
}
