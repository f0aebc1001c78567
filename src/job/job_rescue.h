/* SPDX-License-Identifier: MIT */
/* job_rescue: `decant rescue`, from the options to the end: opens the map and both ends, rescues, and tells what couldn't be read.
 */
#ifndef DECANT_JOB_RESCUE_H
#define DECANT_JOB_RESCUE_H

#include "cli/options.h"
#include "copy/rescue_run.h"
#include "job/bad_areas.h"
#include "job/endpoints.h"
#include "job/keeper.h"
#include "job/outcome.h"
#include "job/probe.h"
#include "job/rescue_reporter.h"
#include "os/arena.h"
#include "os/loop.h"
#include "report/rescue_text.h"
#include "tls/tls_session.h"

/* Everything about one rescue but the payload; begins as zeros. */
struct rescue_job {
  struct arena payload;
  struct tls_pool tls; /* in the same memory */
  struct ring source_ring, destination_ring;
  union any_endpoint source, destination;
  struct loop loop;
  struct probe probe;
  struct keeper keeper;
  struct rescue_run run;
  struct rescue_reporter reporter;
  bool is_mute;      /* standard error is the destination too */
  bool has_areas;    /* they say what is rescued */
  bool is_spoilt;    /* the destination isn't what it was */
  bool has_begun;    /* the same command goes on */
  bool has_run;      /* maybe not to its end */
  struct fault told; /* what the object of --json does; not on the stack */
  char mark_words[DATES_WORDS_BYTES];
  char command[OUTCOME_COMMAND_BYTES]; /* that goes on */
  char json[OUTCOME_JSON_BYTES];       /* the object of --json before its list */
};

/* Returns 0, or -1 with the fault set; EXIT_PARTLY_UNREADABLE is one. */
int job_rescue(struct rescue_job *job, const struct options *options, struct fault *fault);

#endif
