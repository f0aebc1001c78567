/* SPDX-License-Identifier: MIT */
/* outcome: what came of a copy: the line of --report, and after a failure the command that goes on.
 */
#ifndef DECANT_OUTCOME_H
#define DECANT_OUTCOME_H

#include "cli/options.h"
#include "copy/copy.h"

#include <stdbool.h>

/* A longer command is not told, but what to change of it. */
#define OUTCOME_COMMAND_BYTES (4 * KIB)

/* Begins as zeros. */
struct outcome {
  bool has_begun;                      /* the destination may have been written to */
  bool is_spoilt;                      /* an end isn't what it was: nothing of the copy is to be kept */
  uint64_t ms;                         /* how long it took */
  char command[OUTCOME_COMMAND_BYTES]; /* the one that goes on */
};

/* The copy has failed. One that had begun can go on, or be begun again: adds the command that does that to the fault.
 * nbdcopy's words stay as they are. */
void outcome_fail(struct outcome *outcome, const struct options *options, const struct copy *copy, struct fault *fault);

/* Prints the line of --report. Returns 0, or -1 with the fault set. */
int outcome_report(const struct outcome *outcome, const struct copy *copy, struct fault *fault);

#endif
