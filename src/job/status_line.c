/* SPDX-License-Identifier: MIT */
/* status_line: see status_line.h. */
#include "job/status_line.h"

#include "base/durations.h"
#include "os/say.h"
#include "report/progress.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
status_line_begin(struct status_line *line, const char *program)
{
  *line = (struct status_line){ .program = program, .on_terminal = isatty(STDERR_FILENO) };
}

void
status_line_show(struct status_line *line, char *text)
{
  size_t prefix = strlen(line->program) + 2; /* "decant: " */

  if (!line->on_terminal) {
    (void)say_line(line->program, "%s", text);
    return;
  }
  /* Asked each time, since windows change; a line in the last column would scroll. */
  unsigned columns = say_columns(STDERR_FILENO);
  progress_fit(text, columns > prefix + 1 ? columns - prefix - 1 : 0);
  say_in_place(line->program, text);
  line->has_shown = true;
}

/* What is said goes into lines of their own. */
static void
leave_line(struct status_line *line)
{
  if (line->has_shown)
    (void)say_text(STDERR_FILENO, "\r\033[K");
  line->has_shown = false;
}

void
status_line_say_lost(struct status_line *line, const struct endpoint *end, uint64_t retry_ms)
{
  char how_long[32] = "until it is back";

  leave_line(line);
  if (retry_ms != DURATION_FOREVER)
    snprintf(how_long, sizeof how_long, "for up to %g s", (double)retry_ms / 1000);
  (void)say_line(line->program, "%s: %s; trying again %s", end->name, endpoint_why(end, ENOTCONN), how_long);
}

void
status_line_say_back(struct status_line *line, const struct endpoint *end, const char *how)
{
  leave_line(line);
  (void)say_line(line->program, "%s is back%s", end->name, how);
}

void
status_line_end(struct status_line *line)
{
  if (line->has_shown)
    (void)say_text(STDERR_FILENO, "\n");
  line->has_shown = false;
}
