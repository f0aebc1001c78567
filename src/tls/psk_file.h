/* SPDX-License-Identifier: MIT */
/* psk_file: finds a user's key in the text of a file as GnuTLS's psktool writes it, and
 * servers and clients of NBD read it:
 *
 *   USER:KEY in hexadecimal digits, a line for each
 *
 * Lines may end as on DOS. The first line of the user counts, and others aren't looked
 * at: a file may hold what is meant for somebody else. Pure: reading the file, and
 * wiping the text and the key, is the caller's.
 */
#ifndef DECANT_PSK_FILE_H
#define DECANT_PSK_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* What a caller should have room for: some 200 users with long keys. */
#define PSK_FILE_BYTES_MAX (64 * KIB)

/* Finds the key of `user` in text[0, length), writes up to `room` bytes of it to `key`
 * and their number to `key_length`. `file` is what the fault calls the file; it never
 * shows a key. Returns 0, or -1 with the fault set: the user isn't there, or the key is
 * malformed or too long. */
int psk_file_find(const char *text, size_t length, const char *file, const char *user, uint8_t *key, size_t room,
                  size_t *key_length, struct fault *fault);

#endif
