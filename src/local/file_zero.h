/* SPDX-License-Identifier: MIT */
/* file_zero: the ways to make zeros in a file or on a device, without writing them.
 *
 * A hole is punched; where that can't be, or isn't wanted, a range is zeroed, and a device is told to write
 * zeros by itself. A way that the kernel, the file system or the device doesn't know isn't tried again.
 */
#ifndef DECANT_FILE_ZERO_H
#define DECANT_FILE_ZERO_H

#include "local/endpoint_file.h"

/* Carries out a REQUEST_ZERO. Returns 0, or an errno: EOPNOTSUPP where no way is left for this one. */
int file_zero(struct endpoint_file *file, const struct request *request);

#endif
