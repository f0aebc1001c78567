/* SPDX-License-Identifier: MIT */
/* peer: a simulated NBD server, at the other end of the lines of net.h.
 *
 * A lawful one uses whatever freedom the protocol leaves: which options it knows, how it cuts, mixes and orders its answers,
 * what it tells of its blocks and extents, when it answers, refuses or goes away. And it demands that the client keeps to the
 * law as well. An unlawful one breaks it now and then. What was answered before a flush was asked for is on stable storage
 * once that flush is answered; the rest may be lost when the server is.
 */
#ifndef EDGES_PEER_H
#define EDGES_PEER_H

#include "edges/net.h"

#define PEER_BYTES_MAX (UINT64_C(1) << 20)
#define PEER_LINES_MAX 40
#define PEER_PENDING_MAX 160
#define PEER_CONTEXTS 2
#define PEER_PIECES_MAX 160

enum peer_age { PEER_FIXED, PEER_NEWSTYLE, PEER_OLDSTYLE };

/* Chances are one in N, 0: never. */
struct peer_manners {
  enum peer_age age;
  bool no_zeroes, structured, extended, go, lists, contexts, tells_blocks, structured_always;
  unsigned info_one_in;  /* pieces of information beside those that it has to give, known and unknown */
  uint64_t delay_max_us; /* of an answer */
  unsigned split_one_in; /* reads that are answered in pieces */
  unsigned many_pieces_one_in;
  unsigned piece_pause_one_in; /* others come between these */
  unsigned survey_short_one_in, survey_fails_one_in, survey_blind_one_in;
  unsigned read_fails_one_in, write_fails_one_in, zero_refused_one_in, flush_fails_one_in;
  unsigned errors_left;       /* at most so many */
  unsigned full_one_in;       /* of the errors, those that nothing makes up for */
  unsigned shuts_down_one_in; /* answers that say that it does */
  unsigned option_fails_one_in;
  unsigned option_pause_one_in; /* options that are answered late */
  unsigned ignores_goodbye_one_in;
  /* It goes away. */
  uint64_t dies_at_us;     /* or NET_NEVER */
  unsigned freezes_one_in; /* ... or stands still for a while instead */
  unsigned dies_again_one_in, forgets_one_in, down_one_in, other_one_in;
  uint64_t down_max_us;
  /* It breaks the law. */
  unsigned breaks_one_in;
  unsigned breaks_left;
  bool breaks_visibly; /* only where a client can know: pieces of reads that aren't those that were asked for */
};

struct peer {
  struct random random;
  struct peer_manners manners;
  const char *name;
  uint64_t size;
  uint64_t block_min, block_preferred, block_max;
  uint16_t flags;            /* of transmission */
  uint8_t *content, *stable; /* PEER_BYTES_MAX each */
  bool is_read;              /* else written to */
  struct peer_line *lines[PEER_LINES_MAX];
  unsigned count;
  uint64_t now_us;
  uint64_t back_us;       /* it is down until then */
  uint64_t flushes;       /* asked for, so far */
  uint64_t flushed;       /* the number of the last one that was answered */
  struct peer_late *late; /* what dead connections have left behind */
  bool unflushed;         /* something was written since the last flush was asked for */

  /* What happened. */
  unsigned faults;      /* errors that it answered with */
  unsigned hard_faults; /* of these, those that no repetition makes up for */
  unsigned deaths, ends;
  unsigned breaks;   /* of the law */
  bool has_lied;     /* in a way that nobody can see */
  unsigned silences; /* answers that it will never give */
  bool is_other;     /* it shows another disk now */
  bool flush_failed;
  uint64_t requests;
};

/* Readies a peer; the caller has set name, size and all that follows, to `is_read`. */
void peer_begin(struct peer *peer, uint64_t seed);

/* Forgets all connections. */
void peer_stop(struct peer *peer);

/* A client connects. Returns 0, or the errno by which it is refused. */
int peer_accept(struct peer *peer, struct line *line);

/* What comes over a line: bytes; an end that is in order; an end. */
void peer_hear(struct peer_line *session, const uint8_t *bytes, size_t length);
void peer_hear_end(struct peer_line *session);
void peer_lost(struct peer_line *session);

/* When it does something next, and has it do that. */
uint64_t peer_next_us(const struct peer *peer);
void peer_advance(struct peer *peer, uint64_t now_us);

/* Of what isn't flushed, anything may be gone. */
void peer_lose_power(struct peer *peer);

#endif
