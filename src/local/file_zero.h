/* SPDX-License-Identifier: MIT */
/* file_zero: the ways to make zeros in a file or on a device, without writing them ourselves.
 *
 * A hole is punched; where that can't be, or isn't wanted, a range is zeroed, and a device is told to write
 * zeros by itself. A way that the kernel, the file system or the device doesn't know isn't tried again.
 *
 * Most do it in no time, and some write zeros for minutes. So they are made in parts that take a fraction of a second,
 * by what the last one took, and in the ring, where the loop can wait for them; small ones, of which a disk may have
 * thousands, within submit as long as that is quick.
 */
#ifndef DECANT_FILE_ZERO_H
#define DECANT_FILE_ZERO_H

#include "local/endpoint_file.h"

/* Nothing is known yet of how long zeros take. The file's kind is known. */
void file_zero_begin(struct endpoint_file *file);

/* Whether a REQUEST_ZERO is to be carried out in the ring, if there is one. */
bool file_zero_wants_ring(const struct endpoint_file *file, const struct request *request);

/* How many bytes at the front of a REQUEST_ZERO are to be made at once. */
uint64_t file_zero_part(const struct endpoint_file *file, const struct request *request);

/* Carries out a REQUEST_ZERO. Returns 0, or an errno: EOPNOTSUPP where no way is left for this one. */
int file_zero(struct endpoint_file *file, const struct request *request);

/* The mode in which the ring's fallocate carries out a REQUEST_ZERO; 0: it can't. */
int file_zero_mode(const struct endpoint_file *file, const struct request *request);

/* Whether an errno that the ring answered says that this way isn't known here: it isn't tried again then. */
bool file_zero_is_unknown(struct endpoint_file *file, int mode, int errnum);

/* Learns from how long a zero of this length took. */
void file_zero_took(struct endpoint_file *file, uint64_t length, uint64_t us);

#endif
