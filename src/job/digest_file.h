/* SPDX-License-Identifier: MIT */
/* digest_file: the file that a digest is written to once the copy has succeeded.
 *
 * It is opened before anything else, so that hours aren't spent on what can't be
 * written then, but what it holds stays as it is until there is something new. One that
 * was made for it goes away again if it isn't written.
 */
#ifndef DECANT_DIGEST_FILE_H
#define DECANT_DIGEST_FILE_H

#include "base/error.h"
#include "disk/identity.h"

#include <stdbool.h>

struct digest_file {
  const char *path; /* NULL: there is none */
  int fd;
  bool is_made;    /* it wasn't there */
  bool is_regular; /* else a FIFO or a device, which is written to as it comes */
  struct identity identity;
};

/* Opens the file at `path` (NULL: none) for writing; makes it if it isn't there.
 * Returns 0, or -1 with the fault set. */
int digest_file_open(struct digest_file *file, const char *path, struct fault *fault);

/* Replaces what it holds, and closes it. Returns 0, or -1 with the fault set. */
int digest_file_write(struct digest_file *file, const char *text, struct fault *fault);

/* Closes it, unless it was written, and leaves all as it was. */
void digest_file_abandon(struct digest_file *file);

#endif
