/* SPDX-License-Identifier: MIT */
/* nbd_connect: how the connections of an endpoint_nbd come about: the first one, from which is learnt what
 * the disk and its server are like; further ones, which join in as they come; and those that take the place of what was lost.
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
void nbd_connect_more(struct endpoint_nbd *nbd);

/* There is no connection that takes requests, and none is waited for: those that are still coming needn't. The end is
 * lost, as its last words say. */
void nbd_connect_lost(struct endpoint_nbd *nbd);

/* Begins one anew that was lost. Where all were, the endpoint waits for this one. */
void nbd_connect_again(struct endpoint_nbd *nbd, struct nbd_connection *connection);

/* Sees whether one that was begun is there by now, and of use: it joins in, or is let go. */
void nbd_connect_look(struct endpoint_nbd *nbd, struct nbd_connection *connection);

/* How long the server may be silent on one that hasn't joined, in milliseconds; 0: for ever. Only one that all wait for is
 * in a hurry: a server may leave the others in its queue. */
uint64_t nbd_connect_patience_ms(const struct endpoint_nbd *nbd, const struct nbd_connection *connection);

/* Lets one go that hasn't joined, for the next address if there is one; `words` say why. */
void nbd_connect_give_up(struct endpoint_nbd *nbd, struct nbd_connection *connection, const char *words);

#endif
