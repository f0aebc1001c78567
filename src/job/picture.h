/* SPDX-License-Identifier: MIT */
/* picture: a copy as a bar of blocks that fills, on a terminal, with the progress line above it (--graph).
 *
 * It hears what passes, as a tap does, and shows it to the tap behind it. A destination that is lost and rewound is none of
 * its business: the line tells how far that is.
 */
#ifndef DECANT_PICTURE_H
#define DECANT_PICTURE_H

#include "cli/options.h"
#include "copy/copy.h"
#include "disk/areas.h"
#include "job/status_line.h"
#include "report/map_graph.h"

#include <stdbool.h>
#include <stdint.h>

#define PICTURE_COLUMNS_MIN 60 /* a narrower terminal has the line alone */

struct picture {
  struct copy_tap tap;
  struct copy_tap *next;
  const struct areas *unreadable;
  struct map_graph passed; /* as it was heard */
  struct map_graph shown;  /* and what of it couldn't be read */
  uint64_t position;
  bool in_colour;
};

/* Begins with a copy of so many bytes (SIZE_UNKNOWN: nobody knows), of which the areas that aren't finished can't be read; NULL: there is
 * no such map. Returns the tap for the copy: `next`, which may be NULL, where there is to be no picture. */
struct copy_tap *picture_begin(struct picture *picture, const struct options *options, uint64_t size,
                               const struct areas *unreadable, struct copy_tap *next);

/* Shows it below a text; returns false where the terminal has no room for it now, or none was begun. `picture` may be NULL. */
bool picture_show(struct picture *picture, struct status_line *line, const char *text);

#endif
