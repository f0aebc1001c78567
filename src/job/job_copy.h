/* SPDX-License-Identifier: MIT */
/* job_copy: `decant copy`, from the options to the end: opens both ends, plans the
 * memory, copies, and tells what the operator asked to be told. */
#ifndef DECANT_JOB_COPY_H
#define DECANT_JOB_COPY_H

#include "cli/options.h"
#include "copy/copy.h"
#include "job/bad_areas.h"
#include "job/blocks.h"
#include "job/checking.h"
#include "job/delta.h"
#include "job/digests.h"
#include "job/endpoints.h"
#include "job/ending.h"
#include "job/holding.h"
#include "job/keeper.h"
#include "job/outcome.h"
#include "job/probe.h"
#include "job/reporter.h"
#include "job/skipping.h"
#include "os/arena.h"
#include "os/loop.h"
#include "tls/tls_session.h"

struct verify;

/* Everything about one copy but the payload; begins as zeros. */
struct copy_job {
  struct arena payload;
  size_t payload_from; /* what of it is for tables */
  struct tls_pool tls; /* in the same memory */
  struct ring source_ring;
  struct ring destination_ring;
  union any_endpoint source;
  union any_endpoint destination;
  const char *remark; /* what closing the destination has told, that is no fault; NULL */
  struct loop loop;
  struct probe probe;
  struct copy copy;
  struct reporter reporter;
  struct picture picture;
  struct outcome outcome;
  bool is_mute; /* standard error is the destination too */
  struct digests digests;
  struct keeper keeper;
  struct holding holding;
  struct skipping skipping;
  struct checking checking;
  struct ending ending;
  char mark_words[DATES_WORDS_BYTES];
  struct verify *verify; /* in the arena; NULL: nothing is verified */
  struct delta *delta;   /* likewise; NULL: all is fetched */
  struct blocks *blocks; /* likewise; NULL: the copy is held to none */
};

/* Returns 0, or -1 with the fault set. */
int job_copy(struct copy_job *job, const struct options *options, struct fault *fault);

#endif
