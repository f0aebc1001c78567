/* SPDX-License-Identifier: MIT */
/* areas: a map of the whole disk that says of each area how far the copy of it has come.
 *
 * It is what a mapfile holds (mapfile.h), in GNU ddrescue's words. Areas are adjacent, without holes or overlaps, from 0 to the
 * disk's size; neighbours of one status are joined. There are at most AREAS_MAX of them. A disk that would have more has
 * neighbours joined that differ: those that set the fewest bytes back, to the status of the one that has come less far. So
 * nothing that wasn't read is ever called finished, but some of what was read may have to be read again; `set_back` says how
 * much. Of a domain, where finished areas are those to be copied, too many are finished rather than too few.
 *
 * Not thread-safe, makes no call, never fails.
 */
#ifndef DECANT_AREAS_H
#define DECANT_AREAS_H

#include "base/limits.h"
#include "base/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which an area comes through them. */
enum area_status {
  AREA_NON_TRIED,
  AREA_NON_TRIMMED, /* a read failed, and its edges weren't looked for */
  AREA_NON_SCRAPED, /* nor what is between them, sector by sector */
  AREA_BAD_SECTOR,  /* each sector of it failed by itself */
  AREA_FINISHED,
};
#define AREA_STATUSES 5
#define AREA_STATUSES_ALL ((1u << AREA_STATUSES) - 1)

struct area {
  struct range range; /* bytes of the disk; at least 1 */
  enum area_status status;
};

struct areas {
  uint64_t size;     /* bytes: the disk's */
  bool is_domain;    /* when it is full, finished areas grow */
  uint64_t set_back; /* bytes whose status another one's took the place of, because there was no room for it */
  size_t count;
  struct area_start {
    uint64_t start; /* an area ends where the next one starts, and the last one with the disk */
    enum area_status status;
  } list[AREAS_MAX + 2]; /* as many more as one change may make, before neighbours are joined */
};

/* How much of the disk has a status, and in how many areas. */
struct areas_total {
  uint64_t bytes;
  size_t count;
};

/* Begins the map of a disk of `size` bytes; all of it is non-tried. */
void areas_init(struct areas *areas, uint64_t size, bool is_domain);

/* Sets the status of a range, which lies on the disk; it has that status then in any case. An empty range is nothing. */
void areas_set(struct areas *areas, struct range range, enum area_status status);

/* Calls a range finished, but for what another map of the same disk, or NULL, doesn't call so: that has its status there. */
void areas_finish(struct areas *areas, struct range range, const struct areas *unreadable);

/* The disk turns out to end there, at less than was thought; no area behind it was ever set. */
void areas_end_at(struct areas *areas, uint64_t size);

/* Finds the first area within a range, which lies on the disk, whose status is one of `statuses`, a bit for each; or the last
 * one, for a pass that goes backwards. What of it is outside of the range is cut off. Returns false if there is none. */
bool areas_find(const struct areas *areas, struct range range, unsigned statuses, bool backwards, struct area *found);

struct areas_total areas_total(const struct areas *areas, enum area_status status);

#endif
