/* SPDX-License-Identifier: MIT */
/* nbd_requests: what the connections of an endpoint_nbd carry, from when it is submitted until it comes back with its answer.
 *
 * Protocol: "Structured replies" for reads, "Error values" for a server that shuts down.
 */
#ifndef DECANT_NBD_REQUESTS_H
#define DECANT_NBD_REQUESTS_H

#include "nbd/endpoint_nbd.h"

/* Gives a request to the connection that should be through with it first; where there is none, it comes back with ENOTCONN. */
void nbd_requests_submit(struct endpoint_nbd *nbd, struct request *request);

/* The next request that has come back, or NULL. Makes no call that waits. */
struct request *nbd_requests_take(struct endpoint_nbd *nbd);

/* All that a connection carries comes back: with its answer where that has come, else with ENOTCONN. */
void nbd_requests_return(struct endpoint_nbd *nbd, struct nbd_connection *connection);

/* What the server owes longest, on a connection that carries something. */
const struct request *nbd_requests_oldest(const struct nbd_connection *connection);

#endif
