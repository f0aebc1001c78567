/* SPDX-License-Identifier: MIT */
/* mbr: the partition table in a disk's first sector, of four partitions: how one of them is made to reach to the disk's end.
 *
 * Sectors are counted in 32 bits. What lies in an extended partition has tables of its own, and isn't touched. Makes no call.
 */
#ifndef DECANT_MBR_H
#define DECANT_MBR_H

#include <stdbool.h>
#include <stdint.h>

#define MBR_BYTES 512

struct mbr_partition {
  unsigned number;     /* 1 to 4 */
  uint64_t start, end; /* sectors; half-open */
  uint64_t end_before; /* where it ended */
};

/* Where the partition with this number, 1 to 4, lies, in sectors, in a table that is there. Returns false where there is none. */
bool mbr_partition(const unsigned char mbr[MBR_BYTES], unsigned number, uint64_t *first, uint64_t *length);

/* Finds the partition that is named, by its number or as the kernel's PARTUUID has it, in the table at the front of a disk of `sectors`,
 * and has it reach to the disk's end, in whole MiB. Returns NULL, or in words why it can't;
 * then the table is as it was. */
const char *mbr_extend(unsigned char mbr[MBR_BYTES], const char *name, uint64_t sectors, unsigned sector_bytes,
                       struct mbr_partition *partition);

#endif
