/* SPDX-License-Identifier: MIT */
/* selector: a disk named by what it is (`serial:S3Z9NB0K`, `nvme,size:200G..,smallest`), since names such as /dev/sda are given in
 * the order in which disks happen to come up.
 *
 * Terms are joined by commas, and all of them must hold. One disk must be left: of several none is chosen, also where `smallest` or
 * `largest` finds two that are equal. Whole disks are meant, and none that is made of others (md, dm, loop), unless a term says so: a
 * label or UUID, the path of a partition, or `md` and its like.
 *
 * Pure: who finds disks offers one after the other.
 */
#ifndef DECANT_SELECTOR_H
#define DECANT_SELECTOR_H

#include "base/error.h"
#include "disk/disk.h"

enum selector_order { SELECTOR_ONLY, SELECTOR_SMALLEST, SELECTOR_LARGEST };

struct selector {
  const char *text; /* the operator's */
  enum selector_order order;
  bool by_content; /* takes what disks begin with: copying over one changes whether it fits */
  bool partitions; /* they take part, too */
  bool virtuals;   /* and what is made of others */
};

/* The disk that is left so far. */
struct selector_choice {
  unsigned count; /* disks that are equally good */
  struct disk disk;
};

/* Whether a word of the command line is meant as a selector: one of its terms is a key with a value, or smallest, largest or
 * only. */
bool selector_is_one(const char *text);

/* Takes it apart. Returns 0, or -1 with the fault (EXIT_BAD_USAGE) set. */
int selector_parse(struct selector *selector, const char *text, struct fault *fault);

/* Whether all terms hold of a disk. */
bool selector_fits(const struct selector *selector, const struct disk *disk);

/* Takes one that fits into account; the choice begins as zeros. */
void selector_offer(const struct selector *selector, struct selector_choice *choice, const struct disk *disk);

#endif
