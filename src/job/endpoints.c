/* SPDX-License-Identifier: MIT */
/* endpoints: see endpoints.h. */
#include "job/endpoints.h"

#include "local/overlap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int
open_stream(union any_endpoint *any, enum role role, struct fault *fault)
{
  return endpoint_pipe_open(&any->pipe, role == ROLE_SOURCE ? STDIN_FILENO : STDOUT_FILENO, role, fault);
}

/* A FIFO, a character device or a socket's name: opened like a file, used like a
 * stream. */
static int
open_special(union any_endpoint *any, const char *path, enum role role, struct loop *loop, struct fault *fault)
{
  loop_let_signals_end(loop); /* nobody else may have come to the FIFO's other end yet */
  int fd = open(path, (role == ROLE_SOURCE ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
  int errnum = errno;

  loop_hold_signals(loop);
  if (fd == -1)
    return fault_set(fault, EXIT_FAILED, errnum, "cannot open %s", any->base.name);
  return endpoint_pipe_open(&any->pipe, fd, role, fault);
}

static int
open_path(union any_endpoint *any, const char *path, enum role role, uint64_t start, struct loop *loop,
          struct ring *ring, struct fault *fault)
{
  struct stat found;

  if (stat(path, &found) == -1) {
    if (errno == ENOENT && role == ROLE_RESUMED && start > 0)
      return fault_set(fault, EXIT_FAILED, 0, "there is no %s, which should have all that lies below offset %llu",
                       any->base.name, (unsigned long long)start);
    if (errno != ENOENT || role == ROLE_SOURCE || role == ROLE_UPDATED)
      return fault_set(fault, EXIT_FAILED, errno, "cannot open %s", any->base.name);
    return endpoint_file_open(&any->file, path, NULL, ROLE_DESTINATION, start, ring, fault);
  }
  if (S_ISDIR(found.st_mode))
    return fault_set(fault, EXIT_FAILED, 0, "%s is a directory, not a disk", any->base.name);
  if (S_ISREG(found.st_mode) || S_ISBLK(found.st_mode))
    return endpoint_file_open(&any->file, path, &found, role, start, ring, fault);
  if (role == ROLE_UPDATED || role == ROLE_RESUMED)
    return fault_set(fault, EXIT_FAILED, 0, "%s is no disk of which a part could be written", any->base.name);
  return open_special(any, path, role, loop, fault);
}

static int
open_place(union any_endpoint *any, const struct place *place, enum role role, const struct wishes *wishes,
           struct loop *loop, struct ring *ring, struct tls_pool *pool, struct fault *fault)
{
  place_name(place, role == ROLE_SOURCE, any->base.name);
  switch (place->kind) {
  case PLACE_URI:
  case PLACE_COMMAND:
    return endpoint_nbd_open(&any->nbd, place, role, wishes, loop, pool, fault);
  case PLACE_PATH:
    any->file.is_forced = wishes->force;
    return open_path(any, place->text, role, wishes->start, loop, ring, fault);
  case PLACE_STREAM:
    return open_stream(any, role, fault);
  case PLACE_NULL:
    endpoint_null_open(&any->null);
    return 0;
  }
  return -1;
}

/* Servers have been asked already, and say what they have instead. */
static int
check_contexts(const struct endpoint *endpoint, const struct contexts *wanted, struct fault *fault)
{
  for (unsigned i = 0; i < wanted->count; i++)
    if (wanted->list[i].required && contexts_find(&endpoint->contexts, wanted->list[i].name) == CONTEXTS_MAX)
      return fault_set(fault, EXIT_FAILED, 0, "%s has no metadata context \"%s\"%s", endpoint->name,
                       wanted->list[i].name,
                       wanted->list[i].kind == CONTEXT_ALLOCATION ? "" : ": only a server can have that");
  return 0;
}

int
endpoints_open(union any_endpoint *any, const struct place *place, enum role role, const struct wishes *wishes,
               struct loop *loop, struct ring *ring, struct tls_pool *pool, struct fault *fault)
{
  if (open_place(any, place, role, wishes, loop, ring, pool, fault) == -1)
    return -1;
  if (role == ROLE_SOURCE && place->kind != PLACE_URI && place->kind != PLACE_COMMAND)
    return check_contexts(&any->base, &wishes->contexts, fault);
  return 0;
}

int
endpoints_prepare(struct endpoint *destination, uint64_t size, struct fault *fault)
{
  return destination->ops->prepare ? destination->ops->prepare(destination, size, fault) : 0;
}

bool
endpoints_close(struct endpoint *end, int *result, struct fault *fault)
{
  struct fault closing;

  if (end->ops->close(end, &closing) == 0)
    return true;
  if (*result == 0)
    *fault = closing;
  *result = -1;
  return false;
}

int
endpoints_check(const struct endpoint *source, const struct endpoint *destination, struct fault *fault)
{
  if (identity_is_same(&source->identity, &destination->identity))
    return fault_set(fault, EXIT_FAILED, 0, "%s and %s are the same: nothing to copy", source->name, destination->name);
  if (overlap_is_there(&source->identity, &destination->identity))
    return fault_set(
        fault, EXIT_FAILED, 0,
        "%s and %s have bytes in common, as a disk and its partition have: the copy would change its own source; "
        "nothing was written",
        source->name, destination->name);
  if (!destination->traits.grows && source->traits.size != SIZE_UNKNOWN &&
      source->traits.size > destination->traits.size)
    return fault_set(fault, EXIT_FAILED, 0, "%s is too small: it has %llu bytes, the source %llu; nothing was written",
                     destination->name, (unsigned long long)destination->traits.size,
                     (unsigned long long)source->traits.size);
  return 0;
}

int
endpoints_check_start(const struct endpoint *source, const struct endpoint *destination, uint64_t start,
                      struct fault *fault)
{
  const struct endpoint *end = source->traits.size < start ? source : destination;

  if (start <= end->traits.size) /* also where that isn't known */
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "--from=%llu is beyond the end of %s, which has %llu bytes; nothing was written",
                   (unsigned long long)start, end->name, (unsigned long long)end->traits.size);
}
