/* SPDX-License-Identifier: MIT */
/* block_file: see block_file.h. */
#include "job/block_file.h"

#include "local/file_name.h"
#include "local/overlap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
cannot_write_blocks(const struct block_file *file, const char *done, int errnum, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, errnum, "%scannot write to --blocks=%.512s", done, file->path);
}

/* What is buffered goes into the file; of one that failed, nothing more. */
static void
write_buffer(struct block_file *file)
{
  for (size_t at = 0; at < file->used && !file->errnum;) {
    ssize_t written = write(file->fd, file->buffer + at, file->used - at);
    if (written == -1 && errno != EINTR)
      file->errnum = errno;
    at += written > 0 ? (size_t)written : 0;
  }
  file->used = 0;
}

static void
take_digest(struct digest_sink *sink, const uint8_t *digest, unsigned bytes)
{
  struct block_file *file = (struct block_file *)sink;

  if (file->used + bytes > sizeof file->buffer)
    write_buffer(file);
  memcpy(file->buffer + file->used, digest, bytes);
  file->used += bytes;
}
_Static_assert(offsetof(struct block_file, sink) == 0, "a file is found by its sink");

/* A special file is what it is; all others are replaced, by one that is made beside them. */
static int
find_names(struct block_file *file, const struct stat *found, const char *path)
{
  struct stat in_way;

  if (found && !S_ISREG(found->st_mode)) {
    file->fd = open(path, O_WRONLY | O_CLOEXEC);
    return file->fd == -1 ? -1 : 0;
  }
  if (!found && file_name_is_for_devices(path)) {
    errno = ENXIO;
    return -1;
  }
  if (!found || !realpath(path, file->name))
    snprintf(file->name, sizeof file->name, "%s", path);
  snprintf(file->fresh, sizeof file->fresh, "%s.new", file->name);
  if (stat(file->fresh, &in_way) == 0)
    file->in_way = overlap_identity(&in_way);
  return 0;
}

int
block_file_open(struct block_file *file, const char *path, struct fault *fault)
{
  struct stat found;

  file->sink.take = take_digest;
  file->path = path;
  file->fd = -1;
  if (!path)
    return 0;
  bool is_there = stat(path, &found) == 0;
  if (is_there)
    file->identity = overlap_identity(&found);
  return find_names(file, is_there ? &found : NULL, path) == 0 ? 0 : cannot_write_blocks(file, "", errno, fault);
}

int
block_file_begin(struct block_file *file, struct fault *fault)
{
  if (!file->fresh[0])
    return 0;
  if (unlink(file->fresh) == 0 || errno == ENOENT)
    file->fd = open(file->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  file->is_fresh = file->fd != -1;
  return file->is_fresh ? 0 : cannot_write_blocks(file, "", errno, fault);
}

int
block_file_finish(struct block_file *file, struct fault *fault)
{
  if (!file->path)
    return 0;
  write_buffer(file);
  if (!file->errnum && file->is_fresh && fsync(file->fd) == -1)
    file->errnum = errno;
  if (close(file->fd) == -1 && !file->errnum)
    file->errnum = errno;
  file->fd = -1;
  if (!file->errnum && file->is_fresh && rename(file->fresh, file->name) == -1)
    file->errnum = errno;
  if (!file->errnum)
    return 0;
  if (file->is_fresh)
    unlink(file->fresh);
  return cannot_write_blocks(file, "all is read, but ", file->errnum, fault);
}

void
block_file_abandon(struct block_file *file)
{
  if (file->fd == -1)
    return;
  close(file->fd);
  file->fd = -1;
  if (file->is_fresh)
    unlink(file->fresh);
}
