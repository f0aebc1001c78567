/* SPDX-License-Identifier: MIT */
/* status_line: see status_line.h. */
#include "job/status_line.h"

#include "base/clean.h"
#include "base/durations.h"
#include "base/text.h"
#include "os/say.h"
#include "report/progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A row, with what moves the cursor and colours it. */
#define ROW_BYTES 2048

void
status_line_begin(struct status_line *line, const char *program)
{
  *line = (struct status_line){ .program = program, .on_terminal = isatty(STDERR_FILENO) };
}

/* Where the next text begins, with nothing left of the one before. */
static void
leave_rows(struct status_line *line)
{
  char up[32] = "";

  if (line->rows > 1)
    snprintf(up, sizeof up, "\033[%uA", line->rows - 1);
  if (line->rows > 0) {
    (void)say_text(STDERR_FILENO, up);
    (void)say_text(STDERR_FILENO, "\r\033[J");
  }
  line->rows = 0;
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
  if (line->rows > 1)
    leave_rows(line);
  say_in_place(line->program, text);
  line->rows = 1;
}

bool
status_line_has_room(const struct status_line *line, unsigned rows)
{
  return line->on_terminal && say_rows(STDERR_FILENO) > rows;
}

/* How long a colour is that begins or ends here: 0 if there is none. */
static size_t
colour_bytes(const char *at)
{
  return at[0] == '\033' ? strcspn(at, "m") + 1 : 0;
}

/* How much of a row fits. */
static int
bytes_within(const char *row, size_t columns)
{
  size_t bytes = colour_bytes(row);
  uint32_t code;

  for (; row[bytes] && row[bytes] != '\n' && columns > 0; columns--) {
    bytes += clean_next(row + bytes, &code);
    for (size_t colour; (colour = colour_bytes(row + bytes)) > 0; bytes += colour)
      ;
  }
  return (int)bytes;
}

void
status_line_begin_rows(struct status_line *line, const char *text)
{
  size_t columns = say_columns(STDERR_FILENO) - 1, prefix = strlen(line->program) + 2;
  char bytes[ROW_BYTES];
  struct text row;

  text_init(&row, bytes, sizeof bytes);
  if (line->rows > 1)
    text_add(&row, "\033[%uA", line->rows - 1);
  text_add(&row, "\r%s: %.*s\033[K", line->program, bytes_within(text, columns > prefix ? columns - prefix : 0), text);
  (void)say_text(STDERR_FILENO, bytes);
  line->rows = 1;
}

void
status_line_add_row(struct status_line *line, const char *text)
{
  char bytes[ROW_BYTES];
  struct text row;

  text_init(&row, bytes, sizeof bytes);
  text_add(&row, "\n%.*s\033[K", bytes_within(text, say_columns(STDERR_FILENO) - 1), text);
  (void)say_text(STDERR_FILENO, bytes);
  line->rows++;
}

void
status_line_end_rows(void)
{
  (void)say_text(STDERR_FILENO, "\033[J");
}

void
status_line_show_rows(struct status_line *line, const char *text)
{
  status_line_begin_rows(line, text);
  for (const char *end = strchr(text, '\n'); end; end = strchr(end + 1, '\n'))
    status_line_add_row(line, end + 1);
  status_line_end_rows();
}

void
status_line_say(struct status_line *line, const char *format, ...)
{
  char text[FAULT_TEXT_BYTES];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  leave_rows(line);
  (void)say_line(line->program, "%s", text);
}

void
status_line_say_lost(struct status_line *line, const struct endpoint *end, uint64_t retry_ms)
{
  char how_long[32] = "until it is back";

  if (retry_ms != DURATION_FOREVER)
    snprintf(how_long, sizeof how_long, "for up to %g s", (double)retry_ms / 1000);
  status_line_say(line, "%s: %s; trying again %s", end->name, endpoint_why(end, ENOTCONN), how_long);
}

void
status_line_say_back(struct status_line *line, const struct endpoint *end, const char *how)
{
  status_line_say(line, "%s is back%s", end->name, how);
}

void
status_line_end(struct status_line *line)
{
  if (line->rows > 0)
    (void)say_text(STDERR_FILENO, "\n");
  line->rows = 0;
}
