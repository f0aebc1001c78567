/* SPDX-License-Identifier: MIT */
/* tls_keys: the secrets of a TLS 1.2 connection with AES-GCM, from what a handshake
 * agreed on, for tls_record.
 *
 * Who includes this knows BearSSL; tls_record.h doesn't. All secrets are the
 * caller's to wipe, with secret_wipe().
 */
#ifndef DECANT_TLS_KEYS_H
#define DECANT_TLS_KEYS_H

#include "tls/tls_record.h"

#include <bearssl_ssl.h>

/* What BearSSL doesn't know of, by RFC 5487. */
#define TLS_PSK_WITH_AES_128_GCM_SHA256 0x00A8
#define TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 0x00AA

/* Whether this is a suite whose records are AES-GCM: tls_record can have them. The
 * others (ChaCha20) stay with BearSSL's engine. */
bool tls_keys_is_gcm(unsigned suite);

/* A client's keys, from the master secret and the two random values (RFC 5246,
 * 6.3). Both sequence numbers are 1: the Finished messages went by. Returns false
 * if tls_keys_is_gcm() does. */
bool tls_keys_derive(struct tls_keys *keys, unsigned suite, const uint8_t master[TLS_MASTER_BYTES],
                     const uint8_t client_random[TLS_RANDOM_BYTES], const uint8_t server_random[TLS_RANDOM_BYTES]);

/* Takes a connection over from BearSSL's client, once its handshake is done: no
 * call to the engine afterwards but to wipe it. Returns false if that can't be:
 *
 * - the suite isn't one of AES-GCM, or the version isn't TLS 1.2;
 * - the handshake isn't done: the engine doesn't take application data;
 * - the engine holds bytes: of a record that it was given in part, plaintext not
 *   taken, or a record not sent. It never does if it was given no more bytes than
 *   br_ssl_engine_recvrec_buf() asked for, which ends with each record, and
 *   everything that it wanted to send was sent before this is asked.
 *
 * What the caller read past the end of the handshake and didn't give to the engine
 * is the beginning of tls_record's input: copy it to tls_record_room(), or read
 * into that buffer from the start and give the engine parts of it. The sequence
 * numbers are the engine's own, so data may have passed through it before. */
bool tls_keys_from_engine(struct tls_keys *keys, const br_ssl_engine_context *engine);

#endif
