/* SPDX-License-Identifier: MIT */
/* file_length: see file_length.h. */
#include "local/file_length.h"

#include "base/range.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* By how much a stream's file is grown ahead of what is written to it. */
#define GROWTH_BYTES (64 * MIB)

static int
set_length(struct endpoint_file *file, uint64_t bytes)
{
  if (ftruncate(file->fd, (off_t)bytes) == -1)
    return errno;
  file->length_bytes = bytes;
  return 0;
}

/* From what it was given by us; if others changed it meanwhile, that must show. */
static int
change_length(struct endpoint_file *file, uint64_t bytes)
{
  return file_length_is_lost(file) ? EIO : set_length(file, bytes);
}

/* There may be a bound to its length, or no holes and little space. */
static int
grow_ahead(struct endpoint_file *file)
{
  int errnum = change_length(file, file->content_bytes + file->ahead_bytes);

  return errnum && file->length_bytes < file->content_bytes ? change_length(file, file->content_bytes) : 0;
}

static int
empty_and_grow(struct endpoint_file *file, bool empties)
{
  int errnum = empties ? set_length(file, 0) : 0;

  return errnum ? errnum : grow_ahead(file);
}

int
file_length_begin(struct endpoint_file *file, uint64_t size)
{
  file->content_bytes = size == SIZE_UNKNOWN ? file->start : size;
  file->ahead_bytes = size == SIZE_UNKNOWN ? GROWTH_BYTES : 1;
  file->durable_bytes = file->start;
  return empty_and_grow(file, !file->is_resumed);
}

int
file_length_grow(struct endpoint_file *file, uint64_t end)
{
  if (file->is_device)
    return 0;
  if (file->keeps)
    return file_length_is_lost(file) ? EIO : 0;
  file->content_bytes = range_max(file->content_bytes, end);
  return file->content_bytes < file->length_bytes ? 0 : grow_ahead(file);
}

int
file_length_cut(struct endpoint_file *file)
{
  return file->content_bytes < file->length_bytes ? change_length(file, file->content_bytes) : 0;
}

void
file_length_flushed(struct endpoint_file *file)
{
  file->durable_bytes = file->former_bytes = file->content_bytes;
}

bool
file_length_fits(const struct endpoint_file *file, uint64_t bytes)
{
  if (file->is_source || file->keeps)
    return bytes == file->length_bytes;
  return bytes == file->former_bytes ||
         (bytes >= file->durable_bytes && bytes <= file->content_bytes + file->ahead_bytes);
}

int
file_length_go_on(struct endpoint_file *file, uint64_t bytes)
{
  file->length_bytes = bytes;
  if (file->is_source || file->keeps)
    return 0;
  /* That it was emptied may be lost as well, and what it held before would show wherever zeros aren't written. */
  return empty_and_grow(file, !file->is_resumed && file->durable_bytes == 0);
}

bool
file_length_is_lost(const struct endpoint_file *file)
{
  struct stat now;

  if (file->is_device || fstat(file->fd, &now) == -1)
    return false;
  return file->is_source ? (uint64_t)now.st_size < file->length_bytes : (uint64_t)now.st_size != file->length_bytes;
}
