/* SPDX-License-Identifier: MIT */
/* partitions: what the partition table at the front of a disk says of that disk.
 *
 * Tables count in sectors, so the same bytes mean other places on a disk whose sectors are larger. A GPT is looked for in the second
 * sector, so where it lies tells for which sectors it was made; an MBR tells only where its partitions wouldn't fit otherwise.
 */
#ifndef DECANT_PARTITIONS_H
#define DECANT_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As much as it takes to tell; of less, as of a stream, a table for sectors of 4096 bytes isn't seen. */
#define PARTITIONS_HEAD_BYTES 4608

/* How large the sectors are that the table was made for, 512 or 4096; 0: it doesn't tell, or there is none. `length` bytes from the
 * beginning are there, of `size` (UINT64_MAX: not known). */
unsigned partitions_sector_bytes(const unsigned char *bytes, size_t length, uint64_t size);

/* Whether they begin with a table at all; a filesystem may end its first sector as one does. */
bool partitions_are_there(const unsigned char *bytes, size_t length);

#endif
