/* SPDX-License-Identifier: MIT */
/* hold_back: a destination whose first and last bytes stay zeros until all the rest is there.
 *
 * A machine whose copy was cut short must not start what is only half there, and firmware looks at both ends of a disk: at its
 * first block, and, for the other copy of a partition table, at its last one. So this end stands between a copy and its
 * destination. With the first request but a flush, it makes both ends zeros and flushes that; what is written there
 * from then on it keeps in memory; and when all was written and is flushed for the last time, it
 *
 *   flushes all the rest -> writes what it held, but the first and the last block -> flushes -> writes these two -> flushes
 *
 * and only then answers. What the copy sees is an end like others: what is held counts as written, and as flushed, as long as the
 * process lives. What outlives it is another question, and hold_back_is_done() answers it: a map that is kept must not call
 * anything finished before that lies in what is held.
 *
 * Of a larger destination the last bytes become zeros too, where the source has nothing for them: another system's table may be
 * there. Where only a part is wanted, only that becomes zeros, in whole blocks, and what is to stay there is read before.
 *
 * Nothing is done twice at a time: what is asked meanwhile waits, and while the ends are made zeros, one request is taken. Makes no
 * call but the destination's, and allocates nothing: the buffer is the caller's. Offsets and lengths are bytes.
 */
#ifndef DECANT_HOLD_BACK_H
#define DECANT_HOLD_BACK_H

#include "base/range.h"
#include "copy/front.h"
#include "copy/selection.h"
#include "disk/endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hold_back_config {
  struct endpoint *destination; /* which can be written anywhere, and be flushed */
  uint64_t bytes;               /* how much of either end; at most HOLD_BACK_BYTES_MAX */
  uint64_t size;                /* the source's; SIZE_UNKNOWN: then only the first bytes are held, unless it is the
                                   destination's size that is known */
  uint64_t passed_below;        /* what isn't held of it is there already, though it is written again; 0: nothing is */
  uint64_t there_below;         /* where neither size is known: how much the destination has */
  const struct selection *wanted; /* what is to be written, at least; the rest stays. NULL: all */
  bool are_zeros;                 /* both ends read as zeros already */
  bool keeps_rest;                /* nothing is held behind the source's size, which is known: something stays there */
  bool allocated;                 /* zeros are not to become holes */
  const unsigned char *zeros;     /* zero_bytes of zeros, to write where the destination can't zero */
  uint64_t zero_bytes;            /* a multiple of the destination's block */
  unsigned char *buffer;          /* hold_back_bytes() of zeros, in whole pages */
};

/* Two scripts of requests, whose steps make any number of them, one after the other. */
enum hold_back_step {
  HOLD_BACK_READS, /* what is to stay */
  HOLD_BACK_ZEROS, /* both ends */
  HOLD_BACK_FLUSHES_ZEROS,
  HOLD_BACK_HOLDS,            /* the first script is over ... */
  HOLD_BACK_FLUSHES_REST,     /* ... and so the last one begins */
  HOLD_BACK_WRITES,           /* what was held, but the outermost blocks ... */
  HOLD_BACK_FLUSHES_MORE,     /* ... */
  HOLD_BACK_WRITES_OUTERMOST, /* ... and these */
  HOLD_BACK_ENDS,             /* with the copy's own flush */
  HOLD_BACK_IS_DONE,
};

struct hold_back {
  struct front front; /* what the copy sees */
  struct hold_back_config config;
  uint64_t end;            /* of the destination, or what it will have; SIZE_UNKNOWN */
  struct range head, tail; /* what is held; the tail is empty where the head has all of it, or no end is known */
  unsigned char *tail_bytes;
  uint64_t block_bytes;  /* what firmware looks at lies in the first or the last one */
  uint64_t passed_below; /* what is there already, in whole blocks */
  uint64_t zero_below;   /* behind it, nothing has to become zeros */
  uint64_t reach;        /* what is to be written ends here; of a stream, so far */
  enum hold_back_step step;
  uint64_t at;        /* where it goes on; of a flush, 0: it is to be asked for */
  bool is_touched;    /* something was asked to be changed ... */
  bool is_ending;     /* ... and, of what is held, to be written */
  bool waits;         /* a final flush isn't the last one */
  bool writes_zeros;  /* as plain data, since asking for them was refused */
  struct request own; /* of the script */
  struct chunks own_chunks;
  struct request *parked;        /* the copy's, that waits for the end of the script */
  struct request_queue answered; /* the copy's, without the destination */
  struct cut {                   /* the copy's request of which only a part is for the destination */
    struct request *request;     /* NULL: none */
    uint64_t offset, length;
    unsigned char *payload;
    uint64_t rest_end; /* of that part */
  } cuts[2];           /* at the end of the head, and at the tail's beginning */
};

/* How large the buffer has to be. */
size_t hold_back_bytes(uint64_t bytes);

/* Whether a destination's ends can be held back, in the buffer for `bytes`. Returns 0, or -1 with the fault set. */
int hold_back_check(const struct endpoint *destination, uint64_t bytes, bool is_partial, struct fault *fault);

/* Readies it, for a destination that is open, passed hold_back_check(), and is closed by the caller. Nothing is touched yet. */
void hold_back_init(struct hold_back *hold, const struct hold_back_config *config);

/* Whether more is going to be written after a final flush, which doesn't begin the last script then. */
void hold_back_wait(struct hold_back *hold, bool waits);

/* Puts what of a range is held where it would lie in that range's bytes. */
void hold_back_show(const struct hold_back *hold, struct range range, unsigned char *bytes);

/* Whether what was held is there, come what may. */
bool hold_back_is_done(const struct hold_back *hold);

#endif
