/* SPDX-License-Identifier: MIT */
/* error: what went wrong, carried up by value and told once, at the top.
 *
 * A function that can fail takes a `struct fault *` and returns -1 after
 * filling it in, or 0. Nobody prints on the way and nobody exits; main does
 * both. Mistakes of the program itself are assertions, not faults.
 */
#ifndef DECANT_ERROR_H
#define DECANT_ERROR_H

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* The exit codes of the program. */
enum exit_code {
  EXIT_DONE = 0,
  EXIT_FAILED = 1,
  EXIT_ANSWER_IS_NO = 2,
  EXIT_PARTLY_UNREADABLE = 3,
  EXIT_DIGEST_DIFFERS = 4,
  EXIT_BAD_USAGE = 64,
};

struct fault {
  enum exit_code exit_code;    /* EXIT_DONE: there is no fault */
  int errnum;                  /* errno of the cause, 0 where there is none */
  bool may_pass;               /* the same may go well another time: nothing was found to be wrong with it */
  char text[FAULT_TEXT_BYTES]; /* one line, without the program's name or a newline; "": there is nothing to add */
  const char *command;         /* for a line of its own behind that: what goes on from here; NULL: none is known */
  const char *leads_to;        /* the words before it: "go on with", or what else it does */
};

/* Fills in a fault with a printf-style text; where errnum isn't 0, ": " and
 * what errnum means are added. What may not be shown of what was formatted (a
 * server's words, a file's name; see clean.h) becomes '?', so that the text stays one line.
 * Returns -1, for `return fault_set(...)`. */
int fault_set(struct fault *fault, enum exit_code exit_code, int errnum, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a printf-style text to what a fault says already. */
void fault_add(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
