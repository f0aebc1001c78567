/* SPDX-License-Identifier: MIT */
/* place: see place.h. */
#include "disk/place.h"

#include <stdio.h>

void
place_name(const struct place *place, bool is_source, char name[NAME_BYTES_MAX])
{
  const char *format = place->kind == PLACE_COMMAND ? "[ %s ]" : "%s";
  const char *text = place->text;

  if (place->kind == PLACE_STREAM)
    text = is_source ? "standard input" : "standard output";
  snprintf(name, NAME_BYTES_MAX, format, text);
}
