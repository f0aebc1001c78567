/* SPDX-License-Identifier: MIT */
/* holding: --hold-back for a copy: its memory, what of it is to be copied when it goes on, and what a failed one leaves behind.
 *
 * What is held (copy/hold_back) is copied anew whenever a copy goes on, since it is zeros on the destination until all is there. So
 * where the copy goes on from an offset, both ends are wanted and what lies between them and the offset isn't; a stream is read from
 * its front in any case, and what of it is there already isn't written again.
 */
#ifndef DECANT_HOLDING_H
#define DECANT_HOLDING_H

#include "cli/options.h"
#include "copy/copy.h"
#include "copy/hold_back.h"
#include "copy/selection.h"
#include "job/keeper.h"
#include "os/arena.h"

#include <stdbool.h>

/* Begins as zeros. */
struct holding {
  struct hold_back hold;
  unsigned char *buffer; /* in the arena; NULL: nothing is held back */
  bool is_on;            /* the copy has what holds them back for its destination */
  struct areas *left;    /* in the arena: where a copy goes on; NULL: it begins at 0 */
  struct selection selection;
};

/* How much of an arena it takes. */
size_t holding_bytes(const struct options *options);

/* Takes its memory. */
void holding_open(struct holding *holding, const struct options *options, struct arena *arena);

/* Both ends are open: whether the destination's ends can be held back. Returns 0, or -1 with the fault set. */
int holding_check(const struct holding *holding, const struct options *options, const struct endpoint *destination,
                  struct fault *fault);

/* The copy is configured, and its destination prepared: puts what holds its ends back in the destination's place, and in the map. Where
 * something follows the copy that changes them (ending.h), they are held until that is done. */
void holding_begin(struct holding *holding, const struct options *options, struct keeper *keeper,
                   struct copy_config *config);

/* How much of either end of a destination, which the copy has begun with, isn't there yet; 0: nothing is missing. */
uint64_t holding_missing(const struct holding *holding);

/* The copy has failed: says in the fault what the destination's ends are. */
void holding_tell(const struct holding *holding, struct fault *fault);

#endif
