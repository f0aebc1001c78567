/* SPDX-License-Identifier: MIT */
/* nbd_loss: how the connections of an endpoint_nbd end that somebody still wants.
 */
#ifndef DECANT_NBD_LOSS_H
#define DECANT_NBD_LOSS_H

#include "nbd/endpoint_nbd.h"

/* Ends one that has joined; `words` say why. What it carried comes back. Of a destination, all end; where none is left, the
 * endpoint is lost. */
void nbd_loss_end(struct endpoint_nbd *nbd, struct nbd_connection *connection, const char *words);

/* Looks whether it is beyond use, and ends it then; to be called after what may have ended it. Returns whether it was. */
bool nbd_loss_look(struct endpoint_nbd *nbd, struct nbd_connection *connection);

/* How long the server may be silent over what it owes; 0: for ever. Whoever flushes is busy with its disk, and has no word
 * for anybody meanwhile. */
uint64_t nbd_loss_silence_ms(const struct endpoint_nbd *nbd, const struct nbd_connection *connection);

/* Ends one whose server was silent for too long, or lets it go where it hasn't joined. */
void nbd_loss_leave_silent(struct endpoint_nbd *nbd, struct nbd_connection *connection);

#endif
