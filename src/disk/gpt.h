/* SPDX-License-Identifier: MIT */
/* gpt: a GUID partition table, in memory: whether it is whole, and how it is made to reach to the end of a larger disk.
 *
 * A disk has it twice: header and entries at its front, behind a protective MBR, and entries and header at its end. Each header has
 * checksums of itself and of the entries, and says where the other one is. Only the first of them is believed here; what isn't whole
 * is refused rather than mended, since nobody knows what was meant.
 *
 * All is done on the caller's bytes, which others read and write. Sectors are counted from 0, and are as large as those that the table
 * was made for. Ranges of them are inclusive, as the table has them. Makes no call.
 */
#ifndef DECANT_GPT_H
#define DECANT_GPT_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The protective MBR and the first header, for sectors of either size; and the most that is taken of entries. */
#define GPT_HEAD_BYTES (8 * KIB)
#define GPT_ENTRIES_BYTES_MAX (128 * KIB)

#define GPT_ENTRY_BYTES 128
#define GPT_UUID_BYTES 37
#define GPT_LABEL_BYTES (36 * 3 + 1) /* UTF-8, with its NUL */

struct gpt {
  unsigned sector_bytes;              /* 512 or 4096 */
  unsigned char head[GPT_HEAD_BYTES]; /* from the disk's front: the protective MBR, and the first header */
  unsigned char entries[GPT_ENTRIES_BYTES_MAX];
  uint64_t entries_at;                /* sector */
  uint64_t entries_bytes;             /* in whole sectors */
  unsigned count;                     /* of entries, those that are empty too */
  unsigned entry_bytes;               /* of each */
  uint64_t first_usable, last_usable; /* sectors that partitions may have */
  uint64_t second_at;                 /* the sector of the second header ... */
  uint64_t second_entries_at;         /* ... and of its entries: once the table has reached there */
};

struct gpt_partition {
  unsigned number;             /* from 1 on */
  uint64_t first, last;        /* sectors */
  char uuid[GPT_UUID_BYTES];   /* its own, not that of its type */
  char label[GPT_LABEL_BYTES]; /* "": it has none */
};

/* For sectors of which size a disk's first `length` bytes have a table, 512 or 4096; 0: they have none. */
unsigned gpt_sector_bytes(const unsigned char *bytes, size_t length);

/* Whether the head is that of a table, and for which sectors: that is noted. */
bool gpt_is_there(struct gpt *gpt);

/* Reads the header that lies in the head, where the first one does, but is that of the disk's sector `at`: 1, or of the second copy. Returns
 * NULL, or in words what is wrong with it. Then entries_at and entries_bytes say what the entries are to be filled with. */
const char *gpt_read_header(struct gpt *gpt, uint64_t at);

/* Looks at the entries. Returns NULL, or in words what is wrong with them. */
const char *gpt_read_entries(const struct gpt *gpt);

/* The entry with this number, from 1 on. Returns false where it is empty, or there is none. */
bool gpt_partition(const struct gpt *gpt, unsigned number, struct gpt_partition *partition);

/* Finds the partition that is named: by its number, its label (in which an underscore may stand for a blank), or its UUID. Returns NULL,
 * or in words why there isn't one. */
const char *gpt_find(const struct gpt *gpt, const char *name, struct gpt_partition *partition);

/* Has the table reach to the end of a disk of `sectors`, where its second copy is to lie. Returns NULL, or in words why it can't; then
 * it is as it was. */
const char *gpt_reach(struct gpt *gpt, uint64_t sectors);

/* Has the partition reach to the end of what partitions may have, or to the sector `limit`, from which on others are none of its business, in
 * whole MiB. Returns NULL, or in words why it can't; then it is as it was. */
const char *gpt_extend(struct gpt *gpt, struct gpt_partition *partition, uint64_t limit);

/* How many entries aren't empty. */
unsigned gpt_used(const struct gpt *gpt);

/* An entry's bytes, of which the first GPT_ENTRY_BYTES mean something. */
const unsigned char *gpt_entry(const struct gpt *gpt, unsigned number);

/* Adds an entry of another table, with the number that it had, or else the first one that is free, which becomes *number; one that is there
 * already is left. Returns NULL, or in words why it can't; then the table is as it was. */
const char *gpt_add(struct gpt *gpt, const unsigned char *entry, unsigned *number);

/* After that: puts the first header with its checksums into the head, and how large the disk is into the protective MBR, if there is
 * nothing else in that. */
void gpt_seal(struct gpt *gpt);

/* The second header, sector_bytes of it, for a table that was sealed. */
void gpt_make_second(const struct gpt *gpt, unsigned char *sector);

/* Whether these bytes of the disk's sector `at` are a header that says that it lies there. */
bool gpt_is_header(const unsigned char *sector, unsigned sector_bytes, uint64_t at);

#endif
