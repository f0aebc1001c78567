/* SPDX-License-Identifier: MIT */
/* last_line: the last line of what somebody says, heard as it comes in.
 *
 * A program that gives up says why in the line before its end, mostly. A line of blanks alone says nothing, a carriage
 * return ends one too, and a last one without an end counts. It is whole after each byte, so that another process may
 * read it at any time; all zero, nothing was heard.
 */
#ifndef DECANT_LAST_LINE_H
#define DECANT_LAST_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LAST_LINE_BYTES_MAX 112 /* of a longer one its beginning is kept */
#define LAST_LINE_TEXT_BYTES (LAST_LINE_BYTES_MAX + sizeof "...")

struct last_line {
  char bytes[LAST_LINE_BYTES_MAX + 1]; /* as they came, but that a NUL is '?'; a NUL behind them */
  size_t length;                       /* at most LAST_LINE_BYTES_MAX */
  bool is_cut;                         /* there was more of it */
  bool has_ended;                      /* what comes next belongs to another line */
};

void last_line_hear(struct last_line *line, const char *bytes, size_t count);

/* Puts it into `text` as it may be shown (clean.h), with "..." where it was cut. "": nothing was heard. */
void last_line_tell(const struct last_line *line, char text[LAST_LINE_TEXT_BYTES]);

#endif
