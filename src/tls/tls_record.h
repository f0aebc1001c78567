/* SPDX-License-Identifier: MIT */
/* tls_record: the records of a TLS 1.2 connection with AES-GCM, after the handshake.
 *
 * Bytes in and bytes out: it makes no system call and allocates nothing. The
 * caller moves the bytes to and from the connection, and owns the two buffers:
 *
 *   connection -> tls_record_room(), tls_record_received() -> tls_record_take() -> plaintext
 *   plaintext -> tls_record_put() -> tls_record_unsent(), tls_record_sent() -> connection
 *
 * The input buffer is a read-ahead: many records come with one recv(), and each is
 * decrypted once it is complete; straight to where the caller wants the plaintext
 * if all of it fits there, else in place, to be handed out from there. What is put
 * is encrypted on its way into the output buffer, many records to one send().
 *
 * Directions are independent of each other. After a fault the connection is dead:
 * each further call to the direction that failed returns the same words.
 *
 * Bounds: a record holds at most 16 KiB of plaintext, one that claims more is a
 * fault; so are more than TLS_EMPTY_RECORDS_MAX records in a row that hold
 * nothing, the last sequence number, and every record that is neither data nor an
 * alert (a server that wants to negotiate anew: decant doesn't).
 */
#ifndef DECANT_TLS_RECORD_H
#define DECANT_TLS_RECORD_H

#include "base/error.h"
#include "tls/tls_cipher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_EMPTY_RECORDS_MAX 32

/* What the two buffers must hold at least: one record, and for the output an alert
 * beside it. Much larger is faster: the room for 16 full records is
 * 16 * TLS_RECORD_BYTES_MAX. */
#define TLS_INPUT_BYTES_MIN TLS_RECORD_BYTES_MAX
#define TLS_ALERT_RECORD_BYTES (TLS_RECORD_OVERHEAD_BYTES + 2)
#define TLS_OUTPUT_BYTES_MIN (TLS_RECORD_BYTES_MAX + TLS_ALERT_RECORD_BYTES)

struct tls_direction {
  struct tls_cipher cipher;
  uint8_t *buffer; /* the caller's */
  size_t size;     /* bytes of it */
  size_t begin;    /* the first byte not yet decrypted, or not yet sent */
  size_t end;      /* behind the last byte received, or encrypted */
  char failed[96]; /* why nothing goes this way any more; empty while it does */
};

struct tls_record {
  struct tls_direction input;
  struct tls_direction output;
  size_t plain_begin;     /* decrypted and not taken: these bytes of the input buffer, */
  size_t plain_end;       /* below input.begin */
  unsigned empty_records; /* received in a row */
  bool is_ended;          /* close_notify came: nothing follows */
  bool is_closed;         /* ours was put, or another alert: nothing may follow */
};

/* Readies a connection. The buffers are kept, not copied, and stay the caller's;
 * the keys are taken over. */
void tls_record_init(struct tls_record *record, const struct tls_keys *keys, uint8_t *input, size_t input_bytes,
                     uint8_t *output, size_t output_bytes);

/* Overwrites the keys; nothing goes any way then. The buffers are left alone: the
 * plaintext in them is disk content, as everywhere. */
void tls_record_wipe(struct tls_record *record);

/* ---- Receiving ---- */

/* Where to put what the connection brings: at least one byte if
 * tls_record_is_ready() is false, and a whole record's worth or more as a rule.
 * Moves an incomplete record to the buffer's front if that makes room. With records
 * waiting to be taken there may be none. */
uint8_t *tls_record_room(struct tls_record *record, size_t *length);

/* `length` bytes were put there. To begin with, what the handshake read past its
 * own end goes here: see tls_keys.h. */
void tls_record_received(struct tls_record *record, size_t length);

/* Whether tls_record_take() has something to do without more bytes: plaintext or a
 * complete record is held, or a fault is to be told. */
bool tls_record_is_ready(const struct tls_record *record);

/* Takes up to `length` bytes of plaintext, decrypting as many records as that
 * takes. Returns how many; 0: it takes more bytes from the connection, or the
 * server closed (tls_record_is_ended); or -1 with the fault set: a record was
 * forged, cut or out of order, or the server sent an alert. Plaintext that came
 * before is handed out first. Behind what was taken, `to` may hold anything. */
int64_t tls_record_take(struct tls_record *record, void *to, size_t length, struct fault *fault);

/* Whether the server said that nothing follows, and everything before was taken.
 * What it sends nevertheless is dropped. A connection that ends without having said
 * so was cut, by whomever. */
bool tls_record_is_ended(const struct tls_record *record);

/* Whether no byte of a record is held: the place where a connection may end. */
bool tls_record_is_between(const struct tls_record *record);

/* ---- Sending ---- */

/* Encrypts as many of `length` bytes as there is room for, in records as large as can
 * be. Returns how many, 0 if something has to be sent before; or -1 with the fault
 * set: the direction was closed, or has used up its sequence numbers. */
int64_t tls_record_put(struct tls_record *record, const void *from, size_t length, struct fault *fault);

/* Says that nothing follows, unless that was said already or an alert went out. There
 * is always room for it. */
void tls_record_close(struct tls_record *record);

/* What is to be sent: whole records, but for what was sent of the first. A fault
 * in receiving leaves an alert here, which may be sent or not. */
const uint8_t *tls_record_unsent(const struct tls_record *record, size_t *length);

/* `length` bytes of it were sent. */
void tls_record_sent(struct tls_record *record, size_t length);

#endif
