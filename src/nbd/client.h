/* SPDX-License-Identifier: MIT */
/* client: what the rooms that hold connections of libnbd share: the server that a
 * place names, how it is reached and left, and libnbd's words for what failed.
 *
 * A host's name is looked up once; its addresses are tried in turn, each by a handle of its own,
 * since libnbd's can't be used again. No wait is longer than the client is patient (see wait.c).
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
#include "os/lookup.h"
#include "os/loop.h"
#include "tls/tls.h"

#include <stdbool.h>
#include <stdint.h>

struct nbd_handle;

struct client {
  const struct place *place;    /* PLACE_URI or PLACE_COMMAND */
  const char *name;             /* of the place, for messages */
  struct uri uri;               /* PLACE_URI */
  struct addresses addresses;   /* likewise; none: it hasn't been looked up */
  unsigned address;             /* whose turn it is: the one that was good, until it isn't */
  struct tls tls;               /* its strings are the URI's */
  struct activation server;     /* PLACE_COMMAND */
  struct loop *loop;            /* hears signals */
  uint64_t timeout_ms, wait_ms; /* the wishes' */
  uint64_t silence_ms;          /* how long the server may be silent in calls of libnbd that wait; 0: for ever */
  uint64_t deadline_ms;         /* until when these may wait at all; by the loop's clock */
  bool has_given_up;            /* one of these waits ended without what it was for */
  bool was_cut;                 /* TLS ended without a word */
  bool may_pass;                /* what client_fault() told last: a server that can't be reached, is lost or silent */
};

#define CLIENT_PATIENT UINT64_MAX

/* How a handle is set up before it connects: returns -1 where libnbd doesn't want that. And what belongs to connecting
 * besides, once it has: returns -1 with the fault set; NULL: nothing. */
struct client_setup {
  int (*configure)(struct nbd_handle *handle, const void *how);
  const void *how;
  int (*conclude)(void *context, struct nbd_handle *handle, struct fault *fault);
  void *context;
};

/* The most TLS sessions that connections to a place may take. */
unsigned client_sessions(const struct place *place, const struct wishes *wishes);

/* Reads the URI; connects to nothing yet. The place, the name, the wishes and the loop
 * stay the caller's; connections of nbds take sessions from the pool. Returns 0, or -1
 * with the fault set and nothing to close. */
int client_init(struct client *client, const struct place *place, const char *name, const struct wishes *wishes,
                struct loop *loop, struct tls_pool *pool, struct fault *fault);

/* Makes a handle and begins to connect it, for the export that the URI names, to the address whose turn it is; starts the
 * command. Waits for nothing; addresses have been looked up. Returns a handle, which may be dead already, as libnbd
 * knows why, or NULL with the fault set, which says that `what` (a verb) could not be done. */
struct nbd_handle *
client_begin(struct client *client, const struct client_setup *setup, const char *what, struct fault *fault);

/* Turns to the next address, after one that was no good. */
void client_turn(struct client *client);

/* Whether the server was never heard of on this handle: it isn't there (yet), or not at this address. */
bool client_is_unheard(struct nbd_handle *handle);

/* Looks up the addresses, connects and waits, as long as the operator wishes, also for a server that isn't there yet or is
 * lost or silent before all is concluded; one that refuses is not asked twice.
 * Returns the handle, or NULL with the fault set. */
struct nbd_handle *
client_connect(struct client *client, const struct client_setup *setup, const char *what, struct fault *fault);

/* The next pause between two attempts: from PAUSE_MS_MIN to PAUSE_MS_MAX, twice as long as the one before (0: there was
 * none), but none quite like another, since a thousand machines may be waiting for the same server. */
uint64_t client_pause_ms(uint64_t *pause_ms);

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

/* What a time is called in words: "30 s". */
#define CLIENT_TIME_BYTES 24
void client_time(uint64_t ms, char text[CLIENT_TIME_BYTES]);

/* libnbd's words for what failed last, without the name of its function, which tells an
 * operator nothing. */
const char *client_words(void);

/* Why a connection is gone, which libnbd says of it: a closed or a dead one. */
const char *client_end_words(struct nbd_handle *handle);

#endif
