/* SPDX-License-Identifier: MIT */
/* info_file: what there is to say about a file or a block device, as facts: its size,
 * what of it is allocated, and what its first bytes look like. */
#ifndef DECANT_INFO_FILE_H
#define DECANT_INFO_FILE_H

#include "base/error.h"
#include "report/facts.h"

/* Fills in the facts of what is at `path`, of any number of which only these are known.
 * `content` is room for CONTENT_PROBE_BYTES, or NULL: they aren't read. Returns 0, or -1
 * with the fault set. */
int info_file_learn(struct facts *facts, const char *path, unsigned char *content, struct fault *fault);

/* Reads as much of its front as CONTENT_PROBE_BYTES. Returns 0, or -1 with errno set. */
int info_file_read_head(int fd, unsigned char *content, size_t *length);

#endif
