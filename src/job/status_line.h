/* SPDX-License-Identifier: MIT */
/* status_line: the line, or the few rows, that are shown while something runs: in place on a terminal, as a line of its own
 * elsewhere; and what is said in lines beside it, as of ends that are lost and come back. */
#ifndef DECANT_STATUS_LINE_H
#define DECANT_STATUS_LINE_H

#include "disk/endpoint.h"

#include <stdbool.h>
#include <stdint.h>

struct status_line {
  const char *program; /* whose words these are */
  bool on_terminal;    /* standard error is one */
  unsigned rows;       /* that are shown on a terminal, with the cursor behind the last one; 0: none */
};

void status_line_begin(struct status_line *line, const char *program);

/* Shows a text; on a terminal, as much of it as fits, for which it is cut (progress_fit). */
void status_line_show(struct status_line *line, char *text);

/* Whether the terminal has room for so many rows and what is said beside them; false if it isn't one. */
bool status_line_has_room(const struct status_line *line, unsigned rows);

/* Shows a text of several rows there, in place; of each as much as fits. */
void status_line_show_rows(struct status_line *line, const char *text);

/* The same, row by row, the first one behind the program's name. A row ends with its text or at a newline, and may have colours. */
void status_line_begin_rows(struct status_line *line, const char *text);
void status_line_add_row(struct status_line *line, const char *text);
void status_line_end_rows(void);

/* Says something in a line of its own, printf-style. */
void status_line_say(struct status_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An end was lost, and is tried again for so long (DURATION_FOREVER). */
void status_line_say_lost(struct status_line *line, const struct endpoint *end, uint64_t retry_ms);

/* It is back; `how` follows ("": nothing). */
void status_line_say_back(struct status_line *line, const struct endpoint *end, const char *how);

/* The last line stays, and what follows begins on the next. */
void status_line_end(struct status_line *line);

#endif
