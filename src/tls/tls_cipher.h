/* SPDX-License-Identifier: MIT */
/* tls_cipher: one record of TLS 1.2 with AES-GCM (RFC 5246, 6.2.3.3; RFC 5288), sealed
 * or opened, and the numbers and names that records are made of.
 *
 * The handshake with a key (tls_psk) seals and opens two of them; what follows is
 * tls_record's. No system call, no allocation, no fault: the caller knows the lengths
 * to be right, and says in words what went wrong.
 */
#ifndef DECANT_TLS_CIPHER_H
#define DECANT_TLS_CIPHER_H

#include "tls/gcm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_VERSION_12 = 0x0303 };

#define TLS_HEADER_BYTES 5
#define TLS_NONCE_BYTES 8 /* the part of the nonce that each record brings */
#define TLS_PLAIN_BYTES_MAX 16384
#define TLS_RECORD_OVERHEAD_BYTES (TLS_HEADER_BYTES + TLS_NONCE_BYTES + GCM_TAG_BYTES)
#define TLS_RECORD_BYTES_MAX (TLS_PLAIN_BYTES_MAX + TLS_RECORD_OVERHEAD_BYTES)

/* Of a handshake: the random values of both sides, and the secret that comes of it. */
#define TLS_RANDOM_BYTES 32
#define TLS_MASTER_BYTES 48

/* What a record holds. */
enum tls_content {
  TLS_CONTENT_CIPHER_SPEC = 20,
  TLS_CONTENT_ALERT = 21,
  TLS_CONTENT_HANDSHAKE = 22,
  TLS_CONTENT_DATA = 23,
};

enum tls_alert_level { TLS_ALERT_WARNING = 1, TLS_ALERT_FATAL = 2 };

/* The alerts that have a name here (RFC 5246 and later). */
enum tls_alert {
  TLS_ALERT_CLOSE_NOTIFY = 0,
  TLS_ALERT_UNEXPECTED_MESSAGE = 10,
  TLS_ALERT_BAD_RECORD_MAC = 20,
  TLS_ALERT_DECRYPTION_FAILED = 21,
  TLS_ALERT_RECORD_OVERFLOW = 22,
  TLS_ALERT_HANDSHAKE_FAILURE = 40,
  TLS_ALERT_BAD_CERTIFICATE = 42,
  TLS_ALERT_UNSUPPORTED_CERTIFICATE = 43,
  TLS_ALERT_CERTIFICATE_REVOKED = 44,
  TLS_ALERT_CERTIFICATE_EXPIRED = 45,
  TLS_ALERT_CERTIFICATE_UNKNOWN = 46,
  TLS_ALERT_ILLEGAL_PARAMETER = 47,
  TLS_ALERT_UNKNOWN_CA = 48,
  TLS_ALERT_ACCESS_DENIED = 49,
  TLS_ALERT_DECODE_ERROR = 50,
  TLS_ALERT_DECRYPT_ERROR = 51,
  TLS_ALERT_PROTOCOL_VERSION = 70,
  TLS_ALERT_INSUFFICIENT_SECURITY = 71,
  TLS_ALERT_INTERNAL_ERROR = 80,
  TLS_ALERT_USER_CANCELED = 90,
  TLS_ALERT_NO_RENEGOTIATION = 100,
  TLS_ALERT_UNSUPPORTED_EXTENSION = 110,
  TLS_ALERT_UNRECOGNIZED_NAME = 112,
  TLS_ALERT_UNKNOWN_PSK_IDENTITY = 115,
  TLS_ALERT_CERTIFICATE_REQUIRED = 116,
};

/* The name of an alert, as "bad_record_mac", or "number 77". `room` holds what isn't
 * a constant. */
#define TLS_ALERT_NAME_BYTES 24
const char *tls_alert_name(unsigned alert, char room[TLS_ALERT_NAME_BYTES]);

/* ---- Keys ---- */

/* The secrets of one direction, as the handshake left them. */
struct tls_key {
  uint8_t key[GCM_KEY_BYTES_MAX];
  unsigned key_bytes;                              /* 16 or 32 */
  uint8_t salt[GCM_NONCE_BYTES - TLS_NONCE_BYTES]; /* the part of the nonce that stays */
  uint64_t sequence;                               /* of the next record: 1 behind Finished */
};

/* Of a connection; from tls_keys.h. Wiped by who made it, with secret_wipe(). */
struct tls_keys {
  struct tls_key receive;
  struct tls_key send;
};

/* One direction, made ready. Wiped by who made it. */
struct tls_cipher {
  struct gcm gcm;
  uint8_t salt[GCM_NONCE_BYTES - TLS_NONCE_BYTES];
  uint64_t sequence; /* of the next record; UINT64_MAX is never used */
};

void tls_cipher_init(struct tls_cipher *cipher, const struct tls_key *key);

/* ---- Records ---- */

/* Writes a whole record of `length` bytes of plaintext, at most TLS_PLAIN_BYTES_MAX,
 * and TLS_RECORD_OVERHEAD_BYTES around them. */
void
tls_cipher_seal(struct tls_cipher *cipher, enum tls_content content, uint8_t *to, const uint8_t *plain, size_t length);

/* Decrypts the whole record at `record`, whose plaintext has `length` bytes, to `to`:
 * where its ciphertext is, or elsewhere. Returns whether it is genuine and the next
 * one; if not, what is at `to` is worth nothing. */
bool tls_cipher_open(struct tls_cipher *cipher, const uint8_t *record, uint8_t *to, size_t length);

/* ---- Numbers ---- */

static inline unsigned
tls_get_16(const uint8_t *from)
{
  return (unsigned)from[0] << 8 | from[1];
}

static inline void
tls_put_16(uint8_t *to, size_t value)
{
  to[0] = (uint8_t)(value >> 8);
  to[1] = (uint8_t)value;
}

#endif
