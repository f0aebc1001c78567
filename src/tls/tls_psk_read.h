/* SPDX-License-Identifier: MIT */
/* tls_psk_read: what the server says in a tls_psk handshake: which messages may come
 * when, what has to be in them, and what follows from each.
 *
 * A part of tls_psk, for its rooms alone. Of struct tls_psk, it puts `message` together
 * and takes the suite, the server's random value, its numbers and whether it has the
 * extended master secret; it moves `state` on. What isn't as it has to be, or is longer
 * than the bounds in tls_psk.h, is refused (tls_psk_write.h). Lengths are in bytes.
 */
#ifndef DECANT_TLS_PSK_READ_H
#define DECANT_TLS_PSK_READ_H

#include "tls/tls_psk.h"

/* Puts messages together from what records hold of them, and reads each as soon as it is
 * whole. What answers it waits in the output. Returns false if something was refused;
 * then no more may be given. */
bool tls_psk_read_handshake(struct tls_psk *psk, const uint8_t *bytes, size_t length);

#endif
