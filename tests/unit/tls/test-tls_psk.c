/* SPDX-License-Identifier: MIT */
/* A handshake that passes proves little: one must pass exactly when both know the key,
 * and whatever else a server sends must be refused, in words. Recorded sessions hold the
 * client to what others do byte for byte; a scripted server leads it through what no
 * decent one does. */
#include "unit/unit.h"

#include "tls/tls_keys.h"
#include "tls/tls_psk.h"

#include "unit/psk_server.h"
#include "unit/psk_sessions.h"

static struct tls_psk psk;
static struct fault fault;
static uint8_t key[16], randomness[TLS_PSK_RANDOM_BYTES], prime[SERVER_PRIME_BYTES_MAX], flight[9000];

static void
start(void)
{
  struct tls_psk_config config = { SESSION_USER, key, from_hex(key, SESSION_KEY), randomness };

  for (unsigned i = 0; i < sizeof randomness; i++)
    randomness[i] = (uint8_t)(i * 7 + 1);
  fault = (struct fault){ 0 };
  assert_int_equal(tls_psk_start(&psk, &config, &fault), 0);
}

/* From a copy of that length, for the sanitizer to watch. */
static int
receive(const uint8_t *bytes, size_t length, size_t *used)
{
  uint8_t *copy = malloc(length ? length : 1);
  int received;

  memcpy(copy, bytes, length);
  received = tls_psk_receive(&psk, copy, length, used, &fault);
  free(copy);
  return received;
}

static void
receive_hex(const char *hex, size_t step)
{
  uint8_t bytes[1024];
  size_t length = from_hex(bytes, hex), used;

  for (size_t done = 0; done < length; done += step) {
    size_t part = length - done < step ? length - done : step;
    assert_false(tls_psk_is_done(&psk));
    assert_int_equal(receive(bytes + done, part, &used), 0);
    assert_int_equal(used, part);
  }
}

static void
expect_unsent(const char *hex)
{
  uint8_t bytes[1024];
  size_t length = from_hex(bytes, hex), unsent;
  const uint8_t *output = tls_psk_unsent(&psk, &unsent);

  assert_int_equal(unsent, length);
  assert_memory_equal(output, bytes, length);
  tls_psk_sent(&psk, unsent);
}

static void
recorded_sessions_go_the_same_again(void **state)
{
  static const size_t steps[] = { 1000, 1, 7 };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(psk_sessions); i++) {
    for (size_t j = 0; j < LENGTH_OF(steps); j++) {
      start();
      expect_unsent(psk_sessions[i].hello);
      receive_hex(psk_sessions[i].server_hello, steps[j]);
      expect_unsent(psk_sessions[i].client_finished);
      receive_hex(psk_sessions[i].server_finished, steps[j]);
      assert_true(tls_psk_is_done(&psk));
      assert_int_equal(psk.suite, psk_sessions[i].suite);
      assert_true(psk.has_extended_master);
      assert_int_equal(tls_psk_keys(&psk)->send.sequence, 1);
      assert_int_equal(tls_psk_keys(&psk)->receive.sequence, 1);
    }
  }
}

/* ---- The scripted server ---- */

static void
make_prime(size_t bytes)
{
  for (size_t i = 0; i < bytes; i++)
    prime[i] = (uint8_t)(i * 37 + 201);
  prime[0] |= 0x80;
  prime[bytes - 1] |= 1;
}

static struct psk_server
decent_server(void)
{
  make_prime(256);
  return (struct psk_server){ .is_dhe = true,
                              .has_extended_master = true,
                              .prime = prime,
                              .prime_bytes = 256,
                              .generator = 2,
                              .exponent = { 0x3C, 7, 9, 11 },
                              .key = key,
                              .key_length = sizeof key };
}

static void
say_hello(struct psk_server *server)
{
  size_t length;
  const uint8_t *hello;

  start();
  hello = tls_psk_unsent(&psk, &length);
  server_hears_hello(server, hello, length);
  tls_psk_sent(&psk, length);
}

/* Through to the end. Returns whether both are content. */
static bool
shake_hands(struct psk_server *server, uint8_t last[64], size_t *last_length)
{
  size_t length, used;
  const uint8_t *bytes;

  say_hello(server);
  length = server_frames(server, flight);
  if (receive(flight, length, &used) != 0)
    return false;
  check(used == length);
  bytes = tls_psk_unsent(&psk, &length);
  memcpy(flight, bytes, length);
  tls_psk_sent(&psk, length);
  return server_hears_finished(server, flight, length, SESSION_USER, last, last_length);
}

static void
any_decent_server(struct random *random)
{
  struct psk_server server = decent_server();
  uint8_t last[64], data[40];
  size_t last_length, used;
  struct tls_record record;
  static uint8_t input[TLS_INPUT_BYTES_MIN], output[TLS_OUTPUT_BYTES_MIN];
  br_sslrec_gcm_context cipher;
  size_t length;

  server.is_dhe = random_one_in(random, 2);
  server.has_extended_master = random_one_in(random, 2);
  server.hint = random_one_in(random, 2) ? "a hint" : NULL;
  server.session_bytes = random_one_in(random, 2) ? 32 : 0;
  server.record_bytes = random_one_in(random, 2) ? random_between(random, 1, 300) : 0;
  make_prime(server.prime_bytes = random_one_in(random, 8) ? 512 : 256);
  check(shake_hands(&server, last, &last_length));
  /* The server doesn't wait with what it has to say: it isn't ours. */
  length = 5;
  memcpy(data + 13, "hello", 5);
  br_sslrec_out_gcm_vtable.init(&cipher.vtable.out, &br_aes_ct64_ctr_vtable, server.block + 16, 16, br_ghash_ctmul64,
                                server.block + 36);
  cipher.seq = 1;
  br_sslrec_out_gcm_vtable.inner.encrypt((const br_sslrec_out_class **)&cipher.vtable.out, 23, 0x0303, data + 13,
                                         &length);
  memcpy(flight, last, last_length);
  memcpy(flight + last_length, data, length);
  check(receive(flight, last_length + length, &used) == 0);
  check(used == last_length);
  check(tls_psk_is_done(&psk));
  tls_record_init(&record, tls_psk_keys(&psk), input, sizeof input, output, sizeof output);
  memcpy(tls_record_room(&record, &used), data, length);
  tls_record_received(&record, length);
  check(tls_record_take(&record, flight, sizeof flight, &fault) == 5);
  check(memcmp(flight, "hello", 5) == 0);
}

static void
decent_servers_of_all_kinds_are_understood(void **state)
{
  (void)state;
  run_seeds(60, any_decent_server);
}

/* What both agree on is hashed without the zeros in front of it. With 2 and 2^2048 - 1 for
 * a group, whose powers of two come round after 2048, it is 1: the client's exponent is
 * even, and the server's is 1024. */
static void
zeros_in_front_of_the_shared_number_are_left_out(void **state)
{
  struct psk_server server = decent_server();
  uint8_t last[64];
  size_t last_length, used;

  (void)state;
  memset(prime, 0xFF, 256);
  memset(server.exponent, 0, sizeof server.exponent);
  server.exponent[30] = 1024 / 256;
  assert_true(shake_hands(&server, last, &last_length));
  assert_int_equal(psk.exponent[TLS_PSK_EXPONENT_BYTES - 1] % 2, 0);
  assert_int_equal(receive(last, last_length, &used), 0);
  assert_true(tls_psk_is_done(&psk));
}

/* ---- Refusals ---- */

static void
expect_refusal(const char *words, enum tls_alert alert)
{
  size_t unsent, used;
  const uint8_t *output;
  struct fault later = { 0 };

  assert_string_equal(fault.text, words);
  assert_int_equal(fault.exit_code, EXIT_FAILED);
  assert_false(tls_psk_is_done(&psk));
  assert_int_equal(tls_psk_receive(&psk, (const uint8_t *)"more", 4, &used, &later), -1);
  assert_int_equal(used, 0);
  assert_string_equal(later.text, words);
  output = tls_psk_unsent(&psk, &unsent);
  if (unsent == 7)
    assert_memory_equal(output, ((uint8_t[]){ 21, 3, 3, 0, 2, 2, (uint8_t)alert }), 7);
  else
    assert_memory_equal(output + unsent - TLS_RECORD_OVERHEAD_BYTES - 2, ((uint8_t[]){ 21, 3, 3, 0, 26 }), 5);
}

static void
send_flight(struct psk_server *server)
{
  size_t used;
  assert_int_equal(receive(flight, server_frames(server, flight), &used), -1);
}

#define HELLO "the server's hello is malformed"
#define EXCHANGE "the server's key exchange is malformed"
#define NUMBERS "the server's Diffie-Hellman numbers are none"
#define BITS(n) "the server's Diffie-Hellman prime has " n " bits, and only 2048 to 4096 are taken"

/* One byte of the decent server's messages, changed: ServerHello is at 0, ServerKeyExchange
 * at 53, ServerHelloDone at 578. */
static const struct patch {
  size_t at;
  uint8_t value;
  enum tls_alert alert;
  const char *words;
} patches[] = {
  { 0, 1, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sent a handshake message of the unexpected type 1" },
  { 0, 0, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sent a handshake message of the unexpected type 0" },
  { 1, 1, TLS_ALERT_DECODE_ERROR, "the server sent a handshake message of 65589 bytes, longer than any" },
  { 3, 48, TLS_ALERT_DECODE_ERROR, HELLO },
  { 3, 2, TLS_ALERT_DECODE_ERROR, HELLO },
  { 3, 50, TLS_ALERT_DECODE_ERROR, HELLO },
  { 5, 2, TLS_ALERT_PROTOCOL_VERSION, "the server wants another version than TLS 1.2 (0x0302)" },
  { 38, 33, TLS_ALERT_DECODE_ERROR, HELLO },
  { 38, 9, TLS_ALERT_ILLEGAL_PARAMETER, NULL },
  { 40, 0xA9, TLS_ALERT_ILLEGAL_PARAMETER,
    "the server chose what it wasn't offered: cipher suite 0x00a9, compression 0" },
  { 41, 1, TLS_ALERT_ILLEGAL_PARAMETER, "the server chose what it wasn't offered: cipher suite 0x00aa, compression 1" },
  { 43, 8, TLS_ALERT_DECODE_ERROR, HELLO },
  { 43, 10, TLS_ALERT_DECODE_ERROR, HELLO },
  { 45, 2, TLS_ALERT_UNSUPPORTED_EXTENSION,
    "the server's hello has an extension that it can't have there (65282, of 1 bytes)" },
  { 48, 1, TLS_ALERT_UNSUPPORTED_EXTENSION,
    "the server's hello has an extension that it can't have there (65281, of 1 bytes)" },
  { 50, 0x0A, TLS_ALERT_UNSUPPORTED_EXTENSION,
    "the server's hello has an extension that it can't have there (10, of 0 bytes)" },
  { 52, 1, TLS_ALERT_DECODE_ERROR, HELLO },
  { 53, 11, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sent a handshake message of the unexpected type 11" },
  { 53, 4, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sent a handshake message of the unexpected type 4" },
  { 53, 2, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sent a handshake message of the unexpected type 2" },
  { 57, 2, TLS_ALERT_DECODE_ERROR, EXCHANGE },
  { 58, 1, TLS_ALERT_DECODE_ERROR, EXCHANGE },
  { 60, 1, TLS_ALERT_DECODE_ERROR, EXCHANGE },
  { 61, 0x7F, TLS_ALERT_INSUFFICIENT_SECURITY, BITS("2047") },
  { 61, 0x00, TLS_ALERT_INSUFFICIENT_SECURITY, BITS("2040") },
  { 316, 0, TLS_ALERT_ILLEGAL_PARAMETER, NUMBERS },
  { 319, 0, TLS_ALERT_ILLEGAL_PARAMETER, NUMBERS },
  { 319, 1, TLS_ALERT_ILLEGAL_PARAMETER, NUMBERS },
  { 321, 1, TLS_ALERT_DECODE_ERROR, EXCHANGE },
  { 578, 13, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sent a handshake message of the unexpected type 13" },
  { 578, 20, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sent a handshake message of the unexpected type 20" },
};

static void
changed_messages_are_refused_in_words(void **state)
{
  char words[FAULT_TEXT_BYTES + 8];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(patches); i++) {
    struct psk_server server = decent_server();
    say_hello(&server);
    assert_int_equal(server.length, 582);
    assert_int_not_equal(server.messages[patches[i].at], patches[i].value);
    server.messages[patches[i].at] = patches[i].value;
    send_flight(&server);
    /* What follows a session's name that is too long for it may be anything. */
    snprintf(words, sizeof words, "TLS: %.900s", patches[i].words ? patches[i].words : fault.text + strlen("TLS: "));
    expect_refusal(words, patches[i].alert);
  }
}

/* Numbers that would give the secret away. */
static void
trivial_publics_are_refused(void **state)
{
  uint8_t public[256];

  (void)state;
  for (unsigned i = 0; i < 6; i++) {
    struct psk_server server = decent_server();
    memset(public, 0, sizeof public);
    if (i >= 2)
      memcpy(public, prime, sizeof public);
    public[255] = (uint8_t[]){ 0, 1, prime[255] - 1, prime[255], prime[255] + 1, prime[255] - 2 }[i];
    server.public = public;
    say_hello(&server);
    if (i == 5) { /* p - 2 is the largest that may be */
      size_t used;
      assert_int_equal(receive(flight, server_frames(&server, flight), &used), 0);
      continue;
    }
    send_flight(&server);
    expect_refusal("TLS: " NUMBERS, TLS_ALERT_ILLEGAL_PARAMETER);
  }
}

static void
numbers_longer_than_the_prime_are_refused(void **state)
{
  struct psk_server server = decent_server();
  uint8_t public[257] = { 1 };

  (void)state;
  server.public = public;
  server.public_bytes = sizeof public;
  say_hello(&server);
  send_flight(&server);
  expect_refusal("TLS: " NUMBERS, TLS_ALERT_ILLEGAL_PARAMETER);
}

static void
large_primes_are_refused(void **state)
{
  struct psk_server server = decent_server();

  (void)state;
  make_prime(server.prime_bytes = 513);
  prime[0] = 1;
  server.public = prime;
  say_hello(&server);
  /* Too long for the longest message already, if the other two are as long. */
  send_flight(&server);
  assert_non_null(strstr(fault.text, "4097 bits"));
}

static void
what_is_missing_is_refused(void **state)
{
  struct psk_server server = decent_server();
  size_t used;

  (void)state;
  /* ServerKeyExchange. */
  say_hello(&server);
  memmove(server.messages + 53, server.messages + 578, 4);
  server.length = 57;
  send_flight(&server);
  expect_refusal("TLS: the server left out its part of the key exchange", TLS_ALERT_UNEXPECTED_MESSAGE);

  /* The word about renegotiation; then all extensions. */
  say_hello(&server);
  memmove(server.messages + 44, server.messages + 49, server.length - 49);
  server.messages[3] -= 5;
  server.messages[43] -= 5;
  server.length -= 5;
  send_flight(&server);
  expect_refusal("TLS: the server is too old: it doesn't say that it renegotiates securely (RFC 5746)",
                 TLS_ALERT_HANDSHAKE_FAILURE);
  say_hello(&server);
  server.messages[3] = 38;
  server.length = 42;
  send_flight(&server);
  expect_refusal("TLS: the server is too old: it doesn't say that it renegotiates securely (RFC 5746)",
                 TLS_ALERT_HANDSHAKE_FAILURE);

  /* All that follows ServerHello: then nothing is known yet, and the change is early. */
  say_hello(&server);
  server.length = 53;
  assert_int_equal(receive(flight, server_frames(&server, flight), &used), 0);
  assert_int_equal(receive((const uint8_t *)"\x14\3\3\0\1\1", 6, &used), -1);
  expect_refusal("TLS: the server changed its cipher when it wasn't its turn", TLS_ALERT_UNEXPECTED_MESSAGE);
}

static void
what_is_too_much_is_refused(void **state)
{
  struct psk_server server = decent_server();
  size_t used;

  (void)state;
  /* An extension twice. */
  say_hello(&server);
  memmove(server.messages + 53 + 4, server.messages + 53, server.length - 53);
  memcpy(server.messages + 53, "\0\x17\0\0", 4);
  server.messages[3] += 4;
  server.messages[43] += 4;
  server.length += 4;
  send_flight(&server);
  expect_refusal("TLS: the server's hello has an extension that it can't have there (23, of 0 bytes)",
                 TLS_ALERT_UNSUPPORTED_EXTENSION);

  /* A session's name that is too long. */
  server.session_bytes = 33;
  say_hello(&server);
  send_flight(&server);
  expect_refusal("TLS: " HELLO, TLS_ALERT_DECODE_ERROR);
  server.session_bytes = 0;

  /* A byte in ServerHelloDone; a message behind it. */
  say_hello(&server);
  server.messages[581] = 1;
  server.length++;
  send_flight(&server);
  expect_refusal("TLS: the server's hello ends with more than it should", TLS_ALERT_DECODE_ERROR);
  say_hello(&server);
  memcpy(server.messages + server.length, "\4\0\0\0", 4);
  server.length += 4;
  send_flight(&server);
  expect_refusal("TLS: the server sent a handshake message of the unexpected type 4", TLS_ALERT_UNEXPECTED_MESSAGE);

  /* The beginning of a message, which would end under another cipher. */
  server.is_dhe = false;
  say_hello(&server);
  memcpy(server.messages + server.length, "\x14\0\0", 3);
  server.length += 3;
  assert_int_equal(receive(flight, server_frames(&server, flight), &used), 0);
  assert_int_equal(receive((const uint8_t *)"\x14\3\3\0\1\1", 6, &used), -1);
  expect_refusal("TLS: the server changed its cipher when it wasn't its turn", TLS_ALERT_UNEXPECTED_MESSAGE);
}

/* ---- Finished ---- */

static void
who_has_another_key_is_found_out(void **state)
{
  struct psk_server server = decent_server();
  uint8_t other[16] = { 1 }, last[64];
  size_t last_length, used;

  (void)state;
  server.key = other;
  assert_false(shake_hands(&server, last, &last_length));

  /* The server says so, or hangs up, or goes on as if nothing was. */
  assert_int_equal(receive((const uint8_t *)"\x15\3\3\0\2\2\x14", 7, &used), -1);
  assert_string_equal(fault.text, "TLS: the server refused the key of the user \"alice\": it has another, or doesn't "
                                  "know the user (alert bad_record_mac)");
  assert_false(shake_hands(&server, last, &last_length));
  assert_int_equal(tls_psk_cut(&psk, &fault), -1);
  assert_string_equal(fault.text, "TLS: the server refused the key of the user \"alice\": it has another, or doesn't "
                                  "know the user, or the connection was lost");
  assert_false(shake_hands(&server, last, &last_length));
  memset(flight, 7, sizeof flight);
  memcpy(flight, "\x14\3\3\0\1\1\x16\3\3\0\x28", 11);
  assert_int_equal(receive(flight, 6 + 5 + 40, &used), -1);
  expect_refusal("TLS: a record was damaged or forged on its way from the server", TLS_ALERT_BAD_RECORD_MAC);
}

/* Every bit of the server's last records counts. */
static void
forge_finished(struct random *random)
{
  struct psk_server server = decent_server();
  uint8_t last[64];
  size_t last_length, used, bit;

  server.is_dhe = false;
  check(shake_hands(&server, last, &last_length));
  check(last_length == 6 + 45);
  bit = random_between(random, 0, last_length * 8 - 1);
  last[bit / 8] ^= (uint8_t)(1 << bit % 8);
  check(receive(last, last_length, &used) == -1);
  check(!tls_psk_is_done(&psk));
}

static void
no_bit_of_the_end_may_be_changed(void **state)
{
  (void)state;
  run_seeds(500, forge_finished);
}

/* Finished under the right keys, with the wrong proof: somebody between changed what
 * either said. */
static void
a_wrong_proof_is_refused(void **state)
{
  struct psk_server server = decent_server();
  uint8_t last[64], message[16] = { 20, 0, 0, 12 };
  size_t last_length, used, length = sizeof message;
  br_sslrec_gcm_context cipher;

  (void)state;
  assert_true(shake_hands(&server, last, &last_length));
  memcpy(last + 6 + 13, message, sizeof message);
  br_sslrec_out_gcm_vtable.init(&cipher.vtable.out, &br_aes_ct64_ctr_vtable, server.block + 16, 16, br_ghash_ctmul64,
                                server.block + 36);
  br_sslrec_out_gcm_vtable.inner.encrypt((const br_sslrec_out_class **)&cipher.vtable.out, 22, 0x0303, last + 6 + 13,
                                         &length);
  assert_int_equal(receive(last, last_length, &used), -1);
  expect_refusal("TLS: the server didn't prove that it knows the key, or somebody changed the handshake on its way",
                 TLS_ALERT_DECRYPT_ERROR);
}

/* ---- Records and alerts ---- */

static void
what_is_no_record_of_a_handshake_is_refused(void **state)
{
  static const struct {
    const char *bytes, *words;
    enum tls_alert alert;
  } bad[] = {
    { "HTTP/1.1 400", "TLS: the server answered with what is no TLS 1.2: is it a TLS server?",
      TLS_ALERT_PROTOCOL_VERSION },
    { "NBDMAGICIHAVEOPT", "TLS: the server answered with what is no TLS 1.2: is it a TLS server?",
      TLS_ALERT_PROTOCOL_VERSION },
    { "\x16\3\1\1\1", "TLS: the server answered with what is no TLS 1.2: is it a TLS server?",
      TLS_ALERT_PROTOCOL_VERSION },
    { "\x17\3\3\1\1", "TLS: the server sent a record of type 23 with 257 bytes, which has no place in the handshake",
      TLS_ALERT_UNEXPECTED_MESSAGE },
    { "\x16\3\3\x40\1",
      "TLS: the server sent a record of type 22 with 16385 bytes, which has no place in the "
      "handshake",
      TLS_ALERT_UNEXPECTED_MESSAGE },
    { "\x15\3\3\1\1", "TLS: the server sent a record of type 21 with 257 bytes, which has no place in the handshake",
      TLS_ALERT_UNEXPECTED_MESSAGE },
    { "\x15\3\1\1\2\2\x28",
      "TLS: the server sent a record of type 21 with 258 bytes, which has no place in the handshake",
      TLS_ALERT_UNEXPECTED_MESSAGE },
  };
  size_t used, length;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(bad); i++) {
    start();
    tls_psk_unsent(&psk, &length);
    tls_psk_sent(&psk, length);
    assert_int_equal(receive((const uint8_t *)bad[i].bytes, strlen(bad[i].bytes), &used), -1);
    expect_refusal(bad[i].words, bad[i].alert);
  }
  start();
  assert_int_equal(receive((const uint8_t *)"\x16\3\3\0\0", 5, &used), -1); /* an empty one */
}

static void
alerts_mean_what_they_mean_when_they_come(void **state)
{
  struct psk_server server = decent_server();
  uint8_t last[64];
  size_t last_length, used;

  (void)state;
  start();
  assert_int_equal(receive((const uint8_t *)"\x15\3\1\0\2\2\x28", 7, &used), -1);
  assert_string_equal(fault.text, "TLS: the server takes none of the cipher suites with a key (PSK) that are offered "
                                  "to it (alert handshake_failure)");
  start();
  assert_int_equal(receive((const uint8_t *)"\x15\3\3\0\2\2\x46", 7, &used), -1);
  assert_string_equal(fault.text, "TLS: the server doesn't take TLS 1.2 (alert protocol_version)");
  start();
  assert_int_equal(receive((const uint8_t *)"\x15\3\3\0\2\2\x50", 7, &used), -1);
  assert_string_equal(fault.text, "TLS: the server broke off the handshake (alert internal_error)");
  assert_true(shake_hands(&server, last, &last_length));
  assert_int_equal(receive((const uint8_t *)"\x15\3\3\0\2\2\x73", 7, &used), -1);
  assert_string_equal(fault.text, "TLS: the server doesn't know the user \"alice\" (alert unknown_psk_identity)");
  start();
  assert_int_equal(tls_psk_cut(&psk, &fault), -1);
  assert_string_equal(fault.text, "TLS: the server hung up in the midst of the handshake");
}

/* ---- The caller's side ---- */

static void
users_and_keys_have_bounds(void **state)
{
  char user[TLS_PSK_USER_BYTES_MAX + 2];
  uint8_t long_key[TLS_PSK_KEY_BYTES_MAX + 1] = { 0 };
  struct tls_psk_config config = { user, long_key, TLS_PSK_KEY_BYTES_MAX, randomness };
  struct psk_server server = decent_server();
  uint8_t last[64];
  size_t length, used;
  const uint8_t *bytes;

  (void)state;
  memset(user, 'u', sizeof user);
  user[TLS_PSK_USER_BYTES_MAX] = '\0';
  /* The longest of all still goes through. */
  assert_int_equal(tls_psk_start(&psk, &config, &fault), 0);
  make_prime(server.prime_bytes = 512);
  server.key = long_key;
  server.key_length = TLS_PSK_KEY_BYTES_MAX;
  bytes = tls_psk_unsent(&psk, &length);
  server_hears_hello(&server, bytes, length); /* nor was it sent: all has to fit */
  assert_int_equal(receive(flight, server_frames(&server, flight), &used), 0);
  tls_psk_sent(&psk, length);
  bytes = tls_psk_unsent(&psk, &length);
  memcpy(flight, bytes, length);
  assert_true(server_hears_finished(&server, flight, length, user, last, &used));
  assert_int_equal(receive(last, used, &used), 0);
  assert_true(tls_psk_is_done(&psk));

  config.key_length++;
  assert_int_equal(tls_psk_start(&psk, &config, &fault), -1);
  config.key_length = 0;
  assert_int_equal(tls_psk_start(&psk, &config, &fault), -1);
  config.key_length = 1;
  config.user = "";
  assert_int_equal(tls_psk_start(&psk, &config, &fault), -1);
  assert_string_equal(fault.text, "the user's name for a TLS key must have 1 to 128 bytes, not 0");
  user[TLS_PSK_USER_BYTES_MAX] = 'u';
  user[TLS_PSK_USER_BYTES_MAX + 1] = '\0';
  config.user = user;
  assert_int_equal(tls_psk_start(&psk, &config, &fault), -1);
}

static void
wiping_leaves_nothing(void **state)
{
  static const struct tls_psk nothing;

  (void)state;
  start();
  tls_psk_wipe(&psk);
  assert_memory_equal(&psk, &nothing, sizeof psk);
}

static void
early_keys(void)
{
  start();
  tls_psk_keys(&psk);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(early_keys));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(recorded_sessions_go_the_same_again),
    cmocka_unit_test(decent_servers_of_all_kinds_are_understood),
    cmocka_unit_test(zeros_in_front_of_the_shared_number_are_left_out),
    cmocka_unit_test(changed_messages_are_refused_in_words),
    cmocka_unit_test(trivial_publics_are_refused),
    cmocka_unit_test(numbers_longer_than_the_prime_are_refused),
    cmocka_unit_test(large_primes_are_refused),
    cmocka_unit_test(what_is_missing_is_refused),
    cmocka_unit_test(what_is_too_much_is_refused),
    cmocka_unit_test(who_has_another_key_is_found_out),
    cmocka_unit_test(no_bit_of_the_end_may_be_changed),
    cmocka_unit_test(a_wrong_proof_is_refused),
    cmocka_unit_test(what_is_no_record_of_a_handshake_is_refused),
    cmocka_unit_test(alerts_mean_what_they_mean_when_they_come),
    cmocka_unit_test(users_and_keys_have_bounds),
    cmocka_unit_test(wiping_leaves_nothing),
    cmocka_unit_test(mistakes_are_asserted),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
