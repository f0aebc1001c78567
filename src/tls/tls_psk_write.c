/* SPDX-License-Identifier: MIT */
/* tls_psk_write: see tls_psk_write.h. */
#include "tls/tls_psk_write.h"

#include "base/secret.h"
#include "tls/tls_psk_secrets.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(MESSAGE_HEADER_BYTES + TLS_PSK_VERIFY_BYTES == TLS_PSK_FINISHED_BYTES, "the length of Finished");

/* ---- Records ---- */

/* Adds to the output, or makes the room if `bytes` is NULL: there is always enough, for all
 * that is ever sent. */
static uint8_t *
put_bytes(struct tls_psk *psk, const void *bytes, size_t length)
{
  uint8_t *to = psk->output + psk->output_end;

  assert(length <= sizeof psk->output - psk->output_end);
  if (bytes)
    memcpy(to, bytes, length);
  psk->output_end += length;
  return to;
}

static void
put_16(struct tls_psk *psk, size_t value)
{
  tls_put_16(put_bytes(psk, NULL, 2), value);
}

/* A record that isn't sealed. Returns where its header is, for end_record(). */
static uint8_t *
begin_record(struct tls_psk *psk, enum tls_content content)
{
  uint8_t *header = put_bytes(psk, &(uint8_t){ (uint8_t)content }, 1);

  put_16(psk, TLS_VERSION_12);
  put_16(psk, 0);
  return header;
}

static void
end_record(struct tls_psk *psk, uint8_t *header)
{
  tls_put_16(header + 3, (size_t)(psk->output + psk->output_end - header) - TLS_HEADER_BYTES);
}

static void
put_sealed(struct tls_psk *psk, enum tls_content content, const uint8_t *bytes, size_t length)
{
  tls_cipher_seal(&psk->sealer, content, put_bytes(psk, NULL, length + TLS_RECORD_OVERHEAD_BYTES), bytes, length);
}

/* ---- Refusing ---- */

/* Our cipher holds from our ChangeCipherSpec on. */
static void
psk_put_alert(struct tls_psk *psk, enum tls_alert alert)
{
  const uint8_t bytes[] = { TLS_ALERT_FATAL, (uint8_t)alert };
  uint8_t *header;

  if (psk->state >= TLS_PSK_WANTS_CIPHER_SPEC) {
    put_sealed(psk, TLS_CONTENT_ALERT, bytes, sizeof bytes);
    return;
  }
  header = begin_record(psk, TLS_CONTENT_ALERT);
  put_bytes(psk, bytes, sizeof bytes);
  end_record(psk, header);
}

bool
tls_psk_refuse(struct tls_psk *psk, enum tls_alert alert, const char *format, ...)
{
  va_list args;

  psk_put_alert(psk, alert);
  va_start(args, format);
  vsnprintf(psk->failed, sizeof psk->failed, format, args);
  va_end(args);
  psk->state = TLS_PSK_HAS_FAILED;
  return false;
}

/* ---- Messages ---- */

/* A message in a record of its own. */
static uint8_t *
begin_message(struct tls_psk *psk, enum message type)
{
  uint8_t *header = begin_record(psk, TLS_CONTENT_HANDSHAKE);

  put_bytes(psk, (const uint8_t[MESSAGE_HEADER_BYTES]){ (uint8_t)type }, MESSAGE_HEADER_BYTES);
  return header;
}

static void
end_message(struct tls_psk *psk, uint8_t *header)
{
  uint8_t *message = header + TLS_HEADER_BYTES;
  size_t length = (size_t)(psk->output + psk->output_end - message);

  tls_put_16(message + 2, length - MESSAGE_HEADER_BYTES); /* of three bytes, the first is 0 */
  tls_psk_secrets_add_message(psk, message, length);
  end_record(psk, header);
}

void
tls_psk_write_hello(struct tls_psk *psk)
{
  static const uint8_t offer[] = {
    0, /* no session to go on with */
    0,    4,
    0x00, 0xAA,
    0x00, 0xA8, /* the suites */
    1,    0,    /* no compression */
    0,    21,   /* the extensions: */
    0xFF, 0x01,
    0,    1,
    0, /* renegotiation_info: none went before */
    0,    EXTENSION_EXTENDED_MASTER,
    0,    0,
    0,    EXTENSION_GROUPS,
    0,    8,
    0,    6, /* of RFC 7919, ffdhe2048, 3072 and 4096 */
    0x01, 0x00,
    0x01, 0x01,
    0x01, 0x02,
  };
  uint8_t *header = begin_message(psk, CLIENT_HELLO);

  put_16(psk, TLS_VERSION_12);
  put_bytes(psk, psk->client_random, sizeof psk->client_random);
  put_bytes(psk, offer, sizeof offer);
  end_message(psk, header);
}

static bool
put_key_exchange(struct tls_psk *psk)
{
  uint8_t own_public[TLS_PSK_PRIME_BYTES_MAX];
  uint8_t *header = begin_message(psk, CLIENT_KEY_EXCHANGE);

  put_16(psk, psk->user_length);
  put_bytes(psk, psk->user, psk->user_length);
  if (psk->prime_bytes > 0) {
    memcpy(own_public, psk->generator, psk->prime_bytes);
    if (!tls_psk_secrets_raise(psk, own_public))
      return false;
    put_16(psk, psk->prime_bytes);
    put_bytes(psk, own_public, psk->prime_bytes);
  }
  end_message(psk, header);
  return true;
}

/* The ciphers of both sides, for the first records under them. */
static void
make_ciphers(struct tls_psk *psk)
{
  struct tls_keys first = psk->keys;

  first.send.sequence = first.receive.sequence = 0;
  tls_cipher_init(&psk->sealer, &first.send);
  tls_cipher_init(&psk->opener, &first.receive);
  secret_wipe(&first, sizeof first);
}

static void
put_finished(struct tls_psk *psk)
{
  uint8_t message[TLS_PSK_FINISHED_BYTES] = { FINISHED, 0, 0, TLS_PSK_VERIFY_BYTES };

  tls_psk_secrets_verify(psk, "client finished", message + MESSAGE_HEADER_BYTES);
  tls_psk_secrets_add_message(psk, message, sizeof message);
  put_sealed(psk, TLS_CONTENT_HANDSHAKE, message, sizeof message);
}

bool
tls_psk_write_answer(struct tls_psk *psk)
{
  size_t before = psk->output_end;
  uint8_t *header;

  if (!put_key_exchange(psk) || !tls_psk_secrets_make(psk)) {
    psk->output_end = before;
    return tls_psk_refuse(psk, TLS_ALERT_ILLEGAL_PARAMETER,
                          "the server's Diffie-Hellman numbers can't be reckoned with");
  }
  make_ciphers(psk);
  header = begin_record(psk, TLS_CONTENT_CIPHER_SPEC);
  put_bytes(psk, &(uint8_t){ 1 }, 1);
  end_record(psk, header);
  put_finished(psk);
  psk->state = TLS_PSK_WANTS_CIPHER_SPEC;
  return true;
}
