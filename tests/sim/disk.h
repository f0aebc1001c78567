/* SPDX-License-Identifier: MIT */
/* disk: a simulated end of a copy, behind the endpoint's contract.
 *
 * Requests are answered after random delays and in random order; reads in chunks
 * of data and holes, surveys with whatever extents the protocol allows for the
 * content and the marks, of up to four contexts in random order. A write takes its
 * bytes when it is answered, or some time before that and then says that it was sent,
 * but not when it is submitted; and a read's buffer holds rubbish until it is
 * answered: who touches a buffer too early or too late writes wrong bytes. Every
 * request is checked against the disk's traits as it arrives. What was answered before
 * a flush that succeeded is on stable storage; the rest may be lost, at the end or as soon
 * as a flush has failed.
 *
 * Faults: single requests fail, a range of the disk can't be read, the
 * connection dies at a moment, zeros are refused or found too large.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "disk/endpoint.h"
#include "sim/check.h"
#include "sim/random.h"

#include <stdbool.h>
#include <stdint.h>

#define DISK_BYTES_MAX (UINT64_C(1) << 20)
#define DISK_REQUESTS_MAX 256
#define NEVER UINT64_MAX

/* What contexts other than the content know of a byte: the depth of the image that
 * provides it, 0 to 3, and whether it is dirty. */
enum { MARK_DEPTH = 3, MARK_DIRTY = 4 };

/* What is wrong with a byte of a failing disk: a read of it fails; or comes late; or never, and takes the connection along. */
enum { DEFECT_BAD = 1, DEFECT_SLOW = 2, DEFECT_HANGS = 4 };
#define DEFECT_SLOW_US 50000
#define DEFECT_HANGS_US 30000000

/* How one disk behaves; all chances are one in N, 0: never. */
struct manners {
  uint64_t delay_max_us; /* of an answer; 0: answered at once, within submit */
  unsigned split_one_in; /* reads answered in several chunks */
  unsigned survey_fails_one_in;
  unsigned survey_lies_one_in;   /* extents cut, split, called data, or longer than asked for */
  unsigned reply_missing_one_in; /* a context says nothing */
  unsigned read_fails_one_in;
  unsigned write_fails_one_in;
  unsigned zero_refused_one_in; /* EOPNOTSUPP */
  unsigned zero_parts_one_in;   /* made of their front alone */
  unsigned slow_zero_one_in;    /* EOPNOTSUPP to one that was to be fast */
  uint64_t zero_short;          /* of larger zeros only so much is done, and all is said to be; 0: all is */
  uint64_t zero_max;            /* larger zeros fail with EINVAL or EOVERFLOW; 0: no limit */
  bool flush_fails;
  bool sends;                  /* tells when it has a write's bytes, before the answer */
  uint64_t bad_start, bad_end; /* bytes that can't be read */
  uint64_t lie_at;             /* a byte that is read as another ... */
  unsigned lies_left;          /* ... so often */
  uint64_t dies_at_us;         /* or NEVER */

  /* In a copy that goes on after a loss. */
  bool returns;              /* what died can be reached again ... */
  unsigned stays_one_in;     /* ... and never dies again, one time in so many */
  unsigned refuses_one_in;   /* attempts that come to nothing */
  unsigned other_one_in;     /* returns as another disk */
  unsigned forgets_one_in;   /* dies and loses what wasn't flushed */
  unsigned transient_one_in; /* requests that fail, but not too often for the copy to go on */
  unsigned transient_left;   /* at most so many */
};

struct pending {
  struct request *request;
  uint64_t due_us;
  uint64_t sent_us; /* a write: when the disk has its bytes; NEVER: with the answer */
  bool has_bytes;
};

struct disk {
  struct endpoint base;
  struct endpoint_ops ops;
  struct random random;
  struct manners manners;
  enum role role;
  uint64_t bytes;         /* of content; a stream's end, which its traits don't tell */
  uint8_t *content;       /* DISK_BYTES_MAX */
  uint8_t *stable;        /* a destination: what of it was flushed */
  uint8_t *flushing;      /* a destination: what was there when the flush was asked for */
  const uint8_t *marks;   /* a source: MARK_* of each byte */
  const uint8_t *defects; /* a source: DEFECT_* of each byte; NULL: none */
  uint8_t *lost_alone;    /* a source: bytes whose read was lost while nothing else was out; NULL: nobody asks */
  uint64_t failed_reads;  /* for a defect */
  unsigned lies;          /* that were told */
  bool surveys_matter;    /* one that fails is a fault */
  bool (*forgives)(const struct request *request); /* a read that fails here is none; NULL: it always is */
  uint8_t *decided;                                /* a destination: how often each byte was written or zeroed */
  uint64_t watched_bytes;                          /* a destination: how much of the content is looked at afterwards */
  uint64_t zero_limit;                             /* no zero is larger, whatever this disk would take */
  uint64_t longest;                                /* a destination that grows: how far it was written */
  struct pending pending[DISK_REQUESTS_MAX];
  unsigned pending_count;
  struct request_queue answered;
  uint64_t now_us;
  bool dead;
  bool in_passing;     /* the request that was answered last failed so */
  uint64_t back_at_us; /* while an attempt to reach it is under way, when that ends */
  uint64_t lost_us;    /* when it died, or the last attempt ended */
  unsigned deaths;
  bool owes_flush; /* a destination that came back, and has not been flushed since */
  struct late {    /* what a dead connection left behind is carried out before that flush is answered */
    bool zero;
    uint64_t offset, length;
  } late[DISK_REQUESTS_MAX];
  unsigned late_count;
  uint8_t *late_bytes; /* a destination: DISK_BYTES_MAX, what of these are data, where they belong */
  bool prepared;
  bool flushes; /* the copy wants it to be flushed */
  bool flushed; /* since the last write */
  bool flush_failed;
  uint64_t stream_position; /* in_order: where the next request must begin */

  /* What went wrong here, for comparison with what the copy says. */
  unsigned faults;
  unsigned hard_faults;  /* of them, those that no repetition makes up for */
  uint64_t fault_offset; /* lowest offset of a request that failed, or NEVER */
};

/* Readies a disk; the caller has set role, random, manners, traits, bytes and the
 * two arrays. */
void disk_init(struct disk *disk);

/* When the next thing happens here, or NEVER. */
uint64_t disk_next_us(const struct disk *disk);

/* A destination loses power: of what isn't flushed, anything may be gone. */
void disk_lose_power(struct disk *disk);

/* Whoever used it is gone, with all that was under way. */
void disk_forget_requests(struct disk *disk);

/* Time goes on to now_us: answers what is due. */
void disk_advance(struct disk *disk, uint64_t now_us);

/* How often this request has failed before, as the copy counts. In sim.c. */
unsigned sim_failures(const struct request *request);
/* A request arrives at the destination, or at the source. In sim.c. */
void sim_see(const struct request *request);
void sim_see_asked(const struct request *request);

#endif
