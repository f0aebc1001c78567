/* SPDX-License-Identifier: MIT */
/* clean: which characters of other people's words may be shown.
 *
 * A server's names and messages, and names of files, are bytes of anybody's choice. On a
 * terminal control characters play tricks, also those beyond ASCII (U+009B begins an
 * escape sequence) and those that turn the direction of writing; in JSON, what isn't
 * UTF-8 is no JSON. All that is printed is looked at here.
 */
#ifndef DECANT_CLEAN_H
#define DECANT_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEAN_NO_CHARACTER UINT32_MAX

/* Reads the character that `text`, which isn't at its NUL, begins with: returns how many
 * bytes it takes, and in `code` which it is. A byte that isn't part of one in UTF-8 stands
 * for itself, as CLEAN_NO_CHARACTER. */
size_t clean_next(const char *text, uint32_t *code);

/* Whether a terminal may be shown this character. */
bool clean_may_show(uint32_t code);

/* Puts '?' in the place of each that may not be shown. */
void clean_in_place(char *text);

#endif
