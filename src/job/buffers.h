/* SPDX-License-Identifier: MIT */
/* buffers: the payload, reserved, and divided for two ends, as a run of the engine has it. */
#ifndef DECANT_BUFFERS_H
#define DECANT_BUFFERS_H

#include "cli/options.h"
#include "copy/copy.h"
#include "os/arena.h"

/* Reserves the arena: so many bytes of tables, the operator's memory, and where nobody said how much that is, beside it what the
 * machine can spare. Returns 0, or -1 with the fault set. */
int buffers_reserve(struct arena *arena, const struct options *options, size_t tables_bytes, struct fault *fault);

/* Divides the memory for the ends that the config names, and lays the buffers out in the arena: behind `used`, so that
 * one run after the other may have them. Returns 0, or -1 with the fault set. */
int buffers_plan(struct copy_config *config, const struct options *options, struct arena *arena, size_t used,
                 struct fault *fault);

#endif
