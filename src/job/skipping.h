/* SPDX-License-Identifier: MIT */
/* skipping: --skip-identical for a copy: its memory, and what it comes to. */
#ifndef DECANT_SKIPPING_H
#define DECANT_SKIPPING_H

#include "cli/options.h"
#include "copy/copy.h"
#include "copy/skip_identical.h"
#include "job/outcome.h"
#include "os/arena.h"

#include <stdbool.h>

/* Begins as zeros. */
struct skipping {
  struct skip_identical *skip; /* in the arena; NULL: all is written */
  unsigned char *buffers;      /* likewise */
};

/* How much of an arena it takes. */
size_t skipping_bytes(const struct options *options);

/* Takes its memory. */
void skipping_open(struct skipping *skipping, const struct options *options, struct arena *arena);

/* The destination is open: whether it can be compared. Returns 0, or -1 with the fault set. */
int skipping_check(const struct skipping *skipping, const struct endpoint *destination, struct fault *fault);

/* The copy is configured, and its destination prepared: puts what compares in the destination's place. */
void skipping_begin(struct skipping *skipping, struct copy_config *config);

/* The copy has run: notes how much was written, and says so where it went well. */
void skipping_tell(const struct skipping *skipping, const struct options *options, bool says, struct outcome *outcome);

#endif
