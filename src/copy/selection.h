/* SPDX-License-Identifier: MIT */
/* selection: which parts of a disk are to be copied, as maps of areas and a block map have it.
 *
 * What is wanted is what all of the lists want: a domain's finished areas or a block map's ranges, of them those that a mapfile
 * hasn't finished, and of those what differs. It is said in runs, ascending, that lie on the source's blocks: a block that is wanted in part is wanted. Of what isn't wanted
 * nothing has to be asked or read, however much it is.
 *
 * The areas are the caller's and may change between calls. Makes no call, never fails.
 */
#ifndef DECANT_SELECTION_H
#define DECANT_SELECTION_H

#include "disk/areas.h"
#include "disk/bmap.h"

#include <stdbool.h>
#include <stdint.h>

#define SELECTION_LISTS_MAX 3

struct selection {
  struct {
    const struct areas *areas; /* of the same disk */
    unsigned statuses;         /* that are wanted of it, a bit for each */
  } lists[SELECTION_LISTS_MAX];
  unsigned count;
  const struct bmap *bmap; /* of the same disk: its ranges are wanted, at most; NULL: all is */
};

/* Whether all is wanted, of any disk. */
bool selection_is_all(const struct selection *selection);

/* Finds the first bytes within a range of the disk that are wanted, as they are, wherever they lie in the source's blocks. Returns
 * false if there are none. */
bool selection_find(const struct selection *selection, struct range within, struct range *found);

/* The end of the run that begins at `offset`, a multiple of `alignment` below `size`, the disk's; and whether it is wanted. Runs
 * that follow one another may both be wanted. */
uint64_t
selection_run(const struct selection *selection, uint64_t offset, uint64_t size, uint64_t alignment, bool *is_wanted);

#endif
