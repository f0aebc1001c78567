/* SPDX-License-Identifier: MIT */
/* tls: how the connections to one server are to be secured.
 *
 * client fills it in; tls_socket, which libnbd calls, finds it there. Strings are the caller's and
 * must stay as long as connections are made.
 */
#ifndef DECANT_TLS_H
#define DECANT_TLS_H

#include "base/pins.h"

#include <stdbool.h>

struct tls_pool;

#define TLS_DESCRIPTION_BYTES 160

struct tls {
  const char *certificates; /* the directory of ca-cert.pem; NULL: the usual ones */
  const char *host;         /* the name or address that the server's certificate must be for; NULL: any */
  bool verify_peer;         /* false: whoever answers is believed, unless there are pins */
  const struct pins *pins;  /* the server must have one of these keys, unless there are none */
  const char *psk_file;     /* a secret shared with the server, instead of certificates; NULL: none */
  const char *user;         /* whose secret it is; NULL: the login name */
  struct tls_pool *pool;    /* where sessions live */
  char description[TLS_DESCRIPTION_BYTES]; /* what the last handshake agreed on, for people */
};

#endif
