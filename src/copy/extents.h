/* SPDX-License-Identifier: MIT */
/* extents: what is known of the source ahead of the reads, and so what becomes of
 * each of its bytes.
 *
 * An append-only list of adjacent extents: the first starts where the reads
 * have got to, each following one where the one before it ends. There are no
 * holes in the list and no overlaps, and extents of one kind are joined as they
 * are appended. It lives in a ring of its owner's; when that is full the list just ends
 * earlier, and the rest is asked for again later.
 *
 * Not thread-safe, makes no call, never fails.
 */
#ifndef DECANT_EXTENTS_H
#define DECANT_EXTENTS_H

#include "base/limits.h"
#include "disk/contexts.h"
#include "disk/survey.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known_extent {
  uint64_t length;       /* bytes; at least 1 */
  enum extent_kind kind; /* what is not known to be zero, or to be kept, is data */
};

/* By which rules surveys are read. */
struct extents_rules {
  const struct contexts *contexts; /* those that surveys are about */
  enum part part;                  /* of the source, that is to be copied */
  uint64_t alignment;              /* bytes, a power of two: the source's smallest block */
  uint64_t size;                   /* bytes: the source's */
};

struct extents {
  struct known_extent *ring;
  size_t max;   /* extents that the ring has room for */
  size_t first; /* index of the front */
  size_t count;
  uint64_t start; /* offset of the front's first byte */
  uint64_t end;   /* offset one past the last known byte */
  uint64_t zeros; /* bytes of zeros among all that were ever appended */
};

/* Gives a list its memory; it is empty, and begins at 0. */
void extents_init(struct extents *extents, struct known_extent *ring, size_t max);

/* Forgets all that is known, and begins at an offset. */
void extents_begin(struct extents *extents, uint64_t start);

/* Appends `length` bytes of one kind at the list's end. Returns false, with
 * nothing appended, when the ring is full. A length of 0 is nothing. */
bool extents_append(struct extents *extents, uint64_t length, enum extent_kind kind);

/* How many appends are sure to succeed. */
size_t extents_room(const struct extents *extents);

/* The extent at the front, or NULL when nothing is known. */
const struct known_extent *extents_front(const struct extents *extents);

/* Appends the answer to a survey of [extents->end, + asked), as contexts_judge()
 * has it. An answer that is empty or lacks a context, as when the question failed,
 * makes the whole window data. Both ends of the window are multiples of
 * rules->alignment, or its end is rules->size; so is the end of the list then,
 * which has grown by at least one byte; there is room for the whole answer.
 *
 * Where only a part is to be copied, what isn't known can't be called data: then
 * it returns false, with nothing appended, if less than a block was learnt. */
bool extents_take_over(struct extents *extents, const struct survey *survey, const struct extents_rules *rules,
                       uint64_t asked);

/* How many bytes the next survey should ask for, given what the last one (of
 * `asked` bytes) brought: more where extents are long, less where they are many, though
 * not less than `least`, since the length of the answer is the server's choice and costs
 * memory. */
uint64_t extents_next_window(const struct survey *survey, uint64_t asked, uint64_t least);

/* The extent `index` places behind the front, or NULL when that isn't known. */
const struct known_extent *extents_at(const struct extents *extents, size_t index);

/* Forgets the first `length` bytes; they are known: start + length <= end. */
void extents_consume(struct extents *extents, uint64_t length);

#endif
