/* SPDX-License-Identifier: MIT */
/* map_columns: a map for people, a line for each extent or sum.
 *
 * One context is shown as nbdinfo shows it, several side by side, under their names.
 * What is added to a text always ends its line.
 */
#ifndef DECANT_MAP_COLUMNS_H
#define DECANT_MAP_COLUMNS_H

#include "base/text.h"
#include "disk/survey.h"
#include "report/map_look.h"
#include "report/map_totals.h"

#include <stdint.h>

/* What stands above the first line; nothing where there is one context alone. */
void map_columns_begin(struct text *text, const struct map_look *look);

/* An extent that begins at an offset. */
void map_columns_extent(struct text *text, const struct map_look *look, uint64_t offset, const struct extent *extent);

/* A sum, and which share of the whole it is. */
void map_columns_total(struct text *text, const struct map_look *look, const struct map_total *total, double percent);

#endif
