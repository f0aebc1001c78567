/* SPDX-License-Identifier: MIT */
/* map_totals: see map_totals.h. */
#include "report/map_totals.h"

#include <string.h>

/* By the first context, then by the second, ... */
static int
compare(const uint64_t a[CONTEXTS_MAX], const uint64_t b[CONTEXTS_MAX])
{
  for (unsigned i = 0; i < CONTEXTS_MAX; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

bool
map_totals_add(struct map_totals *totals, const struct extent *extent)
{
  struct map_total *list = totals->list;
  size_t at = 0;

  while (at < totals->count && compare(list[at].values, extent->values) < 0)
    at++;
  if (at == totals->count || compare(list[at].values, extent->values) != 0) {
    if (totals->count == MAP_TOTALS_MAX)
      return false;
    memmove(&list[at + 1], &list[at], (totals->count++ - at) * sizeof list[0]);
    list[at].bytes = 0;
    memcpy(list[at].values, extent->values, sizeof extent->values);
  }
  list[at].bytes += extent->length;
  totals->bytes += extent->length;
  return true;
}
