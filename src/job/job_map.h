/* SPDX-License-Identifier: MIT */
/* job_map: `decant map`, and `nbdinfo --map`, from the options to the end. */
#ifndef DECANT_JOB_MAP_H
#define DECANT_JOB_MAP_H

#include "cli/options.h"
#include "job/endpoints.h"
#include "job/map.h"
#include "os/arena.h"
#include "os/loop.h"
#include "tls/tls_session.h"

/* Everything about one map; begins as zeros. */
struct map_job {
  struct arena memory; /* for TLS, and for what a block map is read into */
  struct tls_pool tls;
  union any_endpoint source;
  struct loop loop;
  struct map map;
};

/* Returns 0, or -1 with the fault set. */
int job_map(struct map_job *job, const struct options *options, struct fault *fault);

#endif
