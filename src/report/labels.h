/* SPDX-License-Identifier: MIT */
/* labels: what a disk or a partition begins with, in a word or two, and by which label and UUID it is found: those that blkid(8) tells,
 * which isn't there where this program runs.
 *
 * `content` has other words for the same, file(1)'s, which scripts look for.
 */
#ifndef DECANT_LABELS_H
#define DECANT_LABELS_H

#include "disk/disk.h"

#include <stddef.h>

/* Looks at `length` bytes from the beginning, of which CONTENT_PROBE_BYTES (content.h) are all it takes. */
void labels_find(const unsigned char *bytes, size_t length, struct disk_content *content);

/* The UUID of a partition of the disk that `length` bytes are the beginning of, as the kernel has it: from a GPT, or of the disk's number
 * and its own; "": there is none, or not here. */
void labels_find_partition(const unsigned char *bytes, size_t length, unsigned number, char uuid[DISK_UUID_BYTES]);

/* Whether that is a filesystem, and no part of anything larger. */
bool labels_is_filesystem(const struct disk_content *content);

#endif
