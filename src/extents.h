/* SPDX-License-Identifier: MIT */
/* extents: what is known of the source ahead of the reads.
 *
 * An append-only list of adjacent extents: the first starts where the reads
 * have got to, each following one where the one before it ends. There are no
 * holes in the list and no overlaps, and extents of one kind are joined as they
 * are appended. It lives in a fixed ring; when that is full the list just ends
 * earlier, and the rest is asked for again later.
 *
 * Not thread-safe, makes no call, never fails.
 */
#ifndef DECANT_EXTENTS_H
#define DECANT_EXTENTS_H

#include "limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of the bytes of an extent. Neither flag: data. Bits as in the
 * protocol's base:allocation context; HOLE alone means content undefined, so
 * that it has to be read. */
enum { EXTENT_HOLE = 1, EXTENT_ZERO = 2 };

struct extent {
  uint64_t length; /* bytes; at least 1 */
  uint32_t flags;  /* EXTENT_* */
};

/* The answer to one question for block status: adjacent extents from the asked
 * offset on. It may cover less than was asked for, or more. */
struct survey {
  struct extent extents[SURVEY_EXTENTS_MAX];
  size_t count;
  size_t told; /* extents that the server sent, also those that found no room */
};

struct known_extent {
  uint64_t length; /* bytes; at least 1 */
  bool zero;       /* reads as zeros; what is not known to is data */
};

struct extents {
  struct known_extent ring[EXTENTS_MAX];
  size_t first; /* index of the front */
  size_t count;
  uint64_t start; /* offset of the front's first byte */
  uint64_t end;   /* offset one past the last known byte */
};

/* Begins an empty list at an offset. */
void extents_init(struct extents *extents, uint64_t start);

/* Appends `length` bytes of one kind at the list's end. Returns false, with
 * nothing appended, when the ring is full. A length of 0 is nothing. */
bool extents_append(struct extents *extents, uint64_t length, bool zero);

/* How many appends are sure to succeed. */
size_t extents_room(const struct extents *extents);

/* The extent at the front, or NULL when nothing is known. */
const struct known_extent *extents_front(const struct extents *extents);

/* Appends the answer to a survey of [extents->end, + asked): its zeros as zeros,
 * all else as data. An empty answer, as when the question failed, makes the
 * whole window data. Both ends of the window are multiples of `alignment`, or
 * its end is `size`. The list ends on a multiple of `alignment`, or at `size`,
 * and has grown by at least one byte; there is room for the whole answer. */
void extents_take_over(struct extents *extents, const struct survey *survey, uint64_t asked, uint64_t alignment,
                       uint64_t size);

/* How many bytes the next survey should ask for, given what the last one (of
 * `asked` bytes) brought: more where extents are long, less where they are many,
 * since the length of the answer is the server's choice and costs memory. */
uint64_t extents_next_window(const struct survey *survey, uint64_t asked);

/* The extent `index` places behind the front, or NULL when that isn't known. */
const struct known_extent *extents_at(const struct extents *extents, size_t index);

/* Forgets the first `length` bytes; they are known: start + length <= end. */
void extents_consume(struct extents *extents, uint64_t length);

#endif
