/* SPDX-License-Identifier: MIT */
/* options_map: the command line of `decant map`. `nbdinfo --map` ends here too:
 * options_info fills these in then. */
#ifndef DECANT_OPTIONS_MAP_H
#define DECANT_OPTIONS_MAP_H

#include "report/map_look.h"

#include <stdbool.h>
#include <stdint.h>

/* The metadata contexts that are shown are options->wishes.contexts. */
struct map_options {
  enum map_style style;
  bool totals;     /* the sums of each kind alone */
  uint64_t offset; /* what of the disk is shown: bytes */
  uint64_t length;
};

extern const struct verb_options options_map;

#endif
