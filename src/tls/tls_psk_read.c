/* SPDX-License-Identifier: MIT */
/* tls_psk_read: see tls_psk_read.h. */
#include "tls/tls_psk_read.h"

#include "base/secret.h"
#include "tls/tls_keys.h"
#include "tls/tls_psk_secrets.h"
#include "tls/tls_psk_write.h"

#include <assert.h>
#include <string.h>

_Static_assert(2 + TLS_PSK_HINT_BYTES_MAX + 3 * (2 + TLS_PSK_PRIME_BYTES_MAX) + MESSAGE_HEADER_BYTES ==
                   TLS_PSK_MESSAGE_BYTES_MAX,
               "the longest message");

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
tls_psk_read_number(struct reader *reader)
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
read_hello_extensions(struct tls_psk *psk, struct reader *hello)
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
  if (!read_hello_extensions(psk, hello))
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
  struct reader prime = tls_psk_read_number(message), generator = tls_psk_read_number(message),
                public = tls_psk_read_number(message);
  size_t bits = bits_of(prime);

  if (!is_read(message))
    return tls_psk_refuse(psk, TLS_ALERT_DECODE_ERROR, "the server's key exchange is malformed");
  if (bits < TLS_PSK_PRIME_BYTES_MIN * 8 || bits > TLS_PSK_PRIME_BYTES_MAX * 8)
    return tls_psk_refuse(psk, TLS_ALERT_INSUFFICIENT_SECURITY,
                          "the server's Diffie-Hellman prime has %zu bits, and only %u to %u are taken", bits,
                          TLS_PSK_PRIME_BYTES_MIN * 8, TLS_PSK_PRIME_BYTES_MAX * 8);
  assert(prime.at);
  psk->prime_bytes = prime.left;
  memcpy(psk->prime, prime.at, prime.left);
  if ((psk->prime[prime.left - 1] & 1) == 0 || !take_number(psk, generator, psk->generator) ||
      !take_number(psk, public, psk->server_public))
    return tls_psk_refuse(psk, TLS_ALERT_ILLEGAL_PARAMETER, "the server's Diffie-Hellman numbers are none");
  return true;
}

/* The hint says which key is meant; the operator said so already. */
static bool
read_key_exchange(struct tls_psk *psk, struct reader *message)
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
  { TLS_PSK_WANTS_KEY, SERVER_KEY_EXCHANGE, read_key_exchange },
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

bool
tls_psk_read_handshake(struct tls_psk *psk, const uint8_t *bytes, size_t length)
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
