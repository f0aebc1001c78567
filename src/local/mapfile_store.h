/* SPDX-License-Identifier: MIT */
/* mapfile_store: the place in a file system where a mapfile lives, and how it gets there.
 *
 * Whatever happens, power cuts included, its name leads to a whole one: the old or the new. The new one is written beside it as
 * FILE.new, brought to stable storage, and takes its place at once; the old one is FILE.bak then (a file system that can
 * neither exchange two names nor give a file two of them keeps none). FILE.new and FILE.bak are ours: what was there goes.
 * Neither reading nor writing holds more than a part of the text.
 *
 * Its calls block, as long as a disk takes for some 400 KiB and two flushes.
 */
#ifndef DECANT_MAPFILE_STORE_H
#define DECANT_MAPFILE_STORE_H

#include "disk/identity.h"
#include "disk/mapfile.h"

#include <limits.h>

/* What is added to a name fits too. */
#define STORE_NAME_MAX (NAME_MAX - 4)

struct mapfile_store {
  const char *path; /* for messages, as the operator gave it; the caller's */
  int directory;    /* where it lives; -1: not open */
  bool is_there;    /* there is a map already */
  char name[STORE_NAME_MAX + 1];
  char fresh[NAME_MAX + 1];    /* of the new one while it is written */
  char previous[NAME_MAX + 1]; /* of the one before */
};

/* Finds the place of the mapfile `path`, through symbolic links, and whether there is one. Only a regular file will do, and the
 * directory has to be one that files can be made in. Changes nothing. Returns 0, or -1 with the fault set. */
int mapfile_store_open(struct mapfile_store *store, const char *path, struct fault *fault);

/* Reads the map, which is there. `areas` as for mapfile_reader_init(). Returns 0, or -1 with the fault set, which names the
 * one before where there is one. */
int mapfile_store_read(struct mapfile_store *store, struct mapfile *map, struct areas *areas, struct fault *fault);

/* Reads a map that is somebody else's, such as a domain's; `path` may be a pipe. Returns 0, or -1 with the fault set. */
int mapfile_store_load(const char *path, struct mapfile *map, struct areas *areas, struct fault *fault);

/* Puts a new one in its place. Returns 0, or -1 with the fault set: then the old one is as it was, or the new one is there. */
int mapfile_store_write(struct mapfile_store *store, const struct mapfile *map, const struct areas *areas,
                        struct fault *fault);

/* Whether an end is one of the mapfile's three files, or the device that they live on, or lies on it: a copy to it would
 * overwrite its own map. Asked again when an end was just created. */
bool mapfile_store_is_on(const struct mapfile_store *store, const struct identity *end);

/* Whether a file that is made under this name would be one of the three. */
bool mapfile_store_would_be(const struct mapfile_store *store, const char *path);

void mapfile_store_close(struct mapfile_store *store);

#endif
