/* SPDX-License-Identifier: MIT */
/* device: what only block devices have: sectors, a size that stays, a plug that can be pulled. */
#ifndef DECANT_DEVICE_H
#define DECANT_DEVICE_H

#include "local/endpoint_file.h"

/* Learns size and sectors of an open device, and refuses a destination that is read-only. Returns 0, or -1 with the
 * fault set. */
int device_learn(struct endpoint_file *file, struct fault *fault);

/* Whether a device that can't be opened for writing is one that nobody writes to. */
bool device_is_read_only(const char *path);

/* The same of an open one. */
bool device_has_read_only_flag(int fd);

/* Sets the fault for a destination, a device of this number, that somebody uses, with who does as far as that is known. Returns -1. */
int device_refuse_used(const struct endpoint_file *file, uint64_t number, struct fault *fault);

/* Refuses an open one that is used in a way that the kernel doesn't mind, as below a loop device. Returns 0, or -1 with the fault
 * set. */
int device_check_unused(const struct endpoint_file *file, struct fault *fault);

/* How large an open device is now; 0: it is gone, as a disk that was pulled has no sectors any more. */
uint64_t device_bytes(int fd);

/* Has the kernel read the partition table again, which is another one now. Returns NULL, or why it keeps the old one. A
 * device that has no partitions has nothing to be read. */
const char *device_reread_partitions(const struct endpoint_file *file);

/* What an errno of an open device means, where its own words would mislead, or NULL. */
const char *device_explain(const struct endpoint_file *file, int errnum);

/* The same of what a disk said below a file system. */
const char *device_explain_errno(int errnum);

#endif
