/* SPDX-License-Identifier: MIT */
/* copy: the hallway through which a disk is carried.
 *
 *   extents -> schedule -> source reads -> reorder -> assemble -> destination -> done
 *
 * A table of stages {name, run}, in order of priority: whatever frees something
 * comes before what uses something up. The rooms never call each other; the stages
 * carry things between them. When no stage has anything to do, the loop waits.
 *
 * Nothing is allocated here: the tables are in struct copy, the payload in the
 * buffers that the caller hands over.
 */
#ifndef DECANT_COPY_H
#define DECANT_COPY_H

#include "copy/asking.h"
#include "copy/assemble.h"
#include "copy/block_list.h"
#include "copy/budget.h"
#include "copy/extents.h"
#include "copy/mark.h"
#include "copy/narrow.h"
#include "copy/pace.h"
#include "copy/rate.h"
#include "copy/recovery.h"
#include "copy/reorder.h"
#include "copy/retry.h"
#include "copy/schedule.h"
#include "copy/windows.h"
#include "disk/areas.h"
#include "disk/endpoint.h"
#include "os/loop.h"

#include <errno.h>
#include <stdbool.h>

/* Called about every interval_ms, and at the end: bytes that the destination has
 * confirmed, of `total` (SIZE_UNKNOWN for a stream whose end wasn't seen). */
struct copy_observer {
  void (*progress)(struct copy_observer *observer, uint64_t done, uint64_t total, uint64_t now_ms);
  int interval_ms; /* 0: never */
  /* An end was lost, as it says itself (endpoint_why), and is being tried again; and it is back, and the
   * destination is written from `offset` on. NULL: nobody wants to know. */
  void (*lost)(struct copy_observer *observer, const struct endpoint *end);
  void (*back)(struct copy_observer *observer, const struct endpoint *end, uint64_t offset);
};

/* Is shown the source's content, from its beginning on, in order and without gaps, as it passes on its
 * way to the destination: `length` bytes, data being NULL where they are zeros. `keep` instead takes those
 * that the destination keeps; NULL: these are shown as zeros, and all has to be part of the copy. */
struct copy_tap {
  void (*take)(struct copy_tap *tap, const uint8_t *data, uint64_t length);
  void (*keep)(struct copy_tap *tap, uint64_t length);
  bool has_refused; /* what it was shown last isn't what it should be: neither that nor anything behind it is written */
};

/* Is told whenever more of the destination is on stable storage: whatever was to be copied below `below` is
 * there, come what may. */
struct copy_witness {
  void (*flushed)(struct copy_witness *witness, uint64_t below);
};

#define COPY_RETRY_FOREVER UINT64_MAX

/* The errno of a block, or a part of the list of blocks, that isn't what it has to be; no end has it. */
#define COPY_DIFFERS EKEYREJECTED

struct copy_config {
  struct endpoint *source;
  struct endpoint *destination;
  struct loop *loop;
  struct budget budget;
  unsigned char *slot_buffers;       /* budget.slots * budget.slot_bytes */
  unsigned char *spare_buffers;      /* budget.spare_slots * budget.slot_bytes; not touched but over long lines */
  unsigned char *stage_buffers;      /* budget.stages * budget.block_bytes */
  unsigned char *zeros;              /* budget.zero_bytes of zeros, never written to */
  enum part part;                    /* of the source; all but PART_ALL take its extents */
  const struct selection *selection; /* what is to be copied of a source that can be read anywhere;
                                        NULL: all. It may shrink below what is flushed */
  bool extents;                      /* ask the source for its extents; not with `blocks`, which know them */
  struct block_list *blocks;         /* what each block of the source has to be, noted, of a source that can be read
                                        anywhere and is copied as a whole or by a selection; NULL: anything */
  struct endpoint *list;             /* where that lies */
  uint8_t *slot_digests;             /* budget.slots times the digests of budget.slot_bytes */
  bool detect_zeros;                 /* look for zeros in data */
  bool allocated;                    /* zeros are not to become holes */
  bool skip_zeros;                   /* the destination reads as zeros already */
  bool flush;
  bool only_looks;           /* nothing is written: a fault doesn't say what of the destination is good */
  uint64_t start;            /* where the copy begins; below it the destination is left alone */
  uint64_t end;              /* nothing is wanted from there on, but to the end of the source's block; 0: all is */
  uint64_t flush_each_bytes; /* a flush also midway, when so much was written since the last; 0: none */
  uint64_t flush_each_ms;    /* ... and so long ago */
  uint64_t retry_ms;         /* how long to go on without any progress: lost ends are tried again, and so are
                                     requests that failed; 0: not at all; COPY_RETRY_FOREVER */
  uint64_t bytes_per_s;      /* the most to read a second; 0: no limit */
  struct areas *unreadable;  /* of a source that can be read anywhere, all of it finished: what can't be read is left
                                     out, and has its status here; NULL: that ends the copy */
  enum mark mark;            /* what is written there; MARK_NONE: zeros where the destination holds nothing yet */
  const char *mark_words;    /* beside its offset, for the pattern; short */
  uint64_t errors_max;       /* so many reads that failed for good end the copy; UINT64_MAX: it never does */
  struct copy_observer *observer; /* NULL: nobody watches */
  struct copy_tap *tap;           /* NULL: nobody listens */
  struct copy_witness *witness;   /* NULL: nobody keeps count */
};

/* One read, from its request to the last write out of its buffer: answered, or at
 * least sent. */
struct slot {
  struct request request;
  struct chunks chunks;
  struct range wanted; /* what of the read is part of the copy: the source's blocks may reach further */
  uint64_t end;        /* where the read ends: its request may be a part of it */
  struct retry retry;
  struct narrow narrow; /* once it has failed for good */
  bool is_suspect;      /* it was lost with the source, and may be the reason */
  uint64_t start;       /* where it began */
  uint8_t *digests;     /* what its blocks have to be */
  unsigned char *buffer;
  unsigned holders; /* the read, pieces and writes that still need the buffer; 0: home */
};

enum transfer_state {
  TRANSFER_HOME,
  TRANSFER_WAITS, /* zeros, of which this part is still to be asked for */
  TRANSFER_OUT,   /* its request is with the destination */
  TRANSFER_AGAIN, /* its request failed, and is to be asked for again */
  TRANSFER_FAILED,
};

/* One write or zero. */
struct transfer {
  struct request request;
  enum transfer_state state;
  bool writes_zeros;  /* as plain data, since asking for them was refused */
  bool is_reclaimed;  /* what it wrote from is with others by now */
  bool asks_for_less; /* zeros that are asked for in requests that are sure to be done right */
  struct range range; /* what of it isn't confirmed */
  struct retry retry;
  uint32_t slot;  /* whose buffer it writes from; SLOT_NONE: none, or it is with others by now */
  uint32_t stage; /* likewise, or STAGE_NONE */
};

/* What went wrong first, before it is put into words; a flush that failed is told beside it. */
struct failure {
  const struct endpoint *endpoint; /* where; NULL: nothing went wrong there */
  const char *doing;
  uint64_t offset;
  int errnum;
};

/* How a server is shown to do large zeros right: the end of the first one is read, and if it
 * isn't zeros already, zeroed and read again. */
enum proof { PROOF_NONE, PROOF_READS_BEFORE, PROOF_ZEROES, PROOF_READS_AFTER };

/* Why the destination is flushed. */
enum flush_reason { FLUSH_MIDWAY, FLUSH_AFTER_RETURN, FLUSH_AT_END };

/* What pouring waits for, when it can't go on. */
enum pour_wait { POUR_GOES_ON, POUR_WAITS_FOR_PIECE, POUR_WAITS_FOR_STAGE, POUR_WAITS_FOR_EDGE, POUR_IS_DONE };

struct copy {
  struct copy_config config;
  uint64_t start; /* where it began, or the last time began anew */
  struct extents extents;
  struct known_extent known[EXTENTS_MAX]; /* theirs */
  struct schedule schedule;
  struct reorder reorder;
  struct assemble assemble;

  struct slot slots[SLOTS_MAX];
  unsigned reads_in_flight; /* also those that wait to be asked for again */
  unsigned reads_waiting;   /* those alone */
  struct pace pace;         /* of the reads */
  struct rate rate;
  bool held_back;      /* the next read waits for the rate alone */
  unsigned suspects;   /* reads that are asked for one by one, and nothing else */
  uint64_t errors;     /* parts of the source that couldn't be read */
  uint64_t source_end; /* where the source ends; SIZE_UNKNOWN until a stream did */
  bool all_planned;    /* no further read is to be submitted */

  struct windows windows;
  struct retry survey_retry; /* of any of their questions */
  struct asking asking;

  enum pour_wait pour_wait;
  struct piece rest;    /* what of the last piece isn't in the assembler yet */
  uint32_t poured_slot; /* slot of the piece in the assembler, or SLOT_NONE */
  struct transfer transfers[WRITES_MAX];
  unsigned transfers_out;
  unsigned zeros_waiting;     /* transfers */
  unsigned transfers_waiting; /* to be asked for again */
  uint64_t zero_max;          /* the largest zero that the destination is thought to take; 0: none */
  bool large_zeros_work;      /* as far as can be known: larger ones than budget.zero_sure */
  enum proof proof;
  struct transfer *proof_of;
  struct request proof_request;
  struct chunks proof_chunks;
  uint32_t proof_stage;
  bool stage_busy[STAGES_MAX];
  struct request edge_request; /* the read that completes the last block */
  struct chunks edge_chunks;
  uint32_t edge_stage;
  struct retry edge_retry;
  struct request flush_request;
  bool flushing;
  enum flush_reason flush_reason;
  uint64_t flush_asked_ms; /* the last time ... */
  uint64_t flush_took_ms;  /* ... and how long it took */
  uint64_t flush_done;     /* what was done then */
  uint64_t flush_reach;    /* what was confirmed below this when the flush was asked for */
  uint64_t flushed_below;  /* every byte below is on stable storage, whatever happens from now on */
  bool is_settled;         /* so is what the final flush stands for, whatever that is to the destination */
  int flush_errnum;        /* why a flush failed: then only what earlier ones reached is known to be there */

  struct recovery source_recovery;
  struct recovery destination_recovery;
  struct recovery list_recovery;
  bool source_is_gone; /* for good */
  /* The destination is gone back over from where it is flushed, once all requests are home. */
  bool is_rewinding;
  unsigned rewinds;     /* so far */
  bool flushes_first;   /* since it was lost: a server may still carry out what it was sent */
  uint64_t rewound_for; /* the offset of the write that made it necessary, although nothing was lost; how often */
  unsigned rewound_times;
  uint64_t tapped; /* the tap has heard everything below */

  uint64_t done;          /* bytes that the destination has confirmed */
  uint64_t done_most;     /* the most that this ever was: less is done once the destination was gone back over */
  uint64_t moved;         /* of them, bytes that were written as data ... */
  uint64_t zeroed;        /* ... and as zeros; what was done again counts again */
  uint64_t kept;          /* bytes that the destination keeps ... */
  uint64_t skipped;       /* ... and zeros that it has already */
  uint64_t retries;       /* requests that were asked for again */
  uint64_t observed_ms;   /* when the observer was last called */
  struct failure failure; /* of an endpoint */
  int signal;             /* that ended the copy, or 0 */
  uint64_t stop_ms;       /* after it: when the copy ends, whatever is still out */
  bool destination_failed;
  bool finished;
};

/* Readies a copy; `copy` may be uninitialised memory. */
void copy_init(struct copy *copy, const struct copy_config *config);

/* Copies. Returns 0 when the destination holds it all (and has flushed it, if
 * that was asked for), or -1 with a fault that says what failed, where, and what of
 * the destination is good: below which offset it is flushed, and, where that is
 * further, below which it is only confirmed. */
int copy_run(struct copy *copy, struct fault *fault);

/* Every byte below is on the destination: handed over, and confirmed. What of it would
 * outlive the destination's end is another question: see flushed_below. */
uint64_t copy_confirmed_below(const struct copy *copy);

/* The end that is lost and being tried again, and since when (by the loop's clock); NULL: there is none. */
const struct endpoint *copy_waits_for(const struct copy *copy, uint64_t *since_ms);

/* Whether every slot, stage and transfer is back home. */
bool copy_is_home(const struct copy *copy);

#endif
