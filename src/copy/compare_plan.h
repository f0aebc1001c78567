/* SPDX-License-Identifier: MIT */
/* compare_plan: which part of two disks is compared next, in ascending order.
 *
 * What is known of both is merged: where both read as zeros, nothing has to be read; where one does, only the other. Parts end on
 * the grid of the largest read, so that each fits a buffer wherever it begins, and where it changes which of the two are read;
 * runs shorter than `bridge_bytes` are read along. Behind its end, a disk counts as zeros.
 *
 * Offsets and lengths are bytes. Makes no call, never fails.
 */
#ifndef DECANT_COMPARE_PLAN_H
#define DECANT_COMPARE_PLAN_H

#include "base/range.h"
#include "copy/extents.h"

#include <stdbool.h>
#include <stdint.h>

/* One of the two, as far as it is known. */
struct compare_view {
  struct extents *extents;
  uint64_t size; /* SIZE_UNKNOWN: a stream whose end wasn't seen */
};

struct compare_rules {
  uint64_t unit_bytes;   /* the grid; a power of two */
  uint64_t grain_bytes;  /* what is read ends on a multiple of this where it can; a power of two, at most unit_bytes */
  uint64_t bridge_bytes; /* 0: each run is told apart */
};

enum compare_step_kind {
  COMPARE_STEP_WAIT, /* nothing is known of what comes next ... */
  COMPARE_STEP_READ, /* ... or of this, `of` have to be read */
  COMPARE_STEP_PASS, /* it is zeros on both sides */
  COMPARE_STEP_END,
};

struct compare_step {
  enum compare_step_kind kind;
  struct range range;
  bool of[2]; /* WAIT: those of which nothing is known; READ: those that have to be read */
};

/* Where the longer one ends. */
static inline uint64_t
compare_total(const struct compare_view views[2])
{
  return range_max(views[0].size, views[1].size);
}

/* The part that begins at `position`, where the one before it has ended, at first 0; it is taken off the fronts of what is
 * known. */
struct compare_step
compare_plan(const struct compare_rules *rules, const struct compare_view views[2], uint64_t position);

#endif
