/* SPDX-License-Identifier: MIT */
/* Between the connection and the plaintext nothing may be lost, doubled or let pass,
 * however the bytes come: two ends with each other's keys talk over a channel that
 * cuts anywhere, and then one that forges; BearSSL's records are the witness that
 * others understand them too. */
#include "unit/unit.h"

#include "tls/tls_record.h"

#include <bearssl.h>

#define BUFFER_BYTES (3 * TLS_RECORD_BYTES_MAX + 77)

struct end {
  struct tls_record record;
  uint8_t input[BUFFER_BYTES];
  uint8_t output[BUFFER_BYTES];
};

static struct end client, server;

static struct tls_keys
some_keys(struct random *random, unsigned key_bytes)
{
  struct tls_keys keys = { .receive = { .key_bytes = key_bytes, .sequence = 1 },
                           .send = { .key_bytes = key_bytes, .sequence = 1 } };

  for (unsigned i = 0; i < key_bytes; i++) {
    keys.receive.key[i] = (uint8_t)random_next(random);
    keys.send.key[i] = (uint8_t)random_next(random);
  }
  for (unsigned i = 0; i < sizeof keys.send.salt; i++) {
    keys.receive.salt[i] = (uint8_t)random_next(random);
    keys.send.salt[i] = (uint8_t)random_next(random);
  }
  return keys;
}

static void
start(const struct tls_keys *keys, size_t buffer_bytes)
{
  struct tls_keys mirrored = { .receive = keys->send, .send = keys->receive };

  tls_record_init(&client.record, keys, client.input, buffer_bytes, client.output, buffer_bytes);
  tls_record_init(&server.record, &mirrored, server.input, buffer_bytes, server.output, buffer_bytes);
}

static void
start_some(size_t buffer_bytes)
{
  struct random random = { 7 };
  struct tls_keys keys = some_keys(&random, 16);
  start(&keys, buffer_bytes);
}

/* Moves up to `most` bytes from the server to the client. */
static size_t
move(size_t most)
{
  size_t unsent, room;
  const uint8_t *from = tls_record_unsent(&server.record, &unsent);
  uint8_t *to = tls_record_room(&client.record, &room);

  most = most < unsent ? most : unsent;
  most = most < room ? most : room;
  memcpy(to, from, most);
  tls_record_received(&client.record, most);
  tls_record_sent(&server.record, most);
  return most;
}

static void
server_puts(const void *data, size_t length)
{
  struct fault fault = { 0 };
  assert_int_equal(tls_record_put(&server.record, data, length, &fault), length);
}

/* A record of any type, as only a server that is out of its mind would send. */
static void
server_puts_type(uint8_t type, const void *data, size_t length)
{
  size_t unsent, before;
  struct gcm gcm = server.record.output.cipher.gcm;
  uint8_t nonce[12], header[13], *bytes;

  tls_record_unsent(&server.record, &before);
  server_puts(length ? data : "x", length ? length : 1);
  bytes = (uint8_t *)(uintptr_t)tls_record_unsent(&server.record, &unsent) + before;
  memcpy(nonce, server.record.output.cipher.salt, 4);
  memcpy(nonce + 4, bytes + 5, 8);
  memcpy(header, bytes + 5, 8);
  bytes[0] = type;
  bytes[3] = (uint8_t)((length + 24) >> 8);
  bytes[4] = (uint8_t)(length + 24);
  memcpy(header + 8, bytes, 3);
  header[11] = (uint8_t)(length >> 8);
  header[12] = (uint8_t)length;
  gcm_seal(&gcm, nonce, header, 13, bytes + 13, data, length, bytes + 13 + length);
  if (length == 0)
    server.record.output.end--;
}

static int64_t
client_takes(void *to, size_t length, struct fault *fault)
{
  *fault = (struct fault){ 0 };
  return tls_record_take(&client.record, to, length, fault);
}

/* ---- A channel that cuts ---- */

static uint8_t sent[1 << 20], received[1 << 20];

static void
converse(struct random *random)
{
  struct tls_keys keys = some_keys(random, random_one_in(random, 2) ? 16 : 32);
  size_t total = random_between(random, 0, random_one_in(random, 8) ? sizeof sent : 60000), put = 0, taken = 0;
  size_t buffer = random_between(random, TLS_OUTPUT_BYTES_MIN,
                                 random_one_in(random, 2) ? TLS_OUTPUT_BYTES_MIN : BUFFER_BYTES);
  size_t most = (size_t)1 << random_between(random, 0, 17);
  struct fault fault = { 0 };
  bool closed = false;

  most = most < total / 500 ? total / 500 : most;
  for (size_t i = 0; i < total; i++)
    sent[i] = (uint8_t)random_next(random);
  memset(received, 0, sizeof received);
  start(&keys, buffer);
  for (unsigned idle = 0; !tls_record_is_ended(&client.record); idle++) {
    int64_t count;
    check(idle < 1000);
    if (random_one_in(random, 2) && put < total) {
      count = tls_record_put(&server.record, sent + put, random_between(random, 1, total - put), &fault);
      check(count >= 0);
      put += (size_t)count;
      idle = count > 0 ? 0 : idle;
    } else if (put == total && !closed) {
      tls_record_close(&server.record);
      closed = true;
    }
    if (move(random_between(random, 1, most)) > 0)
      idle = 0;
    if (random_one_in(random, 2)) {
      size_t want = random_between(random, 1, most * 2);
      want = want < sizeof received - taken ? want : sizeof received - taken;
      bool was_ready = tls_record_is_ready(&client.record);
      count = tls_record_take(&client.record, received + taken, want, &fault);
      check(count >= 0);
      if (want > 0 && count == 0 && was_ready)
        check(!tls_record_is_ready(&client.record)); /* or who polls would spin */
      if (!was_ready)
        check(count == 0);
      taken += (size_t)count;
      idle = count > 0 ? 0 : idle;
    }
  }
  check(taken == total);
  check(memcmp(sent, received, total) == 0);
}

static void
content_comes_through_however_it_is_cut(void **state)
{
  (void)state;
  run_seeds(400, converse);
}

/* ---- One that forges ---- */

static void
forge(struct random *random)
{
  struct tls_keys keys = some_keys(random, 16);
  size_t length = random_between(random, 1, 40000), unsent, taken = 0, bit;
  uint8_t *bytes;
  struct fault fault = { 0 };
  int64_t count;

  for (size_t i = 0; i < length; i++)
    sent[i] = (uint8_t)random_next(random);
  start(&keys, BUFFER_BYTES);
  check(tls_record_put(&server.record, sent, length, &fault) == (int64_t)length);
  bytes = (uint8_t *)(uintptr_t)tls_record_unsent(&server.record, &unsent);
  if (random_one_in(random, 3))
    bit = random_between(random, 0, unsent / TLS_RECORD_BYTES_MAX) * TLS_RECORD_BYTES_MAX * 8 +
          random_between(random, 0, 13 * 8 - 1); /* of a header */
  else
    bit = random_between(random, 0, unsent * 8 - 1);
  bit = bit < unsent * 8 ? bit : 0;
  bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
  move(unsent);
  while ((count = tls_record_take(&client.record, received + taken, random_between(random, 1, 30000), &fault)) > 0)
    taken += (size_t)count;
  /* What came before is good, and from there on nothing comes: at once, or, if the
   * record is now said to be longer, once that many bytes came. */
  check(memcmp(sent, received, taken) == 0);
  check(taken <= bit / 8);
  if (count == 0) {
    check(bit / 8 % TLS_RECORD_BYTES_MAX == 3 || bit / 8 % TLS_RECORD_BYTES_MAX == 4);
  } else {
    check(fault.exit_code == EXIT_FAILED);
    check(tls_record_is_ready(&client.record));
    check(tls_record_take(&client.record, received, 1, &fault) == -1);
    tls_record_unsent(&client.record, &unsent);
    check(unsent == TLS_ALERT_RECORD_BYTES);
  }
}

static void
no_forged_bit_passes(void **state)
{
  (void)state;
  run_seeds(2000, forge);
}

static void
records_in_another_order_are_found_out(void **state)
{
  struct fault fault;
  uint8_t first[TLS_RECORD_OVERHEAD_BYTES + 1], *bytes, taken[8];
  size_t unsent;

  (void)state;
  start_some(BUFFER_BYTES);
  server_puts("a", 1);
  server_puts("b", 1);
  bytes = (uint8_t *)(uintptr_t)tls_record_unsent(&server.record, &unsent);
  assert_int_equal(unsent, 2 * sizeof first);
  memcpy(first, bytes, sizeof first);
  memmove(bytes, bytes + sizeof first, sizeof first);
  memcpy(bytes + sizeof first, first, sizeof first);
  move(unsent);
  assert_int_equal(client_takes(taken, sizeof taken, &fault), -1);
  assert_string_equal(fault.text, "TLS: a record was damaged or forged on its way from the server");

  /* Nor does one pass twice. */
  start_some(BUFFER_BYTES);
  server_puts("a", 1);
  move(unsent);
  server.record.output.begin = 0;
  server.record.output.end = sizeof first;
  move(unsent);
  assert_int_equal(client_takes(taken, sizeof taken, &fault), 1);
  assert_int_equal(client_takes(taken, sizeof taken, &fault), -1);
}

/* ---- What a server may not do ---- */

static void
expect_refusal(const char *words, enum tls_alert alert)
{
  struct fault fault, later = { 0 };
  uint8_t byte, got[8];
  size_t unsent;
  const uint8_t *bytes;
  uint8_t *room;

  move(SIZE_MAX);
  assert_true(tls_record_is_ready(&client.record));
  assert_int_equal(client_takes(&byte, 1, &fault), -1);
  assert_string_equal(fault.text, words);
  assert_int_equal(client_takes(&byte, 1, &later), -1);
  assert_string_equal(later.text, words);
  /* The server is told why, if it cares to read. */
  bytes = tls_record_unsent(&client.record, &unsent);
  assert_int_equal(unsent, TLS_ALERT_RECORD_BYTES);
  room = tls_record_room(&server.record, &(size_t){ 0 });
  memcpy(room, bytes, unsent);
  tls_record_received(&server.record, unsent);
  later = (struct fault){ 0 };
  assert_int_equal(tls_record_take(&server.record, got, sizeof got, &later), -1);
  char name[TLS_ALERT_NAME_BYTES];
  assert_non_null(strstr(later.text, tls_alert_name(alert, name)));
  assert_int_equal(tls_record_put(&client.record, "x", 1, &later), -1);
}

static void
header_of(uint8_t type, unsigned version, unsigned length)
{
  size_t room;
  uint8_t *to;

  start_some(BUFFER_BYTES);
  to = tls_record_room(&client.record, &room);
  memcpy(to, (uint8_t[]){ type, (uint8_t)(version >> 8), (uint8_t)version, (uint8_t)(length >> 8), (uint8_t)length },
         5);
  tls_record_received(&client.record, 4);
  assert_false(tls_record_is_ready(&client.record));
  tls_record_received(&client.record, 1);
}

static void
what_is_no_record_is_refused_in_words(void **state)
{
  (void)state;
  header_of(23, 0x0303, 16384 + 24);
  assert_false(tls_record_is_ready(&client.record));
  header_of(23, 0x0303, 16384 + 25);
  expect_refusal("TLS: the server sent a record of 16409 bytes, longer than may be", TLS_ALERT_RECORD_OVERFLOW);
  header_of(23, 0x0303, 23);
  expect_refusal("TLS: the server sent a record of 23 bytes, too short to be one", TLS_ALERT_DECODE_ERROR);
  header_of(23, 0x0301, 100);
  expect_refusal("TLS: the server sent what is no record of TLS 1.2 (version 0x0301)", TLS_ALERT_PROTOCOL_VERSION);
}

static void
other_kinds_of_records_are_refused(void **state)
{
  (void)state;
  start_some(BUFFER_BYTES);
  server_puts_type(22, "\0\0\0\0", 4);
  expect_refusal("TLS: the server wants to negotiate anew, which isn't done here", TLS_ALERT_NO_RENEGOTIATION);
  start_some(BUFFER_BYTES);
  server_puts_type(20, "\1", 1);
  expect_refusal("TLS: the server sent a record of the unexpected type 20", TLS_ALERT_UNEXPECTED_MESSAGE);
  start_some(BUFFER_BYTES);
  server_puts_type(21, "\1", 1);
  expect_refusal("TLS: the server sent an alert of 1 bytes, which are two", TLS_ALERT_DECODE_ERROR);
}

static void
empty_records_pass_but_not_without_end(void **state)
{
  struct fault fault;
  uint8_t taken[4];

  (void)state;
  start_some(BUFFER_BYTES);
  for (unsigned i = 0; i < TLS_EMPTY_RECORDS_MAX; i++)
    server_puts_type(23, "", 0);
  move(SIZE_MAX);
  assert_true(tls_record_is_ready(&client.record));
  assert_int_equal(client_takes(taken, sizeof taken, &fault), 0);
  assert_false(tls_record_is_ready(&client.record));
  server_puts("a", 1);
  for (unsigned i = 0; i < TLS_EMPTY_RECORDS_MAX; i++)
    server_puts_type(23, "", 0);
  move(SIZE_MAX);
  assert_int_equal(client_takes(taken, sizeof taken, &fault), 1);
  assert_int_equal(client_takes(taken, sizeof taken, &fault), 0);
  server_puts_type(23, "", 0);
  expect_refusal("TLS: the server sends records without anything in them", TLS_ALERT_UNEXPECTED_MESSAGE);
}

static void
alerts_have_names(void **state)
{
  struct fault fault;
  uint8_t taken[4];
  char room[TLS_ALERT_NAME_BYTES];
  size_t unsent;

  (void)state;
  start_some(BUFFER_BYTES);
  server_puts("ab", 2);
  server_puts_type(21, "\2\x14", 2);
  move(SIZE_MAX);
  assert_int_equal(client_takes(taken, sizeof taken, &fault), 2); /* what came before is handed out */
  assert_int_equal(client_takes(taken, sizeof taken, &fault), -1);
  assert_string_equal(fault.text, "TLS: the server sent the alert bad_record_mac");
  tls_record_unsent(&client.record, &unsent);
  assert_int_equal(unsent, 0);
  assert_string_equal(tls_alert_name(77, room), "number 77");
  assert_string_equal(tls_alert_name(0xFFFFFFFF, room), "number 4294967295");
}

static void
the_end_is_told_apart_from_a_cut(void **state)
{
  struct fault fault = { 0 };
  uint8_t taken[4];

  (void)state;
  start_some(BUFFER_BYTES);
  server_puts("ab", 2);
  tls_record_close(&server.record);
  tls_record_close(&server.record); /* once is enough */
  assert_int_equal(tls_record_put(&server.record, "x", 1, &fault), -1);
  assert_string_equal(fault.text, "TLS: nothing more can be sent: the connection was closed from here");
  move(SIZE_MAX);
  assert_false(tls_record_is_ended(&client.record));
  assert_int_equal(client_takes(taken, 1, &fault), 1);
  assert_false(tls_record_is_ended(&client.record));
  assert_int_equal(client_takes(taken, 4, &fault), 1);
  assert_true(tls_record_is_ended(&client.record));
  assert_false(tls_record_is_ready(&client.record));
  assert_int_equal(client_takes(taken, 4, &fault), 0);

  /* A cut leaves half a record. */
  start_some(BUFFER_BYTES);
  assert_true(tls_record_is_between(&client.record));
  server_puts("ab", 2);
  move(20);
  assert_false(tls_record_is_between(&client.record));
  assert_false(tls_record_is_ready(&client.record));
}

static void
sequence_numbers_are_never_used_twice(void **state)
{
  struct random random = { 9 };
  struct tls_keys keys = some_keys(&random, 16);
  struct fault fault = { 0 };
  uint8_t taken[4];

  (void)state;
  keys.receive.sequence = UINT64_MAX - 2;
  start(&keys, BUFFER_BYTES);
  assert_int_equal(tls_record_put(&server.record, "a", 1, &fault), 1);
  assert_int_equal(tls_record_put(&server.record, "b", 1, &fault), -1);
  assert_string_equal(fault.text, "TLS: nothing more can be sent: the records are numbered out");
  tls_record_close(&server.record); /* the last number is for this */
  move(SIZE_MAX);
  assert_int_equal(client_takes(taken, 4, &fault), 1);
  assert_true(tls_record_is_ended(&client.record));

  keys.receive.sequence = UINT64_MAX;
  keys.send.sequence = 1;
  start(&keys, BUFFER_BYTES);
  server.record.output.cipher.sequence = 1;
  server_puts("a", 1);
  move(SIZE_MAX);
  assert_int_equal(client_takes(taken, 4, &fault), -1);
  assert_string_equal(fault.text, "TLS: the server's records are numbered out");
}

static void
a_full_output_waits_and_keeps_room_for_the_end(void **state)
{
  struct fault fault = { 0 };
  size_t unsent;

  (void)state;
  start_some(TLS_OUTPUT_BYTES_MIN);
  assert_int_equal(tls_record_put(&client.record, sent, 2 * TLS_PLAIN_BYTES_MAX, &fault), TLS_PLAIN_BYTES_MAX);
  assert_int_equal(tls_record_put(&client.record, sent, 1, &fault), 0);
  tls_record_close(&client.record);
  tls_record_unsent(&client.record, &unsent);
  assert_int_equal(unsent, TLS_OUTPUT_BYTES_MIN);
}

/* ---- Others ---- */

static void
bearssl_understands_the_records_and_the_other_way_round(void **state)
{
  struct random random = { 11 };
  br_sslrec_gcm_context theirs;
  struct fault fault = { 0 };

  (void)state;
  for (unsigned key_bytes = 16; key_bytes <= 32; key_bytes += 16) {
    struct tls_keys keys = some_keys(&random, key_bytes);
    size_t unsent, room, length = 1000;
    uint8_t *bytes, *plain, taken[1000];

    start(&keys, BUFFER_BYTES);
    br_sslrec_in_gcm_vtable.init(&theirs.vtable.in, &br_aes_ct64_ctr_vtable, keys.send.key, key_bytes, br_ghash_ctmul64,
                                 keys.send.salt);
    theirs.seq = 1;
    assert_int_equal(tls_record_put(&client.record, sent, length, &fault), length);
    bytes = (uint8_t *)(uintptr_t)tls_record_unsent(&client.record, &unsent);
    unsent -= 5;
    plain = br_sslrec_in_gcm_vtable.inner.decrypt((const br_sslrec_in_class **)&theirs.vtable.in, 23, 0x0303, bytes + 5,
                                                  &unsent);
    assert_non_null(plain);
    assert_int_equal(unsent, length);
    assert_memory_equal(plain, sent, length);

    br_sslrec_out_gcm_vtable.init(&theirs.vtable.out, &br_aes_ct64_ctr_vtable, keys.receive.key, key_bytes,
                                  br_ghash_ctmul64, keys.receive.salt);
    theirs.seq = 1;
    memcpy(received + 100, sent, length);
    bytes = br_sslrec_out_gcm_vtable.inner.encrypt((const br_sslrec_out_class **)&theirs.vtable.out, 23, 0x0303,
                                                   received + 100, &length);
    memcpy(tls_record_room(&client.record, &room), bytes, length);
    tls_record_received(&client.record, length);
    assert_int_equal(client_takes(taken, sizeof taken, &fault), sizeof taken);
    assert_memory_equal(taken, sent, sizeof taken);
  }
}

static void
small_buffer(void)
{
  start_some(TLS_OUTPUT_BYTES_MIN - 1);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(small_buffer));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(content_comes_through_however_it_is_cut),
    cmocka_unit_test(no_forged_bit_passes),
    cmocka_unit_test(records_in_another_order_are_found_out),
    cmocka_unit_test(what_is_no_record_is_refused_in_words),
    cmocka_unit_test(other_kinds_of_records_are_refused),
    cmocka_unit_test(empty_records_pass_but_not_without_end),
    cmocka_unit_test(alerts_have_names),
    cmocka_unit_test(the_end_is_told_apart_from_a_cut),
    cmocka_unit_test(sequence_numbers_are_never_used_twice),
    cmocka_unit_test(a_full_output_waits_and_keeps_room_for_the_end),
    cmocka_unit_test(bearssl_understands_the_records_and_the_other_way_round),
    cmocka_unit_test(mistakes_are_asserted),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
