/* SPDX-License-Identifier: MIT */
/* zeros: whether bytes are all zero, at the speed of memory.
 *
 * A cache line at a time, which the compiler makes wide instructions of; musl's
 * memcmp() goes byte by byte.
 */
#ifndef DECANT_ZEROS_H
#define DECANT_ZEROS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether all of data[0, length) is zero; a length of 0 is. Any alignment. */
bool zeros_only(const uint8_t *data, uint64_t length);

#endif
