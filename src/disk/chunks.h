/* SPDX-License-Identifier: MIT */
/* chunks: which bytes of a read have been answered, and as what.
 *
 * A structured reply answers a read in chunks of data and of zeros, in any
 * order. libnbd checks only that their lengths add up. A reply that sends one
 * part twice and leaves out another would pass that, and whatever an earlier
 * read left in the buffer would be taken for the disk's content. So every chunk
 * is noted here, and a read counts as done only when its chunks cover it exactly
 * once.
 *
 * Offsets are relative to the start of the read.
 */
#ifndef DECANT_CHUNKS_H
#define DECANT_CHUNKS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk {
  uint64_t offset; /* bytes from the start of the read */
  uint64_t length; /* bytes; at least 1 */
  bool zero;       /* all zeros, known without looking; the payload holds zeros there too */
};

struct chunks {
  struct chunk list[CHUNKS_MAX]; /* ascending, not overlapping */
  size_t count;
};

void chunks_clear(struct chunks *chunks);

/* Notes one more chunk; a length of 0 is nothing. Chunks of one kind that touch
 * are joined. When the list is full, a zero chunk becomes data that it touches
 * (the payload holds its zeros). Returns false, with nothing noted, when the
 * chunk overlaps another, or lies apart from all others in a full list. */
bool chunks_add(struct chunks *chunks, uint64_t offset, uint64_t length, bool zero);

/* Forgets all but the chunks that cover [0, n) without a gap, n being at most
 * `limit` bytes; returns n. What a read that failed in the middle still has. */
uint64_t chunks_keep_front(struct chunks *chunks, uint64_t limit);

/* Makes one chunk of data of those, which touch each other (the payload holds the zeros). */
void chunks_join(struct chunks *chunks);

/* Whether the chunks cover [0, length) without a gap. */
bool chunks_cover(const struct chunks *chunks, uint64_t length);

#endif
