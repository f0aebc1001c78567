/* SPDX-License-Identifier: MIT */
/* server: asking an NBD server what it knows, before any data moves: libnbd between
 * the handshake and the choice of an export ("Fixed newstyle negotiation" in the
 * protocol), or where a server is too old for that, behind it.
 */
#ifndef DECANT_SERVER_H
#define DECANT_SERVER_H

#include "base/names.h"
#include "disk/place.h"
#include "nbd/client.h"
#include "report/facts.h"

#include <stdbool.h>
#include <stddef.h>

struct nbd_handle;

struct server {
  struct nbd_handle *handle;
  struct client client;
  char name[NAME_BYTES_MAX]; /* for messages */
};

/* Connects to a place, a PLACE_URI or PLACE_COMMAND; waits for it. Place, wishes
 * and loop stay the caller's; a connection of nbds takes a TLS session from the pool.
 * The server must stay where it is. Returns 0, or -1 with the fault set and nothing to close. */
int server_open(struct server *server, const struct place *place, const struct wishes *wishes, struct loop *loop,
                struct tls_pool *pool, struct fault *fault);

/* Ends the connection; a server that was started ends too. */
void server_close(struct server *server);

/* Lists its exports: a name and a description, in turn. Returns 0, or -1 with the
 * fault set. */
int server_list(struct server *server, struct names *exports, struct fault *fault);

/* Turns to an export; the one that the URI names, or "", is there at first. Returns
 * 0, or -1 with the fault set. */
int server_choose(struct server *server, const char *export_name, struct fault *fault);

/* Learns what is known of the connection alone, and all else as unknown. */
void server_learn_connection(struct server *server, struct facts *facts);

/* Learns all about the export but its content; facts->contexts is a list that was
 * begun. With `enter`, by entering it at once: to tell about one beforehand, a server may open and close it, and there are some that
 * end when the last one was closed. Returns 0, or -1 with the fault set. */
int server_learn_export(struct server *server, bool enter, struct facts *facts, struct fault *fault);

/* Writes how to reach the export again; "" where that can't be. Returns 0, or -1 with the fault set. */
int server_uri(struct server *server, char text[URI_TEXT_BYTES], struct fault *fault);

/* Enters the export, so that it can be read; it can't be changed any more. Corrects
 * the size, which nbd-server tells only now. Returns 0, or -1 with the fault set. */
int server_enter(struct server *server, struct facts *facts, struct fault *fault);

/* Reads the first bytes of the export that was entered into memory of
 * CONTENT_PROBE_BYTES and says what they look like; what the server doesn't let us read is
 * unknown. Returns 0, or -1 with the fault set where the connection was lost. */
int server_learn_content(struct server *server, struct facts *facts, unsigned char *bytes, struct fault *fault);

/* Whether nothing more can be asked: the connection was lost, or a wait was given up. */
bool server_is_lost(const struct server *server);

#endif
