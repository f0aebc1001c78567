/* SPDX-License-Identifier: MIT */
/* endpoint_file: a regular file or a block device.
 *
 * Requests are carried out within submit: through the page cache, but for a
 * device that is written to, which is opened for direct I/O. A destination
 * file is created, or emptied and made as long as the source, in prepare; a
 * block device keeps its size and whatever is not written to. A device that is
 * mounted or otherwise in use is refused as a destination.
 *
 * Holes are found with SEEK_DATA and SEEK_HOLE, and made by punching; a device
 * that can't punch is asked to zero a range, and then to write zeros by itself.
 */
#ifndef DECANT_ENDPOINT_FILE_H
#define DECANT_ENDPOINT_FILE_H

#include "endpoint.h"

#include <sys/stat.h>

struct endpoint_file {
  struct endpoint base;
  const char *path;
  int fd;             /* -1: a destination to be created */
  bool is_device;
  uint64_t file_size; /* a file: how long it is now, bytes */
  unsigned zero_ways_unknown; /* a bit for each way to make zeros that isn't known here */
  struct request_queue answered;
};

/* Opens the file or device at `path`, of which `found` is what stat() told, or
 * NULL for a destination that doesn't exist yet. Changes nothing. Returns 0, or
 * -1 with the fault set. */
int endpoint_file_open(struct endpoint_file *file, const char *path, const struct stat *found, enum role role,
                       struct fault *fault);

/* What identifies an open file or device. */
struct identity endpoint_identity(const struct stat *found);

#endif
