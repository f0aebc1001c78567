/* SPDX-License-Identifier: MIT */
/* endpoint_nbd: an NBD export, over one or several connections of libnbd.
 *
 * The first connection is all that a copy needs: further ones are begun with it, join in as
 * they come (a server may leave those in its queue for which it has no room), and are
 * never waited for. A request goes to the connection that should be through with it first, by how many it has in
 * flight and how often it answers beside the others. libnbd's callbacks only note what a reply held; everything else
 * happens in submit, serve and take.
 *
 * When a connection dies, or its server owes an answer and is silent for too long, it is closed, and what it carried
 * comes back with ENOTCONN, as does what is submitted while there is none. While others are left, it is
 * replaced by and by; the last one leaves the endpoint lost, until it is reopened and shows the same disk.
 *
 * Protocol: "Block size constraints" for the traits, "Metadata querying" for
 * surveys, "Structured replies" for reads.
 */
#ifndef DECANT_ENDPOINT_NBD_H
#define DECANT_ENDPOINT_NBD_H

#include "disk/place.h"
#include "disk/endpoint.h"
#include "nbd/client.h"
#include "os/arena.h"

#include <limits.h>
#include <stdbool.h>

struct nbd_handle;

/* The most requests that wait for one connection. */
#define NBD_IN_FLIGHT_MAX (SLOTS_MAX + WRITES_MAX)

#define NBD_UNWATCHED UINT_MAX
#define NBD_PACE_UNIT 8

struct nbd_connection {
  struct nbd_handle *handle; /* NULL: it is gone */
  struct request *in_flight[NBD_IN_FLIGHT_MAX];
  unsigned count;
  unsigned flushes; /* of these */
  unsigned watched; /* the loop's index, this turn; NBD_UNWATCHED: it is new */
  uint64_t answer;  /* the number of its last answer, or of the endpoint's last when it had nothing to do */
  unsigned pace;    /* answers of the endpoint for one of its own, on average, times NBD_PACE_UNIT */
  bool joined;      /* its handshake is over, and it takes requests */
  bool replaced;    /* had joined, and is to do so again */
  bool leaving;     /* its server has answered that it shuts down */
  bool heard;       /* the server's silence begins anew: it did something, or was idle */
  bool due;         /* it was silent for too long, or is to be replaced, unless something comes now */
  uint64_t heard_ms;
  uint64_t again_ms;      /* when it is replaced; 0: not decided */
  uint64_t pause_ms;      /* see client_pause_ms() */
  unsigned first_address; /* where the attempt to connect began */
};

struct endpoint_nbd {
  struct endpoint base;
  struct client client;
  enum role role;
  struct nbd_connection connections[CONNECTIONS_MAX]; /* the first made the endpoint what it is */
  unsigned count;                                     /* used of them */
  unsigned joined;                                    /* take requests */
  unsigned connections_max;                           /* wished for; 0: as many as are worth it */
  bool many;                                          /* there may be several */
  uint64_t answers;                                   /* so far */
  unsigned requests_per_connection;
  uint64_t read_max; /* longer reads are asked for in parts, since the server answers them in too many pieces */
  char last_words[ENDPOINT_WORDS_BYTES]; /* why the last connection was lost, or isn't there again */
  struct request_queue home;             /* requests whose connection is gone, to be handed back */
};

/* Connects to the export that the place names (PLACE_URI or PLACE_COMMAND) and
 * learns what it can do; waits for the server. Begins up to wishes->connections, or as many as the line is worth,
 * where the server says that they see each other's writes (multi-conn); those of
 * nbds take TLS sessions from the pool. Waits hear the loop's signals. Returns 0, or -1 with
 * the fault set and nothing to close. */
int endpoint_nbd_open(struct endpoint_nbd *nbd, const struct place *place, enum role role, const struct wishes *wishes,
                      struct loop *loop, struct tls_pool *pool, struct fault *fault);

#endif
