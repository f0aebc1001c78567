/* SPDX-License-Identifier: MIT */
/* digest: see digest.h. */
#include "report/digest.h"

#include "base/hex.h"
#include "base/range.h"
#include "base/sizes.h"
#include "base/zeros.h"

#include <bearssl_hash.h>

#include <assert.h>
#include <string.h>
#include <strings.h>

/* By enum digest_hash. */
static const struct {
  const char *name;
  const br_hash_class *class;
  unsigned bytes;
} hashes[] = {
  [DIGEST_MD5] = { "md5", &br_md5_vtable, br_md5_SIZE },
  [DIGEST_SHA1] = { "sha1", &br_sha1_vtable, br_sha1_SIZE },
  [DIGEST_SHA224] = { "sha224", &br_sha224_vtable, br_sha224_SIZE },
  [DIGEST_SHA256] = { "sha256", &br_sha256_vtable, br_sha256_SIZE },
  [DIGEST_SHA384] = { "sha384", &br_sha384_vtable, br_sha384_SIZE },
  [DIGEST_SHA512] = { "sha512", &br_sha512_vtable, br_sha512_SIZE },
};

#define HASHES (sizeof hashes / sizeof hashes[0])

_Static_assert(sizeof(br_hash_compat_context) <= sizeof(struct digest_state), "there is room for every hash");
_Static_assert(_Alignof(br_hash_compat_context) <= _Alignof(struct digest_state), "and it is where it has to be");
_Static_assert(br_sha512_SIZE == DIGEST_BYTES_MAX, "the longest digest fits");
_Static_assert(DIGEST_BLOCK_BYTES_DEFAULT <= DIGEST_BLOCK_BYTES_MAX, "the default is allowed");

const struct digest_config digest_sha256 = { .kind = DIGEST_PLAIN, .hash = DIGEST_SHA256 };
const struct digest_config digest_blkhash = { .kind = DIGEST_BLKHASH,
                                              .hash = DIGEST_SHA256,
                                              .block_bytes = DIGEST_BLOCK_BYTES_DEFAULT };

/* Zeros to hash. A few blocks of any hash, and never out of the first cache. */
static const uint8_t zeros[4096];

/* ---- One hash ---- */

/* To the library, a state begins with a pointer to its class, which init() puts
 * there. Here nobody looks inside. */
static const br_hash_class **
context(struct digest_state *state)
{
  return (const br_hash_class **)(void *)state;
}

static void
state_init(const struct digest *digest, struct digest_state *state)
{
  hashes[digest->config.hash].class->init(context(state));
}

/* Adds data, or zeros if it is NULL. */
static void
state_add(const struct digest *digest, struct digest_state *state, const uint8_t *data, uint64_t length)
{
  const br_hash_class *class = hashes[digest->config.hash].class;

  if (data) {
    class->update(context(state), data, length);
    return;
  }
  while (length > 0) {
    uint64_t part = range_min(length, sizeof zeros);
    class->update(context(state), zeros, part);
    length -= part;
  }
}

static void
state_out(const struct digest *digest, struct digest_state *state, uint8_t bytes[DIGEST_BYTES_MAX])
{
  hashes[digest->config.hash].class->out(context(state), bytes);
}

/* ---- Blocks ---- */

static void
hash_zeros(struct digest *digest, uint64_t length, uint8_t bytes[DIGEST_BYTES_MAX])
{
  state_init(digest, &digest->block);
  state_add(digest, &digest->block, NULL, length);
  state_out(digest, &digest->block, bytes);
}

/* The current block is whole, or the last one. */
static void
end_block(struct digest *digest)
{
  unsigned bytes = hashes[digest->config.hash].bytes;
  uint8_t out[DIGEST_BYTES_MAX];

  if (!digest->block_is_zero) {
    state_out(digest, &digest->block, out);
  } else if (digest->block_fill < digest->config.block_bytes) {
    hash_zeros(digest, digest->block_fill, out);
  } else {
    if (!digest->zero_block_is_known)
      hash_zeros(digest, digest->block_fill, digest->zero_block);
    digest->zero_block_is_known = true;
    memcpy(out, digest->zero_block, bytes);
  }
  state_add(digest, &digest->whole, out, bytes);
  digest->block_fill = 0;
  digest->block_is_zero = true;
}

/* Adds a part of one block. Zeros at its front are counted until something else
 * follows: a block of nothing but zeros is never hashed again. */
static void
add_to_block(struct digest *digest, const uint8_t *data, uint64_t length)
{
  if (digest->block_is_zero && data && !zeros_only(data, length)) {
    state_init(digest, &digest->block);
    state_add(digest, &digest->block, NULL, digest->block_fill);
    digest->block_is_zero = false;
  }
  if (!digest->block_is_zero)
    state_add(digest, &digest->block, data, length);
  digest->block_fill += length;
  assert(digest->block_fill <= digest->config.block_bytes);
  if (digest->block_fill == digest->config.block_bytes)
    end_block(digest);
}

/* ---- The whole ---- */

void
digest_init(struct digest *digest, const struct digest_config *config)
{
  assert(config->hash < HASHES);
  assert(config->kind == DIGEST_PLAIN ||
         (range_is_power_of_two(config->block_bytes) && config->block_bytes <= DIGEST_BLOCK_BYTES_MAX));
  *digest = (struct digest){ .config = *config, .block_is_zero = true };
  state_init(digest, &digest->whole);
}

void
digest_add(struct digest *digest, const uint8_t *data, uint64_t length)
{
  assert(!digest->finished);
  assert(length <= UINT64_MAX - digest->size);
  digest->size += length;
  if (digest->config.kind == DIGEST_PLAIN) {
    state_add(digest, &digest->whole, data, length);
    return;
  }
  while (length > 0) {
    uint64_t part = range_min(length, digest->config.block_bytes - digest->block_fill);
    add_to_block(digest, data, part);
    data = data ? data + part : NULL;
    length -= part;
  }
}

void
digest_finish(struct digest *digest, char hex[DIGEST_HEX_BYTES])
{
  uint8_t bytes[DIGEST_BYTES_MAX];

  assert(!digest->finished);
  digest->finished = true;
  if (digest->config.kind == DIGEST_BLKHASH) {
    if (digest->block_fill > 0)
      end_block(digest);
    for (unsigned i = 0; i < sizeof digest->size; i++)
      bytes[i] = (uint8_t)(digest->size >> (8 * i));
    state_add(digest, &digest->whole, bytes, sizeof digest->size);
  }
  state_out(digest, &digest->whole, bytes);
  hex_write(bytes, hashes[digest->config.hash].bytes, hex);
}

/* ---- The command line ---- */

const char *
digest_label(enum digest_kind kind)
{
  return kind == DIGEST_PLAIN ? hashes[DIGEST_SHA256].name : "blkhash";
}

/* Whether the `length` characters at `text` spell `name`, in any case. */
static bool
spells(const char *text, size_t length, const char *name)
{
  return length == strlen(name) && strncasecmp(text, name, length) == 0;
}

int
digest_parse_blkhash(struct digest_config *config, const char *text, struct fault *fault)
{
  size_t length, hash = 0;

  *config = digest_blkhash;
  if (!text || text[0] == '\0')
    return 0;
  length = strcspn(text, "/");
  while (hash < HASHES && !spells(text, length, hashes[hash].name))
    hash++;
  if (hash == HASHES)
    return fault_set(fault, EXIT_BAD_USAGE, 0,
                     "--blkhash=%s: the digest must be one of md5, sha1, sha224, sha256, sha384, sha512", text);
  config->hash = (enum digest_hash)hash;
  if (text[length] == '/' && (!sizes_parse_within(text + length + 1, 1, DIGEST_BLOCK_BYTES_MAX, &config->block_bytes) ||
                              !range_is_power_of_two(config->block_bytes)))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--blkhash=%s: the block size must be a power of two up to 1G", text);
  return 0;
}

int
digest_parse_expected(struct digest_expected *expected, const char *text, struct fault *fault)
{
  size_t label = strcspn(text, ":");
  const char *hex = text + label + (text[label] == ':');
  size_t digits = strspn(hex, "0123456789abcdefABCDEF");

  if (spells(text, label, digest_label(DIGEST_PLAIN)))
    expected->kind = DIGEST_PLAIN;
  else if (spells(text, label, digest_label(DIGEST_BLKHASH)))
    expected->kind = DIGEST_BLKHASH;
  else
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--expect=%s: must be sha256:HEX or blkhash:HEX", text);
  if (digits == 0 || hex[digits] != '\0')
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--expect=%s: behind the colon must be hexadecimal digits", text);
  if (digits >= DIGEST_HEX_BYTES)
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--expect=%s: no digest has more than %d digits", text,
                     DIGEST_HEX_BYTES - 1);
  for (size_t i = 0; i <= digits; i++)
    expected->hex[i] = hex[i] >= 'A' && hex[i] <= 'F' ? (char)(hex[i] - 'A' + 'a') : hex[i];
  return expected->kind == DIGEST_PLAIN ? digest_check_expected(expected, &digest_sha256, fault) : 0;
}

int
digest_check_expected(const struct digest_expected *expected, const struct digest_config *config, struct fault *fault)
{
  unsigned digits = 2 * hashes[config->hash].bytes;

  assert(expected->kind == config->kind);
  if (strlen(expected->hex) == digits)
    return 0;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "--expect=%s:%s: must be %u digits, as it is computed with %s",
                   digest_label(expected->kind), expected->hex, digits, hashes[config->hash].name);
}

int
digest_compare(const struct digest_expected *expected, const char *hex, struct fault *fault)
{
  const char *label = digest_label(expected->kind);

  if (strcmp(expected->hex, hex) == 0)
    return 0;
  return fault_set(fault, EXIT_DIGEST_DIFFERS, 0, "the content is not what was expected: expected %s:%s, got %s:%s",
                   label, expected->hex, label, hex);
}
