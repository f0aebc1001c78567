/* SPDX-License-Identifier: MIT */
/* status_line: the one line that is shown while something runs: in place on a terminal, as a line of its own elsewhere; and
 * what is said in lines beside it of ends that are lost and come back. */
#ifndef DECANT_STATUS_LINE_H
#define DECANT_STATUS_LINE_H

#include "disk/endpoint.h"

#include <stdbool.h>
#include <stdint.h>

struct status_line {
  const char *program; /* whose words these are */
  bool on_terminal;    /* standard error is one */
  bool has_shown;      /* a line, which the cursor stands behind on a terminal */
};

void status_line_begin(struct status_line *line, const char *program);

/* Shows a text; on a terminal, as much of it as fits, for which it is cut (progress_fit). */
void status_line_show(struct status_line *line, char *text);

/* An end was lost, and is tried again for so long (DURATION_FOREVER). */
void status_line_say_lost(struct status_line *line, const struct endpoint *end, uint64_t retry_ms);

/* It is back; `how` follows ("": nothing). */
void status_line_say_back(struct status_line *line, const struct endpoint *end, const char *how);

/* The last line stays, and what follows begins on the next. */
void status_line_end(struct status_line *line);

#endif
