/* SPDX-License-Identifier: MIT */
/* descriptors: see descriptors.h. */
#include "os/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
descriptors_fill(struct fault *fault)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GETFL) != -1)
      continue;
    /* It gets this number, since those below are open. In an initramfs there may be no /dev yet. */
    int got = open("/dev/null", O_PATH);
    if (got == -1)
      got = open("/", O_PATH);
    if (got != fd)
      return fault_set(fault, EXIT_FAILED, errno, "file descriptor %d is closed, and nothing can be put in its place",
                       fd);
  }
  return 0;
}

bool
descriptors_can(int fd, enum descriptor_use use)
{
  int flags = fcntl(fd, F_GETFL);

  if (flags == -1 || (flags & O_PATH) == O_PATH)
    return false;
  return (flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == (use == DESCRIPTOR_READ ? O_RDONLY : O_WRONLY);
}

/* The number of the descriptor that a path names, or -1 if it names none. */
static int
number_of(const char *path)
{
  static const struct {
    const char *name;
    int fd; /* -1: a number follows */
  } names[] = { { "/dev/stdin", STDIN_FILENO },   { "/dev/stdout", STDOUT_FILENO },
                { "/dev/stderr", STDERR_FILENO }, { "/dev/fd/", -1 },
                { "/proc/self/fd/", -1 },         { "/proc/thread-self/fd/", -1 } };

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t length = strlen(names[i].name);
    const char *rest = path + length;
    if (strncmp(path, names[i].name, length) != 0)
      continue;
    if (names[i].fd != -1 && *rest == '\0')
      return names[i].fd;
    if (names[i].fd == -1 && *rest && strspn(rest, "0123456789") == strlen(rest))
      return (int)strtol(rest, NULL, 10);
  }
  return -1;
}

/* What is open under a number above 2 was handed to us, and opening its name opens
 * the file anew, for any use. */
bool
descriptors_path_is_open(const char *path, enum descriptor_use use)
{
  int fd = number_of(path);

  if (fd == -1)
    return true;
  return fd <= STDERR_FILENO ? descriptors_can(fd, use) : fcntl(fd, F_GETFD) != -1;
}

bool
descriptors_is_name(const char *path)
{
  return number_of(path) != -1;
}
