/* SPDX-License-Identifier: MIT */
/* signatures: what is known of a disk or partition by what lies at its end: superblocks of RAIDs, labels of ZFS, the second copy of a partition
 * table. A smaller image that is copied over leaves them, and who finds them takes the disk for what it was.
 *
 * Offsets are bytes from the beginning of the disk or partition. Makes no call.
 */
#ifndef DECANT_SIGNATURES_H
#define DECANT_SIGNATURES_H

#include "base/limits.h"
#include "base/range.h"

/* What is looked at of one is at most so long. */
#define SIGNATURE_BYTES_MAX (128 * KIB)

/* Where the signature with this number, from 0 on, lies on a disk of `size`: `place` is what has to be looked at; empty: the disk is too small for it. Returns false behind the last one. */
bool signatures_place(unsigned number, uint64_t size, struct range *place);

/* What these bytes of that place are, in words, or NULL: nothing that is known. */
const char *signatures_find(unsigned number, const unsigned char *bytes);

/* Makes zeros of all by which they are known, and of nothing else that may lie there, too. */
void signatures_clear(unsigned number, unsigned char *bytes);

#endif
