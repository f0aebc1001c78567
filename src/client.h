/* SPDX-License-Identifier: MIT */
/* client: what the rooms that hold connections of libnbd share: reaching the
 * server that a place names, and libnbd's words for what failed.
 */
#ifndef DECANT_CLIENT_H
#define DECANT_CLIENT_H

#include "error.h"
#include "options.h"
#include "uri.h"

struct nbd_handle;

/* Sets a fault that begins "WHAT NAME: " and goes on with what libnbd says failed
 * last. Returns -1. */
int client_fault(const char *what, const char *name, struct fault *fault);

/* Reads the URI, or looks for the command, of a PLACE_URI or PLACE_COMMAND, which
 * `name` is in messages; a command leaves the URI alone. Nothing is connected.
 * Returns 0, or -1 with the fault set. */
int client_look_up(const struct place *place, struct uri *uri, const char *name, struct fault *fault);

/* Connects a handle to what was looked up, and waits until it is. Returns 0, or
 * -1, and client_fault() knows why. */
int client_connect(struct nbd_handle *handle, const struct place *place, const struct uri *uri);

#endif
