/* SPDX-License-Identifier: MIT */
/* info: facts as nbdinfo prints them, for people or as JSON. What is unknown is left
 * out.
 */
#ifndef DECANT_INFO_H
#define DECANT_INFO_H

#include "base/text.h"
#include "report/facts.h"

#include <stdbool.h>

struct info {
  struct text *out;
  bool json;
  bool colour;    /* where it isn't JSON */
  unsigned count; /* exports printed so far */
};

/* Prints what is known of the connection; exports follow. */
void info_begin(struct info *info, const struct facts *facts);

/* Prints what is known of one export. */
void info_export(struct info *info, const struct facts *facts);

/* There are no more exports. */
void info_end(struct info *info);

#endif
