/* SPDX-License-Identifier: MIT */
/* endpoint_file: see endpoint_file.h. */
#include "local/endpoint_file.h"

#include "local/device.h"
#include "local/file_direct.h"
#include "local/file_length.h"
#include "local/file_name.h"
#include "local/file_presence.h"
#include "local/file_requests.h"
#include "local/file_zero.h"
#include "os/outside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int
cannot(const struct endpoint_file *file, const char *what, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, errno, "cannot %s %s", what, file->base.name);
}

/* A destination that is written to directly: its last, short block isn't; nor is what is read back that isn't whole blocks. */
static bool
open_cached(struct endpoint_file *file)
{
  if (file->is_direct)
    file->cached_fd = outside_open(file->path, O_RDWR);
  return !file->is_direct || file->cached_fd != -1;
}

static int
file_prepare(struct endpoint *endpoint, uint64_t size, struct fault *fault)
{
  struct endpoint_file *file = file_of(endpoint);
  struct stat made;

  if (endpoint->presence != PRESENCE_HERE)
    return fault_set(fault, EXIT_FAILED, 0, "cannot write to %s: %s", endpoint->name, endpoint->last_words);
  if (file->is_device)
    return file->is_forced ? 0 : device_check_unused(file, fault);
  if (file->fd == -1) {
    file->fd = file_direct_open(file->path, O_RDWR | O_CREAT);
    if (file->fd == -1)
      return cannot(file, "create", fault);
    file_direct_learn(file);
    if (fstat(file->fd, &made) == -1)
      return cannot(file, "create", fault);
    file_presence_begin(file, &made);
  }
  errno = file->keeps ? 0 : file_length_begin(file, size);
  if (errno)
    return cannot(file, "set the size of", fault);
  return open_cached(file) ? 0 : cannot(file, "open", fault);
}

static const char *
file_explain(const struct endpoint *endpoint, int errnum)
{
  const struct endpoint_file *file = (const struct endpoint_file *)endpoint;

  if (file->fd == -1) /* it is lost since, and can't be asked any more */
    return device_explain_errno(errnum);
  if (file->is_device)
    return device_explain(file, errnum);
  if (errnum != EIO || !file_length_is_lost(file))
    return device_explain_errno(errnum);
  return file->is_source ? "it became shorter meanwhile" : "its length was changed by others meanwhile";
}

/* A source's holes may have been there when they were asked for, and its data gone since; what a
 * destination was given may be where nobody finds it, or no longer there. */
static int
check_unchanged(const struct endpoint_file *file, struct fault *fault)
{
  const char *doing = file->is_source ? "read" : "written";

  if (file->fd == -1 || file->is_device)
    return 0;
  int is_named = file->is_source ? 1 : file_name_is_of(file->path, file->fd);
  if (is_named == -1)
    return cannot(file, "look again at", fault);
  if (is_named == 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s was removed, renamed or replaced while it was written",
                     file->base.name);
  if (file_length_is_lost(file))
    return fault_set(fault, EXIT_FAILED, 0, "%s %s while it was %s", file->base.name,
                     file->is_source ? "became shorter" : "was given another length by others", doing);
  return 0;
}

static int
file_close(struct endpoint *endpoint, struct fault *fault)
{
  struct endpoint_file *file = file_of(endpoint);
  int fds[] = { file->fd, file->cached_fd };
  int result = check_unchanged(file, fault);

  bool is_home = !file->ring || file->ring->in_flight == 0; /* else we were told to end at once */
  if (file->is_device && file->is_changed && is_home && file->fd != -1)
    endpoint->remark = device_reread_partitions(file);
  errno = result == 0 && file->fd != -1 ? file_length_cut(file) : 0;
  if (errno)
    result = cannot(file, "set the size of", fault);
  for (int i = 0; i < 2; i++)
    if (fds[i] != -1 && close(fds[i]) == -1 && result == 0)
      result = cannot(file, "close", fault);
  file->fd = file->cached_fd = -1;
  return result;
}

/* What was copied before must still be there. */
static int
learn_what_is_there(struct endpoint_file *file, const struct stat *opened, struct fault *fault)
{
  file->length_bytes = file->content_bytes = (uint64_t)opened->st_size;
  if (file->length_bytes >= file->start)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s has only %llu bytes: what lies below offset %llu isn't all there; nothing was written",
                   file->base.name, (unsigned long long)file->length_bytes, (unsigned long long)file->start);
}

static int
learn_file(struct endpoint_file *file, const struct stat *opened, enum role role, struct fault *fault)
{
  struct traits *traits = &file->base.traits;

  file->former_bytes = opened ? (uint64_t)opened->st_size : 0;
  traits->grows = role == ROLE_DESTINATION || role == ROLE_RESUMED;
  traits->reads_zero = role == ROLE_DESTINATION; /* prepare empties it */
  if (role == ROLE_DESTINATION)
    return 0;
  assert(opened); /* only a destination may be missing */
  if (role == ROLE_RESUMED)
    return learn_what_is_there(file, opened, fault);
  traits->size = file->content_bytes = file->length_bytes = (uint64_t)opened->st_size;
  if (role == ROLE_UPDATED)
    return 0;
  /* ENXIO: there is no data at all, which is an answer too. */
  traits->can_extents = lseek(file->fd, 0, SEEK_DATA) != -1 || errno == ENXIO;
  if (traits->can_extents)
    contexts_add(&file->base.contexts, CONTEXT_ALLOCATION_NAME, false);
  return 0;
}

/* Without a ring there is nothing to gain: the page cache reads ahead. */
static void
open_source(struct endpoint_file *file)
{
  if (!file->ring) {
    file->fd = outside_open(file->path, O_RDONLY);
    return;
  }
  file->fd = file_direct_open(file->path, O_RDONLY);
  if (file->fd == -1)
    return;
  file_direct_learn(file);
  if (!file->is_direct)
    return;
  file->cached_fd = outside_open(file->path, O_RDONLY);
  if (file->cached_fd == -1) {
    int why = errno;
    close(file->fd);
    file->fd = -1;
    errno = why;
  }
}

/* A device that was refused to us: nobody's fault of rights if it is read-only. */
static int
file_cannot_write(const struct endpoint_file *file, struct fault *fault)
{
  int why = errno;

  if (device_is_read_only(file->path))
    return fault_set(fault, EXIT_FAILED, 0, "%s is read-only; nothing was written", file->base.name);
  errno = why;
  return cannot(file, "open", fault);
}

/* O_EXCL on a device: not while it is mounted, or part of something that is. */
static void
open_existing(struct endpoint_file *file)
{
  if (file->is_source) {
    open_source(file);
    return;
  }
  file->fd = file_direct_open(file->path, O_RDWR | (file->is_device && !file->is_forced ? O_EXCL : 0));
  if (file->fd != -1)
    file_direct_learn(file);
}

/* Reads nothing of a FIFO, and makes no file, whatever the name leads to now. */
static void
file_reopen(struct endpoint *endpoint)
{
  struct endpoint_file *file = file_of(endpoint);
  struct stat found;

  file_presence_settle(file);
  if (endpoint->presence != PRESENCE_LOST || file->fd != -1) /* not all is home yet */
    return;
  if (stat(file->path, &found) == -1) {
    file_presence_away(file, errno);
    return;
  }
  if (file->is_device ? !S_ISBLK(found.st_mode) : !S_ISREG(found.st_mode)) {
    file_presence_other(file, file->is_device ? "it is no block device any more" : "it is no file any more");
    return;
  }
  open_existing(file);
  if (file->fd == -1 || (!file->is_source && !file->is_device && !open_cached(file)))
    file_presence_away(file, errno);
  else
    file_presence_look(file);
}

static const struct endpoint_ops file_ops = {
  .prepare = file_prepare,
  .submit = file_requests_submit,
  .take = file_requests_take,
  .watch = file_requests_watch,
  .serve = file_requests_serve,
  .reopen = file_reopen,
  .forget_cache = file_direct_forget_cache,
  .explain = file_explain,
  .close = file_close,
};

int
endpoint_file_open(struct endpoint_file *file, const char *path, const struct stat *found, enum role role,
                   uint64_t start, struct ring *ring, struct fault *fault)
{
  struct stat opened;

  file->base.ops = &file_ops;
  file->base.kind = "file";
  file->base.traits = (struct traits){ .size = SIZE_UNKNOWN,
                                       .block_min = 1,
                                       .block_preferred = BLOCK_BYTES_PREFERRED_DEFAULT,
                                       .request_max = LOCAL_REQUEST_BYTES_MAX,
                                       .can_zero = true,
                                       .can_flush = true,
                                       .can_read = true,
                                       .requests_max = 1 };
  file->path = path;
  file->fd = file->cached_fd = -1;
  file->is_source = role == ROLE_SOURCE;
  file->is_resumed = role == ROLE_RESUMED;
  file->start = start;
  file->keeps = role == ROLE_UPDATED;
  file->ring = ring && ring_is_open(ring) ? ring : NULL;
  file->is_device = found && S_ISBLK(found->st_mode);
  file_zero_begin(file);
  if (!found && file_name_is_for_devices(path))
    return fault_set(fault, EXIT_FAILED, 0,
                     "there is no %s, and files are not made where devices live; nothing was written", file->base.name);
  if (!found)
    return learn_file(file, NULL, role, fault);
  open_existing(file);
  if (file->fd == -1 && errno == EBUSY)
    return device_refuse_used(file, found->st_rdev, fault);
  if (file->fd == -1 && file->is_device && (errno == EACCES || errno == EPERM || errno == EROFS) && role != ROLE_SOURCE)
    return file_cannot_write(file, fault);
  if (file->fd == -1 || fstat(file->fd, &opened) == -1)
    return cannot(file, "open", fault);
  file_presence_begin(file, &opened);
  if ((file->is_device ? device_learn(file, fault) : learn_file(file, &opened, role, fault)) == -1)
    return -1;
  if (role == ROLE_SOURCE)
    file_direct_watch_cache(file);
  return 0;
}
