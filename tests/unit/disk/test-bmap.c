/* SPDX-License-Identifier: MIT */
/* What a block map hasn't is neither read nor written, so what it has is held against each byte of it. */
#include "unit/unit.h"

#include "disk/bmap.h"

static struct bmap bmap;

static bool
has_byte(uint64_t offset)
{
  for (size_t i = 0; i < bmap.count; i++)
    if (bmap.list[i].range.start <= offset && offset < bmap.list[i].range.end)
      return true;
  return false;
}

static void
one_random_map(struct random *random)
{
  uint64_t end = 0;
  struct range found;

  bmap.count = 0;
  for (size_t i = random_between(random, 0, 12); i > 0; i--) {
    uint64_t start = end + random_between(random, 0, 5);
    end = start + random_between(random, 1, 9);
    bmap.list[bmap.count++].range = (struct range){ start, end };
  }
  for (uint64_t at = 0; at < end + 10; at++) {
    struct range within = { at, at + random_between(random, 0, 20) };
    uint64_t first = within.start;
    while (first < within.end && !has_byte(first))
      first++;
    check(bmap_find(&bmap, within, &found) == (first < within.end));
    size_t index = bmap_index(&bmap, at);
    check(index == bmap.count || bmap.list[index].range.end > at);
    check(index == 0 || bmap.list[index - 1].range.end <= at);
    if (first == within.end)
      continue;
    check(found.start == first && found.end > first && found.end <= within.end);
    for (uint64_t byte = first; byte < found.end; byte++)
      check(has_byte(byte));
  }
}

static void
what_is_found_is_what_the_ranges_have(void **state)
{
  (void)state;
  run_seeds(500, one_random_map);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_found_is_what_the_ranges_have),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
