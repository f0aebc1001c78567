/* SPDX-License-Identifier: MIT */
/* tls_engine: a handshake with certificates, by BearSSL's engine, and what it says in
 * words when that fails; and data afterwards, where tls_record can't have it.
 *
 * A machine over bytes, as BearSSL's engine itself: no call to the socket. Reads
 * certificates from files when it starts, and CAs when the server shows its own.
 */
#ifndef DECANT_TLS_ENGINE_H
#define DECANT_TLS_ENGINE_H

#include "base/error.h"
#include "tls/tls.h"
#include "tls/tls_files.h"
#include "tls/tls_x509.h"

#include <bearssl_ssl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_engine {
  br_ssl_client_context client;
  br_ssl_client_certificate_class certificate_class; /* BearSSL's, but for noting that we are asked */
  bool has_heard;                                    /* the server has said something */
  bool was_asked;                                    /* it wants a client certificate */
  struct tls_files files;
  struct tls_x509 x509;
  unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

/* Begins. `tls` is kept. Returns 0, or -1 with the fault set. Holds secrets: wipe
 * it when it isn't needed any more. */
int tls_engine_start(struct tls_engine *engine, const struct tls *tls, struct fault *fault);

/* What is to be sent; and so much of it was. Length 0: nothing. */
const uint8_t *tls_engine_unsent(struct tls_engine *engine, size_t *length);
void tls_engine_sent(struct tls_engine *engine, size_t length);

/* Where to put what comes, never beyond the end of a record; and so much did.
 * Returns NULL where the engine takes nothing now. */
uint8_t *tls_engine_room(struct tls_engine *engine, size_t *length);
void tls_engine_received(struct tls_engine *engine, size_t length);

/* Whether both sides have said Finished, and all of ours was sent. */
bool tls_engine_is_done(struct tls_engine *engine);

/* Whether nothing goes any more: by close_notify, or why not. Returns 0, 1 for the
 * former, or -1 with the fault set. */
int tls_engine_closed(struct tls_engine *engine, struct fault *fault);

/* The connection ended in the handshake, with this errno or 0: says what that may
 * mean. Sets the fault and returns -1, always. */
int tls_engine_cut(const struct tls_engine *engine, int errnum, struct fault *fault);

/* What was agreed on, for people. */
const char *tls_engine_suite(const struct tls_engine *engine);

/* Adds to a fault after which the server has gone what it may have against us: that
 * it asked for a client certificate. Nothing if it didn't. */
void tls_engine_blame(const struct tls_engine *engine, struct fault *fault);

/* ---- Data ---- */

/* Both move as many bytes as go at once, 0 where that takes more bytes from the
 * connection, or room in what is to be sent. */
size_t tls_engine_take(struct tls_engine *engine, void *bytes, size_t length);
size_t tls_engine_put(struct tls_engine *engine, const void *bytes, size_t length);

/* Whether tls_engine_take() has something. */
bool tls_engine_is_ready(struct tls_engine *engine);

/* Says that nothing follows. */
void tls_engine_close(struct tls_engine *engine);

#endif
