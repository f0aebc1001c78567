/* SPDX-License-Identifier: MIT */
/* job_map: `decant map`, and `nbdinfo --map`, from the options to the end. */
#ifndef DECANT_JOB_MAP_H
#define DECANT_JOB_MAP_H

#include "options.h"

/* Returns 0, or -1 with the fault set. */
int job_map(const struct options *options, struct fault *fault);

#endif
