/* SPDX-License-Identifier: MIT */
/* nbd_connect: how the connections of an endpoint_nbd come about: the first one, from which is learnt what
 * the disk and its server are like, and further ones, which join in as they come.
 *
 * Protocol: "Metadata querying" for what contexts are agreed on, "Block size constraints" for the traits.
 */
#ifndef DECANT_NBD_CONNECT_H
#define DECANT_NBD_CONNECT_H

#include "nbd/endpoint_nbd.h"

/* Makes the first connection, and waits for it; fills in the endpoint's contexts (those of `wanted` that the server
 * has) and traits. Returns 0, or -1 with the fault set; the endpoint is to be closed then too. */
int nbd_connect_first(struct endpoint_nbd *nbd, const struct contexts *wanted, struct fault *fault);

/* Begins more connections, which are for speed alone: as many as are wished for and worth it. Waits for none. */
void nbd_connect_more(struct endpoint_nbd *nbd, const struct wishes *wishes);

/* Sees whether one that was begun is there by now, and of use: it joins in, or is let go. */
void nbd_connect_look(struct endpoint_nbd *nbd, struct nbd_connection *connection);

#endif
