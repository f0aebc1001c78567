/* SPDX-License-Identifier: MIT */
/* sizes: numbers of bytes, as people write and read them. */
#ifndef DECANT_SIZES_H
#define DECANT_SIZES_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a size: decimal digits and, maybe, one of b k M G T P E (powers of
 * 1024) or s (sectors of 512), in any case.
 * Returns false if it isn't one, or doesn't fit. */
bool sizes_parse(const char *text, uint64_t *bytes);

/* The same, for a size from `low` to `high`, both included. */
bool sizes_parse_within(const char *text, uint64_t low, uint64_t high, uint64_t *bytes);

/* Reads a whole number from `low` to `high`, both included, without a unit. */
bool sizes_parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *number);

#define SIZES_TEXT_BYTES 24

/* Writes a size in the largest unit that it is a multiple of, as nbdcopy does:
 * "1M", "1536K", "1000003". */
void sizes_exact_text(char text[SIZES_TEXT_BYTES], uint64_t bytes);

/* Writes about how much that is: "17 B", "1.5 GiB". */
void sizes_rounded_text(char text[SIZES_TEXT_BYTES], double bytes);

#endif
