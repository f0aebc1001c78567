/* SPDX-License-Identifier: MIT */
/* ask: one request to an endpoint, and the wait for its answer, where nothing else is
 * under way. */
#ifndef DECANT_ASK_H
#define DECANT_ASK_H

#include "disk/endpoint.h"
#include "os/loop.h"

/* Submits the request and waits until it is answered: well or not, as it says itself.
 * Returns 0, or -1 with the fault set when a signal came first; the request is with the
 * endpoint then, until that is closed. */
int ask(struct endpoint *endpoint, struct loop *loop, struct request *request, struct fault *fault);

#endif
