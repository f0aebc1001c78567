/* SPDX-License-Identifier: MIT */
/* inherited: what the command line names of the descriptors that we were started with:
 * standard input and output, --progress=FD, paths such as /dev/fd/7. They have to be
 * there, and what is to be said must not land in the disk.
 */
#ifndef DECANT_INHERITED_H
#define DECANT_INHERITED_H

#include "cli/options.h"

#include <stdbool.h>

/* To be called before anything is opened: later, what isn't there may be a descriptor
 * of our own. Returns 0, or -1 with the fault set. */
int inherited_check(const struct options *options, struct fault *fault);

/* Likewise, whether what is said on standard error would become part of the disk. */
bool inherited_says_into_disk(const struct options *options);

#endif
