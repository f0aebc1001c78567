/* SPDX-License-Identifier: MIT */
/* block_file: the file that the digests of a blkhash's blocks are written to, one behind the other and nothing else.
 *
 * They go into FILE.new as they are computed, which takes the place of FILE once the whole disk was read: until then
 * FILE is as it was. What isn't a regular file is written to as they come. One that can't be written at some time shows at
 * the end.
 */
#ifndef DECANT_BLOCK_FILE_H
#define DECANT_BLOCK_FILE_H

#include "base/error.h"
#include "base/limits.h"
#include "disk/identity.h"
#include "report/digest.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct block_file {
  struct digest_sink sink;  /* for the blkhash */
  const char *path;         /* as the operator gave it; NULL: there is none */
  int fd;                   /* -1: not open */
  int errnum;               /* why something couldn't be written, or 0 */
  bool is_fresh;            /* `fresh` is there, and is to take the place of `name` */
  struct identity identity; /* of what is there now; where there is nothing, that of nothing ... */
  struct identity in_way;   /* ... and of what has the name `fresh`, and makes room */
  size_t used;
  unsigned char buffer[16 * KIB];
  char name[PATH_MAX];      /* through symbolic links */
  char fresh[PATH_MAX + 4]; /* "": it is no regular file */
};

/* Looks at what is to be written for `path` (NULL: nothing), and opens what isn't a regular file; `file` begins as zeros. Returns 0, or
 * -1 with the fault set. */
int block_file_open(struct block_file *file, const char *path, struct fault *fault);

/* Nothing that is needed is in its way: makes the new file. Returns 0, or -1 with the fault set. */
int block_file_begin(struct block_file *file, struct fault *fault);

/* All have come: puts them in place. Returns 0, or -1 with the fault set. */
int block_file_finish(struct block_file *file, struct fault *fault);

/* Closes it, unless that was done, and leaves all as it was. */
void block_file_abandon(struct block_file *file);

#endif
