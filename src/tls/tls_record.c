/* SPDX-License-Identifier: MIT */
/* tls_record: see tls_record.h. */
#include "tls/tls_record.h"

#include "base/range.h"
#include "base/secret.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Both directions ---- */

static void
init_direction(struct tls_direction *direction, const struct tls_key *key, uint8_t *buffer, size_t size)
{
  tls_cipher_init(&direction->cipher, key);
  direction->buffer = buffer;
  direction->size = size;
}

void
tls_record_init(struct tls_record *record, const struct tls_keys *keys, uint8_t *input, size_t input_bytes,
                uint8_t *output, size_t output_bytes)
{
  assert(input_bytes >= TLS_INPUT_BYTES_MIN && output_bytes >= TLS_OUTPUT_BYTES_MIN);
  memset(record, 0, sizeof *record);
  init_direction(&record->input, &keys->receive, input, input_bytes);
  init_direction(&record->output, &keys->send, output, output_bytes);
}

void
tls_record_wipe(struct tls_record *record)
{
  secret_wipe(record, sizeof *record);
}

/* Keeps the words of the fault, so that each further call can tell them. */
static void
direction_fail(struct tls_direction *direction, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  vsnprintf(direction->failed, sizeof direction->failed, format, args);
  va_end(args);
}

static int
direction_tell(const struct tls_direction *direction, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, 0, "TLS: %s", direction->failed);
}

/* ---- Sending ---- */

/* There is room for it, and a sequence number. */
static void
put_record(struct tls_direction *output, enum tls_content content, const uint8_t *from, size_t length)
{
  assert(length + TLS_RECORD_OVERHEAD_BYTES <= output->size - output->end);
  tls_cipher_seal(&output->cipher, content, output->buffer + output->end, from, length);
  output->end += length + TLS_RECORD_OVERHEAD_BYTES;
}

/* The last that is sent. The room for it is never given to data, nor is the last
 * sequence number. */
static void
record_put_alert(struct tls_record *record, unsigned level, unsigned alert)
{
  const uint8_t bytes[] = { (uint8_t)level, (uint8_t)alert };

  if (record->is_closed || record->output.cipher.sequence == UINT64_MAX)
    return;
  put_record(&record->output, TLS_CONTENT_ALERT, bytes, sizeof bytes);
  record->is_closed = true;
}

int64_t
tls_record_put(struct tls_record *record, const void *from, size_t length, struct fault *fault)
{
  struct tls_direction *output = &record->output;
  const uint8_t *bytes = from;
  size_t done = 0;

  while (done < length) {
    size_t part = range_min(length - done, TLS_PLAIN_BYTES_MAX);
    size_t room = output->size - output->end - TLS_ALERT_RECORD_BYTES;
    if (record->is_closed)
      direction_fail(output, "nothing more can be sent: the connection was closed from here");
    else if (output->cipher.sequence >= UINT64_MAX - 1)
      direction_fail(output, "nothing more can be sent: the records are numbered out");
    else if (part + TLS_RECORD_OVERHEAD_BYTES > room)
      break;
    if (output->failed[0])
      return done > 0 ? (int64_t)done : direction_tell(output, fault);
    put_record(output, TLS_CONTENT_DATA, bytes + done, part);
    done += part;
  }
  return (int64_t)done;
}

void
tls_record_close(struct tls_record *record)
{
  record_put_alert(record, TLS_ALERT_WARNING, TLS_ALERT_CLOSE_NOTIFY);
}

const uint8_t *
tls_record_unsent(const struct tls_record *record, size_t *length)
{
  *length = record->output.end - record->output.begin;
  return record->output.buffer + record->output.begin;
}

void
tls_record_sent(struct tls_record *record, size_t length)
{
  struct tls_direction *output = &record->output;

  assert(length <= output->end - output->begin);
  output->begin += length;
  if (output->begin == output->end)
    output->begin = output->end = 0;
}

/* ---- Receiving ---- */

/* As direction_fail(), and leaves word of it for the server. */
static void
record_refuse(struct tls_record *record, enum tls_alert alert, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  vsnprintf(record->input.failed, sizeof record->input.failed, format, args);
  va_end(args);
  record_put_alert(record, TLS_ALERT_FATAL, alert);
}

/* The first record that is held: its plaintext has this length. */
enum held { HELD_NONE, HELD_WHOLE, HELD_WRONG };

static enum held
first_record(const struct tls_direction *input, size_t *length)
{
  const uint8_t *header = input->buffer + input->begin;
  size_t held = input->end - input->begin;

  *length = 0;
  if (held < TLS_HEADER_BYTES)
    return HELD_NONE;
  *length = tls_get_16(header + 3);
  if (tls_get_16(header + 1) != TLS_VERSION_12 || *length < TLS_NONCE_BYTES + GCM_TAG_BYTES ||
      *length > TLS_RECORD_BYTES_MAX - TLS_HEADER_BYTES)
    return HELD_WRONG;
  if (held < TLS_HEADER_BYTES + *length)
    return HELD_NONE;
  *length -= TLS_NONCE_BYTES + GCM_TAG_BYTES;
  return HELD_WHOLE;
}

/* A header that can't be, in words. */
static void
refuse_header(struct tls_record *record, size_t length)
{
  unsigned version = tls_get_16(record->input.buffer + record->input.begin + 1);

  if (version != TLS_VERSION_12)
    record_refuse(record, TLS_ALERT_PROTOCOL_VERSION, "the server sent what is no record of TLS 1.2 (version 0x%04x)",
                  version);
  else if (length < TLS_NONCE_BYTES + GCM_TAG_BYTES)
    record_refuse(record, TLS_ALERT_DECODE_ERROR, "the server sent a record of %zu bytes, too short to be one", length);
  else
    record_refuse(record, TLS_ALERT_RECORD_OVERFLOW, "the server sent a record of %zu bytes, longer than may be",
                  length);
}

static void
record_read_alert(struct tls_record *record, const uint8_t *alert, size_t length)
{
  char room[TLS_ALERT_NAME_BYTES];

  if (length != 2)
    record_refuse(record, TLS_ALERT_DECODE_ERROR, "the server sent an alert of %zu bytes, which are two", length);
  else if (alert[1] == TLS_ALERT_CLOSE_NOTIFY)
    record->is_ended = true;
  else
    direction_fail(&record->input, "the server sent the alert %s", tls_alert_name(alert[1], room));
}

/* What a record is for, once its tag was right. Returns whether it is data. */
static bool
is_data(struct tls_record *record, unsigned content, const uint8_t *plain, size_t length)
{
  record->empty_records = length == 0 ? record->empty_records + 1 : 0;
  if (content == TLS_CONTENT_ALERT)
    record_read_alert(record, plain, length);
  else if (content == TLS_CONTENT_HANDSHAKE)
    record_refuse(record, TLS_ALERT_NO_RENEGOTIATION, "the server wants to negotiate anew, which isn't done here");
  else if (content != TLS_CONTENT_DATA)
    record_refuse(record, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sent a record of the unexpected type %u", content);
  else if (record->empty_records > TLS_EMPTY_RECORDS_MAX)
    record_refuse(record, TLS_ALERT_UNEXPECTED_MESSAGE, "the server sends records without anything in them");
  return content == TLS_CONTENT_DATA && !record->input.failed[0];
}

/* Decrypts the first record, whose plaintext has `length` bytes: to `to` if it is
 * data that fits there, else in place. Returns how many bytes went to `to`. */
static size_t
open_record(struct tls_record *record, size_t length, uint8_t *to, size_t room)
{
  struct tls_direction *input = &record->input;
  uint8_t *bytes = input->buffer + input->begin;
  bool is_direct = bytes[0] == TLS_CONTENT_DATA && length <= room;
  uint8_t *plain = is_direct ? to : bytes + TLS_HEADER_BYTES + TLS_NONCE_BYTES;

  if (input->cipher.sequence == UINT64_MAX) {
    record_refuse(record, TLS_ALERT_INTERNAL_ERROR, "the server's records are numbered out");
    return 0;
  }
  if (!tls_cipher_open(&input->cipher, bytes, plain, length)) {
    record_refuse(record, TLS_ALERT_BAD_RECORD_MAC, "a record was damaged or forged on its way from the server");
    return 0;
  }
  input->begin += length + TLS_RECORD_OVERHEAD_BYTES;
  if (!is_data(record, bytes[0], plain, length))
    return 0;
  if (is_direct)
    return length;
  record->plain_begin = (size_t)(plain - input->buffer);
  record->plain_end = record->plain_begin + length;
  return 0;
}

/* Hands out what was decrypted in place. */
static size_t
take_plain(struct tls_record *record, uint8_t *to, size_t room)
{
  size_t part = range_min(room, record->plain_end - record->plain_begin);

  memcpy(to, record->input.buffer + record->plain_begin, part);
  record->plain_begin += part;
  return part;
}

static bool
has_plain(const struct tls_record *record)
{
  return record->plain_begin < record->plain_end;
}

int64_t
tls_record_take(struct tls_record *record, void *to, size_t length, struct fault *fault)
{
  struct tls_direction *input = &record->input;
  uint8_t *bytes = to;
  size_t done = 0, plain;
  enum held held;

  while (done < length && !record->is_ended && !input->failed[0]) {
    if (has_plain(record)) {
      done += take_plain(record, bytes + done, length - done);
      continue;
    }
    held = first_record(input, &plain);
    if (held == HELD_NONE)
      break;
    if (held == HELD_WHOLE)
      done += open_record(record, plain, bytes + done, length - done);
    else
      refuse_header(record, plain);
  }
  return done == 0 && length > 0 && input->failed[0] ? direction_tell(input, fault) : (int64_t)done;
}

bool
tls_record_is_ready(const struct tls_record *record)
{
  size_t length;

  if (record->is_ended)
    return false;
  return record->input.failed[0] || has_plain(record) || first_record(&record->input, &length) != HELD_NONE;
}

bool
tls_record_is_ended(const struct tls_record *record)
{
  return record->is_ended;
}

bool
tls_record_is_between(const struct tls_record *record)
{
  return !has_plain(record) && record->input.begin == record->input.end;
}

uint8_t *
tls_record_room(struct tls_record *record, size_t *length)
{
  struct tls_direction *input = &record->input;

  if (record->is_ended || tls_record_is_between(record)) {
    input->begin = input->end = 0;
  } else if (!tls_record_is_ready(record)) {
    /* Less than one record, whatever the buffer's size: cheap. */
    memmove(input->buffer, input->buffer + input->begin, input->end - input->begin);
    input->end -= input->begin;
    input->begin = 0;
  }
  *length = input->size - input->end;
  return input->buffer + input->end;
}

void
tls_record_received(struct tls_record *record, size_t length)
{
  assert(length <= record->input.size - record->input.end);
  record->input.end += length;
}
