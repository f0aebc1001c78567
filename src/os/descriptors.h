/* SPDX-License-Identifier: MIT */
/* descriptors: the file descriptors that the program was started with.
 *
 * What we open gets the lowest free number. Where one of 0 to 2 was closed at the
 * start (a daemon's doing, <&- in a script), a disk or a connection would get it, and
 * then be taken for standard input, or be written messages into. So these three are
 * filled first of all, with what can neither be read nor written, like a closed one.
 * Numbers that somebody names are looked at before we open anything of our own.
 */
#ifndef DECANT_DESCRIPTORS_H
#define DECANT_DESCRIPTORS_H

#include "base/error.h"

#include <stdbool.h>

enum descriptor_use { DESCRIPTOR_READ, DESCRIPTOR_WRITE };

/* Fills what is closed of 0 to 2 with /dev/null, as a name alone (O_PATH). To be
 * called before anything is opened. Returns 0, or -1 with the fault set. */
int descriptors_fill(struct fault *fault);

/* Whether fd is open for that use; one that was filled isn't. */
bool descriptors_can(int fd, enum descriptor_use use);

/* Whether what `path` names can be there: it isn't the name of one of our own
 * descriptors (/dev/fd/7, /proc/self/fd/7, /dev/stdin) that was closed at the start. */
bool descriptors_path_is_open(const char *path, enum descriptor_use use);

/* Whether `path` is such a name: what it names here, it names nowhere else. */
bool descriptors_is_name(const char *path);

#endif
