/* SPDX-License-Identifier: MIT */
/* endpoint_pipe: see endpoint_pipe.h. */
#include "local/endpoint_pipe.h"

#include "base/range.h"
#include "local/endpoint_file.h"
#include "local/overlap.h"
#include "os/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What one write hands to a stream that can't be made to return early. */
#define BLOCKING_WRITE_BYTES (64 * KIB)
/* A pipe as large as the kernel lets anyone have, for fewer turns. */
#define PIPE_BYTES (1 * MIB)

static struct endpoint_pipe *
pipe_of(struct endpoint *endpoint)
{
  return (struct endpoint_pipe *)endpoint;
}

/* Whether others have cut short the file behind a stream, or taken away the one that we write to. */
static bool
is_lost(const struct endpoint_pipe *pipe)
{
  struct stat now;

  if (!pipe->is_file || fstat(pipe->fd, &now) == -1)
    return false;
  return (uint64_t)now.st_size < pipe->file_bytes + (pipe->is_written ? pipe->position : 0) ||
         (pipe->is_written && pipe->had_name && now.st_nlink == 0);
}

static const char *
lost_words(const struct endpoint_pipe *pipe)
{
  return pipe->is_written ? "it was removed or cut short by others meanwhile" : "it became shorter meanwhile";
}

static ssize_t
move(struct endpoint_pipe *pipe, struct request *request)
{
  unsigned char *bytes = request->payload + request->done;
  size_t length = request->length - request->done;

  if (request->kind == REQUEST_READ)
    return read(pipe->fd, bytes, length);
  if (pipe->is_socket)
    return send(pipe->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (is_lost(pipe)) {
    errno = EIO;
    return -1;
  }
  return write(pipe->fd, bytes, range_min(length, pipe->base.traits.request_max));
}

static void
answer(struct endpoint_pipe *pipe, int errnum)
{
  struct request *request = request_queue_pop(&pipe->waiting);

  request->errnum = errnum;
  pipe->failed = errnum;
  if (request->kind == REQUEST_READ) { /* also of one that failed: what it has is good */
    chunks_clear(request->chunks);
    chunks_add(request->chunks, 0, request->done, false);
  }
  request_queue_push(&pipe->answered, request);
}

static int
pipe_flush(struct endpoint_pipe *pipe)
{
  return fsync(pipe->fd) == -1 && errno != EINVAL && errno != EROFS ? errno : 0;
}

/* Goes on with the request whose turn it is. */
static void
go_on(struct endpoint_pipe *pipe)
{
  struct request *request = pipe->waiting.head;

  if (pipe->failed || pipe->ended || request->kind == REQUEST_FLUSH) {
    answer(pipe, pipe->failed || pipe->ended ? pipe->failed : pipe_flush(pipe));
    return;
  }
  assert(request->offset + request->done == pipe->position);
  ssize_t n = move(pipe, request);
  if (n == -1) {
    if (errno != EAGAIN && errno != EINTR)
      answer(pipe, errno);
    return;
  }
  if (request->kind == REQUEST_READ && pipe->position < sizeof pipe->head)
    memcpy(pipe->head + pipe->position, request->payload + request->done,
           range_min((uint64_t)n, sizeof pipe->head - pipe->position));
  request->done += (uint64_t)n;
  pipe->position += (uint64_t)n;
  pipe->ended = n == 0 && request->kind == REQUEST_READ;
  if (request->done == request->length || pipe->ended)
    answer(pipe, 0);
}

/* A read from the front after the head was looked at: what is kept of it. */
static void
take_from_head(struct endpoint_pipe *pipe, struct request *request)
{
  assert(request->offset == 0 && pipe->position <= sizeof pipe->head);
  request->done = range_min(request->length, pipe->position);
  memcpy(request->payload, pipe->head, request->done);
}

static void
pipe_submit(struct endpoint *endpoint, struct request *request)
{
  struct endpoint_pipe *pipe = pipe_of(endpoint);

  request->done = 0;
  if (request->kind == REQUEST_READ && request->offset < pipe->position)
    take_from_head(pipe, request);
  request_queue_push(&pipe->waiting, request);
  if (request->done > 0 && (request->done == request->length || pipe->ended))
    answer(pipe, 0);
}

static struct request *
pipe_take(struct endpoint *endpoint)
{
  return request_queue_pop(&pipe_of(endpoint)->answered);
}

static void
pipe_watch(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_pipe *pipe = pipe_of(endpoint);
  struct request *request = pipe->waiting.head;

  pipe->is_watched = request != NULL;
  if (request)
    pipe->watched = loop_watch(loop, pipe->fd, request->kind == REQUEST_READ ? POLLIN : POLLOUT);
}

static void
pipe_serve(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_pipe *pipe = pipe_of(endpoint);

  if (!pipe->is_watched || !loop_ready(loop, pipe->watched))
    return;
  /* Once only where a further read or write might wait. */
  go_on(pipe);
  while (pipe->waiting.head && (pipe->failed || pipe->ended || pipe->waiting.head->kind == REQUEST_FLUSH))
    go_on(pipe);
}

static const char *
pipe_explain(const struct endpoint *endpoint, int errnum)
{
  const struct endpoint_pipe *pipe = (const struct endpoint_pipe *)endpoint;

  return errnum == EIO && is_lost(pipe) ? lost_words(pipe) : NULL;
}

static int
pipe_close(struct endpoint *endpoint, struct fault *fault)
{
  struct endpoint_pipe *pipe = pipe_of(endpoint);
  bool lost = is_lost(pipe);

  if (close(pipe->fd) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot close %s", pipe->base.name);
  if (lost)
    return fault_set(fault, EXIT_FAILED, 0, "%s: %s", pipe->base.name, lost_words(pipe));
  return 0;
}

static const struct endpoint_ops pipe_ops = {
  .submit = pipe_submit,
  .take = pipe_take,
  .watch = pipe_watch,
  .serve = pipe_serve,
  .explain = pipe_explain,
  .close = pipe_close,
};

/* A source is as long as it is; what we write comes behind what is there, or where the shell left off. */
static uint64_t
bytes_before(int fd, const struct stat *found, enum role role)
{
  bool at_end = role == ROLE_SOURCE || fcntl(fd, F_GETFL) & O_APPEND;
  off_t at = lseek(fd, 0, SEEK_CUR);

  return at_end || at == -1 ? (uint64_t)found->st_size : (uint64_t)at;
}

/* A second way to the same pipe that never waits: O_NONBLOCK set on the first
 * would be set for everyone who shares it. Without /proc we do with what we
 * have. */
static bool
reopen_without_waiting(struct endpoint_pipe *pipe)
{
  char path[32];

  snprintf(path, sizeof path, "/proc/self/fd/%d", pipe->fd);
  int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd == -1)
    return false;
  close(pipe->fd);
  pipe->fd = fd;
  return true;
}

int
endpoint_pipe_open(struct endpoint_pipe *pipe, int fd, enum role role, struct fault *fault)
{
  struct stat found;
  bool waits = true;

  pipe->base.ops = &pipe_ops;
  pipe->base.kind = "pipe";
  pipe->fd = fd;
  if (fstat(fd, &found) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot use %s", pipe->base.name);
  if (S_ISDIR(found.st_mode))
    return fault_set(fault, EXIT_FAILED, EISDIR, "cannot use %s", pipe->base.name);
  if (role == ROLE_DESTINATION && isatty(fd))
    return fault_set(fault, EXIT_FAILED, 0, "%s is a terminal: send it to a file or a pipe", pipe->base.name);
  pipe->base.identity = overlap_identity(&found);
  pipe->is_socket = S_ISSOCK(found.st_mode);
  pipe->is_file = S_ISREG(found.st_mode);
  pipe->is_written = role != ROLE_SOURCE;
  pipe->had_name = found.st_nlink > 0;
  pipe->file_bytes = pipe->is_file ? bytes_before(fd, &found, role) : 0;
  if (S_ISFIFO(found.st_mode)) {
    fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES); /* for speed alone */
    waits = role == ROLE_SOURCE || !reopen_without_waiting(pipe);
  }
  pipe->base.traits = (struct traits){ .size = SIZE_UNKNOWN,
                                       .block_min = 1,
                                       .block_preferred = BLOCK_BYTES_PREFERRED_DEFAULT,
                                       .request_max = LOCAL_REQUEST_BYTES_MAX,
                                       .can_flush = pipe->is_file,
                                       .in_order = true,
                                       .grows = true,
                                       .requests_max = WRITES_MAX };
  if (role == ROLE_DESTINATION && waits && !pipe->is_socket)
    pipe->base.traits.request_max = BLOCKING_WRITE_BYTES;
  return 0;
}
