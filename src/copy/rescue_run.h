/* SPDX-License-Identifier: MIT */
/* rescue_run: carries what can be read of a failing disk to the destination.
 *
 * `rescue` says which read comes next; here it is read, written at the same offset, and answered there. While all is well,
 * many large reads are out; after an error they are few and small, until so many were good again.
 *
 * An area is called finished once its write is confirmed, and the map goes to the observer only right after a flush: answers
 * that come while that takes its time are held back until then. So whatever ends the rescue, what the map that was kept last
 * calls finished is on stable storage.
 *
 * A read that fails is an answer. One that was lost with its connection, or with the disk, is asked for again once the end is
 * back, all others waiting; when that loses it again, it was the reason, and is left for the scraping. The destination isn't
 * reached again: the rescue ends, and goes on from its map.
 *
 * Offsets and lengths are bytes. Nothing is allocated here.
 */
#ifndef DECANT_RESCUE_RUN_H
#define DECANT_RESCUE_RUN_H

#include "copy/mark.h"
#include "copy/recovery.h"
#include "copy/rescue.h"
#include "disk/endpoint.h"
#include "os/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct rescue_run;

struct rescue_observer {
  /* About every interval_ms, and at the end. */
  void (*progress)(struct rescue_observer *observer, const struct rescue_run *run, uint64_t now_ms);
  int interval_ms; /* 0: never */
  /* The map is to be kept: all that it calls finished is flushed. Returns 0, or -1 with the fault set, which ends the rescue. */
  int (*keep)(struct rescue_observer *observer, const struct rescue_run *run, struct fault *fault);
  /* The source was lost, and is being tried again; and it is back. NULL: nobody wants to know. */
  void (*lost)(struct rescue_observer *observer, const struct endpoint *end);
  void (*back)(struct rescue_observer *observer, const struct endpoint *end);
};

struct rescue_run_config {
  struct endpoint *source, *destination; /* that rescue_run_check() has nothing against */
  struct loop *loop;
  struct rescue_observer *observer;
  struct areas *areas;        /* as struct rescue_config has them */
  const struct areas *domain; /* likewise */
  unsigned retry_passes;      /* over bad sectors */
  unsigned char *buffers;     /* RESCUE_BUFFERS_BYTES, aligned to pages */
  bool skip_zeros;            /* the destination reads as zeros where nothing was written */
  enum mark mark;             /* what is written over a sector that can't be read */
  const char *mark_words;     /* beside its offset, for the pattern; short */
  uint64_t slow_bytes_per_s;  /* what is read more slowly is left for later; 0: nothing is */
  uint64_t min_bytes_per_s;   /* the rescue ends when less is rescued for RESCUE_RATE_MS; 0: never */
  uint64_t errors_max;        /* ... and after so many reads that failed; UINT64_MAX: never */
  uint64_t keep_ms;           /* how often the map is kept */
  uint64_t retry_ms;          /* how long a lost source is tried again without any progress */
};

#define RESCUE_BUFFERS_BYTES (RESCUE_READS_MAX * RESCUE_READ_BYTES_MAX)

enum rescue_slot_state {
  RESCUE_SLOT_HOME,
  RESCUE_SLOT_READS,
  RESCUE_SLOT_AGAIN,  /* its read was lost, and is to be asked for again */
  RESCUE_SLOT_FILLED, /* some of it is to be written */
  RESCUE_SLOT_WRITES,
  RESCUE_SLOT_DONE, /* its read is to be answered */
};

/* One read, until it is answered. */
struct rescue_slot {
  struct request request;
  struct chunks chunks;
  struct rescue_read *read;
  enum rescue_slot_state state;
  unsigned char *buffer;
  struct range sectors; /* which are read: whole ones, so the read's range may be less */
  struct range write;   /* what is still to be written */
  uint64_t good_bytes;  /* at the front of the read */
  uint64_t sent_us;
  uint64_t again_ms;
  bool is_suspect; /* it was lost once */
  bool is_slow;
  bool is_silent; /* it was lost again, all alone */
};

/* Why a rescue ends before all is done. */
enum rescue_stop { RESCUE_GOES_ON, RESCUE_STOP_SIGNAL, RESCUE_STOP_ERRORS, RESCUE_STOP_RATE, RESCUE_STOP_FAULT };

struct rescue_run {
  struct rescue_run_config config;
  struct rescue rescue;
  struct rescue_slot slots[RESCUE_READS_MAX];
  uint64_t sector_bytes;
  uint64_t read_bytes; /* of large reads; a power of two */
  uint64_t write_max;
  unsigned careful_reads; /* so many more are to be good before reads are large again */
  unsigned reads_out, writes_out;
  unsigned suspects;
  uint64_t answered_us; /* when the source last answered a read */

  struct request flush_request;
  bool flushing;
  bool has_news; /* since the map was last kept */
  bool is_kept;  /* for the last time */
  uint64_t kept_ms;

  struct recovery recovery; /* of the source */

  uint64_t errors;     /* reads that failed */
  uint64_t retries;    /* ... that were lost, and asked for again */
  uint64_t rescued;    /* bytes, in this run */
  uint64_t success_ms; /* when a read was last good, or the run began */
  uint64_t rate_ms;    /* when the window of min_bytes_per_s began ... */
  uint64_t rate_bytes; /* ... and what was rescued then */
  uint64_t observed_ms;

  enum rescue_stop stop;
  int signal;
  uint64_t stop_ms;   /* when it ends, whatever is still out */
  struct fault fault; /* RESCUE_STOP_FAULT's */
  bool is_unsafe; /* a flush failed, or the map couldn't be kept: the one that was kept last is the one that holds */
  bool finished;
};

/* Whether a rescue between these two can be, sizes and blocks considered; nothing was written. Returns 0, or -1 with the fault
 * set. */
int rescue_run_check(const struct endpoint *source, const struct endpoint *destination, struct fault *fault);

/* Begins at the beginning; `run` may be uninitialised memory. */
void rescue_run_init(struct rescue_run *run, const struct rescue_run_config *config);

/* Goes on where a map's rescue was. */
void rescue_run_resume(struct rescue_run *run, enum area_status phase, unsigned pass, uint64_t position);

/* Rescues. Returns 0 when nothing is left to try, or -1 with a fault that says why it ended before; what is rescued is in the
 * areas, and was kept with them unless that failed. */
int rescue_run(struct rescue_run *run, struct fault *fault);

/* The source is lost and being tried again, since then. */
bool rescue_run_waits(const struct rescue_run *run, uint64_t *since_ms);

#endif
