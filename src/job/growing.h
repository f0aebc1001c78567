/* SPDX-License-Identifier: MIT */
/* growing: --grow: has the partition table that was copied reach to the end of a larger disk, and with --grow=PART one of its partitions.
 *
 * That is done once all else is there and flushed: the second copy of the table is written at the disk's end and flushed, then the first
 * one is changed and flushed, and only then the second copy in its old place is wiped. So whenever the power fails, one of them is
 * right. Where both ends of the disk are held back, all of that is done to what is held, before it is written. With --verify it
 * is done once what was copied is verified.
 *
 * Whether it can be done is looked at before anything is written, in the source, where that can be read anywhere.
 */
#ifndef DECANT_GROWING_H
#define DECANT_GROWING_H

#include "cli/options.h"
#include "disk/gpt.h"
#include "job/patch.h"
#include "job/probe.h"

#include <stdbool.h>

/* Begins as zeros. */
struct growing {
  struct patch patch;
  struct gpt *gpt;       /* in the buffer of the ends */
  unsigned char *sector; /* likewise, of 4096 bytes */
  uint64_t size;         /* of the disk, bytes */
  bool is_gpt;           /* else the table is an MBR */
  uint64_t second_was;   /* the sector of its second header before */
  struct grown {
    unsigned number; /* of the partition; 0: none */
    uint64_t start;  /* bytes, as are the others */
    uint64_t length;
    uint64_t more; /* than before */
    char label[GPT_LABEL_BYTES];
  } grown;
};

/* Whether anything is to be done. */
bool growing_is_wanted(const struct options *options);

/* Before anything is written: looks at the source, and refuses what can't be done. Returns 0, or -1 with the fault set. */
int growing_check(struct growing *growing, const struct probe_ends *ends, const struct options *options,
                  struct fault *fault);

/* Does it, to the destination, which has `copied` bytes of a disk and nothing under way; `hold` holds its ends back, or is NULL. Where the
 * table that was copied is refused, what was held is written all the same. Says what was done, unless `is_mute`. Returns 0, or -1
 * with the fault set. */
int growing_run(struct growing *growing, const struct probe_ends *ends, struct hold_back *hold, uint64_t copied,
                bool is_mute, const struct options *options, struct fault *fault);

#endif
