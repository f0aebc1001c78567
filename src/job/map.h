/* SPDX-License-Identifier: MIT */
/* map: what the metadata contexts say of a disk, printed as it is learnt.
 *
 * Asks a source for its extents from one end of a range to the other, joins equal
 * neighbours, and writes a line (or a JSON object) for each; or adds them up. All
 * in the fixed memory of struct map, whatever the number of extents: what fits the
 * output buffer is written in one piece, so that a short map comes whole or not
 * at all; a long one is written as it is learnt.
 */
#ifndef DECANT_MAP_H
#define DECANT_MAP_H

#include "base/range.h"
#include "copy/extents.h"
#include "disk/endpoint.h"
#include "job/map_bmap.h"
#include "os/loop.h"
#include "report/map_text.h"

#include <stdbool.h>

struct map_config {
  struct endpoint *source; /* open; source->contexts are those to be shown, at least one */
  struct loop *loop;       /* loop_init() is done */
  struct range range;      /* bytes of the disk to be shown, as far as it has them */
  enum map_style style;
  bool totals;           /* how many bytes of each kind, instead of where */
  bool colour;           /* for a terminal */
  unsigned columns;      /* MAP_GRAPH: width of the bar */
  unsigned char *buffer; /* MAP_BMAP: MAP_READ_BYTES, to read into */
};

struct map {
  struct map_config config;
  struct map_look look;
  struct request request;
  struct survey survey;
  struct extent extents[MAP_EXTENTS_MAX]; /* the survey's, as are those below */
  struct extent before[MAP_EXTENTS_MAX];
  uint64_t survey_bytes; /* how much the next survey asks for */
  struct extent pending; /* not printed yet: more of the same may follow */
  uint64_t position;     /* everything below has been learnt */
  bool is_first;         /* nothing has been printed */
  struct map_totals totals;
  struct map_graph graph;
  struct map_bmap bmap;
  char line[MAP_LINE_BYTES];
  char output[MAP_OUTPUT_BYTES];
  size_t output_used;
};

/* Prints the map. `map` may be uninitialised memory. Returns 0, or -1 with the
 * fault set: the source can't be asked, or the output not be written. */
int map_run(struct map *map, const struct map_config *config, struct fault *fault);

#endif
