/* SPDX-License-Identifier: MIT */
/* progress: how far a copy is, and how fast, in the words of the progress line.
 *
 * Bytes that count are bytes that the destination has confirmed, not those asked for.
 * The rate is that of data, and of the last seconds: holes cost nothing, and what was an
 * hour ago says nothing of the next. The time left is what all that is left takes at the
 * pace of the last seconds. No clock is read and nothing is printed here.
 */
#ifndef DECANT_PROGRESS_H
#define DECANT_PROGRESS_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

#define PROGRESS_TEXT_BYTES 128
#define PROGRESS_WINDOW_MS 4000 /* "the last seconds" */
#define PROGRESS_MOMENTS 32     /* more than there are in the window, at 4 a second */

/* How far a copy was at one moment: bytes. */
struct progress_moment {
  uint64_t now_ms;
  uint64_t done;  /* confirmed, holes and all */
  uint64_t moved; /* of it, what was written as data */
  uint64_t read;  /* everything below was read, or is known to be zeros */
};

struct progress {
  struct progress_moment moments[PROGRESS_MOMENTS]; /* the last ones, in a circle */
  unsigned count;                                   /* of all there were */
  struct progress_moment first;
};

/* Begins, at the moment when nothing is done but what lies below the copy's start. */
void progress_begin(struct progress *progress, uint64_t now_ms, uint64_t done);

/* Notes one more moment, not before the last one. Less may be done than was: a destination that was lost may have
 * lost what wasn't flushed. */
void progress_add(struct progress *progress, const struct progress_moment *moment);

/* Bytes of data a second, in the last seconds. */
double progress_rate(const struct progress *progress);

/* How much is done, in whole percent, rounded down: 100 means all of it. */
unsigned progress_percent(uint64_t done, uint64_t total);

/* Writes a line such as "1.5 GiB of 4.0 GiB (37 %), 210.0 MiB/s, 0:12 left",
 * without a newline; when all is done, with the rate of the whole copy. While nothing
 * but zeros is read, which are asked for in large pieces, it says how much that is. `total`
 * may be SIZE_UNKNOWN. */
void progress_text(const struct progress *progress, char text[PROGRESS_TEXT_BYTES], uint64_t total);

/* The same while an end of that name is lost and waited for, for so long already: "1.5 GiB of 4.0 GiB (37 %), waiting 0:12,
 * for nbd://host/disk". Of a long name, the beginning; what of it may not be shown, as '?'. */
void progress_waiting_text(const struct progress *progress, char text[PROGRESS_TEXT_BYTES], uint64_t total,
                           const char *name, uint64_t ms);

/* What there is to say of the last moment beside its rate. */
struct progress_state {
  uint64_t done, total;  /* bytes; `total` may be SIZE_UNKNOWN */
  const char *doing;     /* where it isn't copying, what it is; NULL */
  const char *waits_for; /* the name of an end while it is lost; NULL */
};

/* What a line for scripts takes at most. */
#define PROGRESS_JSON_BYTES 512

/* Adds an object of JSON in one line, with its newline: {"done": 1536, "total": 4096, "rate": 210, "seconds": 1.500}, with "doing"
 * and "waits-for" where there is something to be said. `total` is left out where it isn't known. */
void progress_add_json(const struct progress *progress, const struct progress_state *state, struct text *text);

/* Leaves out parts at the end of a line, the time left first, and at last all but the
 * percentage, so that it has at most so many columns. */
void progress_fit(char text[PROGRESS_TEXT_BYTES], size_t columns);

#endif
