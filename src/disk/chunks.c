/* SPDX-License-Identifier: MIT */
/* chunks: see chunks.h. */
#include "disk/chunks.h"

#include "base/range.h"

#include <string.h>

void
chunks_clear(struct chunks *chunks)
{
  chunks->count = 0;
}

static uint64_t
end_of(const struct chunk *chunk)
{
  return chunk->offset + chunk->length;
}

static void
remove_at(struct chunks *chunks, size_t at)
{
  chunks->count--;
  memmove(&chunks->list[at], &chunks->list[at + 1], (chunks->count - at) * sizeof chunks->list[0]);
}

static bool
insert_at(struct chunks *chunks, size_t at, struct chunk chunk)
{
  if (chunks->count == CHUNKS_MAX)
    return false;
  memmove(&chunks->list[at + 1], &chunks->list[at], (chunks->count - at) * sizeof chunks->list[0]);
  chunks->list[at] = chunk;
  chunks->count++;
  return true;
}

/* Makes one chunk of the one at `at` and its right neighbour, if they touch and
 * are of one kind. */
static void
join_with_next(struct chunks *chunks, size_t at)
{
  struct chunk *chunk = &chunks->list[at];

  if (at + 1 < chunks->count && end_of(chunk) == chunk[1].offset && chunk->zero == chunk[1].zero) {
    chunk->length += chunk[1].length;
    remove_at(chunks, at + 1);
  }
}

bool
chunks_add(struct chunks *chunks, uint64_t offset, uint64_t length, bool zero)
{
  struct chunk *list = chunks->list;
  size_t at = chunks->count; /* where the new one goes; replies mostly come in order */

  if (length == 0)
    return true;
  while (at > 0 && list[at - 1].offset >= offset)
    at--;
  if (at > 0 && end_of(&list[at - 1]) > offset)
    return false;
  if (at < chunks->count && list[at].offset < offset + length)
    return false;

  bool full = chunks->count == CHUNKS_MAX;
  bool joins_before = at > 0 && end_of(&list[at - 1]) == offset && (full || list[at - 1].zero == zero);
  bool joins_after = at < chunks->count && list[at].offset == offset + length && (full || list[at].zero == zero);

  if (joins_before) {
    at--;
    list[at].length += length;
    list[at].zero = list[at].zero && zero;
  } else if (joins_after) {
    list[at].offset = offset;
    list[at].length += length;
    list[at].zero = list[at].zero && zero;
  } else if (!insert_at(chunks, at, (struct chunk){ offset, length, zero })) {
    return false;
  }
  join_with_next(chunks, at);
  if (at > 0)
    join_with_next(chunks, at - 1);
  return true;
}

uint64_t
chunks_keep_front(struct chunks *chunks, uint64_t limit)
{
  uint64_t end = 0;
  size_t kept = 0;

  for (; kept < chunks->count && chunks->list[kept].offset == end && end < limit; kept++) {
    struct chunk *chunk = &chunks->list[kept];
    chunk->length = range_min(chunk->length, limit - end);
    end += chunk->length;
  }
  chunks->count = kept;
  return end;
}

void
chunks_join(struct chunks *chunks)
{
  if (chunks->count <= 1)
    return;
  chunks->list[0].length = end_of(&chunks->list[chunks->count - 1]) - chunks->list[0].offset;
  chunks->list[0].zero = false;
  chunks->count = 1;
}

bool
chunks_cover(const struct chunks *chunks, uint64_t length)
{
  uint64_t end = 0;

  for (size_t i = 0; i < chunks->count; i++) {
    if (chunks->list[i].offset != end)
      return false;
    end = end_of(&chunks->list[i]);
  }
  return end == length;
}
