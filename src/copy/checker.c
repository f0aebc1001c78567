/* SPDX-License-Identifier: MIT */
/* checker: see checker.h. */
#include "copy/checker.h"

#include <stddef.h>
#include <string.h>

static void
add_range(struct checker_sum *sum, struct range range)
{
  if (sum->ranges++ == 0)
    sum->first = range.start;
  sum->bytes += range_length(range);
}

/* The end of a range has passed. */
static void
conclude_checked(struct checker *checker, const struct bmap_range *range)
{
  uint8_t digest[HASH_BYTES_MAX] = { 0 };

  if (checker->heard > 0 && !range->has_digest) {
    add_range(&checker->digestless, range->range);
  } else if (checker->heard == range_length(range->range)) {
    hash_out(&checker->hash, digest);
    if (memcmp(digest, range->digest, BMAP_DIGEST_BYTES) == 0) {
      add_range(&checker->checked, range->range);
    } else {
      checker->differs = true;
      checker->tap.has_refused = !checker->only_notes;
      checker->differing = range->range;
    }
  } else if (checker->heard > 0) {
    add_range(&checker->partial, range->range);
  }
  checker->index++;
}

/* A part of the range that the position is in, up to its end at most; data is NULL where it is zeros. */
static void
pass_within(struct checker *checker, const struct bmap_range *range, const uint8_t *data, uint64_t length, bool is_kept)
{
  if (checker->position == range->range.start) {
    checker->heard = 0;
    hash_init(&checker->hash, checker->map->kind, checker->engine);
  }
  if (!is_kept) {
    if (range->has_digest && checker->heard == checker->position - range->range.start)
      hash_add(&checker->hash, data, length);
    checker->heard += length;
  }
  checker->position += length;
  if (checker->position == range->range.end)
    conclude_checked(checker, range);
}

static void
let_it_pass(struct checker *checker, const uint8_t *data, uint64_t length, bool is_kept)
{
  const struct bmap *map = checker->map;

  for (uint64_t part; length > 0 && !checker->differs; length -= part, data = data ? data + part : NULL) {
    const struct bmap_range *range = checker->index < map->count ? &map->list[checker->index] : NULL;
    uint64_t position = checker->position;
    if (range && range->range.start <= position) {
      part = range_min(length, range->range.end - position);
      pass_within(checker, range, data, part, is_kept);
    } else {
      part = range ? range_min(length, range->range.start - position) : length;
      checker->position += part;
    }
  }
}

static void
checker_take(struct copy_tap *tap, const uint8_t *data, uint64_t length)
{
  struct checker *checker = (struct checker *)tap;

  let_it_pass(checker, data, length, false);
  if (checker->next)
    checker->next->take(checker->next, data, length);
}

static void
checker_keep(struct copy_tap *tap, uint64_t length)
{
  struct checker *checker = (struct checker *)tap;

  let_it_pass(checker, NULL, length, true);
  if (checker->next)
    checker->next->keep(checker->next, length);
}
_Static_assert(offsetof(struct checker, tap) == 0, "a checker is found by its tap");

void
checker_begin(struct checker *checker, const struct bmap *map, struct copy_tap *next)
{
  *checker = (struct checker){ .tap = { .take = checker_take, .keep = checker_keep },
                               .next = next,
                               .map = map,
                               .engine = hash_best_engine(map->kind) };
}

uint64_t
checker_whole_below(const struct checker *checker, uint64_t offset)
{
  const struct bmap *map = checker->map;
  size_t index = bmap_index(map, offset);

  if (checker->differs)
    offset = range_min(offset, checker->differing.start);
  return index < map->count ? range_min(offset, map->list[index].range.start) : offset;
}
