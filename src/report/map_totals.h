/* SPDX-License-Identifier: MIT */
/* map_totals: how many bytes of a disk are of each kind, whatever their order.
 *
 * A kind is a combination of values, one of each context. There is room for
 * MAP_TOTALS_MAX of them, and no more is asked for.
 */
#ifndef DECANT_MAP_TOTALS_H
#define DECANT_MAP_TOTALS_H

#include "base/limits.h"
#include "disk/survey.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_total {
  uint64_t values[CONTEXTS_MAX];
  uint64_t bytes;
};

/* The sums of each combination of values, in ascending order of them. All zero: of
 * nothing yet. */
struct map_totals {
  struct map_total list[MAP_TOTALS_MAX];
  size_t count;
  uint64_t bytes;
};

/* Adds an extent. Returns false when there are too many kinds. */
bool map_totals_add(struct map_totals *totals, const struct extent *extent);

#endif
