/* SPDX-License-Identifier: MIT */
/* ending: what follows a copy, once all is on the disk and flushed: its partition table reaches further (growing.h), and what lies behind it
 * is named or wiped (rest.h). Where both ends of the disk are held back, that is done before they are written, and with --verify
 * once all is verified.
 */
#ifndef DECANT_ENDING_H
#define DECANT_ENDING_H

#include "cli/options.h"
#include "job/patch.h"
#include "job/growing.h"
#include "job/keeping.h"
#include "job/probe.h"
#include "job/rest.h"

#include <stdbool.h>

/* Begins as zeros. */
struct ending {
  struct patch patch;
  struct growing growing;
  struct rest rest;
  struct keeping keeping;
};

/* Whether anything may be written. */
bool ending_changes(const struct options *options);

/* Whether there is anything to be done. */
bool ending_is_wanted(const struct options *options, const struct endpoint *destination);

/* Before anything is written: refuses what can't be done, as far as that is seen in the source, and notes what is there. Returns 0, or -1
 * with the fault set. */
int
ending_check(struct ending *ending, const struct probe_ends *ends, const struct options *options, struct fault *fault);

/* The destination is prepared, and nothing is copied yet: makes sure of what it is to keep. Returns 0, or -1 with the fault set. */
int
ending_begin(struct ending *ending, const struct probe_ends *ends, const struct options *options, struct fault *fault);

/* The destination has `copied` bytes of a disk, and nothing is under way; `hold` holds its ends back, or is NULL. Where the table
 * that was copied is refused, what was held is written all the same. Returns 0, or -1 with the fault set. */
int ending_run(struct ending *ending, const struct probe_ends *ends, struct hold_back *hold, uint64_t copied,
               bool is_mute, const struct options *options, struct fault *fault);

#endif
