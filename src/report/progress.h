/* SPDX-License-Identifier: MIT */
/* progress: the words of the progress line.
 *
 * Bytes that count are bytes that the destination has confirmed, not those
 * asked for. No clock is read and nothing is printed here.
 */
#ifndef DECANT_PROGRESS_H
#define DECANT_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#define PROGRESS_TEXT_BYTES 128

/* How much is done, in whole percent, rounded down: 100 means all of it. */
unsigned progress_percent(uint64_t done, uint64_t total);

/* Writes a line such as "1.5 GiB of 4.0 GiB (37 %), 210.0 MiB/s, 0:12 left",
 * without a newline. `total` may be SIZE_UNKNOWN; elapsed_ms is since the copy
 * began. */
void progress_text(char text[PROGRESS_TEXT_BYTES], uint64_t done, uint64_t total, uint64_t elapsed_ms);

#endif
