/* SPDX-License-Identifier: MIT */
/* rest: what lies behind an image on a larger disk, and is still taken for something: what was at the disk's end, and in partitions that
 * it had before. It is named once all is copied, or wiped with --wipe-rest.
 *
 * Where the partitions were is looked at before anything is written. Of a copy that goes on, they aren't known any more, and only what
 * lies at the disk's end is found.
 */
#ifndef DECANT_REST_H
#define DECANT_REST_H

#include "cli/options.h"
#include "disk/gpt.h"
#include "job/patch.h"
#include "job/keeping.h"

#include <stdbool.h>

#define REST_PARTITIONS_MAX 64

/* Begins as zeros. */
struct rest {
  struct range old[REST_PARTITIONS_MAX]; /* bytes */
  unsigned count;
};

/* Whether it is looked for: of devices, unless only a part of them is copied; of others, it is theirs to know. */
bool rest_is_wanted(const struct options *options, const struct endpoint *destination);

/* Before anything is written: notes the partitions of the destination that `patch` reads, by way of `gpt`. What can't be read has none. Returns 0, or -1
 * with the fault set, where a request is left with it (patch.h): as a signal does it. */
int rest_note(struct rest *rest, struct patch *patch, struct gpt *gpt, struct fault *fault);

/* All is copied, and the table is what it is to be: looks behind `copied` bytes, on a disk of `size`. What is found is wiped, or else only said,
 * unless `is_mute`; what is kept isn't looked at. Returns 0, or -1 with the fault set, where something that was to be wiped wasn't. */
int rest_run(const struct rest *rest, const struct keeping *keeping, struct patch *patch, struct gpt *gpt,
             uint64_t copied, uint64_t size, bool is_mute, const struct options *options, struct fault *fault);

#endif
