/* SPDX-License-Identifier: MIT */
/* say: the one place that prints. Standard error is for the operator; standard
 * output belongs to the data (and to --help and --version). Each line begins
 * with the program's name, as it was called.
 */
#ifndef DECANT_SAY_H
#define DECANT_SAY_H

#include "base/error.h"

#include <stdbool.h>

/* One line, printf-style, without the newline. */
void say_line(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A fault, as one line. */
void say_fault(const char *program, const struct fault *fault);

/* A line of progress: in place on a terminal, else a line of its own. After the
 * last one, the terminal's next line begins afresh. */
void say_progress(const char *program, const char *text, bool on_terminal, bool last);

/* Text as it is, to a file descriptor. Returns 0, or -1 with errno set: who can
 * do without its being read need not look. */
int say_text(int fd, const char *text);

#endif
