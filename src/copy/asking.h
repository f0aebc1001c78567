/* SPDX-License-Identifier: MIT */
/* asking: whether to ask for block status is worth its time.
 *
 * Mostly it costs nothing, since answers come ahead of the reads. But a server may
 * tell one small extent at a time, or take long over each answer; the reads then wait
 * for what is known, and to have read all, zeros too, would have been faster. So the
 * time that they waited is held against what the answer saved: where it would have
 * sufficed to read more than that, so much of the source is taken for data, unasked,
 * that the waiting is a small part of the copy; then it is asked again, since what
 * follows may be a large hole. From then on, until the answers are worth it again,
 * all of the time that they take counts, waited for or not.
 *
 * Several questions may be out at once, and what they cost they cost together: so it is
 * judged once all are answered, or as many answers have come as can be out. A server that
 * tells little at a time gets as many, since asking it several things at once may
 * help. How fast reads are can't be told from small ones: before anything else, some of such a
 * source is read unasked.
 *
 * Sizes are bytes, times microseconds. Nothing here fails.
 */
#ifndef DECANT_ASKING_H
#define DECANT_ASKING_H

#include "copy/windows.h"

#include <stdbool.h>
#include <stdint.h>

/* All zero is the beginning. */
struct asking {
  uint64_t read_bytes; /* by all reads so far ... */
  uint64_t read_us;    /* ... and the time in which any was on its way */
  uint64_t since_us;   /* while there are reads: up to when that is counted */
  uint64_t asked_us;   /* while there are questions: up to when that is counted */
  bool is_slow;        /* the answers judged last weren't worth their time */
  bool waits;          /* there is room for a read, and nothing is known that could be read */
  uint64_t waits_us;   /* since then */

  /* Since it was judged last. */
  unsigned answers;
  uint64_t cost_us; /* of the answers */
  uint64_t learnt;  /* from them ... */
  uint64_t zeros;   /* ... and what of it need not be read */
};

/* A read is sent, while no other is on its way. */
void asking_reads_begin(struct asking *asking, uint64_t now_us);

/* A read of so many bytes has been answered. */
void asking_read_answered(struct asking *asking, uint64_t bytes, uint64_t now_us);

/* Reads wait for what is known. */
void asking_reads_wait(struct asking *asking, uint64_t now_us);

/* It is asked for block status; with this question, `out` are out. */
void asking_asked(struct asking *asking, unsigned out, uint64_t now_us);

/* An answer has taught something, and `out` questions are still out. Returns how many of the bytes
 * that nobody has asked for are to be taken for data; 0: ask on. */
uint64_t asking_answered(struct asking *asking, const struct learnt *learnt, unsigned out, uint64_t now_us);

#endif
