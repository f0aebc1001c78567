/* SPDX-License-Identifier: MIT */
/* tls_psk: the client's side of a TLS 1.2 handshake with a key that both know.
 *
 * TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 and TLS_PSK_WITH_AES_128_GCM_SHA256 (RFC
 * 4279, 5487), the first preferred, with the extended master secret (RFC 7627) if
 * the server has it, and the secure renegotiation indication (RFC 5746), though
 * nothing is ever renegotiated. BearSSL gives the arithmetic, hashes and PRF.
 *
 * A machine over bytes, as tls_record: no system call, no allocation, and the
 * randomness comes from the caller. Until tls_psk_is_done() or a fault:
 *
 *   send tls_psk_unsent(), and say so to tls_psk_sent();
 *   give what the connection brings to tls_psk_receive(), which stops right behind
 *   the server's Finished: what is left then belongs to tls_record.
 *
 * Parsing is strict, and everything has a bound: a message at most
 * TLS_PSK_MESSAGE_BYTES_MAX, of which the server sends at most five; an extension
 * that wasn't asked for, a byte too many, a certificate, a ticket, a change of
 * order is a fault. A fault leaves an alert to be sent, which may be skipped.
 *
 * The group of Diffie and Hellman is the server's choice: a prime's size is held to
 * 2048 to 4096 bits, it has to be odd, and generator and public value to lie
 * strictly between 1 and p - 1. That it is prime isn't tested. It needn't be: only
 * who knows the key gets through Finished, and a server that doesn't and chooses
 * badly learns no more than one that chooses well, namely what it takes to try
 * guesses of the key at leisure, as with every suite of this kind. So keys have to
 * be random, as psktool makes them.
 *
 * All secrets are in the struct: wiped by tls_psk_wipe() and nothing else.
 *
 * tls_psk.c has the records, the server's alerts, and what is below. Three more rooms
 * work on the struct, each on those under it: tls_psk_read takes the server's messages
 * apart, tls_psk_write puts the client's together, tls_psk_secrets makes the keys.
 */
#ifndef DECANT_TLS_PSK_H
#define DECANT_TLS_PSK_H

#include "base/error.h"
#include "base/limits.h"
#include "tls/tls_cipher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What GnuTLS allows for a name, and psktool for a key. */
#define TLS_PSK_USER_BYTES_MAX 128
#define TLS_PSK_KEY_BYTES_MAX 512

/* For the hello, and the exponent: twice the strength of a prime of 4096 bits and
 * some more (RFC 7919, A.3). */
#define TLS_PSK_EXPONENT_BYTES 48
#define TLS_PSK_RANDOM_BYTES (TLS_RANDOM_BYTES + TLS_PSK_EXPONENT_BYTES)

#define TLS_PSK_PRIME_BYTES_MIN 256
#define TLS_PSK_PRIME_BYTES_MAX 512
#define TLS_PSK_HINT_BYTES_MAX 256

/* The longest: ServerKeyExchange with a hint and three numbers. */
#define TLS_PSK_MESSAGE_BYTES_MAX (4 + 2 + TLS_PSK_HINT_BYTES_MAX + 3 * (2 + TLS_PSK_PRIME_BYTES_MAX))
/* All that is ever sent, together: it is some 800. */
#define TLS_PSK_OUTPUT_BYTES 1024
#define TLS_PSK_FINISHED_BYTES 16 /* the message: its header and 12 bytes */
/* The longest record that comes sealed is Finished; the other is an alert. */
#define TLS_PSK_SEALED_BYTES_MAX (TLS_NONCE_BYTES + TLS_PSK_FINISHED_BYTES + GCM_TAG_BYTES)

enum tls_psk_state {
  TLS_PSK_WANTS_HELLO,       /* ServerHello */
  TLS_PSK_WANTS_KEY,         /* ServerKeyExchange, or without Diffie-Hellman ServerHelloDone */
  TLS_PSK_WANTS_HELLO_DONE,  /* ServerHelloDone */
  TLS_PSK_WANTS_CIPHER_SPEC, /* ours went out, and our Finished: the server may refuse the key */
  TLS_PSK_WANTS_FINISHED,
  TLS_PSK_IS_DONE,
  TLS_PSK_HAS_FAILED,
};

/* Room for a running SHA-256; tls_psk_secrets.c holds it to the library's type. */
struct tls_psk_hash {
  uint64_t words[16];
};

struct tls_psk {
  enum tls_psk_state state;

  uint8_t user[TLS_PSK_USER_BYTES_MAX];
  size_t user_length;
  uint8_t key[TLS_PSK_KEY_BYTES_MAX];
  size_t key_length;
  uint8_t client_random[TLS_RANDOM_BYTES];
  uint8_t server_random[TLS_RANDOM_BYTES];
  uint8_t exponent[TLS_PSK_EXPONENT_BYTES];

  unsigned suite;
  bool has_extended_master;
  struct tls_psk_hash transcript; /* of all handshake messages up to now */
  uint8_t master[TLS_MASTER_BYTES];
  struct tls_keys keys;
  struct tls_cipher sealer; /* of what is sent, from ChangeCipherSpec on */
  struct tls_cipher opener;

  /* The server's numbers, each with zeros in front up to the prime's length. */
  size_t prime_bytes; /* 0: there are none */
  uint8_t prime[TLS_PSK_PRIME_BYTES_MAX];
  uint8_t generator[TLS_PSK_PRIME_BYTES_MAX];
  uint8_t server_public[TLS_PSK_PRIME_BYTES_MAX];

  /* The record that is coming in. One that is small or sealed is put together here;
   * the content of others goes straight to `message`. */
  uint8_t record[TLS_HEADER_BYTES + TLS_PSK_SEALED_BYTES_MAX];
  size_t record_fill;
  size_t record_left; /* bytes still to come, once the header is there */
  uint8_t message[TLS_PSK_MESSAGE_BYTES_MAX];
  size_t message_fill;

  uint8_t output[TLS_PSK_OUTPUT_BYTES];
  size_t output_begin, output_end;
  char failed[FAULT_TEXT_BYTES / 4]; /* why */
};

/* What the handshake is about. Everything is copied. */
struct tls_psk_config {
  const char *user;   /* 1 to TLS_PSK_USER_BYTES_MAX bytes */
  const uint8_t *key; /* 1 to TLS_PSK_KEY_BYTES_MAX bytes */
  size_t key_length;
  const uint8_t *random; /* TLS_PSK_RANDOM_BYTES, used for nothing else ever */
};

/* Begins: the ClientHello waits to be sent. Longer or empty names and keys are
 * faults, for they come from the operator. Returns 0, or -1 with the fault set. */
int tls_psk_start(struct tls_psk *psk, const struct tls_psk_config *config, struct fault *fault);

/* What is to be sent, a KiB at most; also after a fault, if there is the time. */
const uint8_t *tls_psk_unsent(const struct tls_psk *psk, size_t *length);

/* `length` bytes of it were sent. */
void tls_psk_sent(struct tls_psk *psk, size_t length);

/* Takes in what came. Sets `used` to how many of the bytes belong to the handshake:
 * all, unless it ends among them. Returns 0, or -1 with the fault set; then no more
 * is taken. */
int tls_psk_receive(struct tls_psk *psk, const uint8_t *bytes, size_t length, size_t *used, struct fault *fault);

/* The connection ended, or was reset: says what that means at this point, which may
 * be that the key is wrong. Sets the fault and returns -1, always. */
int tls_psk_cut(struct tls_psk *psk, struct fault *fault);

/* Whether both sides know that they have the same key. */
bool tls_psk_is_done(const struct tls_psk *psk);

/* The keys for tls_record, once it is done. Still the struct's: wiped with it. */
const struct tls_keys *tls_psk_keys(const struct tls_psk *psk);

/* Overwrites all of it. */
void tls_psk_wipe(struct tls_psk *psk);

#endif
