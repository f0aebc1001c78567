/* SPDX-License-Identifier: MIT */
/* client: what the rooms that hold connections of libnbd share: the server that a
 * place names, how it is reached, and libnbd's words for what failed.
 */
#ifndef DECANT_CLIENT_H
#define DECANT_CLIENT_H

#include "error.h"
#include "options.h"
#include "uri.h"

struct nbd_handle;

struct client {
  const struct place *place; /* PLACE_URI or PLACE_COMMAND */
  const char *name;          /* of the place, for messages */
  struct uri uri;            /* PLACE_URI */
};

/* Reads the URI, or looks for the command; connects to nothing yet. The place and
 * the name stay the caller's. Returns 0, or -1 with the fault set. */
int client_init(struct client *client, const struct place *place, const char *name, struct fault *fault);

/* Connects a handle, for the export that the URI names, and waits until it is.
 * Returns 0, or -1, and client_fault() knows why. */
int client_connect(const struct client *client, struct nbd_handle *handle);

/* Sets a fault: what failed, where, and what libnbd says of it. Returns -1. */
int client_fault(const struct client *client, const char *what, struct fault *fault);

#endif
