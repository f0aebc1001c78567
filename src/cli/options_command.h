/* SPDX-License-Identifier: MIT */
/* options_command: the command line as it was given, and the same with another --from, in words that can be
 * handed to a shell: what goes on after a failure.
 *
 * Every word comes back byte for byte in any POSIX shell, and what may not be shown (clean.h) never appears
 * as it is. Words that need no quotes have none.
 */
#ifndef DECANT_OPTIONS_COMMAND_H
#define DECANT_OPTIONS_COMMAND_H

#include "base/text.h"

#include <stdint.h>

/* The strings are argv's. */
struct options_command {
  int argc;
  char **argv;
  int begin;      /* the first word behind the program's name and the verb: options may stand there */
  int from_at;    /* where --from stands ... */
  int from_words; /* ... and how many words it takes; 0: there is none */
};

/* Adds the command in one line, with `from` instead of what --from said; 0: without one. Where it doesn't fit,
 * or a word ends with a newline, which no line can say, `text->full` is set. */
void options_command_add(const struct options_command *command, uint64_t from, struct text *text);

/* Adds the same as a JSON array of its words; what of them isn't UTF-8 is lost. */
void options_command_add_json(const struct options_command *command, uint64_t from, struct text *text);

#endif
