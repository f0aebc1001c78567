/* SPDX-License-Identifier: MIT */
/* tls_psk_secrets: see tls_psk_secrets.h. */
#include "tls/tls_psk_secrets.h"

#include "base/secret.h"
#include "tls/tls_keys.h"

#include <bearssl_hash.h>
#include <bearssl_rsa.h>

#include <string.h>

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct tls_psk_hash), "there is room for the hash");

/* ---- The transcript ---- */

void
tls_psk_secrets_begin(struct tls_psk *psk)
{
  br_sha256_init((br_sha256_context *)(void *)&psk->transcript);
}

void
tls_psk_secrets_add_message(struct tls_psk *psk, const uint8_t *bytes, size_t length)
{
  br_sha256_update((br_sha256_context *)(void *)&psk->transcript, bytes, length);
}

static void
transcript_digest(const struct tls_psk *psk, uint8_t digest[br_sha256_SIZE])
{
  br_sha256_out((const br_sha256_context *)(const void *)&psk->transcript, digest);
}

/* ---- The keys ---- */

/* BearSSL's name for this is an RSA operation with a public key; it takes the exponent
 * from the same code that takes private ones, and its time depends on the lengths
 * alone. */
bool
tls_psk_secrets_raise(const struct tls_psk *psk, uint8_t value[TLS_PSK_PRIME_BYTES_MAX])
{
  const br_rsa_public_key group = { .n = (unsigned char *)(uintptr_t)psk->prime,
                                    .nlen = psk->prime_bytes,
                                    .e = (unsigned char *)(uintptr_t)psk->exponent,
                                    .elen = sizeof psk->exponent };

  return br_rsa_public_get_default()(value, psk->prime_bytes, &group) == 1;
}

/* Of RFC 4279: what Diffie and Hellman agreed on, or as many zeros as the key is long,
 * and then the key, each behind its length. Returns how long that is, or 0. */
static size_t
make_premaster(const struct tls_psk *psk, uint8_t premaster[4 + 2 * TLS_PSK_PRIME_BYTES_MAX])
{
  uint8_t shared[TLS_PSK_PRIME_BYTES_MAX] = { 0 };
  size_t length = psk->key_length, zeros = 0;
  uint8_t *to = premaster;

  if (psk->prime_bytes > 0) {
    memcpy(shared, psk->server_public, psk->prime_bytes);
    if (!tls_psk_secrets_raise(psk, shared))
      return 0;
    /* That this takes a different time says something of one exponent that is used
     * once. */
    while (zeros < psk->prime_bytes && shared[zeros] == 0)
      zeros++;
    length = psk->prime_bytes - zeros;
  }
  tls_put_16(to, length);
  memcpy(to + 2, shared + zeros, length);
  to += 2 + length;
  tls_put_16(to, psk->key_length);
  memcpy(to + 2, psk->key, psk->key_length);
  to += 2 + psk->key_length;
  secret_wipe(shared, sizeof shared);
  return (size_t)(to - premaster);
}

_Static_assert(TLS_PSK_KEY_BYTES_MAX <= TLS_PSK_PRIME_BYTES_MAX, "the longest key fits where the shared number does");

bool
tls_psk_secrets_make(struct tls_psk *psk)
{
  uint8_t premaster[4 + 2 * TLS_PSK_PRIME_BYTES_MAX], digest[br_sha256_SIZE];
  const br_tls_prf_seed_chunk randoms[] = { { psk->client_random, TLS_RANDOM_BYTES },
                                            { psk->server_random, TLS_RANDOM_BYTES } };
  const br_tls_prf_seed_chunk session = { digest, sizeof digest };
  size_t length = make_premaster(psk, premaster);

  transcript_digest(psk, digest);
  if (psk->has_extended_master)
    br_tls12_sha256_prf(psk->master, sizeof psk->master, premaster, length, "extended master secret", 1, &session);
  else
    br_tls12_sha256_prf(psk->master, sizeof psk->master, premaster, length, "master secret", 2, randoms);
  secret_wipe(premaster, sizeof premaster);
  return length > 0 && tls_keys_derive(&psk->keys, psk->suite, psk->master, psk->client_random, psk->server_random);
}

void
tls_psk_secrets_verify(const struct tls_psk *psk, const char *label, uint8_t verify[TLS_PSK_VERIFY_BYTES])
{
  uint8_t digest[br_sha256_SIZE];
  const br_tls_prf_seed_chunk seed = { digest, sizeof digest };

  transcript_digest(psk, digest);
  br_tls12_sha256_prf(verify, TLS_PSK_VERIFY_BYTES, psk->master, sizeof psk->master, label, 1, &seed);
}
