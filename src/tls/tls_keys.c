/* SPDX-License-Identifier: MIT */
/* tls_keys: see tls_keys.h. */
#include "tls/tls_keys.h"

#include "base/secret.h"

#include <string.h>

/* Of them, all but the last two are BearSSL's. */
static const struct suite {
  uint16_t id;
  uint8_t key_bytes;
  bool is_sha384; /* the PRF's hash; else SHA-256 */
} suites[] = {
  { BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 16, false }, { BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 16, false },
  { BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 32, true },  { BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, 32, true },
  { BR_TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256, 16, false },  { BR_TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256, 16, false },
  { BR_TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384, 32, true },   { BR_TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384, 32, true },
  { BR_TLS_RSA_WITH_AES_128_GCM_SHA256, 16, false },         { BR_TLS_RSA_WITH_AES_256_GCM_SHA384, 32, true },
  { TLS_DHE_PSK_WITH_AES_128_GCM_SHA256, 16, false },        { TLS_PSK_WITH_AES_128_GCM_SHA256, 16, false },
};

static const struct suite *
find(unsigned id)
{
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
    if (suites[i].id == id)
      return &suites[i];
  return NULL;
}

bool
tls_keys_is_gcm(unsigned suite)
{
  return find(suite) != NULL;
}

bool
tls_keys_derive(struct tls_keys *keys, unsigned suite, const uint8_t master[TLS_MASTER_BYTES],
                const uint8_t client_random[TLS_RANDOM_BYTES], const uint8_t server_random[TLS_RANDOM_BYTES])
{
  const struct suite *found = find(suite);
  const br_tls_prf_seed_chunk seed[] = { { server_random, TLS_RANDOM_BYTES }, { client_random, TLS_RANDOM_BYTES } };
  uint8_t block[2 * (GCM_KEY_BYTES_MAX + sizeof keys->send.salt)] = { 0 };
  size_t key_bytes, salt_bytes = sizeof keys->send.salt;

  if (!found)
    return false;
  key_bytes = found->key_bytes;
  (found->is_sha384 ? br_tls12_sha384_prf : br_tls12_sha256_prf)(block, 2 * (key_bytes + salt_bytes), master,
                                                                 TLS_MASTER_BYTES, "key expansion", 2, seed);
  memset(keys, 0, sizeof *keys);
  memcpy(keys->send.key, block, key_bytes);
  memcpy(keys->receive.key, block + key_bytes, key_bytes);
  memcpy(keys->send.salt, block + 2 * key_bytes, salt_bytes);
  memcpy(keys->receive.salt, block + 2 * key_bytes + salt_bytes, salt_bytes);
  keys->send.key_bytes = keys->receive.key_bytes = (unsigned)key_bytes;
  keys->send.sequence = keys->receive.sequence = 1;
  secret_wipe(block, sizeof block);
  return true;
}

/* Whether the engine is between records, both ways. Its own indices: the state alone
 * doesn't tell a header received in part. */
static bool
is_idle(const br_ssl_engine_context *engine)
{
  return br_ssl_engine_current_state(engine) == (BR_SSL_SENDAPP | BR_SSL_RECVREC) && engine->ixa == 0 &&
         engine->ixb == 0 && engine->oxa == engine->oxc;
}

bool
tls_keys_from_engine(struct tls_keys *keys, const br_ssl_engine_context *engine)
{
  if (engine->session.version != BR_TLS12 || !is_idle(engine) ||
      !tls_keys_derive(keys, engine->session.cipher_suite, engine->session.master_secret, engine->client_random,
                       engine->server_random))
    return false;
  keys->receive.sequence = engine->in.gcm.seq;
  keys->send.sequence = engine->out.gcm.seq;
  return true;
}
