/* SPDX-License-Identifier: MIT */
/* What the checker lets pass is believed to be the image: so each range of it is held against what really passed, in whatever parts, and
 * what was never looked at as a whole is counted, and not believed. */
#include "unit/unit.h"

#include "copy/checker.h"

#define IMAGE_BYTES 3000

static struct bmap bmap;
static struct checker checker;
static uint8_t content[IMAGE_BYTES], kept[IMAGE_BYTES];
static uint64_t heard_next;

static void
hear(struct copy_tap *tap, const uint8_t *data, uint64_t length)
{
  (void)tap;
  for (uint64_t i = 0; i < length; i++, heard_next++)
    check(!kept[heard_next] && content[heard_next] == (data ? data[i] : 0));
}

static void
hear_kept(struct copy_tap *tap, uint64_t length)
{
  (void)tap;
  for (uint64_t i = 0; i < length; i++)
    check(kept[heard_next++]);
}

static struct copy_tap next = { .take = hear, .keep = hear_kept };

/* Ranges with gaps or without, of the content as it is now. */
static void
make_map(struct random *random)
{
  bmap = (struct bmap){ .size = IMAGE_BYTES, .block_bytes = 1, .kind = (enum hash_kind)random_between(random, 0, 5) };
  for (uint64_t at = random_between(random, 0, 50); at < IMAGE_BYTES; at += random_between(random, 0, 60)) {
    uint64_t end = range_min(at + random_between(random, 1, random_one_in(random, 4) ? 900 : 90), IMAGE_BYTES);
    struct bmap_range *range = &bmap.list[bmap.count++];
    uint8_t digest[HASH_BYTES_MAX] = { 0 };
    struct hash hash;
    hash_init(&hash, bmap.kind, NULL);
    hash_add(&hash, content + at, end - at);
    hash_out(&hash, digest);
    *range = (struct bmap_range){ { at, end }, !random_one_in(random, 5), { 0 } };
    memcpy(range->digest, digest, sizeof range->digest);
    at = end;
  }
}

/* In parts, and zeros as such now and then. Returns what has passed. */
static uint64_t
pass_all(struct random *random)
{
  uint64_t at = 0, part;

  for (; at < IMAGE_BYTES && !checker.tap.has_refused; at += part) {
    uint64_t most = random_power(random, 0, 9);
    bool are_zeros = true;
    for (part = 1; part < most && at + part < IMAGE_BYTES && kept[at + part] == kept[at]; part++)
      ;
    for (uint64_t i = at; i < at + part; i++)
      are_zeros = are_zeros && content[i] == 0;
    if (kept[at])
      checker.tap.keep(&checker.tap, part);
    else
      checker.tap.take(&checker.tap, are_zeros && random_one_in(random, 2) ? NULL : content + at, part);
  }
  return at;
}

static void
add_to(struct checker_sum *sum, struct range range)
{
  if (sum->ranges++ == 0)
    sum->first = range.start;
  sum->bytes += range_length(range);
}

static void
check_sum(const struct checker_sum *is, const struct checker_sum *should)
{
  check(is->ranges == should->ranges && is->bytes == should->bytes);
  check(should->ranges == 0 || is->first == should->first);
}

/* By what really passed; `wrong` is where the content isn't the map's any more, or the image's size. */
static void
check_verdicts(uint64_t wrong, uint64_t passed)
{
  struct checker_sum checked = { 0 }, partial = { 0 }, digestless = { 0 };
  bool differs = false;

  for (size_t i = 0; i < bmap.count && !differs; i++) {
    struct range range = bmap.list[i].range;
    uint64_t heard = 0;
    for (uint64_t at = range.start; at < range.end; at++)
      heard += !kept[at];
    if (heard == 0)
      continue;
    if (!bmap.list[i].has_digest)
      add_to(&digestless, range);
    else if (heard < range_length(range))
      add_to(&partial, range);
    else if (range.start <= wrong && wrong < range.end)
      differs = true;
    else
      add_to(&checked, range);
    if (differs) {
      check(checker.differs && checker.differing.start == range.start && checker.differing.end == range.end);
      check(passed >= range.end);
    }
  }
  check(checker.differs == differs && (checker.tap.has_refused == differs));
  check_sum(&checker.checked, &checked);
  check_sum(&checker.partial, &partial);
  check_sum(&checker.digestless, &digestless);
}

static void
check_whole_below(void)
{
  for (uint64_t offset = 0; offset <= IMAGE_BYTES; offset++) {
    uint64_t whole = offset;
    for (size_t i = 0; i < bmap.count; i++)
      if (bmap.list[i].range.start < offset && offset < bmap.list[i].range.end)
        whole = bmap.list[i].range.start;
    if (checker.differs)
      whole = range_min(whole, checker.differing.start);
    check(checker_whole_below(&checker, offset) == whole);
  }
}

static void
one_random_image(struct random *random)
{
  uint64_t wrong = IMAGE_BYTES;

  for (uint64_t i = 0, run; i < IMAGE_BYTES; i += run) {
    run = range_min(random_between(random, 1, 200), IMAGE_BYTES - i);
    memset(content + i, random_one_in(random, 3) ? 0 : (int)random_between(random, 1, 255), run);
  }
  make_map(random);
  memset(kept, 0, sizeof kept);
  for (unsigned i = 0; i < 3 && random_one_in(random, 2); i++) {
    uint64_t start = random_between(random, 0, IMAGE_BYTES - 1);
    memset(kept + start, 1, range_min(random_power(random, 0, 11), IMAGE_BYTES - start));
  }
  if (random_one_in(random, 2)) {
    wrong = random_between(random, 0, IMAGE_BYTES - 1);
    content[wrong] ^= 1;
  }
  heard_next = 0;
  checker_begin(&checker, &bmap, random_one_in(random, 4) ? NULL : &next);
  uint64_t passed = pass_all(random);
  check(!checker.next || heard_next == passed);
  check_verdicts(wrong, passed);
  check_whole_below();
}

static void
each_range_is_held_to_its_digest(void **state)
{
  (void)state;
  run_seeds(3000, one_random_image);
}

static void
notes_refuse_nothing(void **state)
{
  (void)state;
  memset(content, 1, sizeof content);
  memset(kept, 0, sizeof kept);
  bmap = (struct bmap){ .size = IMAGE_BYTES, .block_bytes = 1, .kind = HASH_SHA256, .count = 1 };
  bmap.list[0] = (struct bmap_range){ { 5, 9 }, true, { 0 } };
  heard_next = 0;
  checker_begin(&checker, &bmap, &next);
  checker.only_notes = true;
  checker.tap.take(&checker.tap, content, 100);
  checker.tap.take(&checker.tap, content, 100);
  assert_true(checker.differs && !checker.tap.has_refused);
  assert_int_equal(heard_next, 200);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_range_is_held_to_its_digest),
    cmocka_unit_test(notes_refuse_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
