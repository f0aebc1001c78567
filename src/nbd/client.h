/* SPDX-License-Identifier: MIT */
/* client: what the rooms that hold connections of libnbd share: the server that a
 * place names, how it is reached, and libnbd's words for what failed.
 */
#ifndef DECANT_CLIENT_H
#define DECANT_CLIENT_H

#include "base/error.h"
#include "disk/place.h"
#include "disk/uri.h"
#include "tls/tls.h"

struct nbd_handle;

struct client {
  const struct place *place; /* PLACE_URI or PLACE_COMMAND */
  const char *name;          /* of the place, for messages */
  struct uri uri;            /* PLACE_URI */
  struct tls tls;            /* its strings are the URI's */
};

/* The most TLS sessions that connections to a place may take. */
unsigned client_sessions(const struct place *place, const struct wishes *wishes);

/* Reads the URI, or looks for the command; connects to nothing yet. The place, the
 * name and the wishes stay the caller's; connections of nbds take sessions from the
 * pool. Returns 0, or -1 with the fault set. */
int client_init(struct client *client, const struct place *place, const char *name, const struct wishes *wishes,
                struct tls_pool *pool, struct fault *fault);

/* Connects a handle, for the export that the URI names, and waits until it is.
 * Returns 0, or -1, and client_fault() knows why. */
int client_connect(struct client *client, struct nbd_handle *handle);

/* Sets a fault: what failed, where, and what libnbd says of it. Returns -1. */
int client_fault(const struct client *client, const char *what, struct fault *fault);

#endif
