/* SPDX-License-Identifier: MIT */
/* file_carry: carries out a file's or device's request past the ring, and so waits for it.
 *
 * What a ring began may be ended here. Each returns 0 or an errno.
 */
#ifndef DECANT_FILE_CARRY_H
#define DECANT_FILE_CARRY_H

#include "local/endpoint_file.h"

/* All of a request, or what is left of it. */
int file_carry_out(struct endpoint_file *file, struct request *request);

/* What of a read came is data. Returns `errnum`. */
int file_carry_tell_read(struct request *request, int errnum);

/* The last part of a flush: the name of a new file is part of what must survive. */
int file_carry_flush_name(const struct endpoint_file *file);

#endif
