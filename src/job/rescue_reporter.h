/* SPDX-License-Identifier: MIT */
/* rescue_reporter: shows how far a rescue is while it runs, on a screen of a terminal and in lines now and then elsewhere, says when
 * its source is lost and when it is back, and keeps its map.
 */
#ifndef DECANT_RESCUE_REPORTER_H
#define DECANT_RESCUE_REPORTER_H

#include "cli/options.h"
#include "copy/rescue_run.h"
#include "job/keeper.h"
#include "job/status_line.h"
#include "report/progress.h"

#include <stdbool.h>

struct rescue_reporter {
  struct rescue_observer observer; /* for the rescue */
  struct keeper *keeper;           /* of the map */
  struct status_line line;
  uint64_t retry_ms;
  uint64_t began_ms, ended_ms;
  int percent_fd; /* --progress=FD; -1: lines for people */
  bool is_json;   /* what goes there */
  bool has_said_full;
  struct progress progress;
};

/* Begins with a rescue that is about to run; a mute one says nothing, since that would become part of the disk. The keeper is the
 * caller's. */
void rescue_reporter_begin(struct rescue_reporter *reporter, const struct options *options, bool is_mute,
                           struct keeper *keeper, uint64_t now_ms);

/* The rescue has run: the last line stays, and what follows begins on the next. */
void rescue_reporter_end(struct rescue_reporter *reporter, uint64_t now_ms);

#endif
