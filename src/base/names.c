/* SPDX-License-Identifier: MIT */
/* names: see names.h. */
#include "base/names.h"

#include <string.h>

void
names_init(struct names *names, char *bytes, size_t size)
{
  *names = (struct names){ .bytes = bytes, .size = size };
}

void
names_add(struct names *names, const char *name)
{
  size_t length = strlen(name) + 1;

  names->full = names->full || length > names->size - names->used;
  if (names->full)
    return;
  memcpy(names->bytes + names->used, name, length);
  names->used += length;
  names->count++;
}

const char *
names_next(const struct names *names, const char *name)
{
  const char *next = name ? name + strlen(name) + 1 : names->bytes;

  return next < names->bytes + names->used ? next : NULL;
}
