/* SPDX-License-Identifier: MIT */
/* job_info: `decant info`, and nbdinfo, from the options to the end. */
#ifndef DECANT_JOB_INFO_H
#define DECANT_JOB_INFO_H

#include "options.h"

/* Returns 0, or -1 with the fault set. */
int job_info(const struct options *options, struct fault *fault);

#endif
