/* SPDX-License-Identifier: MIT */
/* tls_psk: see tls_psk.h. */
#include "tls_psk.h"

#include "secret.h"
#include "tls_keys.h"
#include "tls_psk_secrets.h"
#include "tls_psk_write.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(2 + TLS_PSK_HINT_BYTES_MAX + 3 * (2 + TLS_PSK_PRIME_BYTES_MAX) + MESSAGE_HEADER_BYTES ==
                   TLS_PSK_MESSAGE_BYTES_MAX,
               "the longest message");

/* ---- Failing ---- */

#define NO_SUITE "the server takes none of the cipher suites with a key (PSK) that are offered to it"
#define KEY_REFUSED "the server refused the key of the user \"%.*s\": it has another, or doesn't know the user"

/* Keeps the words. */
static void
fail(struct tls_psk *psk, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  vsnprintf(psk->failed, sizeof psk->failed, format, args);
  va_end(args);
  psk->state = TLS_PSK_HAS_FAILED;
}

static int
told(const struct tls_psk *psk, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, 0, "TLS: %s", psk->failed);
}

/* ---- Reading ---- */

/* What is left of a message. Reading past its end gives zeros, and is remembered. */
struct reader {
  const uint8_t *at;
  size_t left;
  bool is_short;
};

static const uint8_t *
read_bytes(struct reader *reader, size_t length)
{
  const uint8_t *at = reader->at;

  if (length > reader->left) {
    reader->is_short = true;
    reader->left = 0;
    return NULL;
  }
  reader->at += length;
  reader->left -= length;
  return at;
}

static unsigned
read_8(struct reader *reader)
{
  const uint8_t *at = read_bytes(reader, 1);
  return at ? *at : 0;
}

static unsigned
read_16(struct reader *reader)
{
  const uint8_t *at = read_bytes(reader, 2);
  return at ? tls_get_16(at) : 0;
}

/* As many bytes as the two in front of them say, without the zeros that they begin
 * with. */
static struct reader
read_number(struct reader *reader)
{
  size_t length = read_16(reader);
  struct reader number = { .at = read_bytes(reader, length) };

  number.left = number.at ? length : 0;
  while (number.left > 0 && *number.at == 0)
    read_8(&number);
  return number;
}

/* Whether all of a message was read, and no more than that. */
static bool
is_read(const struct reader *reader)
{
  return !reader->is_short && reader->left == 0;
}

/* ---- What the server says ---- */

/* The extensions of a ServerHello: what was offered, once each, and with nothing in
 * them. */
static bool
read_extensions(struct tls_psk *psk, struct reader *hello)
{
  struct reader all = { .left = hello->left > 0 ? read_16(hello) : 0 };
  bool has_renegotiation = false;

  all.at = read_bytes(hello, all.left);
  while (all.at && all.left > 0 && !all.is_short) {
    unsigned type = read_16(&all);
    size_t length = read_16(&all);
    const uint8_t *bytes = read_bytes(&all, length);
    if (!bytes)
      break;
    if (type == EXTENSION_EXTENDED_MASTER && length == 0 && !psk->has_extended_master)
      psk->has_extended_master = true;
    else if (type == EXTENSION_RENEGOTIATION && length == 1 && bytes[0] == 0 && !has_renegotiation)
      has_renegotiation = true;
    else
      return tls_psk_refuse(psk, TLS_ALERT_UNSUPPORTED_EXTENSION,
                            "the server's hello has an extension that it can't have there (%u, of %zu bytes)", type,
                            length);
  }
  if (all.is_short || !is_read(hello))
    return tls_psk_refuse(psk, TLS_ALERT_DECODE_ERROR, "the server's hello is malformed");
  if (!has_renegotiation)
    return tls_psk_refuse(psk, TLS_ALERT_HANDSHAKE_FAILURE,
                          "the server is too old: it doesn't say that it renegotiates securely (RFC 5746)");
  return true;
}

static bool
read_hello(struct tls_psk *psk, struct reader *hello)
{
  unsigned version = read_16(hello), compression, session;
  const uint8_t *bytes = read_bytes(hello, TLS_RANDOM_BYTES);

  if (bytes)
    memcpy(psk->server_random, bytes, TLS_RANDOM_BYTES);
  session = read_8(hello);
  read_bytes(hello, session);
  psk->suite = read_16(hello);
  compression = read_8(hello);
  if (hello->is_short || session > 32)
    return tls_psk_refuse(psk, TLS_ALERT_DECODE_ERROR, "the server's hello is malformed");
  if (version != TLS_VERSION_12)
    return tls_psk_refuse(psk, TLS_ALERT_PROTOCOL_VERSION, "the server wants another version than TLS 1.2 (0x%04x)",
                          version);
  if ((psk->suite != TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 && psk->suite != TLS_PSK_WITH_AES_128_GCM_SHA256) ||
      compression != 0)
    return tls_psk_refuse(psk, TLS_ALERT_ILLEGAL_PARAMETER,
                          "the server chose what it wasn't offered: cipher suite 0x%04x, compression %u", psk->suite,
                          compression);
  if (!read_extensions(psk, hello))
    return false;
  psk->state = TLS_PSK_WANTS_KEY;
  return true;
}

/* A number of the group, with zeros in front up to the prime's length. Whether it lies
 * strictly between 1 and the prime less 1, which differs from the prime, being odd, in
 * the last bit. */
static bool
take_number(const struct tls_psk *psk, struct reader number, uint8_t to[TLS_PSK_PRIME_BYTES_MAX])
{
  uint8_t last[TLS_PSK_PRIME_BYTES_MAX];

  if (number.left == 0 || number.left > psk->prime_bytes || (number.left == 1 && *number.at == 1))
    return false;
  memset(to, 0, psk->prime_bytes);
  memcpy(to + psk->prime_bytes - number.left, number.at, number.left);
  memcpy(last, psk->prime, psk->prime_bytes);
  last[psk->prime_bytes - 1] &= 0xFE;
  return memcmp(to, last, psk->prime_bytes) < 0;
}

static size_t
bits_of(struct reader number)
{
  size_t bits = number.left * 8;

  if (number.left > 0)
    for (unsigned top = *number.at; top < 0x80; top <<= 1)
      bits--;
  return bits;
}

static bool
read_group(struct tls_psk *psk, struct reader *message)
{
  struct reader prime = read_number(message), generator = read_number(message), public = read_number(message);
  size_t bits = bits_of(prime);

  if (!is_read(message))
    return tls_psk_refuse(psk, TLS_ALERT_DECODE_ERROR, "the server's key exchange is malformed");
  if (bits < TLS_PSK_PRIME_BYTES_MIN * 8 || bits > TLS_PSK_PRIME_BYTES_MAX * 8)
    return tls_psk_refuse(psk, TLS_ALERT_INSUFFICIENT_SECURITY,
                          "the server's Diffie-Hellman prime has %zu bits, and only %u to %u are taken", bits,
                          TLS_PSK_PRIME_BYTES_MIN * 8, TLS_PSK_PRIME_BYTES_MAX * 8);
  psk->prime_bytes = prime.left;
  memcpy(psk->prime, prime.at, prime.left);
  if ((psk->prime[prime.left - 1] & 1) == 0 || !take_number(psk, generator, psk->generator) ||
      !take_number(psk, public, psk->server_public))
    return tls_psk_refuse(psk, TLS_ALERT_ILLEGAL_PARAMETER, "the server's Diffie-Hellman numbers are none");
  return true;
}

/* The hint says which key is meant; the operator said so already. */
static bool
read_key(struct tls_psk *psk, struct reader *message)
{
  size_t hint = read_16(message);

  read_bytes(message, hint);
  if (message->is_short || hint > TLS_PSK_HINT_BYTES_MAX ||
      (psk->suite == TLS_PSK_WITH_AES_128_GCM_SHA256 && !is_read(message)))
    return tls_psk_refuse(psk, TLS_ALERT_DECODE_ERROR, "the server's key exchange is malformed");
  if (psk->suite == TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 && !read_group(psk, message))
    return false;
  psk->state = TLS_PSK_WANTS_HELLO_DONE;
  return true;
}

static bool
read_hello_done(struct tls_psk *psk, struct reader *message)
{
  if (!is_read(message))
    return tls_psk_refuse(psk, TLS_ALERT_DECODE_ERROR, "the server's hello ends with more than it should");
  if (psk->suite == TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 && psk->prime_bytes == 0)
    return tls_psk_refuse(psk, TLS_ALERT_UNEXPECTED_MESSAGE, "the server left out its part of the key exchange");
  return tls_psk_write_answer(psk);
}

static bool
read_finished(struct tls_psk *psk, struct reader *message)
{
  uint8_t verify[TLS_PSK_VERIFY_BYTES];
  const uint8_t *bytes = read_bytes(message, TLS_PSK_VERIFY_BYTES);

  tls_psk_secrets_verify(psk, "server finished", verify);
  if (!is_read(message) || !secret_is_equal(bytes, verify, sizeof verify))
    return tls_psk_refuse(psk, TLS_ALERT_DECRYPT_ERROR,
                          "the server didn't prove that it knows the key, "
                          "or somebody changed the handshake on its way");
  psk->state = TLS_PSK_IS_DONE;
  return true;
}

/* ---- Messages ---- */

static const struct step {
  enum tls_psk_state state;
  enum message type;
  bool (*read)(struct tls_psk *psk, struct reader *message);
} steps[] = {
  { TLS_PSK_WANTS_HELLO, SERVER_HELLO, read_hello },
  { TLS_PSK_WANTS_KEY, SERVER_KEY_EXCHANGE, read_key },
  { TLS_PSK_WANTS_KEY, SERVER_HELLO_DONE, read_hello_done },
  { TLS_PSK_WANTS_HELLO_DONE, SERVER_HELLO_DONE, read_hello_done },
  { TLS_PSK_WANTS_FINISHED, FINISHED, read_finished },
};

/* The length of a message, header and all, from the header; 0 if it isn't there yet. */
static size_t
message_length(const struct tls_psk *psk)
{
  const uint8_t *header = psk->message;

  if (psk->message_fill < MESSAGE_HEADER_BYTES)
    return 0;
  return MESSAGE_HEADER_BYTES + ((size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3]);
}

/* A message is whole. */
static bool
read_message(struct tls_psk *psk)
{
  struct reader body = { .at = psk->message + MESSAGE_HEADER_BYTES, .left = psk->message_fill - MESSAGE_HEADER_BYTES };

  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    if (steps[i].state != psk->state || steps[i].type != psk->message[0])
      continue;
    /* What Finished proves is what went before it. */
    if (psk->state != TLS_PSK_WANTS_FINISHED)
      tls_psk_secrets_add_message(psk, psk->message, psk->message_fill);
    psk->message_fill = 0;
    return steps[i].read(psk, &body);
  }
  return tls_psk_refuse(psk, TLS_ALERT_UNEXPECTED_MESSAGE,
                        "the server sent a handshake message of the unexpected type %u", psk->message[0]);
}

/* Puts messages together from what records hold of them. */
static bool
add_to_message(struct tls_psk *psk, const uint8_t *bytes, size_t length)
{
  while (length > 0) {
    size_t whole = message_length(psk), wanted = (whole ? whole : MESSAGE_HEADER_BYTES) - psk->message_fill;
    size_t part = length < wanted ? length : wanted;
    memcpy(psk->message + psk->message_fill, bytes, part);
    psk->message_fill += part;
    bytes += part;
    length -= part;
    whole = message_length(psk);
    if (whole > sizeof psk->message)
      return tls_psk_refuse(psk, TLS_ALERT_DECODE_ERROR,
                            "the server sent a handshake message of %zu bytes, longer than any", whole);
    if (whole == psk->message_fill && !read_message(psk))
      return false;
  }
  return true;
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
read_alert(struct tls_psk *psk, const uint8_t *alert)
{
  const char *words = "the server broke off the handshake";
  char room[TLS_ALERT_NAME_BYTES];
  size_t used;

  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
    if (reasons[i].state == psk->state && reasons[i].alert == alert[1])
      words = reasons[i].words;
  fail(psk, words, (int)psk->user_length, (const char *)psk->user);
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
    return read_alert(psk, content);
  if (psk->record[0] == TLS_CONTENT_HANDSHAKE)
    return add_to_message(psk, content, length);
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
    return add_to_message(psk, bytes, length);
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
  return psk->state == TLS_PSK_HAS_FAILED ? told(psk, fault) : 0;
}

int
tls_psk_cut(struct tls_psk *psk, struct fault *fault)
{
  if (psk->state == TLS_PSK_WANTS_CIPHER_SPEC)
    fail(psk, KEY_REFUSED, (int)psk->user_length, (const char *)psk->user);
  else if (psk->state != TLS_PSK_HAS_FAILED)
    fail(psk, "the server hung up in the midst of the handshake");
  return told(psk, fault);
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
