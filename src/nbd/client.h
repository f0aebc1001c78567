/* SPDX-License-Identifier: MIT */
/* client: what the rooms that hold connections of libnbd share: the server that a
 * place names, how it is reached and left, and libnbd's words for what failed.
 *
 * A handle has its client as its private data: tls_socket and wait find it there, so it
 * stays where it is as long as there are handles.
 */
#ifndef DECANT_CLIENT_H
#define DECANT_CLIENT_H

#include "base/error.h"
#include "disk/place.h"
#include "disk/uri.h"
#include "os/activation.h"
#include "os/loop.h"
#include "tls/tls.h"

#include <stdint.h>

struct nbd_handle;

struct client {
  const struct place *place; /* PLACE_URI or PLACE_COMMAND */
  const char *name;          /* of the place, for messages */
  struct uri uri;            /* PLACE_URI */
  struct tls tls;            /* its strings are the URI's */
  struct activation server;  /* PLACE_COMMAND */
  struct loop *loop;         /* hears signals */
  uint64_t deadline_ms;      /* until when calls of libnbd that wait may; by the loop's clock */
};

#define CLIENT_PATIENT UINT64_MAX

/* The most TLS sessions that connections to a place may take. */
unsigned client_sessions(const struct place *place, const struct wishes *wishes);

/* Reads the URI; connects to nothing yet. The place, the name, the wishes and the loop
 * stay the caller's; connections of nbds take sessions from the pool. Returns 0, or -1
 * with the fault set and nothing to close. */
int client_init(struct client *client, const struct place *place, const char *name, const struct wishes *wishes,
                struct loop *loop, struct tls_pool *pool, struct fault *fault);

/* Makes a handle, for the client's place; NULL: there is no memory. */
struct nbd_handle *client_create(struct client *client);

/* Begins to connect a handle, for the export that the URI names; starts the command.
 * Returns 0, or -1 with the fault set, which says that `what` (a verb) could not be done. */
int client_begin(struct client *client, struct nbd_handle *handle, const char *what, struct fault *fault);

/* The same, and waits until it is connected. */
int client_connect(struct client *client, struct nbd_handle *handle, const char *what, struct fault *fault);

/* Says goodbye where nothing is under way, and closes the handle (or NULL). A server
 * that doesn't answer is not waited for long: for all of a client's handles together, once
 * the first was left. */
void client_leave(struct client *client, struct nbd_handle *handle);

/* Ends a server that was started, after the last handle. Returns 0, or -1 with the
 * fault set where it had to be killed. */
int client_close(struct client *client, struct fault *fault);

/* Sets a fault: what failed, where, and what libnbd says of it, or that a signal came, or
 * how a server that was started has ended. Returns -1. */
int client_fault(struct client *client, const char *what, struct fault *fault);

/* libnbd's words for what failed last, without the name of its function, which tells an
 * operator nothing. */
const char *client_words(void);

#endif
