/* SPDX-License-Identifier: MIT */
/* tls_psk_secrets: what both sides of a tls_psk handshake compute, and nobody else can:
 * the master secret, the keys of the records, and what Finished proves.
 *
 * A part of tls_psk, for its rooms alone. Of struct tls_psk, it makes `transcript`,
 * `master` and `keys`; it reads the key, the random values, the exponent and the
 * server's numbers, which are checked before. It wipes the secrets that it has on
 * the stack; those in the struct are tls_psk_wipe()'s. Lengths are in bytes, and their
 * bounds are in tls_psk.h. No faults: who calls says what a false means.
 */
#ifndef DECANT_TLS_PSK_SECRETS_H
#define DECANT_TLS_PSK_SECRETS_H

#include "tls/tls_psk.h"

/* What Finished holds. */
#define TLS_PSK_VERIFY_BYTES 12

/* Begins the transcript; nothing is in it. */
void tls_psk_secrets_begin(struct tls_psk *psk);

/* Adds a handshake message, with its header. */
void tls_psk_secrets_add_message(struct tls_psk *psk, const uint8_t *bytes, size_t length);

/* value^exponent mod prime, in place; as long as the prime. Returns false if the numbers
 * are none to reckon with. */
bool tls_psk_secrets_raise(const struct tls_psk *psk, uint8_t value[TLS_PSK_PRIME_BYTES_MAX]);

/* The master secret, from the transcript up to ClientKeyExchange, and the keys. Returns
 * false if tls_psk_secrets_raise() does. */
bool tls_psk_secrets_make(struct tls_psk *psk);

/* What a Finished proves, from the master secret and the transcript up to it: `label`
 * says whose it is. */
void tls_psk_secrets_verify(const struct tls_psk *psk, const char *label, uint8_t verify[TLS_PSK_VERIFY_BYTES]);

#endif
