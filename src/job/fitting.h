/* SPDX-License-Identifier: MIT */
/* fitting: whether what a source begins with belongs where it is to be written: a whole disk onto a disk with sectors of the same size,
 * one filesystem onto a partition. What doesn't would be there, and nobody would find it.
 */
#ifndef DECANT_FITTING_H
#define DECANT_FITTING_H

#include "job/probe.h"

/* Looks at the first `length` bytes of the source, in the ends' buffer; the destination is a block device. Refuses what doesn't belong
 * there, unless the operator wants it all the same (--any-sector-size, --force-destination); as nbdcopy, only says so. Returns 0, or -1
 * with the fault set. */
int fitting_check(const struct probe_ends *ends, uint64_t length, const struct options *options, struct fault *fault);

#endif
