/* SPDX-License-Identifier: MIT */
/* pipes: a simulated FIFO, socket or redirected file, with somebody at its other end.
 *
 * What comes, and what is taken, is any number of bytes at any time; the other side ends early, or goes away. It demands that
 * nobody waits in a call who could have asked first.
 */
#ifndef STORAGE_PIPES_H
#define STORAGE_PIPES_H

#include "sim/random.h"

#include <stdbool.h>
#include <stdint.h>

enum pipe_kind { PIPE_FIFO, PIPE_SOCKET, PIPE_FILE };

struct pipe {
  struct random random;
  enum pipe_kind kind;
  bool is_source;
  bool waits;              /* in its calls */
  bool opens_again;        /* by its descriptor, so that it needn't */
  uint64_t delay_max_us;   /* between what comes, or is taken */
  uint64_t part_max;       /* ... of which so much does at a time */
  unsigned short_one_in;   /* calls that do a part; 0: none */
  unsigned refuses_one_in; /* calls that are interrupted, or told to come again */
  uint64_t fails_behind;   /* so many bytes; UINT64_MAX: it never does */
  uint64_t changes_at_us;  /* a file: others cut it short, or remove it; UINT64_MAX */
  uint64_t before;         /* bytes of a file in front of what is written */
  uint64_t room;           /* bytes that it holds; 0: any number */
  uint8_t *content;        /* of a source, or what was written */
  uint64_t bytes;          /* of that; of a source, to its end */

  uint64_t arrived; /* of these, what has: at us, or at the other side */
  uint64_t taken;   /* of a source, by us */
  uint64_t next_us; /* when more does; UINT64_MAX */
  bool is_cut, is_removed;
  unsigned faults;
};

/* Readies one; the caller has set all down to `bytes`. */
void pipe_begin(struct pipe *pipe);

/* Whether what is wanted of it can be done now. */
bool pipe_is_ready(const struct pipe *pipe);

/* Each returns how many bytes it did, or -errno. */
int64_t pipe_read(struct pipe *pipe, uint8_t *to, uint64_t length);
int64_t pipe_write(struct pipe *pipe, const uint8_t *from, uint64_t length, bool may_wait);

/* How large it looks, as a file. */
uint64_t pipe_file_bytes(const struct pipe *pipe);

uint64_t pipe_next_us(const struct pipe *pipe);
void pipe_advance(struct pipe *pipe, uint64_t now_us);

#endif
