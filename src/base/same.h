/* SPDX-License-Identifier: MIT */
/* same: how far bytes are the same, at the speed of memory.
 *
 * A cache line at a time, as zeros.h has it, and for the same reason.
 */
#ifndef DECANT_SAME_H
#define DECANT_SAME_H

#include <stdint.h>

/* How many bytes at the front of a[0, length) and b[0, length) are the same. Any alignment. */
uint64_t same_bytes(const uint8_t *a, const uint8_t *b, uint64_t length);

/* How many bytes at the front of a[0, length) are zero. */
uint64_t same_zeros(const uint8_t *a, uint64_t length);

#endif
