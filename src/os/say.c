/* SPDX-License-Identifier: MIT */
/* say: see say.h. */
#include "os/say.h"

#include "base/clean.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_BYTES (FAULT_TEXT_BYTES + 64)
#define COLUMNS_DEFAULT 80

/* In one write, where the kernel takes it: a server that we started may be
 * writing to the same console. */
int
say_text(int fd, const char *text)
{
  size_t length = strlen(text);

  while (length > 0) {
    ssize_t n = write(fd, text, length);
    if (n == -1 && errno == EAGAIN) /* somebody who shares it made it so */
      (void)poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
    else if (n == -1 && errno != EINTR)
      return -1;
    if (n > 0) {
      text += n;
      length -= (size_t)n;
    }
  }
  return 0;
}

int
say_answer(const char *text, struct fault *fault)
{
  return say_text(STDOUT_FILENO, text) == 0 ? 0
                                            : fault_set(fault, EXIT_FAILED, errno, "cannot write to standard output");
}

int
say_finish(struct fault *fault)
{
  if (close(STDOUT_FILENO) == 0 || errno == EBADF) /* a destination's is closed already */
    return 0;
  return fault_set(fault, EXIT_FAILED, errno, "cannot write to standard output");
}

int
say_line(const char *program, const char *format, ...)
{
  char text[FAULT_TEXT_BYTES];
  char line[LINE_BYTES];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  clean_in_place(text);
  snprintf(line, sizeof line, "%s: %s\n", program, text);
  return say_text(STDERR_FILENO, line);
}

void
say_fault(const char *program, const struct fault *fault)
{
  if (!fault->command) {
    say_line(program, "%s", fault->text);
    return;
  }
  say_line(program, "%s: %s", fault->text, fault->leads_to);
  say_text(STDERR_FILENO, "  ");
  say_text(STDERR_FILENO, fault->command);
  say_text(STDERR_FILENO, "\n");
}

void
say_in_place(const char *program, const char *text)
{
  char line[LINE_BYTES];

  snprintf(line, sizeof line, "\r\033[K%s: %s", program, text);
  (void)say_text(STDERR_FILENO, line);
}

bool
say_is_coloured(int fd)
{
  const char *unwanted = getenv("NO_COLOR");

  return isatty(fd) && (!unwanted || !*unwanted);
}

unsigned
say_columns(int fd)
{
  struct winsize size = { 0 };

  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
}

unsigned
say_rows(int fd)
{
  struct winsize size = { 0 };

  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}
