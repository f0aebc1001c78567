/* SPDX-License-Identifier: MIT */
/* file_carry: see file_carry.h. */
#include "local/file_carry.h"

#include "base/range.h"
#include "local/file_direct.h"
#include "local/file_length.h"
#include "local/file_name.h"
#include "local/file_zero.h"

#include <errno.h>
#include <unistd.h>

int
file_carry_tell_read(struct request *request, int errnum)
{
  chunks_clear(request->chunks);
  chunks_add(request->chunks, 0, request->done, false);
  return errnum;
}

/* What is left of a read, at once. */
static int
read_rest(struct endpoint_file *file, struct request *request)
{
  int errnum = 0;

  while (errnum == 0 && request->done < request->length) {
    ssize_t n = pread(file_direct_cached_fd(file), request->payload + request->done, request->length - request->done,
                      (off_t)(request->offset + request->done));
    if (n > 0)
      request->done += (uint64_t)n;
    else if (n == 0)
      errnum = EIO; /* the file became shorter while we read it */
    else if (errno != EINTR)
      errnum = errno;
  }
  return file_carry_tell_read(request, errnum);
}

/* What is left of a write, at once. */
static int
write_rest(struct endpoint_file *file, struct request *request)
{
  while (request->done < request->length) {
    int fd = file_direct_takes(file, request) ? file->fd : file_direct_cached_fd(file);
    ssize_t n = pwrite(fd, request->payload + request->done, request->length - request->done,
                       (off_t)(request->offset + request->done));
    if (n > 0)
      request->done += (uint64_t)n;
    else if (n == 0)
      return ENOSPC;
    else if (errno == EINVAL && fd == file->fd && file->cached_fd != -1)
      file->is_direct = false; /* a file system that wants more than it says */
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

int
file_carry_flush_name(const struct endpoint_file *file)
{
  return file->is_device ? 0 : file_name_flush(file->path);
}

static int
flush_file(struct endpoint_file *file)
{
  return fsync(file->fd) == -1 ? errno : file_carry_flush_name(file);
}

static int
survey_file(struct endpoint_file *file, const struct request *request)
{
  struct survey *survey = request->survey;
  uint64_t end = range_end(request->offset, request->length);
  uint64_t at = request->offset;

  survey_begin(survey, file->base.contexts.count);
  survey_reply(survey, 0);
  while (at < end && survey->count < survey->max) {
    off_t data = lseek(file->fd, (off_t)at, SEEK_DATA);
    int errnum = errno;
    if (data == -1 && errnum == ENXIO && file_length_is_lost(file))
      return EIO;                      /* what lay here isn't a hole, it is gone */
    if (data == -1 && errnum == ENXIO) /* no data from here to the end */
      data = (off_t)end;
    if (data == -1)
      return errnum;
    bool zero = (uint64_t)data > at;
    off_t next = zero ? data : lseek(file->fd, data, SEEK_HOLE);
    if (next == -1 || (uint64_t)next <= at)
      return next == -1 ? errno : EIO;
    survey_add(survey, (uint64_t)next - at, zero ? EXTENT_HOLE | EXTENT_ZERO : 0);
    at = (uint64_t)next;
  }
  return 0;
}

int
file_carry_out(struct endpoint_file *file, struct request *request)
{
  switch (request->kind) {
  case REQUEST_READ:
    return read_rest(file, request);
  case REQUEST_WRITE:
    return write_rest(file, request);
  case REQUEST_ZERO:
    return file_zero(file, request);
  case REQUEST_SURVEY:
    return survey_file(file, request);
  case REQUEST_FLUSH:
    return flush_file(file);
  }
  return EOPNOTSUPP;
}
