/* SPDX-License-Identifier: MIT */
/* text: output that is put together in memory before any of it is printed, so that
 * a failure prints none of it.
 *
 * The memory is the caller's and never grows. What doesn't fit is left out, and
 * `full` says so at the end: nobody has to ask after each line. The text always
 * ends with a NUL.
 */
#ifndef DECANT_TEXT_H
#define DECANT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
  char *bytes;
  size_t size; /* of the memory; at least 1 */
  size_t used; /* without the NUL */
  bool full;   /* something was left out */
};

/* Begins an empty text in `size` bytes. */
void text_init(struct text *text, char *bytes, size_t size);

/* Adds what printf would print. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a server's words for people to read: what may not be shown (clean.h) becomes '?'. */
void text_add_words(struct text *text, const char *words);

/* Has what is added from the one to the other be coloured: `colour` is a terminal's
 * escape sequence, or NULL, which adds nothing. */
void text_begin_colour(struct text *text, const char *colour);
void text_end_colour(struct text *text, const char *colour);

/* Adds a JSON string, with its quotation marks: what may not be shown is escaped, and
 * what isn't UTF-8 becomes U+FFFD. */
void text_add_json(struct text *text, const char *string);

#endif
