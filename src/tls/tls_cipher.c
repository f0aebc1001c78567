/* SPDX-License-Identifier: MIT */
/* tls_cipher: see tls_cipher.h. */
#include "tls/tls_cipher.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert(TLS_PLAIN_BYTES_MAX <= GCM_BYTES_MAX, "a record is a message");

static void
put_64(uint8_t *to, uint64_t value)
{
  for (unsigned i = 0; i < 8; i++)
    to[i] = (uint8_t)(value >> (56 - 8 * i));
}

void
tls_cipher_init(struct tls_cipher *cipher, const struct tls_key *key)
{
  gcm_init(&cipher->gcm, gcm_best_engine(), key->key, key->key_bytes);
  memcpy(cipher->salt, key->salt, sizeof cipher->salt);
  cipher->sequence = key->sequence;
}

/* The nonce of a record, and what its tag covers beside the ciphertext. */
struct frame {
  uint8_t nonce[GCM_NONCE_BYTES];
  uint8_t header[8 + TLS_HEADER_BYTES];
};

static struct frame
make_frame(const struct tls_cipher *cipher, const uint8_t *record, size_t length)
{
  struct frame frame;

  memcpy(frame.nonce, cipher->salt, sizeof cipher->salt);
  memcpy(frame.nonce + sizeof cipher->salt, record + TLS_HEADER_BYTES, TLS_NONCE_BYTES);
  put_64(frame.header, cipher->sequence);
  memcpy(frame.header + 8, record, 3); /* content and version */
  tls_put_16(frame.header + 11, length);
  return frame;
}

void
tls_cipher_seal(struct tls_cipher *cipher, enum tls_content content, uint8_t *to, const uint8_t *plain, size_t length)
{
  uint8_t *sealed = to + TLS_HEADER_BYTES + TLS_NONCE_BYTES;
  struct frame frame;

  assert(length <= TLS_PLAIN_BYTES_MAX && cipher->sequence != UINT64_MAX);
  to[0] = (uint8_t)content;
  tls_put_16(to + 1, TLS_VERSION_12);
  tls_put_16(to + 3, length + TLS_NONCE_BYTES + GCM_TAG_BYTES);
  /* The sequence number never comes twice, and so is a nonce. */
  put_64(to + TLS_HEADER_BYTES, cipher->sequence);
  frame = make_frame(cipher, to, length);
  gcm_seal(&cipher->gcm, frame.nonce, frame.header, sizeof frame.header, sealed, plain, length, sealed + length);
  cipher->sequence++;
}

bool
tls_cipher_open(struct tls_cipher *cipher, const uint8_t *record, uint8_t *to, size_t length)
{
  const uint8_t *sealed = record + TLS_HEADER_BYTES + TLS_NONCE_BYTES;
  struct frame frame = make_frame(cipher, record, length);

  assert(length <= TLS_PLAIN_BYTES_MAX && cipher->sequence != UINT64_MAX);
  if (!gcm_open(&cipher->gcm, frame.nonce, frame.header, sizeof frame.header, to, sealed, length, sealed + length))
    return false;
  cipher->sequence++;
  return true;
}

const char *
tls_alert_name(unsigned alert, char room[TLS_ALERT_NAME_BYTES])
{
  static const char *const names[] = {
    [TLS_ALERT_CLOSE_NOTIFY] = "close_notify",
    [TLS_ALERT_UNEXPECTED_MESSAGE] = "unexpected_message",
    [TLS_ALERT_BAD_RECORD_MAC] = "bad_record_mac",
    [TLS_ALERT_DECRYPTION_FAILED] = "decryption_failed",
    [TLS_ALERT_RECORD_OVERFLOW] = "record_overflow",
    [TLS_ALERT_HANDSHAKE_FAILURE] = "handshake_failure",
    [TLS_ALERT_BAD_CERTIFICATE] = "bad_certificate",
    [TLS_ALERT_UNSUPPORTED_CERTIFICATE] = "unsupported_certificate",
    [TLS_ALERT_CERTIFICATE_REVOKED] = "certificate_revoked",
    [TLS_ALERT_CERTIFICATE_EXPIRED] = "certificate_expired",
    [TLS_ALERT_CERTIFICATE_UNKNOWN] = "certificate_unknown",
    [TLS_ALERT_ILLEGAL_PARAMETER] = "illegal_parameter",
    [TLS_ALERT_UNKNOWN_CA] = "unknown_ca",
    [TLS_ALERT_ACCESS_DENIED] = "access_denied",
    [TLS_ALERT_DECODE_ERROR] = "decode_error",
    [TLS_ALERT_DECRYPT_ERROR] = "decrypt_error",
    [TLS_ALERT_PROTOCOL_VERSION] = "protocol_version",
    [TLS_ALERT_INSUFFICIENT_SECURITY] = "insufficient_security",
    [TLS_ALERT_INTERNAL_ERROR] = "internal_error",
    [TLS_ALERT_USER_CANCELED] = "user_canceled",
    [TLS_ALERT_NO_RENEGOTIATION] = "no_renegotiation",
    [TLS_ALERT_UNSUPPORTED_EXTENSION] = "unsupported_extension",
    [TLS_ALERT_UNRECOGNIZED_NAME] = "unrecognized_name",
    [TLS_ALERT_UNKNOWN_PSK_IDENTITY] = "unknown_psk_identity",
    [TLS_ALERT_CERTIFICATE_REQUIRED] = "certificate_required",
  };

  if (alert < sizeof names / sizeof names[0] && names[alert])
    return names[alert];
  snprintf(room, TLS_ALERT_NAME_BYTES, "number %u", alert);
  return room;
}
