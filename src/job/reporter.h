/* SPDX-License-Identifier: MIT */
/* reporter: shows how far a copy is while it runs: in place on a terminal, in lines now
 * and then elsewhere, or as "N/100" to a descriptor of somebody's choice; and says when an end
 * is lost, and when it is back. */
#ifndef DECANT_REPORTER_H
#define DECANT_REPORTER_H

#include "cli/options.h"
#include "copy/copy.h"
#include "job/picture.h"
#include "job/status_line.h"
#include "report/progress.h"

#include <stdbool.h>

struct reporter {
  struct copy_observer observer; /* for the copy */
  const struct copy *copy;
  const char *doing;       /* where it isn't copying, what it is: before each line; NULL */
  struct picture *picture; /* is shown with the line, if it has one; NULL */
  struct status_line line;
  int percent_fd;    /* --progress=FD; -1: lines for people */
  bool is_json;      /* what goes there */
  uint64_t retry_ms; /* how long a lost end is waited for */
  uint64_t started_ms;
  struct progress progress;
};

/* Begins with a copy that is about to run. One that is mute says nothing of ends that are lost: it would
 * become part of the disk. */
void reporter_begin(struct reporter *reporter, const struct options *options, bool is_mute, const struct copy *copy,
                    const struct loop *loop, const char *doing);

/* The copy has run: the last line stays, and what follows begins on the next. */
void reporter_end(struct reporter *reporter);

/* What others that show progress do alike: a line to a descriptor, "N/100" unless nobody knows of how much, or an object of JSON;
 * and how often. */
void reporter_tell(int fd, bool is_json, const struct progress *progress, const struct progress_state *state);
int reporter_interval_ms(const struct status_line *line, int percent_fd);

#endif
