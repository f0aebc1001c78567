/* SPDX-License-Identifier: MIT */
/* disk_path: where a disk is plugged in, by the way that sysfs leads to it: the bus, and the name that udev would give it below
 * /dev/disk/by-path, as for a disk on a PCI card's port `pci-0000:00:1f.2-ata-1`.
 *
 * udev need not be there. Where it knows a bus that isn't known here, the name ends earlier.
 */
#ifndef DECANT_DISK_PATH_H
#define DECANT_DISK_PATH_H

#include "disk/disk.h"

/* Fills in bus, is_virtual and path of a disk, or a partition, that has this directory below `root`. */
void disk_path_find(const char *root, const char *directory, struct disk *disk);

#endif
