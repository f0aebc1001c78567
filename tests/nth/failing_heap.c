/* SPDX-License-Identifier: MIT */
/* failing_heap: stands before the program's own heap (linked with --wrap), and has one allocation fail.
 *
 * NTH_ALLOCATION=N is the Nth, `N+` that and all later ones; of each process by itself. Where NTH_ALLOCATIONS names a file, the
 * program's number of allocations is written there as it ends. tests/nth/judge sets both.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *pointer, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *pointer, size_t bytes);

static unsigned long allocations;

/* The environment is read each time: it is short, and nothing of ours runs before the first allocation. */
static bool
fails_now(void)
{
  const char *which = getenv("NTH_ALLOCATION");
  char *rest;

  allocations++;
  if (!which)
    return false;
  unsigned long number = strtoul(which, &rest, 10);
  if (allocations != number && (*rest != '+' || allocations < number))
    return false;
  errno = ENOMEM;
  return true;
}

void *
__wrap_malloc(size_t bytes)
{
  return fails_now() ? NULL : __real_malloc(bytes);
}

void *
__wrap_calloc(size_t count, size_t bytes)
{
  return fails_now() ? NULL : __real_calloc(count, bytes);
}

void *
__wrap_realloc(void *pointer, size_t bytes)
{
  return fails_now() ? NULL : __real_realloc(pointer, bytes);
}

__attribute__((destructor)) static void
tell_allocations(void)
{
  const char *path = getenv("NTH_ALLOCATIONS");
  char text[32];
  int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;

  if (fd == -1)
    return;
  int length = snprintf(text, sizeof text, "%lu\n", allocations);
  if (write(fd, text, (size_t)length) != length)
    perror(path);
  close(fd);
}
