/* SPDX-License-Identifier: MIT */
/* windows: what is asked about the source's extents, ahead of what is known.
 *
 * A row of adjacent windows, each with one question that may be out, and with what
 * its answers have taught so far. Answers come in any order, and may cover less than
 * was asked for, down to a single extent: a window then asks on for its own rest,
 * beside the others. So a server that tells little at a time is asked several
 * things at once, and a long line costs its latency once. What is known passes on to
 * the list of extents in order: the window in front first.
 *
 * How long a window is follows what the answers bring: longer where extents are long,
 * shorter where they are many or the server tells little at a time. All questions
 * that are out ask together for at most SURVEY_BYTES_MAX, or for one block; until the
 * first answer has shown what the server is like, there is one. So it is again, with a
 * long window, behind what was skipped: there may be a large hole. Of what a selection doesn't want, nothing is
 * asked: each run of it is a window that is known from the beginning. Windows end where its runs do.
 *
 * Owns the memory of the surveys; whoever submits a question owns its request until
 * it is answered. Offsets and lengths are bytes. Makes no call, never fails.
 */
#ifndef DECANT_WINDOWS_H
#define DECANT_WINDOWS_H

#include "base/limits.h"
#include "copy/extents.h"
#include "copy/selection.h"
#include "disk/endpoint.h"

#include <stdbool.h>
#include <stdint.h>

struct window {
  struct request request; /* its question */
  struct survey survey;   /* and the answer */
  bool is_out;            /* it is asked, and not answered yet */
  struct extents known;   /* from its start on, or from where it has been passed on */
  uint64_t end;           /* where the next window begins */
  uint64_t limit;         /* where what is wanted here ends: an answer teaches nothing behind it */
  struct known_extent ring[WINDOW_EXTENTS_MAX];
  struct extent answer[SURVEY_EXTENTS_MAX];
};

struct windows {
  struct window list[WINDOWS_MAX]; /* a ring */
  unsigned first;                  /* index of the front */
  unsigned count;
  struct extents_rules rules;
  const struct selection *selection; /* NULL: all is wanted */
  uint64_t end;                      /* of the last window, and where the next one begins */
  uint64_t bytes;                    /* how long that is; a power of two ... */
  uint64_t bytes_first;              /* ... at first this ... */
  uint64_t bytes_least;              /* ... and never less than this */
  uint64_t unasked_end;              /* below this, what isn't known by now is data ... */
  uint64_t unasked_first;            /* ... at first this */
  unsigned out;                      /* questions that are out ... */
  uint64_t out_bytes;                /* ... and what they ask for */
  bool is_heard;                     /* there was an answer, since there is asked here */
  struct extent before[SURVEY_EXTENTS_MAX];
};

/* What an answer has taught. */
struct learnt {
  uint64_t bytes; /* by how much more is known */
  uint64_t zeros; /* of them, those that read as zeros */
  bool is_short;  /* the server told less than it was asked for, and not for want of room */
  bool is_late;   /* it was asked before windows_skip(), and says nothing of what comes behind */
};

/* Readies windows; they may be uninitialised memory. They begin at 0. Where the source isn't to be asked, all that
 * is wanted is data. The selection may be NULL; its areas may change where nothing is wanted any more. */
void windows_init(struct windows *windows, const struct extents_rules *rules, const struct selection *selection,
                  bool is_asked);

/* Forgets all that was learnt, and begins at an offset, a multiple of rules->alignment or rules->size.
 * No question is out. */
void windows_begin(struct windows *windows, uint64_t start);

/* The next question, which is to be submitted now, or NULL: there is none, or none before others are answered,
 * or what is known was passed on. Below `position`, nothing is waited for. */
struct request *windows_ask(struct windows *windows, uint64_t position);

/* Learns from an answered question; one that failed teaches that its range is to be read. Returns false, with
 * nothing learnt, where only a part of the source is wanted and that isn't known now. */
bool windows_learn(struct windows *windows, struct request *request, struct learnt *learnt);

/* An answered question is to be asked again, as if it had not been: what the answer says is ignored. */
void windows_ask_again(struct windows *windows, struct request *request);

/* What isn't known by now and isn't asked for at the moment is data, up to `bytes` behind all that is, and from
 * there to a multiple of `grid`, which is one of rules->alignment too. Nothing is asked behind it before what is
 * out is answered. For copies of the whole source. */
void windows_skip(struct windows *windows, uint64_t bytes, uint64_t grid);

/* Moves what is known at the front to the end of `extents`, as far as there is room. Returns whether
 * there was anything. */
bool windows_pass_on(struct windows *windows, struct extents *extents);

#endif
