/* SPDX-License-Identifier: MIT */
/* say: the one place that prints. Standard error is for the operator; standard
 * output belongs to the data, or to the answer that was asked for. Each line on
 * standard error begins with the program's name, as it was called.
 *
 * What was asked for and could not be written is a fault: its caller looks. What
 * is said besides (progress, --verbose) is not.
 */
#ifndef DECANT_SAY_H
#define DECANT_SAY_H

#include "base/error.h"

#include <stdbool.h>

/* One line, printf-style, without the newline; what may not be shown (clean.h) as '?'. Returns 0, or -1 with errno set. */
int say_line(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A fault, as one line; its command in a second one that has nothing else, for whoever cuts and pastes. */
void say_fault(const char *program, const struct fault *fault);

/* A line on a terminal, in the place of the one before it. */
void say_in_place(const char *program, const char *text);

/* Whether it is a terminal, whose user hasn't set NO_COLOR (no-color.org). */
bool say_is_coloured(int fd);

/* How many columns the terminal behind fd has; 80 if it isn't one, or doesn't know. */
unsigned say_columns(int fd);

/* How many rows it has; 0 if it isn't one, or doesn't know. */
unsigned say_rows(int fd);

/* Text as it is, to a file descriptor. Returns 0, or -1 with errno set. */
int say_text(int fd, const char *text);

/* What was asked for, or a part of it, to standard output. Returns 0, or -1 with the
 * fault set. */
int say_answer(const char *text, struct fault *fault);

/* Nothing more is to be said on standard output: whether all has arrived there, as
 * far as closing it tells. Returns 0, or -1 with the fault set. */
int say_finish(struct fault *fault);

#endif
