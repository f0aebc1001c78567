/* SPDX-License-Identifier: MIT */
/* buffers: the payload, divided for two ends, as a run of the engine has it. */
#ifndef DECANT_BUFFERS_H
#define DECANT_BUFFERS_H

#include "cli/options.h"
#include "copy/copy.h"
#include "os/arena.h"

/* Divides the operator's memory for the ends that the config names, and lays the buffers out in the arena: behind `used`, so that
 * one run after the other may have them. Returns 0, or -1 with the fault set. */
int buffers_plan(struct copy_config *config, const struct options *options, struct arena *arena, size_t used,
                 struct fault *fault);

#endif
