/* SPDX-License-Identifier: MIT */
/* bmap_file: reads a block map from a file, and holds it to the source that it is to be of. */
#ifndef DECANT_BMAP_FILE_H
#define DECANT_BMAP_FILE_H

#include "base/error.h"
#include "disk/bmap.h"
#include "disk/endpoint.h"

/* Reads the map at `path`, which may be a pipe, for an open source. Returns 0, or -1 with the fault set: it can't be read, is no block map, or
 * is one of something else. */
int bmap_file_load(const char *path, struct bmap *bmap, const struct endpoint *source, struct fault *fault);

#endif
