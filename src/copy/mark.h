/* SPDX-License-Identifier: MIT */
/* mark: what is written where nothing could be read, so that whoever finds it later knows what it is.
 *
 * Zeros; or a line that names decant, the offset and what else the caller says, again and again. Makes no call, never fails.
 */
#ifndef DECANT_MARK_H
#define DECANT_MARK_H

#include <stdint.h>

enum mark { MARK_NONE, MARK_ZERO, MARK_PATTERN };

/* Fills bytes that are to lie at an offset, with one of the latter two; `words` is short. */
void mark_fill(unsigned char *bytes, uint64_t offset, uint64_t length, enum mark mark, const char *words);

#endif
