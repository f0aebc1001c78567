/* SPDX-License-Identifier: MIT */
/* turn: one turn of the loop, for whoever carries something between ends.
 *
 * An engine takes steps while it has any, up to a number of them; then all ends say what they wait for, the engine adds its own
 * alarms, and the loop waits.
 */
#ifndef DECANT_TURN_H
#define DECANT_TURN_H

#include "disk/endpoint.h"
#include "os/loop.h"

#include <stdbool.h>

#define TURN_ENDS_MAX 3

struct turn {
  struct loop *loop;
  struct endpoint *ends[TURN_ENDS_MAX]; /* NULL: fewer */
};

/* Begins a new list of what the loop waits for, with what all ends do. */
void turn_begin(const struct turn *turn);

/* Waits; not where there is more to do: then this is only a look at what has come. All ends are served. Returns 0, or -1 with the
 * fault set. */
int turn_wait(const struct turn *turn, bool is_busy, struct fault *fault);

#endif
