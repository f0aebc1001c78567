/* SPDX-License-Identifier: MIT */
/* say: see say.h. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void
say_line(const char *format, ...)
{
  char line[FAULT_TEXT_BYTES + 32];
  va_list args;

  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  dprintf(STDERR_FILENO, "decant: %s\n", line); /* in one piece, also beside other writers */
}

void
say_fault(const struct fault *fault)
{
  say_line("%s", fault->text);
}

void
say_progress(const char *text, bool on_terminal, bool last)
{
  if (on_terminal)
    dprintf(STDERR_FILENO, "\r\033[Kdecant: %s%s", text, last ? "\n" : "");
  else
    say_line("%s", text);
}

void
say_out(const char *text)
{
  dprintf(STDOUT_FILENO, "%s", text);
}
