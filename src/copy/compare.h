/* SPDX-License-Identifier: MIT */
/* compare: whether two disks hold the same, and where they don't.
 *
 * `compare_plan` says which part comes next; here it is read from both, as far as it has to be, many parts at once, and compared
 * in memory when both have answered. Parts are through in any order: what counts is the lowest offset at which something was
 * found, and nothing above it is waited for. Where all is wanted, what differs goes into a map of areas in whole sectors, as
 * finished, and what couldn't be read, as bad.
 *
 * The shorter of two disks is taken to go on with zeros. A stream's length is known once it ends.
 *
 * A read that fails is asked for again, then in parts. What can't be read is neither the same nor different: it ends a comparison
 * for the first difference, as a lost end does that doesn't come back; one for all of them goes on behind it.
 *
 * Offsets and lengths are bytes. Nothing is allocated here.
 */
#ifndef DECANT_COMPARE_H
#define DECANT_COMPARE_H

#include "copy/asking.h"
#include "copy/compare_plan.h"
#include "copy/pace.h"
#include "copy/rate.h"
#include "copy/recovery.h"
#include "copy/retry.h"
#include "copy/windows.h"
#include "disk/areas.h"
#include "disk/endpoint.h"
#include "os/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct compare;

struct compare_observer {
  /* About every interval_ms, and at the end. */
  void (*progress)(struct compare_observer *observer, const struct compare *compare, uint64_t now_ms);
  int interval_ms; /* 0: never */
  /* An end was lost, and is being tried again; and it is back. NULL: nobody wants to know. */
  void (*lost)(struct compare_observer *observer, const struct endpoint *end);
  void (*back)(struct compare_observer *observer, const struct endpoint *end);
};

/* How the memory is divided: so many parts at once, each with a buffer for either end. */
struct compare_budget {
  uint64_t unit_bytes; /* of a buffer; a power of two */
  unsigned units;
};

struct compare_config {
  struct endpoint *ends[2];
  struct loop *loop;
  struct compare_observer *observer;
  struct compare_budget budget;
  unsigned char *buffers; /* 2 * budget.units * budget.unit_bytes, aligned to pages */
  struct areas *areas;    /* all that differs is wanted, and goes there; NULL: only where the first difference is. Of
                             compare_map_bytes(), nothing in it is tried yet */
  bool extents;           /* ask both for their extents */
  uint64_t bytes_per_s;   /* the most to read of each a second; 0: no limit */
  uint64_t retry_ms;      /* how long to go on without any progress; 0: nothing is asked for again */
};

enum compare_read_state {
  COMPARE_READ_HOME, /* it isn't wanted, or all is there */
  COMPARE_READ_OUT,
  COMPARE_READ_AGAIN, /* what is left of it is to be asked for, as `retry` says */
};

/* What a part takes of one end. */
struct compare_read {
  struct request request; /* for what is asked for now */
  struct chunks chunks;
  enum compare_read_state state;
  struct retry retry;
  struct range
      range; /* on the blocks of the end; its end is where there is nothing behind it. All zeros where it is empty */
  unsigned char *buffer;
  unsigned unit, side;
};

struct compare_unit {
  struct range range;
  bool is_busy;
  uint64_t unreadable; /* a bit for each 64th of the buffers that one end couldn't read */
  struct compare_read reads[2];
};

struct compare_side {
  struct endpoint *end;
  struct extents extents;
  struct known_extent known[COMPARE_EXTENTS_MAX]; /* theirs */
  struct windows windows;
  struct retry survey_retry; /* of any of their questions */
  struct asking asking;
  struct pace pace;
  struct rate rate;
  struct recovery recovery;
  uint64_t request_bytes; /* the largest read; a power of two */
  unsigned reads_out, reads_waiting;
};

/* A read that failed for good, or an end that was. */
struct compare_failure {
  const struct endpoint *end; /* NULL: there is none */
  uint64_t offset;
  int errnum;
};

struct compare {
  struct compare_config config;
  struct compare_rules rules;
  struct compare_view views[2];
  struct compare_side sides[2];
  struct compare_unit units[COMPARE_UNITS_MAX];
  uint64_t position; /* all below is planned */
  bool all_planned;
  bool held_back; /* the next part waits for the rate alone */

  uint64_t first_difference;         /* the lowest that was found; UINT64_MAX: none */
  uint64_t different_bytes;          /* in sectors, with `areas` */
  uint64_t unreadable_bytes;         /* with `areas` */
  uint64_t needed_below;             /* what is found from here on decides nothing any more */
  struct compare_failure failure;    /* that ended it */
  struct compare_failure unreadable; /* the lowest of those that didn't, with `areas` */
  uint64_t read_bytes;               /* of both */
  uint64_t retries;                  /* requests that were asked for again */

  int signal;
  bool is_ending;   /* what is still out is waited for, ... */
  uint64_t stop_ms; /* ... until then */
  uint64_t observed_ms;
  bool finished;
};

/* Divides the memory by the blocks of the two ends. Returns 0, or -1 with a fault that says how much it takes. */
int compare_divide(struct compare_budget *budget, const struct traits *one, const struct traits *other,
                   uint64_t payload_bytes, struct fault *fault);

/* How large the map of a comparison has to be: what of two streams isn't known counts as endless. */
uint64_t compare_map_bytes(const struct endpoint *one, const struct endpoint *other);

/* Readies a comparison; `compare` may be uninitialised memory. */
void compare_init(struct compare *compare, const struct compare_config *config);

/* Compares. Returns 0 when it is known whether they are the same, what can't be read apart; `areas` are as large as the longer end
 * then. Or returns -1 with a fault that says why it isn't known. */
int compare_run(struct compare *compare, struct fault *fault);

/* Both are the same below; what differs or can't be read there is known, where all is wanted. */
uint64_t compare_known_below(const struct compare *compare);

/* The end that is lost and being tried again, and since when; NULL: there is none. */
const struct endpoint *compare_waits_for(const struct compare *compare, uint64_t *since_ms);

#endif
