/* SPDX-License-Identifier: MIT */
/* options_copy: the command line of `decant copy`, which is nbdcopy's too. */
#ifndef DECANT_OPTIONS_COPY_H
#define DECANT_OPTIONS_COPY_H

#include "disk/contexts.h"

#include <stdbool.h>
#include <stdint.h>

/* What is written where nothing could be read. */
enum mark_bad { MARK_BAD_NOT, MARK_BAD_ZERO, MARK_BAD_PATTERN };

struct copy_options {
  uint64_t payload_bytes; /* --memory; else the default, or what the request size takes */
  bool payload_is_fixed;  /* --memory was given */
  uint64_t request_bytes; /* --request-size: the largest read; 0: what the memory suggests */
  uint64_t from;          /* --from: where the copy begins */
  bool from_is_given;
  const char *mapfile;      /* --mapfile's value, or NULL */
  const char *domain;       /* --domain's value, or NULL */
  const char *bmap;         /* --bmap's value, or NULL */
  uint64_t hold_back_bytes; /* --hold-back: how much of both ends is written last; 0: nothing */
  uint64_t retry_ms;        /* --retry: how long to go on without any progress; COPY_RETRY_FOREVER; 0: not at all */
  bool skips;               /* --on-read-error=skip: what can't be read is left out */
  uint64_t errors_max;      /* --max-errors: so many reads that failed for good end it; UINT64_MAX: it never does */
  enum mark_bad mark_bad;   /* --mark-bad */
  uint64_t bytes_per_s;     /* --rate-limit: the most to read; 0: no limit */
  bool nice;                /* run when nobody else wants to */
  uint64_t sparse_bytes;    /* -S: shortest run of zeros in data that becomes a hole; 0: don't look */
  bool no_extents;          /* don't ask the source for block status */
  enum part part;           /* of the source, that is copied */
  const char *dirty_bitmap; /* --dirty-bitmap's value, or NULL */
  bool layer;               /* --layer */
  bool allocated;           /* zeros stay allocated on the destination */
  bool destination_is_zero; /* the operator's word for it */
  bool flush;               /* bring all to stable storage at the end */
  bool progress;
  bool graph;               /* --graph: and a picture */
  int progress_fd;          /* --progress=FD: "N/100" lines go there; -1: none */
  bool any_content;         /* also what can't be meant as a disk's */
  bool any_sector_size;     /* also a partition table for other sectors than the destination's */
  bool grow;                /* the partition table is to reach to the end of a larger destination */
  const char *grow_part;    /* and this partition of it; NULL: none */
  const char *kept;         /* --keep-partitions: what of the destination's stays; NULL: nothing */
  bool wipe_rest;           /* what lies behind the copy and is taken for something becomes zeros */
  bool yes;                 /* don't ask before a device is overwritten */
  bool report;              /* one line for scripts at the end */
  bool json;                /* an object for scripts at the end */
  bool sha256;              /* print the digest of the whole source */
  const char *blkhash;      /* --blkhash's value, "" without one; NULL: not asked for */
  const char *blkhash_file; /* where to write it; NULL: standard output */
  const char *expect;       /* --expect's value, or NULL */
  bool verify;              /* read the destination back, and compare */
  bool verify_quick;        /* ... but believe what it says of its zeros */
  bool skip_identical;      /* write only what differs from what the destination has */
  bool delta;               /* --delta: fetch only what the destination hasn't */
  const char *blocks;       /* --blocks' value, or NULL: where the blocks' digests are; of `digest`, where they go */
};

extern const struct verb_options options_copy;

#endif
