/* SPDX-License-Identifier: MIT */
/* say: see say.h. */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES (FAULT_TEXT_BYTES + 64)

/* In one piece: a server that we started may be writing to the same console. */
static void
print(int fd, const char *line)
{
  size_t length = strlen(line);

  while (length > 0) {
    ssize_t n = write(fd, line, length);
    if (n == -1 && errno != EINTR)
      return; /* there is nobody left to tell */
    if (n > 0) {
      line += n;
      length -= (size_t)n;
    }
  }
}

void
say_line(const char *format, ...)
{
  char text[FAULT_TEXT_BYTES];
  char line[LINE_BYTES];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  snprintf(line, sizeof line, "decant: %s\n", text);
  print(STDERR_FILENO, line);
}

void
say_fault(const struct fault *fault)
{
  say_line("%s", fault->text);
}

void
say_progress(const char *text, bool on_terminal, bool last)
{
  char line[LINE_BYTES];

  if (!on_terminal) {
    say_line("%s", text);
    return;
  }
  snprintf(line, sizeof line, "\r\033[Kdecant: %s%s", text, last ? "\n" : "");
  print(STDERR_FILENO, line);
}

void
say_out(const char *text)
{
  print(STDOUT_FILENO, text);
}
