/* SPDX-License-Identifier: MIT */
/* file_mark: a word that tells a file or a device from others of its kind, also after a reboot, when the kernel may count devices
 * in another order: a file's inode with the time it was made, a disk's serial number or what stands for one, and of a partition
 * its number there. A name says nothing: something else may have it by then.
 */
#ifndef DECANT_FILE_MARK_H
#define DECANT_FILE_MARK_H

#include "disk/mapfile.h"

/* Finds the mark of what is there under a name; "" where nothing is, or nothing tells it from others. */
void file_mark_find(const char *path, char mark[MAPFILE_MARK_BYTES]);

#endif
