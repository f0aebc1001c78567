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

#include "disk/gpt.h"
#include "job/patch.h"
#include "job/keeping.h"

#include <stdbool.h>

/* Of the disk that `patch` has. */
struct growing {
  struct patch *patch;
  struct gpt *gpt;
  unsigned char *sector; /* of GROWING_SECTOR_BYTES */
  uint64_t size;         /* of the larger disk, bytes */
  unsigned mbr_sector_bytes;
  struct keeping *keeping; /* what of the disk becomes part of the table */
  bool has_more;           /* it does now */
  bool is_gpt;             /* else the table is an MBR */
  uint64_t second_was;     /* the sector of its second header before */
  struct grown {
    unsigned number; /* of the partition; 0: none */
    uint64_t start;  /* bytes, as are the others */
    uint64_t length;
    uint64_t more; /* than before */
    char label[GPT_LABEL_BYTES];
  } grown;
};

#define GROWING_SECTOR_BYTES 4096

/* Reads the table, and makes of it what it is to be, in memory: with `part`, which may be NULL, that partition is the one that reaches to
 * the end. Returns 0, or -1 with the fault set: nothing is to be written then. */
int growing_plan(struct growing *growing, const char *part, struct fault *fault);

/* Writes it. Returns 0, or -1 with the fault set. */
int growing_write(struct growing *growing, struct fault *fault);

/* Says what was done. */
void growing_tell(struct growing *growing, const char *program);

#endif
