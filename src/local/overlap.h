/* SPDX-License-Identifier: MIT */
/* overlap: whether two ends have bytes in common, though they aren't the same file or device.
 *
 * A partition lies on its disk, and a loop device on its file or device: sysfs tells, down to the bottom. What
 * was written there in parts, side by side, doesn't overlap. Without sysfs nothing is known to.
 */
#ifndef DECANT_OVERLAP_H
#define DECANT_OVERLAP_H

#include "disk/identity.h"

#include <sys/stat.h>

/* Which file or device it is that stat() found. */
struct identity overlap_identity(const struct stat *found);

bool overlap_is_there(const struct identity *a, const struct identity *b);

#endif
