/* SPDX-License-Identifier: MIT */
/* verify: proves that a destination holds what was copied to it (--verify).
 *
 * While the copy runs, a verifier listens to it. Then the destination is opened anew as a source, past what this machine has
 * kept of it, and the same engine carries it to nowhere, past the verifier, which compares. What differs is copied from the
 * source once more, and all is read back again. So nothing is read twice of the source but that; unless an earlier run has
 * copied some of it, whose digests nobody knows: then all of it is.
 *
 * A copy in more parts than can be told apart is verified in rounds: each learns anew, from the source, what the one
 * before couldn't note.
 */
#ifndef DECANT_VERIFY_H
#define DECANT_VERIFY_H

#include "copy/verifier.h"
#include "job/job_copy.h"
#include "local/endpoint_null.h"

#include <stdbool.h>

/* Lives in the copy's arena; begins as zeros. */
struct verify {
  struct verifier verifier;
  bool rereads; /* the source, to learn what it was: the copy isn't listened to */
  struct endpoint_null null;
  struct request request; /* the look at what can be read back; may be with the destination until that is closed */
  struct chunks chunks;
};

/* How much of an arena it takes. */
size_t verify_bytes(const struct options *options);

/* Both ends are open, and nothing is written yet: whether the destination can be read back, which is tried. `buffer` has room
 * for a block of it. Returns 0, or -1 with the fault set. */
int verify_begin(struct copy_job *job, const struct options *options, unsigned char *buffer, struct fault *fault);

/* The tap for the copy, after verify_begin(); NULL where it isn't listened to. */
struct copy_tap *verify_tap(struct verify *verify);

/* Opens the destination of a copy anew, which is closed: to be read back, or to be changed where it is. Returns 0, or -1 with the fault set. */
int verify_open_again(struct copy_job *job, const struct options *options, enum role role, struct fault *fault);

/* All is copied, and the destination closed; the source is open. Verifies, repairs, and tells what was found. Returns 0,
 * or -1 with the fault set: EXIT_DIGEST_DIFFERS where something differs still. */
int verify_run(struct copy_job *job, const struct options *options, struct fault *fault);

#endif
