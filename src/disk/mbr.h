/* SPDX-License-Identifier: MIT */
/* mbr: the partition table in a disk's first sector, of four partitions: how one of them is made to reach to the disk's end.
 *
 * Sectors are counted in 32 bits. What lies in an extended partition has tables of its own, and isn't touched. Makes no call.
 */
#ifndef DECANT_MBR_H
#define DECANT_MBR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MBR_BYTES 512
#define MBR_PARTITIONS 4

struct mbr_partition {
  unsigned number;     /* 1 to 4 */
  uint64_t start, end; /* sectors; half-open */
  uint64_t end_before; /* where it ended */
};

/* Where the partition with this number, 1 to 4, lies, in sectors, in a table that is there. Returns false where there is none. */
bool mbr_partition(const unsigned char mbr[MBR_BYTES], unsigned number, uint64_t *first, uint64_t *length);

/* The sector behind the last partition of the table that a disk's first `length` bytes have; 0: they have none, or none in it. What
 * stands for a GPT is no partition. */
uint64_t mbr_end(const unsigned char *bytes, size_t length);

/* Has the entry that stands for a GPT and all of its disk reach to the sector `last`; not where there are others beside it: there it may
 * stand for the table alone. */
void mbr_protect(unsigned char mbr[MBR_BYTES], uint64_t last);

/* Finds the partition that is named, by its number or as the kernel's PARTUUID has it, in the table at the front of a disk of `sectors`,
 * and has it reach to the disk's end, in whole MiB. Returns NULL, or in words why it can't;
 * then the table is as it was. */
const char *mbr_extend(unsigned char mbr[MBR_BYTES], const char *name, uint64_t sectors, unsigned sector_bytes,
                       struct mbr_partition *partition);

#endif
