/* SPDX-License-Identifier: MIT */
/* digests: which digests of the source the operator wants, computed on the way,
 * told at the end, and held to what was expected.
 *
 * The copy shows its content to the tap; nothing is read twice. What is printed
 * goes to standard output, or to standard error where that belongs to the data.
 */
#ifndef DECANT_DIGESTS_H
#define DECANT_DIGESTS_H

#include "cli/options.h"
#include "copy/copy.h"
#include "job/block_file.h"
#include "job/digest_file.h"
#include "report/digest.h"

#include <stdbool.h>

#define DIGESTS 2 /* one of each kind */

struct digests {
  struct copy_tap tap;
  struct digest list[DIGESTS]; /* by enum digest_kind */
  bool wanted[DIGESTS];
  bool told[DIGESTS];                  /* to be printed, not only compared */
  char hex[DIGESTS][DIGEST_HEX_BYTES]; /* once the whole source has passed; until then "" */
  struct digest_expected expected;
  bool expects;
  struct digest_file file;  /* for the blkhash, if there is one */
  struct block_file blocks; /* for the digests of its blocks, likewise */
};

/* Readies what the options ask for; opens the files that a blkhash and its blocks' digests are to be
 * written to. Returns 0, or -1 with the fault set. */
int digests_init(struct digests *digests, const struct options *options, struct fault *fault);

/* Whether the operator has asked for any. */
bool digests_are_wanted(const struct options *options);

/* The content is going to pass from its beginning on, once more. */
void digests_begin_again(struct digests *digests);

/* The tap for the copy, or NULL where nothing is to be computed. */
struct copy_tap *digests_tap(struct digests *digests);

/* Refuses an end of the copy as a file that digests are to be written to. Returns 0,
 * or -1 with the fault set. */
int digests_check(const struct digests *digests, const struct endpoint *source, const struct endpoint *destination,
                  struct fault *fault);

/* All is checked: makes the new file for the blocks' digests. Returns 0, or -1 with the fault set. */
int digests_begin(struct digests *digests, struct fault *fault);

/* The whole source has passed: tells the digests. Returns 0, or -1 with the fault
 * set when one is not what was expected (EXIT_DIGEST_DIFFERS), or can't be told. */
int digests_finish(struct digests *digests, const struct options *options, struct fault *fault);

/* The end, after a failure too: what wasn't told leaves no trace. */
void digests_close(struct digests *digests);

#endif
