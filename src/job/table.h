/* SPDX-License-Identifier: MIT */
/* table: the partition table of an end, read and written by way of a patch, in the memory that gpt.h has for one. */
#ifndef DECANT_TABLE_H
#define DECANT_TABLE_H

#include "disk/gpt.h"
#include "job/patch.h"

/* Reads the head: the front of a disk of `size` bytes, and zeros where that is shorter. Returns 0, or -1 with the fault set. */
int table_read_head(struct patch *patch, struct gpt *gpt, uint64_t size, struct fault *fault);

/* Reads the rest of the table whose header lies in the head, and is that of sector `at`. Returns 0, or -1 with the fault set; *why is NULL then,
 * or says in words what is wrong with it. */
int table_read(struct patch *patch, struct gpt *gpt, uint64_t at, const char **why, struct fault *fault);

/* Writes the second copy of a table that was sealed, so that it is there once its header is; `sector` has room for one. Returns 0, or -1 with
 * the fault set. */
int table_write_second(struct patch *patch, const struct gpt *gpt, unsigned char *sector, struct fault *fault);

/* How large the sectors are that a disk's MBR counts. */
unsigned table_mbr_sector_bytes(const struct endpoint *disk);

#endif
