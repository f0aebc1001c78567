/* SPDX-License-Identifier: MIT */
/* areas: see areas.h. */
#include "disk/areas.h"

#include <assert.h>
#include <string.h>

void
areas_init(struct areas *areas, uint64_t size, bool is_domain)
{
  areas->size = size;
  areas->is_domain = is_domain;
  areas->set_back = 0;
  areas->count = size > 0 ? 1 : 0;
  areas->list[0] = (struct area_start){ 0, AREA_NON_TRIED };
}

static struct area
area_at(const struct areas *areas, size_t index)
{
  const struct area_start *start = &areas->list[index];
  uint64_t end = index + 1 < areas->count ? start[1].start : areas->size;

  return (struct area){ { start->start, end }, start->status };
}

/* The area that a byte of the disk is in. */
static size_t
index_of(const struct areas *areas, uint64_t offset)
{
  size_t low = 0, high = areas->count;

  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (areas->list[middle].start <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Has an area begin at an offset, or end there if it is the disk's size. Returns which one begins. */
static size_t
cut_at(struct areas *areas, uint64_t offset)
{
  if (offset == areas->size)
    return areas->count;
  size_t index = index_of(areas, offset);
  struct area_start *whole = &areas->list[index];
  if (whole->start == offset)
    return index;
  memmove(whole + 1, whole, (areas->count++ - index) * sizeof *whole);
  whole[1].start = offset;
  return index + 1;
}

/* Makes the range one area, together with neighbours of its status. The list may grow by two. */
static void
put(struct areas *areas, struct range range, enum area_status status)
{
  struct area_start *list = areas->list;
  size_t first = cut_at(areas, range.start), next = cut_at(areas, range.end);

  list[first].status = status;
  if (first > 0 && list[first - 1].status == status)
    first--;
  if (next < areas->count && list[next].status == status)
    next++;
  memmove(&list[first + 1], &list[next], (areas->count - next) * sizeof list[0]);
  areas->count -= next - first - 1;
}

/* Joins the two neighbours that cost the least, and leaves alone what a byte of the disk is in. */
static void
join_cheapest(struct areas *areas, uint64_t kept)
{
  struct range cheapest = { 0, UINT64_MAX };
  enum area_status status = AREA_NON_TRIED;

  for (size_t i = 0; i + 1 < areas->count; i++) {
    struct area one = area_at(areas, i), other = area_at(areas, i + 1);
    bool is_one = (one.status > other.status) != areas->is_domain;
    struct range lost = is_one ? one.range : other.range;
    if (range_length(lost) >= range_length(cheapest) || (lost.start <= kept && kept < lost.end))
      continue;
    cheapest = lost;
    status = is_one ? other.status : one.status;
  }
  areas->set_back += range_length(cheapest);
  put(areas, cheapest, status);
}

void
areas_set(struct areas *areas, struct range range, enum area_status status)
{
  assert(range.start <= range.end && range.end <= areas->size);
  if (range_is_empty(range))
    return;
  put(areas, range, status);
  while (areas->count > AREAS_MAX)
    join_cheapest(areas, range.start);
}

void
areas_end_at(struct areas *areas, uint64_t size)
{
  assert(size <= areas->size);
  areas->size = size;
  while (areas->count > 0 && areas->list[areas->count - 1].start >= size)
    areas->count--;
}

bool
areas_find(const struct areas *areas, struct range range, unsigned statuses, bool backwards, struct area *found)
{
  assert(range.start <= range.end && range.end <= areas->size);
  while (!range_is_empty(range)) {
    struct area area = area_at(areas, index_of(areas, backwards ? range.end - 1 : range.start));
    area.range.start = range_max(area.range.start, range.start);
    area.range.end = range_min(area.range.end, range.end);
    *found = area;
    if (statuses & 1u << area.status)
      return true;
    if (backwards)
      range.end = area.range.start;
    else
      range.start = area.range.end;
  }
  return false;
}

struct areas_total
areas_total(const struct areas *areas, enum area_status status)
{
  struct areas_total total = { 0 };

  for (size_t i = 0; i < areas->count; i++) {
    struct area area = area_at(areas, i);
    total.bytes += area.status == status ? range_length(area.range) : 0;
    total.count += area.status == status;
  }
  return total;
}

void
areas_finish(struct areas *areas, struct range range, const struct areas *unreadable)
{
  struct area area = { { range.start, range.start }, AREA_FINISHED };

  areas_set(areas, range, AREA_FINISHED);
  while (unreadable && areas_find(unreadable, (struct range){ area.range.end, range.end },
                                  AREA_STATUSES_ALL & ~(1u << AREA_FINISHED), false, &area))
    areas_set(areas, area.range, area.status);
}
