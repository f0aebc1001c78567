/* SPDX-License-Identifier: MIT */
/* sysfs: what the kernel says of a block device, by its number.
 *
 * Without sysfs it says nothing.
 */
#ifndef DECANT_SYSFS_H
#define DECANT_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The attribute of this name, which may lead to another device (`../dev`), as text of at most `bytes` with its end, and
 * without the newline. Returns how long it is; 0: there is none, and errno says why it can't be read if there may be. */
size_t sysfs_read(uint64_t number, const char *name, char *text, size_t bytes);

/* The same of what has this directory. */
size_t sysfs_read_from(const char *directory, const char *name, char *text, size_t bytes);

/* Whether errno says that what was asked for may be there, and only couldn't be read. */
bool sysfs_is_unread(void);

/* What it counts in, whatever the disk's sectors are. */
#define SYSFS_SECTOR_BYTES 512

/* The directory of a block device. */
#define SYSFS_DIRECTORY_BYTES 48
void sysfs_directory(uint64_t number, char directory[SYSFS_DIRECTORY_BYTES]);

/* The first one as a number; 0: there is none. */
uint64_t sysfs_read_number(uint64_t number, const char *name);

#endif
