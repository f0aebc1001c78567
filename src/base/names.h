/* SPDX-License-Identifier: MIT */
/* names: a list of strings, as many as fit into memory of the caller's: the exports
 * of a server, its metadata contexts.
 */
#ifndef DECANT_NAMES_H
#define DECANT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct names {
  char *bytes; /* the strings, one after the other, each with its NUL */
  size_t size; /* of the memory */
  size_t used;
  size_t count;
  bool full; /* one found no room, and so did all after it */
};

/* Begins an empty list in `size` bytes. */
void names_init(struct names *names, char *bytes, size_t size);

/* Adds a copy at the end; sets `full` if there is no room. */
void names_add(struct names *names, const char *name);

/* The name after one that was returned before; NULL begins with the first one, and
 * comes back after the last. */
const char *names_next(const struct names *names, const char *name);

#endif
