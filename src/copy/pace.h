/* SPDX-License-Identifier: MIT */
/* pace: how much to have on its way at once.
 *
 * Over a long line everything that fits the memory has to be on its way, or the
 * line runs dry. From a server next door the same depth only makes the data go
 * cold: with all of 16 MiB on its way, each byte has left the processors' caches
 * by the time it is used next, on both sides. So the window is tried out, by what
 * it brings: it begins small; a first answer that takes its time opens it wide, for
 * good, since there a smaller one costs more than it can bring. Else a window twice
 * as large, or half as large, has a turn now and then, and stays if it brings more,
 * or as much. What doesn't help is tried ever more seldom. Over a line so long that
 * it may hold more than that, it is widened further, as far as what the line carries
 * in the time of an answer is worth, and as long as that brings more.
 *
 * Sizes are bytes, times microseconds. Nothing here fails.
 */
#ifndef DECANT_PACE_H
#define DECANT_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum pace_trial { PACE_SETTLED, PACE_WIDER, PACE_NARROWER };

struct pace {
  uint64_t min; /* the window's bounds */
  uint64_t max;
  uint64_t far_max;    /* ... from a server far away */
  uint64_t latency_us; /* how long the first answer took; before it, 0 */
  uint64_t window;     /* what may be on its way now */
  uint64_t in_flight;  /* what is */
  bool answered;       /* whether anything ever came back */
  uint64_t start_us;   /* when this turn of the window began; before the first answer, when anything was sent */
  uint64_t moved;      /* what came back in this turn */
  uint64_t settled;    /* the window to go back to, if a trial brings nothing */
  uint64_t rate;       /* what that one brings: bytes a second */
  enum pace_trial trial;
  enum pace_trial next; /* the trial that is next */
  unsigned patience;    /* turns to settle for between trials */
  unsigned waited;      /* of them, those that are over */
};

/* At most `max` on its way, as much as there is memory; and `far_max` (>= max) over a long line, whose memory is better left
 * alone else. */
void pace_init(struct pace *pace, uint64_t max, uint64_t far_max);

/* Whether more may be sent. */
bool pace_has_room(const struct pace *pace);

void pace_sent(struct pace *pace, uint64_t bytes, uint64_t now_us);
void pace_answered(struct pace *pace, uint64_t bytes, uint64_t now_us);

#endif
