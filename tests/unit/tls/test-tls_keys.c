/* SPDX-License-Identifier: MIT */
/* Keys that are taken over wrongly show as garbage at best. BearSSL's client and
 * server do a whole handshake in memory, with data before, and then our records go
 * on in the client's place: the server must not notice. */
#include "unit/unit.h"

#include "base/secret.h"
#include "tls/tls_keys.h"

#include <bearssl.h>

static br_ssl_client_context client;
static br_ssl_server_context server;
static uint8_t client_buffer[BR_SSL_BUFSIZE_BIDI], server_buffer[BR_SSL_BUFSIZE_BIDI];
static uint8_t input[TLS_INPUT_BYTES_MIN], output[TLS_OUTPUT_BYTES_MIN];

/* A key made here; the certificate is never looked at, since the client knows the
 * key. */
static struct {
  br_hmac_drbg_context random;
  uint8_t secret_bytes[BR_EC_KBUF_PRIV_MAX_SIZE], public_bytes[BR_EC_KBUF_PUB_MAX_SIZE];
  br_ec_private_key secret;
  br_ec_public_key public;
  br_x509_knownkey_context known;
} key;

static void
make_key(void)
{
  br_hmac_drbg_init(&key.random, &br_sha256_vtable, "test", 4);
  br_ec_keygen(&key.random.vtable, br_ec_get_default(), &key.secret, key.secret_bytes, BR_EC_secp256r1);
  br_ec_compute_pub(br_ec_get_default(), &key.public, key.public_bytes, &key.secret);
  br_x509_knownkey_init_ec(&key.known, &key.public, BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN);
}

/* Moves what there is from one to the other. Returns whether there was any. */
static bool
move(br_ssl_engine_context *from, br_ssl_engine_context *to)
{
  size_t length, room;
  const uint8_t *bytes = br_ssl_engine_sendrec_buf(from, &length);
  uint8_t *place = br_ssl_engine_recvrec_buf(to, &room);

  if (!bytes || !place)
    return false;
  length = length < room ? length : room;
  memcpy(place, bytes, length);
  br_ssl_engine_sendrec_ack(from, length);
  br_ssl_engine_recvrec_ack(to, length);
  return true;
}

static void
move_all(br_ssl_engine_context *from, br_ssl_engine_context *to)
{
  assert_true(move(from, to));
  while (move(from, to))
    ;
}

static void
shake_hands(uint16_t suite)
{
  static const br_x509_certificate chain = { (unsigned char *)(uintptr_t) "not looked at", 13 };
  static br_x509_minimal_context unused;

  make_key();
  br_ssl_client_init_full(&client, &unused, NULL, 0);
  br_ssl_engine_set_x509(&client.eng, &key.known.vtable);
  br_ssl_engine_set_suites(&client.eng, &suite, 1);
  br_ssl_engine_set_buffer(&client.eng, client_buffer, sizeof client_buffer, 1);
  br_ssl_engine_inject_entropy(&client.eng, "client", 6);
  br_ssl_server_init_full_ec(&server, &chain, 1, BR_KEYTYPE_EC, &key.secret);
  br_ssl_engine_set_suites(&server.eng, &suite, 1);
  br_ssl_engine_set_buffer(&server.eng, server_buffer, sizeof server_buffer, 1);
  br_ssl_engine_inject_entropy(&server.eng, "server", 6);
  assert_true(br_ssl_client_reset(&client, NULL, 0));
  assert_true(br_ssl_server_reset(&server));
  while (move(&client.eng, &server.eng) || move(&server.eng, &client.eng))
    ;
  assert_int_equal(br_ssl_engine_last_error(&client.eng), 0);
  assert_true(br_ssl_engine_current_state(&client.eng) & BR_SSL_SENDAPP);
}

/* Puts some bytes through an engine, up to the other's door. */
static void
engine_says(br_ssl_engine_context *engine, const char *words)
{
  size_t room;
  uint8_t *to = br_ssl_engine_sendapp_buf(engine, &room);

  assert_true(room >= strlen(words));
  memcpy(to, words, strlen(words));
  br_ssl_engine_sendapp_ack(engine, strlen(words));
  br_ssl_engine_flush(engine, 0);
}

static void
engine_hears(br_ssl_engine_context *engine, const char *words)
{
  size_t length;
  const uint8_t *bytes = br_ssl_engine_recvapp_buf(engine, &length);

  assert_non_null(bytes);
  assert_int_equal(length, strlen(words));
  assert_memory_equal(bytes, words, length);
  br_ssl_engine_recvapp_ack(engine, length);
}

static void
to_server(const uint8_t *bytes, size_t length)
{
  while (length > 0) {
    size_t room;
    uint8_t *to = br_ssl_engine_recvrec_buf(&server.eng, &room);
    assert_non_null(to);
    room = room < length ? room : length;
    memcpy(to, bytes, room);
    br_ssl_engine_recvrec_ack(&server.eng, room);
    bytes += room;
    length -= room;
  }
}

static void
records_go_on_where_the_engine_ends(void **state)
{
  static const uint16_t suites[] = { BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                     BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(suites); i++) {
    struct tls_keys keys;
    struct tls_record record;
    struct fault fault = { 0 };
    char heard[8];
    const uint8_t *bytes;
    uint8_t *to;
    size_t length, room;

    shake_hands(suites[i]);
    engine_says(&client.eng, "early");
    move_all(&client.eng, &server.eng);
    engine_hears(&server.eng, "early");

    assert_true(tls_keys_from_engine(&keys, &client.eng));
    assert_int_equal(keys.send.sequence, 2);
    assert_int_equal(keys.receive.sequence, 1);
    tls_record_init(&record, &keys, input, sizeof input, output, sizeof output);

    assert_int_equal(tls_record_put(&record, "hello", 5, &fault), 5);
    bytes = tls_record_unsent(&record, &length);
    to_server(bytes, length);
    engine_hears(&server.eng, "hello");
    tls_record_sent(&record, length);

    engine_says(&server.eng, "welcome");
    bytes = br_ssl_engine_sendrec_buf(&server.eng, &length);
    to = tls_record_room(&record, &room);
    memcpy(to, bytes, length);
    tls_record_received(&record, length);
    br_ssl_engine_sendrec_ack(&server.eng, length);
    assert_int_equal(tls_record_take(&record, heard, sizeof heard, &fault), 7);
    assert_memory_equal(heard, "welcome", 7);

    /* And both agree on the end. */
    tls_record_close(&record);
    bytes = tls_record_unsent(&record, &length);
    to_server(bytes, length);
    assert_int_equal(br_ssl_engine_last_error(&server.eng), 0);
    bytes = br_ssl_engine_sendrec_buf(&server.eng, &length);
    to = tls_record_room(&record, &room);
    memcpy(to, bytes, length);
    tls_record_received(&record, length);
    assert_int_equal(tls_record_take(&record, heard, sizeof heard, &fault), 0);
    assert_true(tls_record_is_ended(&record));
    tls_record_wipe(&record);
  }
}

static void
an_engine_that_holds_bytes_is_not_taken_over(void **state)
{
  struct tls_keys keys;
  size_t length;
  const uint8_t *bytes;
  uint8_t record[64];

  (void)state;
  shake_hands(BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
  assert_true(tls_keys_from_engine(&keys, &client.eng));

  /* What it wants to send. */
  engine_says(&client.eng, "out");
  assert_false(tls_keys_from_engine(&keys, &client.eng));
  move_all(&client.eng, &server.eng);
  engine_hears(&server.eng, "out");
  assert_true(tls_keys_from_engine(&keys, &client.eng));

  /* Plaintext that waits for its record to be closed. */
  *br_ssl_engine_sendapp_buf(&client.eng, &length) = 'x';
  br_ssl_engine_sendapp_ack(&client.eng, 1);
  assert_false(tls_keys_from_engine(&keys, &client.eng));
  br_ssl_engine_flush(&client.eng, 0);
  move_all(&client.eng, &server.eng);
  assert_true(tls_keys_from_engine(&keys, &client.eng));

  /* A record, from its first byte to the last of its plaintext. */
  engine_says(&server.eng, "in");
  bytes = br_ssl_engine_sendrec_buf(&server.eng, &length);
  assert_true(length <= sizeof record);
  memcpy(record, bytes, length);
  for (size_t i = 0; i < length; i++) {
    size_t room;
    *br_ssl_engine_recvrec_buf(&client.eng, &room) = record[i];
    br_ssl_engine_recvrec_ack(&client.eng, 1);
    assert_false(tls_keys_from_engine(&keys, &client.eng));
  }
  br_ssl_engine_recvapp_ack(&client.eng, 1);
  assert_false(tls_keys_from_engine(&keys, &client.eng));
  br_ssl_engine_recvapp_ack(&client.eng, 1);
  assert_true(tls_keys_from_engine(&keys, &client.eng));
  assert_int_equal(keys.receive.sequence, 2);
}

static void
only_a_finished_handshake_of_gcm_is_taken_over(void **state)
{
  struct tls_keys keys;

  (void)state;
  shake_hands(BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
  assert_false(tls_keys_from_engine(&keys, &client.eng));
  assert_false(tls_keys_is_gcm(BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256));
  assert_true(tls_keys_is_gcm(BR_TLS_RSA_WITH_AES_256_GCM_SHA384));
  assert_true(br_ssl_client_reset(&client, NULL, 0));
  assert_false(tls_keys_from_engine(&keys, &client.eng));
}

static void
secrets_are_wiped_and_compared(void **state)
{
  uint8_t one[40], two[40];

  (void)state;
  memset(one, 7, sizeof one);
  memset(two, 7, sizeof two);
  assert_true(secret_is_equal(one, two, sizeof one));
  for (size_t i = 0; i < 8 * sizeof one; i++) {
    one[i / 8] ^= (uint8_t)(1 << i % 8);
    assert_false(secret_is_equal(one, two, sizeof one));
    one[i / 8] ^= (uint8_t)(1 << i % 8);
  }
  secret_wipe(one, sizeof one);
  memset(two, 0, sizeof two);
  assert_memory_equal(one, two, sizeof one);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(records_go_on_where_the_engine_ends),
    cmocka_unit_test(an_engine_that_holds_bytes_is_not_taken_over),
    cmocka_unit_test(only_a_finished_handshake_of_gcm_is_taken_over),
    cmocka_unit_test(secrets_are_wiped_and_compared),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
