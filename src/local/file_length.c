/* SPDX-License-Identifier: MIT */
/* file_length: see file_length.h. */
#include "local/file_length.h"

#include "base/range.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* By how much a file is grown ahead of what is written to it. */
#define GROWTH_BYTES (64 * MIB)

static int
set_length(struct endpoint_file *file, uint64_t bytes)
{
  if (ftruncate(file->fd, (off_t)bytes) == -1)
    return errno;
  file->length_bytes = bytes;
  return 0;
}

int
file_length_begin(struct endpoint_file *file, uint64_t size)
{
  file->content_bytes = size == SIZE_UNKNOWN ? 0 : size;
  int errnum = set_length(file, 0);
  return errnum ? errnum : set_length(file, file->content_bytes);
}

int
file_length_grow(struct endpoint_file *file, uint64_t end)
{
  if (file->is_device)
    return 0;
  file->content_bytes = range_max(file->content_bytes, end);
  if (end <= file->length_bytes)
    return 0;
  /* There may be a bound to its length, or no holes and little space. */
  return set_length(file, end + GROWTH_BYTES) == 0 ? 0 : set_length(file, end);
}

int
file_length_cut(struct endpoint_file *file)
{
  return file->content_bytes < file->length_bytes ? set_length(file, file->content_bytes) : 0;
}

bool
file_length_is_cut(const struct endpoint_file *file)
{
  struct stat now;

  return !file->is_device && fstat(file->fd, &now) == 0 && (uint64_t)now.st_size < file->length_bytes;
}
