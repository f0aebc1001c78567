/* SPDX-License-Identifier: MIT */
/* options_disks: the command line of `decant disks`. */
#ifndef DECANT_OPTIONS_DISKS_H
#define DECANT_OPTIONS_DISKS_H

#include <stdbool.h>

struct disks_options {
  bool json;
  bool as_destination; /* SELECTOR is one of a DESTINATION */
};

extern const struct verb_options options_disks;

#endif
