/* SPDX-License-Identifier: MIT */
/* job_compare: `decant compare`, from the options to the end: opens both ends, compares them, and tells what came of it. */
#ifndef DECANT_JOB_COMPARE_H
#define DECANT_JOB_COMPARE_H

#include "cli/options.h"
#include "copy/compare.h"
#include "job/compare_reporter.h"
#include "job/endpoints.h"
#include "job/outcome.h"
#include "local/mapfile_store.h"
#include "os/arena.h"
#include "os/loop.h"
#include "report/compare_text.h"
#include "tls/tls_session.h"

/* Everything about one comparison but the payload; begins as zeros. */
struct compare_job {
  struct arena payload;
  struct tls_pool tls; /* in the same memory */
  struct ring rings[2];
  union any_endpoint ends[2];
  struct loop loop;
  struct compare compare;
  struct compare_reporter reporter;
  struct areas *areas; /* in the payload's memory; NULL: only the first difference is wanted */
  struct mapfile_store store;
  struct mapfile map;
  bool has_compared;
  struct fault told; /* what the object of --json tells; not on the stack */
  char text[6 * FAULT_TEXT_BYTES + COMPARE_LINE_BYTES];
};

/* Returns 0 when both are the same, or -1 with the fault set: EXIT_ANSWER_IS_NO, without words, is one. */
int job_compare(struct compare_job *job, const struct options *options, struct fault *fault);

#endif
