/* SPDX-License-Identifier: MIT */
/* options_map: the command line of `decant map`. `nbdinfo --map` ends here too:
 * options_info fills these in then. */
#ifndef DECANT_OPTIONS_MAP_H
#define DECANT_OPTIONS_MAP_H

#include <stdbool.h>

struct map_options {
  const char *context; /* the metadata context */
  bool json;
  bool totals; /* the sums of each kind alone */
};

extern const struct verb_options options_map;

#endif
