/* SPDX-License-Identifier: MIT */
/* job_info: `decant info`, and nbdinfo, from the options to the end: asks the server (or
 * looks at a file), and prints all of the answer at once, or none of it; but a list, as far as it goes.
 */
#ifndef DECANT_JOB_INFO_H
#define DECANT_JOB_INFO_H

#include "base/text.h"
#include "cli/options.h"
#include "nbd/server.h"
#include "os/arena.h"
#include "os/loop.h"
#include "report/facts.h"
#include "report/info.h"
#include "tls/tls_session.h"

/* Begins as zeros. */
struct info_job {
  struct arena memory; /* for what tls, out, exports, contexts and content point to */
  struct tls_pool tls;
  struct loop loop;
  struct text out;
  struct names exports;
  struct names contexts;  /* of one export after the other */
  unsigned char *content; /* its first bytes */
  struct server server;
  struct facts facts;
  struct info info;
};

/* Returns 0, or -1 with the fault set: EXIT_ANSWER_IS_NO, without words, where the
 * answer to --can is no. */
int job_info(struct info_job *job, const struct options *options, struct fault *fault);

#endif
