/* SPDX-License-Identifier: MIT */
/* endpoint: the one contract that every source and destination keeps.
 *
 * A request is a struct of the caller's. From `submit` until `take` hands it
 * back it belongs to the endpoint, and so does its payload, unless `has_sent` says
 * otherwise. Every submitted request comes back from `take` exactly once, finished
 * or failed, in any order: also after the connection that carried it died (then with
 * ENOTCONN). It can then be submitted again, to the same endpoint or to another.
 *
 * An end that is lost may come back: `presence` says how it is with it, and `reopen` begins
 * to reach it again. When that is tried, and for how long, is up to the rooms above.
 *
 * Network ends wait in none of these calls but `close`, which says goodbye; the
 * endpoint says in `watch` what it waits for, and the loop waits for all at once.
 * Files and devices that are written through the ring don't wait either; otherwise
 * they carry out one request within `submit`, and so may wait for the disk: where that
 * took long, its answer comes only after the loop has had its turn.
 *
 * What a kind of endpoint can do stands in its traits, as data: the rooms above
 * ask what it can do, never which kind it is.
 */
#ifndef DECANT_ENDPOINT_H
#define DECANT_ENDPOINT_H

#include "base/error.h"
#include "base/limits.h"
#include "disk/chunks.h"
#include "disk/contexts.h"
#include "disk/identity.h"
#include "disk/survey.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

#define STREAM_HEAD_BYTES 1024

enum request_kind {
  REQUEST_READ,   /* fill payload[0, length) from [offset, offset + length) */
  REQUEST_WRITE,  /* the other way */
  REQUEST_ZERO,   /* make [offset, offset + length) read as zeros, never by TRIM; may come back with a
                     smaller length: that is done, the rest isn't */
  REQUEST_SURVEY, /* say what the metadata contexts know, from offset on */
  REQUEST_FLUSH,  /* bring all that was answered before to stable storage */
};

struct request {
  enum request_kind kind;
  uint64_t offset;        /* bytes */
  uint64_t length;        /* bytes; at least 1, but for a flush */
  unsigned char *payload; /* READ and WRITE: the caller's, length bytes */
  struct survey *survey;  /* SURVEY: the caller's, for the answer */
  struct chunks *chunks;  /* READ: the caller's, for what in [0, done) is data and what is known to be zero, which
                             the payload holds too */
  bool no_hole;           /* ZERO: keep the range allocated */
  bool fast;              /* ZERO: fail with EOPNOTSUPP if it would take as long as a write */
  bool is_midway;         /* FLUSH: more is going to be written */
  bool is_final;          /* FLUSH: all that was to be written was, and well */
  bool is_aside;          /* READ: the caller has other things to do meanwhile, so that what could be done within submit
                             is better done beside it */

  /* The answer. */
  int errnum;    /* 0, or why it failed; EOPNOTSUPP: this can't be done here at all */
  uint64_t done; /* READ: bytes at the front that are good, which chunks cover: less than length when it failed,
                    or at the end of a stream */

  /* The endpoint's own, while the request is with it. */
  struct request *next;
  uint64_t cookie;
  unsigned carrier; /* which of its connections */
  bool failed_inside;
  uint64_t part_start,
      part_end; /* READ: the part that is asked for, of what is asked for in parts; all before it is there */
  bool too_many_pieces;
  const struct contexts *contexts; /* SURVEY: the endpoint's */
};

/* What an endpoint is like. Block sizes are powers of two; 1 where any byte
 * can be reached by itself. */
struct traits {
  uint64_t size;            /* bytes; SIZE_UNKNOWN: a stream, or a file that grows */
  uint64_t block_min;       /* every offset and length is a multiple of this */
  uint64_t block_preferred; /* writes of this size and alignment cost least; >= block_min */
  uint64_t request_max;     /* largest READ or WRITE, any number >= block_min */
  bool can_extents;         /* answers REQUEST_SURVEY, with at least one context */
  bool can_zero;            /* answers REQUEST_ZERO */
  bool can_fast_zero;       /* understands request.fast */
  bool can_flush;           /* answers REQUEST_FLUSH */
  bool can_read;            /* a destination: answers REQUEST_READ too */
  bool in_order;            /* takes requests in ascending order only; of a source, the first STREAM_HEAD_BYTES can
                               be read once before all else */
  bool grows;               /* a destination that becomes as large as what is written to it */
  bool reads_zero;          /* a destination that reads as zeros where nothing was written */
  unsigned requests_max;    /* how many requests it takes at once; at least 1. Fewer for a while where it is slow */
};

/* Whether two ends can do the same with disks of the same size; how much at once is another question. */
static inline bool
traits_are_equal(const struct traits *a, const struct traits *b)
{
  return a->size == b->size && a->block_min == b->block_min && a->block_preferred == b->block_preferred &&
         a->request_max == b->request_max && a->can_extents == b->can_extents && a->can_zero == b->can_zero &&
         a->can_fast_zero == b->can_fast_zero && a->can_flush == b->can_flush && a->in_order == b->in_order &&
         a->grows == b->grows && a->reads_zero == b->reads_zero;
}

/* Whether an end can be reached. Until it is here, whatever is submitted comes back with ENOTCONN. */
enum presence {
  PRESENCE_HERE,   /* also with fewer connections than it had: then requests may come back with ENOTCONN too */
  PRESENCE_LOST,   /* `last_words` say why */
  PRESENCE_COMING, /* `reopen` is at it */
  PRESENCE_OTHER,  /* something else is in its place now, as `last_words` say: it is neither read nor written */
};

enum role {
  ROLE_SOURCE,
  ROLE_DESTINATION, /* its content is replaced */
  ROLE_UPDATED,     /* a destination that is there, and keeps what isn't written to */
  ROLE_RESUMED, /* one that was written to before, and reaches to the copy's start at least: keeps what isn't written to */
};

struct endpoint;

struct endpoint_ops {
  /* Readies a destination for `size` bytes (SIZE_UNKNOWN where that isn't known
   * yet): creates, truncates. The first call that may change anything there. NULL:
   * nothing to be done. */
  int (*prepare)(struct endpoint *endpoint, uint64_t size, struct fault *fault);
  /* Takes over a request. The caller keeps to traits.requests_max. */
  void (*submit)(struct endpoint *endpoint, struct request *request);
  /* Hands back a request that has been answered, or NULL. */
  struct request *(*take)(struct endpoint *endpoint);
  /* Whether a WRITE that is with the endpoint has been sent as a whole. The endpoint
   * doesn't look at its payload again then, and the caller may put something else
   * there; the answer is still to come. NULL: payloads are needed until then. */
  bool (*has_sent)(struct endpoint *endpoint, const struct request *request);
  /* Tells the loop what this endpoint waits for ... */
  void (*watch)(struct endpoint *endpoint, struct loop *loop);
  /* ... and does what can be done now. */
  void (*serve)(struct endpoint *endpoint, struct loop *loop);
  /* Begins to reach anew an end that is lost, the same way as before; waits for nothing, but for a disk's first
   * block. What comes of it shows in `presence`, now or after a later `serve`: it is the same disk as before and HERE,
   * OTHER, or LOST once more.
   * NULL: what is lost stays lost. */
  void (*reopen)(struct endpoint *endpoint);
  /* What is read from now on comes from the storage itself, and not from what this machine has kept of it. Returns false
   * where the machine could only be asked to forget that. NULL: whatever is read comes from elsewhere. */
  bool (*forget_cache)(struct endpoint *endpoint);
  /* What an errno that was answered means here, where errno's own words would mislead, or
   * NULL. NULL instead of the function: they never do. */
  const char *(*explain)(const struct endpoint *endpoint, int errnum);
  /* Ends it in good manners; what is still with the endpoint never comes back.
   * Fails where closing tells of data that did not arrive, or of a source or destination
   * that is no longer what it was. */
  int (*close)(struct endpoint *endpoint, struct fault *fault);
};

/* A row of requests, first in, first out: what a kind of endpoint keeps of those
 * that it has, or has answered. All zero is an empty row. */
struct request_queue {
  struct request *head;
  struct request *tail; /* valid while there is a head */
};

static inline void
request_queue_push(struct request_queue *queue, struct request *request)
{
  request->next = NULL;
  if (queue->head)
    queue->tail->next = request;
  else
    queue->head = request;
  queue->tail = request;
}

static inline struct request *
request_queue_pop(struct request_queue *queue)
{
  struct request *request = queue->head;

  if (request)
    queue->head = request->next;
  return request;
}

#define ENDPOINT_WORDS_BYTES 160

struct endpoint {
  const struct endpoint_ops *ops;
  struct traits traits;
  enum presence presence;
  struct identity identity;
  struct contexts contexts;  /* those that surveys answer with, in this order */
  const char *kind;          /* "nbd", "file", "pipe" or "null": for messages alone */
  const char *secured;       /* how what goes over the network is encrypted, for messages; NULL: it isn't */
  const char *last_words;    /* why a connection was lost, if it is known, for messages; NULL or empty: it isn't */
  const char *remark;        /* what the operator is to know after `close`, though nothing failed; NULL: nothing */
  char name[NAME_BYTES_MAX]; /* for messages, as the operator wrote it */
};

/* Why a request failed with this errno, in words: the endpoint's own where it has some, else errno's. */
const char *endpoint_why(const struct endpoint *endpoint, int errnum);

/* Whether this errno says nothing of the place that was asked for, but of who was asked: that one is gone. */
bool endpoint_errnum_is_loss(int errnum);

#endif
