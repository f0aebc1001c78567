/* SPDX-License-Identifier: MIT */
/* compare_units: what compares the parts that are there; see compare_stages.h. */
#include "base/range.h"
#include "base/same.h"
#include "copy/compare_stages.h"

#include <string.h>

/* What can't be read is noted in so many pieces of a buffer. */
#define PIECES_OF_UNIT 64

/* ---- What couldn't be read ---- */

static uint64_t
piece_bytes(const struct compare *compare)
{
  return compare->config.budget.unit_bytes / PIECES_OF_UNIT;
}

static unsigned
piece_of(const struct compare *compare, uint64_t offset)
{
  return (unsigned)((offset & (compare->config.budget.unit_bytes - 1)) / piece_bytes(compare));
}

void
compare_note_unreadable(struct compare *compare, const struct compare_read *read, struct range range, int errnum)
{
  struct compare_unit *unit = &compare->units[read->unit];
  struct compare_failure failure = { compare->config.ends[read->side], range.start, errnum };

  for (unsigned i = piece_of(compare, range.start); i <= piece_of(compare, range.end - 1); i++)
    unit->unreadable |= UINT64_C(1) << i;
  if (!compare->config.areas)
    compare_fail(compare, &failure, range_align_down(range.start, piece_bytes(compare)));
  else if (!compare->unreadable.end || range.start < compare->unreadable.offset)
    compare->unreadable = failure;
}

/* ---- What is the same ---- */

unsigned char *
compare_payload(const struct compare *compare, const struct compare_read *read, uint64_t offset)
{
  return read->buffer + (offset & (compare->config.budget.unit_bytes - 1));
}

/* How much of a range is the same from its start on. */
static uint64_t
same_in(const struct compare *compare, const struct compare_unit *unit, struct range range)
{
  const struct compare_read *one = &unit->reads[0], *other = &unit->reads[1];
  const unsigned char *bytes = compare_payload(compare, one, range.start);

  if (range_is_empty(one->range) && range_is_empty(other->range))
    return range_length(range);
  if (range_is_empty(one->range))
    return same_zeros(compare_payload(compare, other, range.start), range_length(range));
  if (range_is_empty(other->range))
    return same_zeros(bytes, range_length(range));
  return same_bytes(bytes, compare_payload(compare, other, range.start), range_length(range));
}

/* What differs at the start of a range, in whole sectors as far as they were compared, from `least` on. */
static struct range
different_sectors(const struct compare *compare, const struct compare_unit *unit, struct range range, uint64_t least)
{
  struct range sectors = { range_max(range_align_down(range.start, COMPARE_SECTOR_BYTES), least), range.start };
  uint64_t length;

  do {
    sectors.end = range_min(range_align_down(sectors.end, COMPARE_SECTOR_BYTES) + COMPARE_SECTOR_BYTES, range.end);
    length = range_min(COMPARE_SECTOR_BYTES, range.end - sectors.end);
  } while (same_in(compare, unit, range_make(sectors.end, length)) < length);
  return sectors;
}

static void
note_difference(struct compare *compare, uint64_t offset)
{
  compare->first_difference = range_min(compare->first_difference, offset);
  if (!compare->config.areas)
    compare->needed_below = range_min(compare->needed_below, offset);
}

/* Finds what differs in a range that was read: only its start, or all of it. */
static void
compare_range(struct compare *compare, const struct compare_unit *unit, struct range range)
{
  uint64_t least = range.start;

  while (!range_is_empty(range)) {
    range.start += same_in(compare, unit, range);
    if (range_is_empty(range))
      return;
    note_difference(compare, range.start);
    if (!compare->config.areas)
      return;
    struct range sectors = different_sectors(compare, unit, range, least);
    areas_set(compare->config.areas, sectors, AREA_FINISHED);
    compare->different_bytes += range_length(sectors);
    range.start = sectors.end;
  }
}

/* The next pieces of a unit that are all readable, or all not, from an offset on. */
static struct range
next_pieces(const struct compare *compare, const struct compare_unit *unit, uint64_t offset, bool *is_readable)
{
  struct range pieces = { offset, offset };
  uint64_t bit = UINT64_C(1) << piece_of(compare, offset);

  *is_readable = !(unit->unreadable & bit);
  while (pieces.end < unit->range.end) {
    bit = UINT64_C(1) << piece_of(compare, pieces.end);
    if (!(unit->unreadable & bit) != *is_readable)
      break;
    pieces.end = range_end(range_align_down(pieces.end, piece_bytes(compare)), piece_bytes(compare));
  }
  pieces.end = range_min(pieces.end, unit->range.end);
  return pieces;
}

static void
note_bad_pieces(struct compare *compare, struct range pieces)
{
  if (!compare->config.areas)
    return;
  areas_set(compare->config.areas, pieces, AREA_BAD_SECTOR);
  compare->unreadable_bytes += range_length(pieces);
}

/* Behind the end of a disk there are zeros. */
static void
fill_up(const struct compare *compare, const struct compare_unit *unit, const struct compare_read *read)
{
  if (!range_is_empty(read->range) && read->range.end < unit->range.end)
    memset(compare_payload(compare, read, read->range.end), 0, unit->range.end - read->range.end);
}

static void
compare_unit(struct compare *compare, struct compare_unit *unit)
{
  struct range pieces = { unit->range.start, unit->range.start };
  bool is_readable;

  unit->range.end = range_min(unit->range.end, compare_total(compare->views)); /* both streams may have ended in it */
  for (int i = 0; i < 2; i++)
    fill_up(compare, unit, &unit->reads[i]);
  while (pieces.end < unit->range.end) {
    pieces = next_pieces(compare, unit, pieces.end, &is_readable);
    if (is_readable)
      compare_range(compare, unit, pieces);
    else
      note_bad_pieces(compare, pieces);
  }
}

bool
compare_a_unit(struct compare *compare)
{
  for (unsigned i = 0; i < compare->config.budget.units; i++) {
    struct compare_unit *unit = &compare->units[i];
    if (!unit->is_busy || unit->reads[0].state != COMPARE_READ_HOME || unit->reads[1].state != COMPARE_READ_HOME)
      continue;
    if (!compare_is_needless(compare, unit->range.start))
      compare_unit(compare, unit);
    unit->is_busy = false;
    return true;
  }
  return false;
}
