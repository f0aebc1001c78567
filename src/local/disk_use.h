/* SPDX-License-Identifier: MIT */
/* disk_use: who uses a disk or a partition of this machine: a mount, swap, a volume made of it, a loop device. */
#ifndef DECANT_DISK_USE_H
#define DECANT_DISK_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Finds the first use of the disk or partition that has this directory, below `root`, in sysfs, this name and this number; not of its
 * partitions. Returns whether there is any: then `words` say which. A list that is there and can't be read may have one, which is
 * said too; without /proc or sysfs, nobody is known. */
bool
disk_use_find(const char *root, const char *directory, const char *name, uint64_t number, char *words, size_t bytes);

/* The same of the device with this number, and where it has none itself, of its partitions. */
bool disk_use_of(uint64_t number, char *words, size_t bytes);

/* Whether the kernel knows partitions of the disk with this number. */
bool disk_use_has_partitions(uint64_t number);

#endif
