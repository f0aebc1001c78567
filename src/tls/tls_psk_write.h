/* SPDX-License-Identifier: MIT */
/* tls_psk_write: what the client says in a tls_psk handshake: its hello, its answer to
 * the server's, and the alert with which it gives up.
 *
 * A part of tls_psk, for its rooms alone. Of struct tls_psk, it fills `output`, which
 * has room for all that is ever sent (asserted), and from ChangeCipherSpec on seals
 * what goes there; what the client says goes into the transcript as well. Nothing is
 * sent here: that is for the caller of tls_psk_unsent(). Lengths are in bytes.
 */
#ifndef DECANT_TLS_PSK_WRITE_H
#define DECANT_TLS_PSK_WRITE_H

#include "tls/tls_psk.h"

/* The numbers that messages are made of, on both sides. */
enum message {
  CLIENT_HELLO = 1,
  SERVER_HELLO = 2,
  SERVER_KEY_EXCHANGE = 12,
  SERVER_HELLO_DONE = 14,
  CLIENT_KEY_EXCHANGE = 16,
  FINISHED = 20,
};

enum extension { EXTENSION_GROUPS = 10, EXTENSION_EXTENDED_MASTER = 23, EXTENSION_RENEGOTIATION = 0xFF01 };

enum { MESSAGE_HEADER_BYTES = 4 };

/* Puts the ClientHello into the output, from the client's random value. */
void tls_psk_write_hello(struct tls_psk *psk);

/* Once the server's part is there: makes the secrets and the ciphers of both sides, puts
 * ClientKeyExchange, ChangeCipherSpec and Finished into the output, and moves `state` on
 * to the server's ChangeCipherSpec. Returns false, having refused, if the server's numbers
 * can't be reckoned with. */
bool tls_psk_write_answer(struct tls_psk *psk);

/* Gives up: keeps the words, leaves an alert for the server, moves `state` on to failure,
 * and returns false, always. The alert is sealed if `state` says that our cipher holds. */
bool tls_psk_refuse(struct tls_psk *psk, enum tls_alert alert, const char *format, ...);

#endif
