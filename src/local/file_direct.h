/* SPDX-License-Identifier: MIT */
/* file_direct: what goes past the page cache, and what through it.
 *
 * A file or device is opened for direct I/O where its file system allows that, and a second time through the cache.
 * Direct I/O wants whole blocks, in memory too. A device has the assembler see to that; a file gets what isn't whole
 * blocks of its file system, or whole pages, through the cache: within one of those, the two would get into each
 * other's way.
 */
#ifndef DECANT_FILE_DIRECT_H
#define DECANT_FILE_DIRECT_H

#include "local/endpoint_file.h"

/* open(), for direct I/O if the file system allows that, which it may only say now. */
int file_direct_open(const char *path, int flags);

/* Learns from the open fd whether it is for direct I/O, and in what blocks. */
void file_direct_learn(struct endpoint_file *file);

/* How many requests can be on their way at once. */
unsigned file_direct_requests_max(const struct endpoint_file *file);

/* Has the kernel say, from now on, what of a source its page cache holds. Takes addresses alone: no memory, and
 * nothing that is given back before the program ends. */
void file_direct_watch_cache(struct endpoint_file *file);

/* Whether what is left of a read or write can go past the page cache. */
bool file_direct_takes(const struct endpoint_file *file, const struct request *request);

/* Whether the page cache holds all of a read: then it costs no more than moving it. Of files that aren't ours
 * the kernel may say so without meaning it; they are read through the cache then. */
bool file_direct_is_cached(const struct endpoint_file *file, const struct request *request);

/* Nothing of a source is taken from the page cache any more but what can only come through it, and that is read anew.
 * Returns false where all comes through it. */
bool file_direct_forget_cache(struct endpoint *endpoint);

/* The fd that goes through the page cache. */
static inline int
file_direct_cached_fd(const struct endpoint_file *file)
{
  return file->cached_fd == -1 ? file->fd : file->cached_fd;
}

#endif
