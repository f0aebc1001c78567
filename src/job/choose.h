/* SPDX-License-Identifier: MIT */
/* choose: from what the operator wrote of a disk (see selector.h) to its device, before anything else is opened.
 *
 * A destination is never one that --except names, nor a partition of it, and of disks that can't be written to none is chosen. Where
 * not exactly one is left, the disks are shown on standard error, and nothing is done.
 */
#ifndef DECANT_CHOOSE_H
#define DECANT_CHOOSE_H

#include "cli/options.h"
#include "disk/selector.h"
#include "local/disks.h"
#include "report/content.h"
#include "report/disks_text.h"

/* Begins as zeros. */
struct choose {
  struct disks disks;
  struct disk disk; /* the one that is being looked at */
  struct selector selector;
  struct selector_choice choice;
  unsigned excepted;
  char excepts[EXCEPTS_MAX][DISK_NAME_BYTES]; /* whole disks */
  unsigned char head[CONTENT_PROBE_BYTES];
  char row[DISKS_TEXT_BYTES];
};

/* Reads what the disk begins with into its `content`, and a partition's UUID; stays unknown where it can't be read. */
void choose_look(struct choose *choose, struct disk *disk);

/* Finds the one disk that fits, into choose->choice, as a destination or not. Returns 0, or -1 with the fault set. */
int choose_disk(struct choose *choose, const struct options *options, const char *text, bool is_destination,
                struct fault *fault);

/* Puts devices in the place of the selectors among SOURCE and DESTINATION, and holds the latter to --except. Returns 0, or -1 with the
 * fault set. */
int choose_ends(struct choose *choose, struct options *options, struct fault *fault);

#endif
