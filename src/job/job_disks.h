/* SPDX-License-Identifier: MIT */
/* job_disks: `decant disks`: shows the disks of this machine, or the one that a selector means. */
#ifndef DECANT_JOB_DISKS_H
#define DECANT_JOB_DISKS_H

#include "job/choose.h"

/* Prints row by row. Returns 0, or -1 with the fault set. */
int job_disks(struct choose *choose, const struct options *options, struct fault *fault);

#endif
