/* SPDX-License-Identifier: MIT */
/* survey: the answer to one question for block status, merged as it comes in.
 *
 * A server replies once for each metadata context, in any order; each reply is a
 * list of adjacent extents from the asked offset on, which may cover less than was
 * asked for, or more, and ends wherever the server liked. Merged in lock step they
 * become one list of adjacent extents that carry the value of every context, as
 * far as all of them reach. It is append-only, without holes or overlaps, equal
 * neighbours joined, and of fixed size, in memory of its owner's: when it is full it ends
 * earlier, and the rest is asked for again.
 *
 * Not thread-safe, makes no call, never fails.
 */
#ifndef DECANT_SURVEY_H
#define DECANT_SURVEY_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extent {
  uint64_t length;               /* bytes; at least 1 */
  uint64_t values[CONTEXTS_MAX]; /* what each context says, in the order of the source's contexts; 0 for the rest */
};

struct survey {
  struct extent *extents; /* merged from the replies so far */
  struct extent *before;  /* what the replies before this one made. Between survey_reply() and the reply's last
                             survey_add(): others may use it at other times */
  size_t max;             /* extents that each of the two has room for */
  size_t count;
  size_t told; /* extents in the longest reply, or merged, also those that found no room */

  /* While replies come in. */
  unsigned contexts;  /* how many are to reply */
  uint32_t replied;   /* a bit for each that has */
  unsigned replying;  /* the context whose reply is being taken in */
  size_t reply_count; /* extents of it so far */
  bool is_first;      /* nothing is there to be merged with */
  bool is_full;       /* an extent found no room, so that nothing may follow */
  size_t before_count;
  size_t before_index;  /* of these, how far the lock step has come */
  uint64_t before_used; /* bytes of that one */
};

/* Gives a survey its memory. */
void survey_init(struct survey *survey, struct extent *extents, struct extent *before, size_t max);

/* Begins a survey of so many contexts; nothing is known. */
void survey_begin(struct survey *survey, unsigned contexts);

/* A context's reply begins. Returns false, and nothing of the reply is to be added,
 * if it has replied before. */
bool survey_reply(struct survey *survey, unsigned context);

/* The reply's next extent. */
void survey_add(struct survey *survey, uint64_t length, uint64_t value);

/* All have replied. What is missing otherwise is not known, so nothing is. */
bool survey_is_complete(const struct survey *survey);

#endif
