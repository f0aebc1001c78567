/* SPDX-License-Identifier: MIT */
/* keeping: --keep-partitions: partitions that a disk has behind what is copied to it become part of the table that is copied.
 *
 * Until that is done they must not be lost, whenever the power fails: so before anything is copied, a second copy of a table is written at
 * the disk's end that has them and nothing else, so that nothing starts from it. Its entries lie before the first of them, where the
 * table that follows has none, so that one sector, the header, makes the one into the other. The same command finds them there again.
 */
#ifndef DECANT_KEEPING_H
#define DECANT_KEEPING_H

#include "disk/gpt.h"
#include "job/patch.h"

#include <stdbool.h>

#define KEPT_MAX 16

/* Begins as zeros. */
struct keeping {
  unsigned sector_bytes; /* of the table */
  unsigned count;        /* of those that are kept; 0: none */
  uint64_t first;        /* the first sector of any of them */
  bool is_safe;          /* they are in the second copy already */
  struct kept {
    unsigned char entry[GPT_ENTRY_BYTES];
    unsigned number;
    uint64_t first, last; /* sectors */
  } kept[KEPT_MAX];
};

/* Finds the partitions with these names, parted by commas, in the table of the disk of `size` that `patch` has: all must lie behind `copied`
 * bytes, and leave room for their entries there. Returns 0, or -1 with the fault set. */
int keeping_note(struct keeping *keeping, struct patch *patch, struct gpt *gpt, const char *names, uint64_t copied,
                 uint64_t size, struct fault *fault);

/* After that, with the same `gpt`: writes the second copy that has nothing else; `sector` has room for one. Returns 0, or -1 with the
 * fault set. */
int keeping_begin(const struct keeping *keeping, struct patch *patch, struct gpt *gpt, unsigned char *sector,
                  uint64_t size, struct fault *fault);

/* Adds them to a table. Returns NULL, or in words why that can't be. */
const char *keeping_add(struct keeping *keeping, struct gpt *gpt);

/* Whether these bytes of the disk are part of any. */
bool keeping_has(const struct keeping *keeping, struct range range);

#endif
