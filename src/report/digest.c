/* SPDX-License-Identifier: MIT */
/* digest: see digest.h. */
#include "report/digest.h"

#include "base/hex.h"
#include "base/range.h"
#include "base/sizes.h"
#include "base/zeros.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

_Static_assert(DIGEST_BLOCK_BYTES_DEFAULT <= DIGEST_BLOCK_BYTES_MAX, "the default is allowed");

const struct digest_config digest_sha256 = { .kind = DIGEST_PLAIN, .hash = HASH_SHA256 };
const struct digest_config digest_blkhash = { .kind = DIGEST_BLKHASH,
                                              .hash = HASH_SHA256,
                                              .block_bytes = DIGEST_BLOCK_BYTES_DEFAULT };

/* ---- One hash ---- */

/* Begins with the engine that the whole began with. */
static void
begin_block(struct digest *digest)
{
  hash_init(&digest->block, digest->config.hash, digest->whole.engine);
}

/* ---- Blocks ---- */

static void
hash_zeros(struct digest *digest, uint64_t length, uint8_t bytes[HASH_BYTES_MAX])
{
  begin_block(digest);
  hash_add(&digest->block, NULL, length);
  hash_out(&digest->block, bytes);
}

/* The next block's. */
static void
add_block_digest(struct digest *digest, const uint8_t *out)
{
  unsigned bytes = hash_bytes(digest->config.hash);

  hash_add(&digest->whole, out, bytes);
  if (digest->sink)
    digest->sink->take(digest->sink, out, bytes);
}

/* The current block is whole, or the last one. */
static void
end_block(struct digest *digest)
{
  uint8_t out[HASH_BYTES_MAX];

  if (!digest->block_is_zero) {
    hash_out(&digest->block, out);
  } else if (digest->block_fill < digest->config.block_bytes) {
    hash_zeros(digest, digest->block_fill, out);
  } else {
    if (!digest->zero_block_is_known)
      hash_zeros(digest, digest->block_fill, digest->zero_block);
    digest->zero_block_is_known = true;
    memcpy(out, digest->zero_block, sizeof out);
  }
  add_block_digest(digest, out);
  digest->block_fill = 0;
  digest->block_is_zero = true;
}

/* Adds a part of one block, or zeros if it is NULL. Zeros at its front are counted until
 * something else follows: a block of nothing but zeros is never hashed again. */
static void
add_to_block(struct digest *digest, const uint8_t *data, uint64_t length)
{
  if (digest->block_is_zero && data) {
    begin_block(digest);
    hash_add(&digest->block, NULL, digest->block_fill);
    digest->block_is_zero = false;
  }
  if (!digest->block_is_zero)
    hash_add(&digest->block, data, length);
  digest->block_fill += length;
  assert(digest->block_fill <= digest->config.block_bytes);
  if (digest->block_fill == digest->config.block_bytes)
    end_block(digest);
}

static void
add_two_blocks(struct digest *digest, const uint8_t *data)
{
  const uint8_t *const blocks[2] = { data, data + digest->config.block_bytes };
  uint8_t out[2][HASH_BYTES_MAX];

  hash_two(digest->config.hash, digest->whole.engine, blocks, digest->config.block_bytes, out);
  for (unsigned i = 0; i < 2; i++)
    add_block_digest(digest, out[i]);
}

/* Adds two blocks, or else no more than the rest of the current one. Returns how much. */
static uint64_t
add_some(struct digest *digest, const uint8_t *data, uint64_t length)
{
  uint64_t block = digest->config.block_bytes, part = range_min(length, block - digest->block_fill);

  if (data && digest->block_is_zero && zeros_only(data, part))
    data = NULL;
  if (data && digest->block_fill == 0 && length >= 2 * block && !zeros_only(data + block, block)) {
    add_two_blocks(digest, data);
    return 2 * block;
  }
  add_to_block(digest, data, part);
  return part;
}

/* ---- The whole ---- */

void
digest_init(struct digest *digest, const struct digest_config *config)
{
  assert(config->kind == DIGEST_PLAIN ||
         (range_is_power_of_two(config->block_bytes) && config->block_bytes <= DIGEST_BLOCK_BYTES_MAX));
  *digest = (struct digest){ .config = *config, .block_is_zero = true };
  hash_init(&digest->whole, config->hash, hash_best_engine(config->hash));
}

void
digest_add(struct digest *digest, const uint8_t *data, uint64_t length)
{
  assert(!digest->finished);
  assert(length <= UINT64_MAX - digest->size);
  digest->size += length;
  if (digest->config.kind == DIGEST_PLAIN) {
    hash_add(&digest->whole, data, length);
    return;
  }
  while (length > 0) {
    uint64_t part = add_some(digest, data, length);
    data = data ? data + part : NULL;
    length -= part;
  }
}

void
digest_finish(struct digest *digest, char hex[DIGEST_HEX_BYTES])
{
  uint8_t bytes[HASH_BYTES_MAX];

  assert(!digest->finished);
  digest->finished = true;
  if (digest->config.kind == DIGEST_BLKHASH) {
    if (digest->block_fill > 0)
      end_block(digest);
    for (unsigned i = 0; i < sizeof digest->size; i++)
      bytes[i] = (uint8_t)(digest->size >> (8 * i));
    hash_add(&digest->whole, bytes, sizeof digest->size);
  }
  hash_out(&digest->whole, bytes);
  hex_write(bytes, hash_bytes(digest->config.hash), hex);
}

/* ---- The command line ---- */

const char *
digest_label(enum digest_kind kind)
{
  return kind == DIGEST_PLAIN ? hash_name(HASH_SHA256) : "blkhash";
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
  while (hash < HASH_KINDS && !spells(text, length, hash_name((enum hash_kind)hash)))
    hash++;
  if (hash == HASH_KINDS)
    return fault_set(fault, EXIT_BAD_USAGE, 0,
                     "--blkhash=%s: the digest must be one of md5, sha1, sha224, sha256, sha384, sha512", text);
  config->hash = (enum hash_kind)hash;
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
  unsigned digits = 2 * hash_bytes(config->hash);

  assert(expected->kind == config->kind);
  if (strlen(expected->hex) == digits)
    return 0;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "--expect=%s:%s: must be %u digits, as it is computed with %s",
                   digest_label(expected->kind), expected->hex, digits, hash_name(config->hash));
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
