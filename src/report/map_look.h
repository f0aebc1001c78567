/* SPDX-License-Identifier: MIT */
/* map_look: how a map is to look, which is the same for all its lines. */
#ifndef DECANT_MAP_LOOK_H
#define DECANT_MAP_LOOK_H

#include "base/limits.h"
#include "disk/contexts.h"

#include <stdbool.h>

enum map_style {
  MAP_TEXT,    /* a line for each extent */
  MAP_JSON,    /* an object for each extent */
  MAP_IMAGEIO, /* the same, as oVirt's tools read it: zero, hole and dirty */
  MAP_GRAPH,   /* a bar of blocks */
  MAP_BMAP,    /* a block map, with digests (job/map_bmap.h) */
};

/* The longest line: a JSON object with the names of all contexts, every character
 * of them escaped. */
#define MAP_LINE_BYTES (CONTEXTS_MAX * (6 * CONTEXT_NAME_BYTES + 256) + 256)

struct map_look {
  const struct contexts *contexts;
  enum map_style style;
  bool totals; /* sums instead of extents */
  bool colour; /* with a terminal's escape sequences */
};

#endif
