/* SPDX-License-Identifier: MIT */
/* hex: bytes as hexadecimal digits, two for each. Read in any case, written in lower
 * case. */
#ifndef DECANT_HEX_H
#define DECANT_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads `length` bytes from twice as many characters; a NUL among them is no digit, and
 * nothing behind it is looked at. Returns whether all of them are digits; if not, what is
 * in `bytes` means nothing. */
bool hex_read(const char *text, uint8_t *bytes, size_t length);

/* Writes twice as many digits as bytes, and a NUL. */
void hex_write(const uint8_t *bytes, size_t length, char *text);

#endif
