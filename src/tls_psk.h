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
 */
#ifndef DECANT_TLS_PSK_H
#define DECANT_TLS_PSK_H

#include "error.h"
#include "gcm.h"
#include "tls_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What GnuTLS allows for a name, and psktool for a key. */
#define TLS_PSK_USER_BYTES_MAX 128
#define TLS_PSK_KEY_BYTES_MAX 512

/* For the hello, and the exponent: twice the strength of a prime of 4096 bits and
 * some more (RFC 7919, A.3). */
#define TLS_PSK_HELLO_RANDOM_BYTES 32
#define TLS_PSK_EXPONENT_BYTES 48
#define TLS_PSK_RANDOM_BYTES (TLS_PSK_HELLO_RANDOM_BYTES + TLS_PSK_EXPONENT_BYTES)

#define TLS_PSK_PRIME_BYTES_MIN 256
#define TLS_PSK_PRIME_BYTES_MAX 512
#define TLS_PSK_HINT_BYTES_MAX 256

/* The longest: ServerKeyExchange with a hint and three numbers. */
#define TLS_PSK_MESSAGE_BYTES_MAX (4 + 2 + TLS_PSK_HINT_BYTES_MAX + 3 * (2 + TLS_PSK_PRIME_BYTES_MAX))
/* ClientKeyExchange, ChangeCipherSpec and Finished together; an alert after them. */
#define TLS_PSK_OUTPUT_BYTES (1024 + TLS_ALERT_RECORD_BYTES)
/* The records that come encrypted are Finished and alerts. */
#define TLS_PSK_SEALED_BYTES_MAX (TLS_NONCE_BYTES + 16 + GCM_TAG_BYTES)

enum tls_psk_state {
  TLS_PSK_WANTS_HELLO,       /* ServerHello */
  TLS_PSK_WANTS_KEY,         /* ServerKeyExchange; ServerHelloDone too without Diffie-Hellman */
  TLS_PSK_WANTS_HELLO_DONE,
  TLS_PSK_WANTS_CIPHER_SPEC, /* ours is sent, and Finished too */
  TLS_PSK_WANTS_FINISHED,
  TLS_PSK_IS_DONE,
  TLS_PSK_HAS_FAILED,
};

/* Room for a running SHA-256; tls_psk.c holds it to the library's type. */
struct tls_psk_hash {
  uint64_t words[16];
};

struct tls_psk {
  enum tls_psk_state state;
  uint8_t user[TLS_PSK_USER_BYTES_MAX];
  size_t user_length;
  uint8_t key[TLS_PSK_KEY_BYTES_MAX];
  size_t key_length;
  uint8_t client_random[TLS_PSK_HELLO_RANDOM_BYTES];
  uint8_t server_random[TLS_PSK_HELLO_RANDOM_BYTES];
  uint8_t exponent[TLS_PSK_EXPONENT_BYTES];
  unsigned suite;
  bool has_extended_master;
  struct tls_psk_hash transcript; /* of all handshake messages up to now */
  uint8_t master[48];
  struct tls_keys keys;
  struct tls_direction opener; /* for the server's Finished: keys alone, no buffer */

  uint8_t header[TLS_HEADER_BYTES]; /* of the record that is coming in */
  size_t header_fill;
  size_t record_left;               /* bytes of it still to come */
  uint8_t sealed[TLS_PSK_SEALED_BYTES_MAX];
  size_t sealed_fill;
  uint8_t message[TLS_PSK_MESSAGE_BYTES_MAX]; /* being put together from records */
  size_t message_fill;
  uint8_t alert[2];
  size_t alert_fill;

  /* The server's numbers, as long as the prime. */
  size_t prime_bytes; /* 0: there are none */
  uint8_t prime[TLS_PSK_PRIME_BYTES_MAX];
  uint8_t generator[TLS_PSK_PRIME_BYTES_MAX];
  uint8_t server_public[TLS_PSK_PRIME_BYTES_MAX];

  uint8_t output[TLS_PSK_OUTPUT_BYTES];
  size_t output_begin, output_end;
  char failed[160];
};

#endif
