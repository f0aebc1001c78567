/* SPDX-License-Identifier: MIT */
/* verifier: see verifier.h. */
#include "copy/verifier.h"

#include "base/range.h"

#include <stddef.h>

/* Larger than any disk, and whole blocks. */
#define MAP_BYTES (UINT64_C(1) << 63)

_Static_assert(2 * RANGES_MAX + 1 <= AREAS_MAX, "whatever differs can be told apart");

/* ---- The tap ---- */

/* Notes that what passes now was written; where there is no room for that, this round ends here. */
static void
note_written(struct verifier *verifier, uint64_t length)
{
  if (verifier->written.count + 2 > AREAS_MAX) {
    verifier->is_cut = true;
    verifier->end = verifier->position;
    return;
  }
  areas_set(&verifier->written, range_make(verifier->position, length), AREA_FINISHED);
}

/* Whether the next bytes, length of them at most, were written. */
static bool
was_written(const struct verifier *verifier, uint64_t *length)
{
  struct area area;

  if (!verifier->is_partial)
    return true;
  (void)areas_find(&verifier->written, range_make(verifier->position, *length), AREA_STATUSES_ALL, false, &area);
  *length = range_length(area.range);
  return area.status == AREA_FINISHED;
}

static void
let_pass(struct verifier *verifier, const uint8_t *data, uint64_t length)
{
  ranges_add(&verifier->ranges, data, length);
  if (verifier->other)
    verifier->other->take(verifier->other, data, length);
  verifier->position += length;
}

/* What lies behind the end is none of the copy. */
static uint64_t
cut_length(const struct verifier *verifier, uint64_t length)
{
  return range_min(length, verifier->end - verifier->position);
}

static void
verifier_keep(struct copy_tap *tap, uint64_t length)
{
  struct verifier *verifier = (struct verifier *)tap;

  let_pass(verifier, NULL, cut_length(verifier, length));
}

static void
verifier_take(struct copy_tap *tap, const uint8_t *data, uint64_t length)
{
  struct verifier *verifier = (struct verifier *)tap;

  if (verifier->notes && verifier->is_partial)
    note_written(verifier, length);
  length = cut_length(verifier, length);
  for (uint64_t part; length > 0; length -= part, data = data ? data + part : NULL) {
    part = length;
    bool is_written = was_written(verifier, &part);
    let_pass(verifier, is_written ? data : NULL, part);
  }
}
_Static_assert(offsetof(struct verifier, tap) == 0, "a verifier is found by its tap");

/* ---- Passes ---- */

void
verifier_begin_pass(struct verifier *verifier, enum ranges_pass pass, bool only_differing)
{
  ranges_begin(&verifier->ranges, pass, only_differing);
  verifier->position = 0;
  verifier->notes = false;
  verifier->other = NULL;
}

void
verifier_begin_round(struct verifier *verifier, uint64_t start)
{
  verifier->start = start;
  verifier->end = SIZE_UNKNOWN;
  verifier->is_cut = false;
  areas_init(&verifier->written, MAP_BYTES, false);
  verifier_begin_pass(verifier, RANGES_LEARN, false);
  verifier->notes = true;
}

void
verifier_init(struct verifier *verifier, uint64_t size, uint64_t block_bytes, const uint8_t seed[NH_SEED_BYTES],
              bool is_partial, uint64_t start)
{
  verifier->tap = (struct copy_tap){ .take = verifier_take, .keep = verifier_keep };
  verifier->is_partial = is_partial;
  ranges_init(&verifier->ranges, size, block_bytes, seed);
  verifier_begin_round(verifier, start);
}

void
verifier_end_pass(struct verifier *verifier)
{
  ranges_end(&verifier->ranges);
  verifier->end = verifier->position;
}

/* ---- What differs ---- */

uint64_t
verifier_written(const struct verifier *verifier, struct range range)
{
  struct area area = { { range.start, range.start }, AREA_FINISHED };
  uint64_t bytes = 0;

  if (!verifier->is_partial)
    return range_length(range);
  while (areas_find(&verifier->written, (struct range){ area.range.end, range.end }, 1u << AREA_FINISHED, false, &area))
    bytes += range_length(area.range);
  return bytes;
}

uint64_t
verifier_gather(struct verifier *verifier)
{
  struct range found = { 0, verifier->start };
  uint64_t bytes = 0;

  areas_init(&verifier->differing, MAP_BYTES, false);
  while (ranges_find(&verifier->ranges, found.end, &found)) {
    areas_set(&verifier->differing, found, AREA_FINISHED);
    bytes += verifier_written(verifier, found);
  }
  return bytes;
}

bool
verifier_next(const struct verifier *verifier, struct range *range)
{
  struct range rest = { range->end, MAP_BYTES };
  struct area area;

  if (!areas_find(&verifier->differing, rest, 1u << AREA_FINISHED, false, &area))
    return false;
  *range = area.range;
  return true;
}
