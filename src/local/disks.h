/* SPDX-License-Identifier: MIT */
/* disks: the disks of this machine and their partitions, one after the other, as sysfs and /proc tell of them. Nothing is opened of the
 * disks themselves, so what they hold, and the UUIDs of partitions, stay unknown here.
 *
 * However many there are, the memory is that of one: the next one is the least name behind the one before, so one that comes or goes
 * meanwhile is there or isn't, and the others are all there.
 */
#ifndef DECANT_DISKS_H
#define DECANT_DISKS_H

#include "base/error.h"
#include "disk/disk.h"

struct disks {
  const char *root; /* below which sys and proc are: "", but for tests */
  char disk[DISK_NAME_BYTES];
  char partition[DISK_NAME_BYTES]; /* the last one of this disk; "": none yet */
  int errnum;                      /* why some may be missing; 0: all are there */
};

void disks_begin(struct disks *disks, const char *root);

/* Each disk that has a size comes before its partitions. Returns false behind the last one. */
bool disks_next(struct disks *disks, struct disk *disk);

/* Behind the last one: whether these were all, so that one can be chosen. Returns 0, or -1 with the fault set. */
int disks_check(const struct disks *disks, struct fault *fault);

/* Where its node is; names of some drivers have slashes. */
void disks_device(const char *name, char path[DISK_DEVICE_BYTES]);

#endif
