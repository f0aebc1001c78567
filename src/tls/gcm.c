/* SPDX-License-Identifier: MIT */
/* gcm: see gcm.h. */
#include "tls/gcm.h"

#include "base/secret.h"
#include "tls/gcm_x86.h"

#include <bearssl_block.h>
#include <bearssl_hash.h>

#include <assert.h>
#include <string.h>

struct portable_key {
  br_aes_ct64_ctr_keys aes;
  uint8_t h[16]; /* of the hash */
};

_Static_assert(sizeof(struct portable_key) <= sizeof((struct gcm *)NULL)->words, "there is room for a key");

static struct portable_key *
portable(struct gcm *gcm)
{
  return (struct portable_key *)(void *)gcm->words;
}

static const struct portable_key *
portable_const(const struct gcm *gcm)
{
  return (const struct portable_key *)(const void *)gcm->words;
}

static void
portable_tag(const struct portable_key *key, const uint8_t *nonce, const uint8_t *header, size_t header_length,
             const uint8_t *data, size_t length, uint8_t tag[GCM_TAG_BYTES])
{
  uint8_t lengths[16];

  for (unsigned i = 0; i < 8; i++) {
    lengths[i] = (uint8_t)((uint64_t)header_length * 8 >> (56 - 8 * i));
    lengths[8 + i] = (uint8_t)((uint64_t)length * 8 >> (56 - 8 * i));
  }
  memset(tag, 0, GCM_TAG_BYTES);
  br_ghash_ctmul64(tag, key->h, header, header_length);
  br_ghash_ctmul64(tag, key->h, data, length);
  br_ghash_ctmul64(tag, key->h, lengths, sizeof lengths);
  br_aes_ct64_ctr_run(&key->aes, nonce, 1, tag, GCM_TAG_BYTES);
}

/* ---- Either engine ---- */

enum gcm_engine
gcm_best_engine(void)
{
  return gcm_x86_is_wide() ? GCM_X86_WIDE : gcm_x86_is_there() ? GCM_X86 : GCM_PORTABLE;
}

void
gcm_init(struct gcm *gcm, enum gcm_engine engine, const uint8_t *key, unsigned key_bytes)
{
  assert(key_bytes == 16 || key_bytes == 32);
  memset(gcm, 0, sizeof *gcm);
  gcm->engine = engine;
  if (engine != GCM_PORTABLE) {
    gcm_x86_init(gcm, key, key_bytes, engine == GCM_X86_WIDE);
    return;
  }
  br_aes_ct64_ctr_init(&portable(gcm)->aes, key, key_bytes);
  br_aes_ct64_ctr_run(&portable(gcm)->aes, (const uint8_t[GCM_NONCE_BYTES]){ 0 }, 0, portable(gcm)->h, 16);
}

void
gcm_seal(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header, size_t header_length,
         uint8_t *to, const uint8_t *from, size_t length, uint8_t tag[GCM_TAG_BYTES])
{
  assert(length <= GCM_BYTES_MAX);
  if (gcm->engine != GCM_PORTABLE) {
    gcm_x86_seal(gcm, nonce, header, header_length, to, from, length, tag);
    return;
  }
  memmove(to, from, length);
  br_aes_ct64_ctr_run(&portable_const(gcm)->aes, nonce, 2, to, length);
  portable_tag(portable_const(gcm), nonce, header, header_length, to, length, tag);
}

bool
gcm_open(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header, size_t header_length,
         uint8_t *to, const uint8_t *from, size_t length, const uint8_t tag[GCM_TAG_BYTES])
{
  uint8_t computed[GCM_TAG_BYTES];

  assert(length <= GCM_BYTES_MAX);
  if (gcm->engine != GCM_PORTABLE) {
    gcm_x86_open(gcm, nonce, header, header_length, to, from, length, computed);
  } else {
    portable_tag(portable_const(gcm), nonce, header, header_length, from, length, computed);
    memmove(to, from, length);
    br_aes_ct64_ctr_run(&portable_const(gcm)->aes, nonce, 2, to, length);
  }
  return secret_is_equal(computed, tag, sizeof computed);
}
