/* SPDX-License-Identifier: MIT */
/* options_compare: the command line of `decant compare`. What means the same as for a copy (--connections, --json, --mapfile,
 * --memory, --no-extents, --progress, --rate-limit, --retry) is in its options. */
#ifndef DECANT_OPTIONS_COMPARE_H
#define DECANT_OPTIONS_COMPARE_H

#include <stdbool.h>

struct compare_options {
  bool all;    /* --all, or --mapfile: every difference is wanted, not only the first */
  bool strict; /* --strict: what is longer differs, zeros or not */
  bool quiet;  /* say nothing: the exit code is the answer */
};

extern const struct verb_options options_compare;

#endif
