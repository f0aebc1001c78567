/* SPDX-License-Identifier: MIT */
/* options_rescue: the command line of `decant rescue`. What means the same as for a copy (--mapfile, --domain, --yes,
 * --any-content, --json, --retry, --max-errors, --mark-bad) is in its options. */
#ifndef DECANT_OPTIONS_RESCUE_H
#define DECANT_OPTIONS_RESCUE_H

#include <stdbool.h>
#include <stdint.h>

struct rescue_options {
  unsigned retry_passes;     /* --retry-bad: more passes over bad sectors */
  uint64_t slow_bytes_per_s; /* --slow: what is read more slowly is left for later; 0: nothing is */
  uint64_t min_bytes_per_s;  /* --min-rate: below it, the rescue ends; 0: never */
  bool quiet;                /* no progress */
};

extern const struct verb_options options_rescue;

#endif
