/* SPDX-License-Identifier: MIT */
/* options_copy_check: which options of a copy go together, and with which ends. */
#ifndef DECANT_OPTIONS_COPY_CHECK_H
#define DECANT_OPTIONS_COPY_CHECK_H

#include "cli/options.h"

/* All options and places are taken: says what can't be together, and sets what follows from them, as the part of the source and the
 * contexts that tell it. Returns 0, or -1 with the fault (EXIT_BAD_USAGE) set. */
int options_copy_check(struct options *options, struct fault *fault);

#endif
