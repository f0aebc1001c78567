/* SPDX-License-Identifier: MIT */
/* compare_reporter: shows how far a comparison is while it runs, as `reporter` does for a copy, and says when an end is lost and
 * when it is back. */
#ifndef DECANT_COMPARE_REPORTER_H
#define DECANT_COMPARE_REPORTER_H

#include "cli/options.h"
#include "copy/compare.h"
#include "job/status_line.h"
#include "report/progress.h"

#include <stdbool.h>

struct compare_reporter {
  struct compare_observer observer; /* for the comparison */
  struct status_line line;
  int percent_fd; /* --progress=FD; -1: lines for people */
  bool is_json;   /* what goes there */
  uint64_t began_ms, ended_ms;
  uint64_t retry_ms;
  struct progress progress;
};

/* Begins with a comparison that is about to run. */
void compare_reporter_begin(struct compare_reporter *reporter, const struct options *options, uint64_t now_ms);

/* It has run: the last line stays, and what follows begins on the next. */
void compare_reporter_end(struct compare_reporter *reporter, uint64_t now_ms);

#endif
