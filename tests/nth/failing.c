/* SPDX-License-Identifier: MIT */
/* failing: stands before the program's own heap and before libnbd (linked with --wrap), and has one call of either fail.
 *
 * NTH_ALLOCATION=N is the Nth allocation, NTH_LIBNBD=N the Nth of the functions of libnbd below; `N+` that and all later ones; of each
 * process by itself. Where NTH_COUNTS names a file, the numbers of both are written there as the program ends. tests/nth/judge
 * sets these.
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

static unsigned long allocations, libnbd_calls;

/* The environment is read each time: it is short, and nothing of ours runs before the first allocation. */
static bool
is_meant(const char *variable, unsigned long count)
{
  const char *which = getenv(variable);
  char *rest;

  if (!which)
    return false;
  unsigned long number = strtoul(which, &rest, 10);
  return count == number || (*rest == '+' && count > number);
}

/* ---- The heap ---- */

static bool
fails_now(void)
{
  if (!is_meant("NTH_ALLOCATION", ++allocations))
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

/* ---- libnbd ---- */

/* Its own way to leave word of an error, which takes the text over. */
void nbd_internal_set_last_error(int errnum, char *error);
int failing_libnbd(void);

int
failing_libnbd(void)
{
  static const char words[] = "made to fail";

  if (!is_meant("NTH_LIBNBD", ++libnbd_calls))
    return 0;
  char *error = __real_malloc(sizeof words);
  if (error)
    memcpy(error, words, sizeof words);
  nbd_internal_set_last_error(EIO, error);
  return 1;
}

/* Whatever its arguments are: fails with this result, or goes on as if nothing had been between. */
#define WRAP(name, result)                                                                                             \
  __asm__(".text\n.globl __wrap_" name "\n.type __wrap_" name ", @function\n__wrap_" name ":\n"                        \
          "push %rdi\npush %rsi\npush %rdx\npush %rcx\npush %r8\npush %r9\nsub $8, %rsp\n"                             \
          "call failing_libnbd\n"                                                                                      \
          "add $8, %rsp\npop %r9\npop %r8\npop %rcx\npop %rdx\npop %rsi\npop %rdi\n"                                   \
          "test %eax, %eax\nje __real_" name "\nmov $" result ", %rax\nret\n")

/* nth.mk has the linker wrap these. Not those by which it tells how it is, nor those that fail only with a connection. */
WRAP("nbd_create", "0");
WRAP("nbd_get_export_name", "0");
WRAP("nbd_get_protocol", "0");
WRAP("nbd_set_tls", "-1");
WRAP("nbd_set_export_name", "-1");
WRAP("nbd_set_opt_mode", "-1");
WRAP("nbd_set_request_meta_context", "-1");
WRAP("nbd_set_full_info", "-1");
WRAP("nbd_set_strict_mode", "-1");
WRAP("nbd_set_pread_initialize", "-1");
WRAP("nbd_add_meta_context", "-1");
WRAP("nbd_clear_meta_contexts", "-1");
WRAP("nbd_aio_connect", "-1");
WRAP("nbd_aio_connect_socket", "-1");
WRAP("nbd_opt_go", "-1");
WRAP("nbd_opt_info", "-1");
WRAP("nbd_opt_list", "-1");
WRAP("nbd_opt_list_meta_context", "-1");
WRAP("nbd_opt_set_meta_context", "-1");
WRAP("nbd_pread", "-1");
WRAP("nbd_aio_pread_structured", "-1");
WRAP("nbd_aio_pwrite", "-1");
WRAP("nbd_aio_zero", "-1");
WRAP("nbd_aio_flush", "-1");
WRAP("nbd_aio_block_status_64", "-1");
WRAP("nbd_shutdown", "-1");
WRAP("nbd_get_size", "-1");
WRAP("nbd_is_read_only", "-1");

/* ---- The end ---- */

#define OUT_OF_THE_WAY 100 /* of descriptors that the program opens, or is given */

/* In the end it may open nothing any more. */
static int counts_fd = -1;

__attribute__((constructor)) static void
open_counts(void)
{
  const char *path = getenv("NTH_COUNTS");
  int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;

  if (fd == -1)
    return;
  counts_fd = fcntl(fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
  close(fd);
}

__attribute__((destructor)) static void
tell_counts(void)
{
  char text[64];

  if (counts_fd == -1)
    return;
  int length = snprintf(text, sizeof text, "%lu %lu\n", allocations, libnbd_calls);
  if (write(counts_fd, text, (size_t)length) != length)
    perror("NTH_COUNTS");
  close(counts_fd);
}
