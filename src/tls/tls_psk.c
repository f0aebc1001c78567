/* SPDX-License-Identifier: MIT */
/* tls_psk: see tls_psk.h. */
#include "tls/tls_psk.h"

#include "base/secret.h"
#include "tls/tls_psk_read.h"
#include "tls/tls_psk_secrets.h"
#include "tls/tls_psk_write.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Failing ---- */

#define NO_SUITE "the server takes none of the cipher suites with a key (PSK) that are offered to it"
#define KEY_REFUSED "the server refused the key of the user \"%.*s\": it has another, or doesn't know the user"

/* Keeps the words. */
static void
psk_fail(struct tls_psk *psk, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  vsnprintf(psk->failed, sizeof psk->failed, format, args);
  va_end(args);
  psk->state = TLS_PSK_HAS_FAILED;
}

static int
psk_tell(const struct tls_psk *psk, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, 0, "TLS: %s", psk->failed);
}

/* ---- Records ---- */

/* Why a server gave up, in words. What an alert means depends on when it comes. */
static const struct reason {
  enum tls_psk_state state;
  enum tls_alert alert;
  const char *words; /* with a place for the user's name at the end, if any */
} reasons[] = {
  { TLS_PSK_WANTS_HELLO, TLS_ALERT_HANDSHAKE_FAILURE, NO_SUITE },
  { TLS_PSK_WANTS_HELLO, TLS_ALERT_INSUFFICIENT_SECURITY, NO_SUITE },
  { TLS_PSK_WANTS_HELLO, TLS_ALERT_PROTOCOL_VERSION, "the server doesn't take TLS 1.2" },
  { TLS_PSK_WANTS_CIPHER_SPEC, TLS_ALERT_UNKNOWN_PSK_IDENTITY, "the server doesn't know the user \"%.*s\"" },
  { TLS_PSK_WANTS_CIPHER_SPEC, TLS_ALERT_DECRYPT_ERROR, KEY_REFUSED },
  { TLS_PSK_WANTS_CIPHER_SPEC, TLS_ALERT_BAD_RECORD_MAC, KEY_REFUSED },
  { TLS_PSK_WANTS_CIPHER_SPEC, TLS_ALERT_DECRYPTION_FAILED, KEY_REFUSED },
};

static bool
psk_read_alert(struct tls_psk *psk, const uint8_t *alert)
{
  const char *words = "the server broke off the handshake";
  char room[TLS_ALERT_NAME_BYTES];
  size_t used;

  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
    if (reasons[i].state == psk->state && reasons[i].alert == alert[1])
      words = reasons[i].words;
  psk_fail(psk, words, (int)psk->user_length, (const char *)psk->user);
  used = strlen(psk->failed);
  snprintf(psk->failed + used, sizeof psk->failed - used, " (alert %s)", tls_alert_name(alert[1], room));
  return false;
}

/* A record's header is there. Which may come now, and how long they may be. */
static bool
check_record(struct tls_psk *psk)
{
  static const struct bound {
    enum tls_content content;
    bool is_sealed;
    size_t least, most;
  } bounds[] = {
    { TLS_CONTENT_HANDSHAKE, false, 1, TLS_PLAIN_BYTES_MAX },
    { TLS_CONTENT_ALERT, false, 2, 2 },
    { TLS_CONTENT_CIPHER_SPEC, false, 1, 1 },
    { TLS_CONTENT_HANDSHAKE, true, TLS_PSK_SEALED_BYTES_MAX, TLS_PSK_SEALED_BYTES_MAX },
    { TLS_CONTENT_ALERT, true, TLS_NONCE_BYTES + 2 + GCM_TAG_BYTES, TLS_NONCE_BYTES + 2 + GCM_TAG_BYTES },
  };
  unsigned version = tls_get_16(psk->record + 1);
  bool is_sealed = psk->state == TLS_PSK_WANTS_FINISHED;

  /* A server that has no version in common may say so in its own. */
  if (version != TLS_VERSION_12 && (version >> 8 != 3 || psk->record[0] != TLS_CONTENT_ALERT))
    return tls_psk_refuse(psk, TLS_ALERT_PROTOCOL_VERSION,
                          "the server answered with what is no TLS 1.2: is it a TLS server?");
  psk->record_left = tls_get_16(psk->record + 3);
  for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
    if (bounds[i].content == psk->record[0] && bounds[i].is_sealed == is_sealed &&
        psk->record_left >= bounds[i].least && psk->record_left <= bounds[i].most)
      return true;
  return tls_psk_refuse(psk, TLS_ALERT_UNEXPECTED_MESSAGE,
                        "the server sent a record of type %u with %zu bytes, which has no place in the handshake",
                        psk->record[0], psk->record_left);
}

/* A record is whole that is put together before it is looked at. */
static bool
read_record(struct tls_psk *psk)
{
  uint8_t *content = psk->record + TLS_HEADER_BYTES, plain[TLS_PSK_FINISHED_BYTES];
  size_t length = psk->record_fill - TLS_HEADER_BYTES;

  if (psk->state == TLS_PSK_WANTS_FINISHED) {
    length -= TLS_NONCE_BYTES + GCM_TAG_BYTES;
    if (!tls_cipher_open(&psk->opener, psk->record, plain, length))
      return tls_psk_refuse(psk, TLS_ALERT_BAD_RECORD_MAC, "a record was damaged or forged on its way from the server");
    content = plain;
  }
  if (psk->record[0] == TLS_CONTENT_ALERT)
    return psk_read_alert(psk, content);
  if (psk->record[0] == TLS_CONTENT_HANDSHAKE)
    return tls_psk_read_handshake(psk, content, length);
  if (psk->state != TLS_PSK_WANTS_CIPHER_SPEC || psk->message_fill > 0 || content[0] != 1)
    return tls_psk_refuse(psk, TLS_ALERT_UNEXPECTED_MESSAGE, "the server changed its cipher when it wasn't its turn");
  psk->state = TLS_PSK_WANTS_FINISHED;
  return true;
}

/* The next part of the record's content. */
static bool
add_to_record(struct tls_psk *psk, const uint8_t *bytes, size_t length)
{
  psk->record_left -= length;
  if (psk->record[0] == TLS_CONTENT_HANDSHAKE && psk->state != TLS_PSK_WANTS_FINISHED)
    return tls_psk_read_handshake(psk, bytes, length);
  memcpy(psk->record + psk->record_fill, bytes, length);
  psk->record_fill += length;
  return psk->record_left > 0 || read_record(psk);
}

/* Takes in some of the bytes, at most up to the end of a header or a record. */
static size_t
receive_some(struct tls_psk *psk, const uint8_t *bytes, size_t length)
{
  size_t wanted = psk->record_left > 0 ? psk->record_left : TLS_HEADER_BYTES - psk->record_fill;
  size_t part = length < wanted ? length : wanted;

  if (psk->record_left == 0) {
    memcpy(psk->record + psk->record_fill, bytes, part);
    psk->record_fill += part;
    if (psk->record_fill == TLS_HEADER_BYTES)
      check_record(psk);
    return part;
  }
  if (add_to_record(psk, bytes, part) && psk->record_left == 0)
    psk->record_fill = 0;
  return part;
}

/* ---- The whole ---- */

int
tls_psk_start(struct tls_psk *psk, const struct tls_psk_config *config, struct fault *fault)
{
  size_t user_length = strlen(config->user);

  memset(psk, 0, sizeof *psk);
  if (user_length == 0 || user_length > sizeof psk->user)
    return fault_set(fault, EXIT_BAD_USAGE, 0, "the user's name for a TLS key must have 1 to %zu bytes, not %zu",
                     sizeof psk->user, user_length);
  if (config->key_length == 0 || config->key_length > sizeof psk->key)
    return fault_set(fault, EXIT_BAD_USAGE, 0, "the TLS key of the user \"%s\" must have 1 to %zu bytes, not %zu",
                     config->user, sizeof psk->key, config->key_length);
  memcpy(psk->user, config->user, user_length);
  psk->user_length = user_length;
  memcpy(psk->key, config->key, config->key_length);
  psk->key_length = config->key_length;
  memcpy(psk->client_random, config->random, TLS_RANDOM_BYTES);
  memcpy(psk->exponent, config->random + TLS_RANDOM_BYTES, TLS_PSK_EXPONENT_BYTES);
  tls_psk_secrets_begin(psk);
  tls_psk_write_hello(psk);
  return 0;
}

const uint8_t *
tls_psk_unsent(const struct tls_psk *psk, size_t *length)
{
  *length = psk->output_end - psk->output_begin;
  return psk->output + psk->output_begin;
}

void
tls_psk_sent(struct tls_psk *psk, size_t length)
{
  assert(length <= psk->output_end - psk->output_begin);
  psk->output_begin += length;
  if (psk->output_begin == psk->output_end)
    psk->output_begin = psk->output_end = 0;
}

int
tls_psk_receive(struct tls_psk *psk, const uint8_t *bytes, size_t length, size_t *used, struct fault *fault)
{
  *used = 0;
  while (*used < length && psk->state < TLS_PSK_IS_DONE)
    *used += receive_some(psk, bytes + *used, length - *used);
  return psk->state == TLS_PSK_HAS_FAILED ? psk_tell(psk, fault) : 0;
}

int
tls_psk_cut(struct tls_psk *psk, struct fault *fault)
{
  if (psk->state == TLS_PSK_WANTS_CIPHER_SPEC)
    psk_fail(psk, KEY_REFUSED ", or the connection was lost", (int)psk->user_length, (const char *)psk->user);
  else if (psk->state != TLS_PSK_HAS_FAILED)
    psk_fail(psk, "the server hung up in the midst of the handshake");
  return psk_tell(psk, fault);
}

bool
tls_psk_is_done(const struct tls_psk *psk)
{
  return psk->state == TLS_PSK_IS_DONE;
}

const struct tls_keys *
tls_psk_keys(const struct tls_psk *psk)
{
  assert(tls_psk_is_done(psk));
  return &psk->keys;
}

void
tls_psk_wipe(struct tls_psk *psk)
{
  secret_wipe(psk, sizeof *psk);
}
