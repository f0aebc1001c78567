/* SPDX-License-Identifier: MIT */
/* disks_text: the table of disks, a row at a time: for people, and as JSON. */
#ifndef DECANT_DISKS_TEXT_H
#define DECANT_DISKS_TEXT_H

#include "base/text.h"
#include "disk/disk.h"

/* As much as a row takes at most, as text or JSON. */
#define DISKS_TEXT_BYTES 6144

/* The table's head, and a row; without the newline. */
void disks_text_head(struct text *text);
void disks_text_row(struct text *text, const struct disk *disk);

/* An object. */
void disks_text_json(struct text *text, const struct disk *disk);

#endif
