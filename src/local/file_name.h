/* SPDX-License-Identifier: MIT */
/* file_name: the place in a file system that a file's name is about.
 *
 * Where device nodes live no file is ever made: what isn't there is a disk that didn't come up, or a typing error, and
 * the image would fill the memory.
 */
#ifndef DECANT_FILE_NAME_H
#define DECANT_FILE_NAME_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>

/* Whether a file made under this name would lie among device nodes: under /dev, unless another file
 * system is mounted there, or on a devtmpfs anywhere. Symbolic links are followed. */
bool file_name_is_for_devices(const char *path);

/* The directory that a name is in, with a slash at its end. Returns false where that is longer than PATH_MAX. */
bool file_name_directory(const char *path, char directory[PATH_MAX]);

/* Whether the name leads to the open file: 1 or 0, or -1 with errno set where that can't be found out. */
int file_name_is_of(const char *path, int fd);

/* Brings the name of a new file, its entry in a directory, to stable storage. Returns 0 or an errno. */
int file_name_flush(const char *path);

#endif
