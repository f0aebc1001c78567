/* SPDX-License-Identifier: MIT */
/* psk_server: the server's side of a handshake with a key, as a script says, for the unit
 * tests and the fuzzers of tls_psk. Its messages are built from bytes, and its records
 * sealed by BearSSL: what tls_psk and it have in common is BearSSL's arithmetic alone.
 */
#ifndef PSK_SERVER_H
#define PSK_SERVER_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <bearssl.h>

#define SERVER_PRIME_BYTES_MAX 520

struct psk_server {
  /* The script. */
  bool is_dhe;
  bool has_extended_master;
  const char *hint;     /* NULL: none; without Diffie-Hellman no message then */
  size_t session_bytes; /* of a session's name, at most 40, that nobody asked for */
  size_t record_bytes;  /* no record holds more of the first messages; 0: one holds all */
  const uint8_t *prime; /* big-endian */
  size_t prime_bytes;
  uint8_t generator;
  const uint8_t *public; /* instead of a right one */
  size_t public_bytes;   /* how many of it are sent; 0: as many as the prime has */
  uint8_t exponent[32];
  const uint8_t *key;
  size_t key_length;

  /* What came of it. */
  uint8_t messages[4096]; /* ServerHello to ServerHelloDone */
  size_t length;
  br_sha256_context transcript;
  uint8_t client_random[32], server_random[32], master[48];
  uint8_t block[2 * (16 + 4)];
};

static inline void
server_add(struct psk_server *server, const void *bytes, size_t length)
{
  assert(length <= sizeof server->messages - server->length);
  memcpy(server->messages + server->length, bytes, length);
  server->length += length;
}

static inline void
server_add_number(struct psk_server *server, size_t value, unsigned bytes)
{
  while (bytes-- > 0)
    server_add(server, &(uint8_t){ (uint8_t)(value >> 8 * bytes) }, 1);
}

static inline size_t
server_begin(struct psk_server *server, uint8_t type)
{
  server_add_number(server, type, 1);
  server_add_number(server, 0, 3);
  return server->length;
}

static inline void
server_end(struct psk_server *server, size_t begin)
{
  size_t length = server->length - begin;
  server->messages[begin - 2] = (uint8_t)(length >> 8);
  server->messages[begin - 1] = (uint8_t)length;
}

/* value^exponent mod prime. */
static inline void
server_raise(const struct psk_server *server, uint8_t *value)
{
  br_rsa_public_key group = { (unsigned char *)(uintptr_t)server->prime, server->prime_bytes,
                              (unsigned char *)(uintptr_t)server->exponent, sizeof server->exponent };
  br_rsa_i31_public(value, server->prime_bytes, &group);
}

/* Has the client's first record; puts the first messages together, in `messages`. */
static inline void
server_hears_hello(struct psk_server *server, const uint8_t *record, size_t length)
{
  uint8_t own[SERVER_PRIME_BYTES_MAX] = { 0 };
  size_t begin;

  br_sha256_init(&server->transcript);
  br_sha256_update(&server->transcript, record + 5, length - 5);
  memcpy(server->client_random, record + 11, 32);
  memset(server->server_random, 0x5A, 32);
  server->length = 0;

  begin = server_begin(server, 2);
  server_add_number(server, 0x0303, 2);
  server_add(server, server->server_random, 32);
  server_add_number(server, server->session_bytes, 1);
  server_add(server, own, server->session_bytes);
  server_add_number(server, server->is_dhe ? 0x00AA : 0x00A8, 2);
  server_add_number(server, 0, 1);
  server_add_number(server, server->has_extended_master ? 9 : 5, 2);
  server_add(server, "\xFF\x01\0\1\0", 5);
  if (server->has_extended_master)
    server_add(server, "\0\x17\0\0", 4);
  server_end(server, begin);

  if (server->is_dhe || server->hint) {
    begin = server_begin(server, 12);
    server_add_number(server, server->hint ? strlen(server->hint) : 0, 2);
    server_add(server, server->hint ? server->hint : "", server->hint ? strlen(server->hint) : 0);
    if (server->is_dhe) {
      server_add_number(server, server->prime_bytes, 2);
      server_add(server, server->prime, server->prime_bytes);
      server_add_number(server, 1, 2);
      server_add_number(server, server->generator, 1);
      own[server->prime_bytes - 1] = server->generator;
      if (server->public)
        memcpy(own, server->public, server->public_bytes ? server->public_bytes : server->prime_bytes);
      else
        server_raise(server, own);
      server_add_number(server, server->public_bytes ? server->public_bytes : server->prime_bytes, 2);
      server_add(server, own, server->public_bytes ? server->public_bytes : server->prime_bytes);
    }
    server_end(server, begin);
  }
  server_end(server, server_begin(server, 14));
}

/* Puts `length` bytes of messages into records. Returns how long those are. */
static inline size_t
server_frames(const struct psk_server *server, uint8_t *to)
{
  size_t done = 0, most = server->record_bytes ? server->record_bytes : server->length, length = 0;

  while (done < server->length) {
    size_t part = server->length - done < most ? server->length - done : most;
    memcpy(to + length, (uint8_t[]){ 22, 3, 3, (uint8_t)(part >> 8), (uint8_t)part }, 5);
    memcpy(to + length + 5, server->messages + done, part);
    length += 5 + part;
    done += part;
  }
  return length;
}

static inline void
server_makes_secrets(struct psk_server *server, const uint8_t *client_public)
{
  uint8_t premaster[2 * (2 + SERVER_PRIME_BYTES_MAX)], digest[32], shared[SERVER_PRIME_BYTES_MAX] = { 0 };
  br_tls_prf_seed_chunk session = { digest, 32 };
  br_tls_prf_seed_chunk randoms[] = { { server->client_random, 32 }, { server->server_random, 32 } };
  br_tls_prf_seed_chunk swapped[] = { { server->server_random, 32 }, { server->client_random, 32 } };
  size_t length = server->key_length, skip = 0;

  if (server->is_dhe) {
    memcpy(shared, client_public, server->prime_bytes);
    server_raise(server, shared);
    while (skip < server->prime_bytes && shared[skip] == 0)
      skip++;
    length = server->prime_bytes - skip;
  }
  premaster[0] = (uint8_t)(length >> 8);
  premaster[1] = (uint8_t)length;
  memcpy(premaster + 2, shared + skip, length);
  premaster[2 + length] = (uint8_t)(server->key_length >> 8);
  premaster[3 + length] = (uint8_t)server->key_length;
  memcpy(premaster + 4 + length, server->key, server->key_length);
  length += 4 + server->key_length;
  br_sha256_out(&server->transcript, digest);
  if (server->has_extended_master)
    br_tls12_sha256_prf(server->master, 48, premaster, length, "extended master secret", 1, &session);
  else
    br_tls12_sha256_prf(server->master, 48, premaster, length, "master secret", 2, randoms);
  br_tls12_sha256_prf(server->block, sizeof server->block, server->master, 48, "key expansion", 2, swapped);
}

static inline void
server_verify_data(const struct psk_server *server, const char *label, uint8_t message[16])
{
  uint8_t digest[32];
  br_tls_prf_seed_chunk seed = { digest, 32 };

  memcpy(message, (uint8_t[]){ 20, 0, 0, 12 }, 4);
  br_sha256_out(&server->transcript, digest);
  br_tls12_sha256_prf(message + 4, 12, server->master, 48, label, 1, &seed);
}

/* Has ClientKeyExchange, ChangeCipherSpec and Finished, in a record each. Returns whether
 * they are right; then `to` has the server's two last records, `to_length` bytes. */
static inline bool
server_hears_finished(struct psk_server *server, uint8_t *flight, size_t length, const char *user, uint8_t *to,
                      size_t *to_length)
{
  size_t user_length = strlen(user), key_exchange = ((size_t)flight[3] << 8 | flight[4]), sealed = 40;
  uint8_t *finished = flight + 5 + key_exchange + 6 + 5, message[16], *plain;
  br_sslrec_gcm_context cipher;

  if (length != 5 + key_exchange + 6 + 5 + 40 || flight[5] != 16 || flight[9] != 0 || flight[10] != user_length ||
      memcmp(flight + 11, user, user_length) != 0)
    return false;
  /* What hashed the first messages is what was sent, also where a test changed it. */
  br_sha256_update(&server->transcript, server->messages, server->length);
  br_sha256_update(&server->transcript, flight + 5, key_exchange);
  server_makes_secrets(server, flight + 11 + user_length + 2);

  server_verify_data(server, "client finished", message);
  br_sslrec_in_gcm_vtable.init(&cipher.vtable.in, &br_aes_ct64_ctr_vtable, server->block, 16, br_ghash_ctmul64,
                               server->block + 32);
  plain = br_sslrec_in_gcm_vtable.inner.decrypt((const br_sslrec_in_class **)&cipher.vtable.in, 22, 0x0303, finished,
                                                &sealed);
  if (!plain || sealed != 16 || memcmp(plain, message, 16) != 0)
    return false;
  br_sha256_update(&server->transcript, message, 16);

  memcpy(to, "\x14\3\3\0\1\1", 6);
  server_verify_data(server, "server finished", to + 6 + 13);
  br_sslrec_out_gcm_vtable.init(&cipher.vtable.out, &br_aes_ct64_ctr_vtable, server->block + 16, 16, br_ghash_ctmul64,
                                server->block + 36);
  *to_length = 16;
  br_sslrec_out_gcm_vtable.inner.encrypt((const br_sslrec_out_class **)&cipher.vtable.out, 22, 0x0303, to + 6 + 13,
                                         to_length);
  *to_length += 6;
  return true;
}

#endif
