/* SPDX-License-Identifier: MIT */
/* The schedule must plan every byte of the source once, within the source's own
 * block sizes, and must never wait for what can't come: that would be a hang. */
#include "unit/unit.h"

#include "base/range.h"
#include "copy/schedule.h"

#define MODEL_BYTES 20000

static struct extents extents;
static struct known_extent ring[EXTENTS_MAX];

static void
assert_step(const struct schedule *schedule, enum step_kind kind, uint64_t offset, uint64_t length)
{
  struct step step = schedule_next(schedule, &extents);

  assert_int_equal(step.kind, kind);
  if (kind != STEP_WAIT && kind != STEP_END) {
    assert_true(step.offset == offset);
    assert_true(step.length == length);
    assert_true(extents.start == offset + length);
  }
}

static void
an_empty_source_is_planned_at_once(void **state)
{
  struct schedule schedule = { .size = 0, .block_min = 512, .request_bytes = 4096 };

  (void)state;
  extents_begin(&extents, 0);
  assert_step(&schedule, STEP_END, 0, 0);
  assert_step(&schedule, STEP_END, 0, 0);
}

static void
without_knowledge_it_waits(void **state)
{
  struct schedule schedule = { .size = 4096, .block_min = 512, .request_bytes = 4096 };

  (void)state;
  extents_begin(&extents, 0);
  assert_step(&schedule, STEP_WAIT, 0, 0);
  extents_append(&extents, 511, EXTENT_IS_DATA); /* less than a block */
  assert_step(&schedule, STEP_WAIT, 0, 0);
  extents_append(&extents, 1, EXTENT_IS_DATA);
  assert_step(&schedule, STEP_READ, 0, 512);
  assert_step(&schedule, STEP_WAIT, 0, 0);
}

static void
reads_end_at_the_limit(void **state)
{
  struct schedule schedule = { .size = 10000, .block_min = 1, .request_bytes = 4096, .limit = 5000 };

  (void)state;
  extents_begin(&extents, 0);
  extents_append(&extents, 9000, EXTENT_IS_DATA);
  assert_step(&schedule, STEP_READ, 0, 4096);
  assert_step(&schedule, STEP_READ, 4096, 904);
  schedule.limit = 9000;
  assert_step(&schedule, STEP_READ, 5000, 3192);
}

static void
reads_end_on_the_grid(void **state)
{
  struct schedule schedule = { .size = 10000, .block_min = 1, .request_bytes = 4096 };

  (void)state;
  extents_begin(&extents, 0);
  extents_append(&extents, 1000, EXTENT_IS_ZERO);
  extents_append(&extents, 9000, EXTENT_IS_DATA);
  assert_step(&schedule, STEP_ZERO, 0, 1000);
  assert_step(&schedule, STEP_READ, 1000, 3096);
  assert_step(&schedule, STEP_READ, 4096, 4096);
  assert_step(&schedule, STEP_READ, 8192, 1808);
  assert_step(&schedule, STEP_END, 0, 0);
}

static void
zeros_are_planned_whole(void **state)
{
  uint64_t size = UINT64_C(1) << 63; /* the largest disk there is */
  struct schedule schedule = { .size = size, .block_min = 4096, .request_bytes = 65536 };

  (void)state;
  extents_begin(&extents, 0);
  extents_append(&extents, size - 100, EXTENT_IS_ZERO);
  extents_append(&extents, 100, EXTENT_IS_DATA);
  assert_step(&schedule, STEP_ZERO, 0, size - 4096);
  assert_step(&schedule, STEP_READ, size - 4096, 4096);
  assert_step(&schedule, STEP_END, 0, 0);
}

static void
a_block_of_both_kinds_is_read(void **state)
{
  struct schedule schedule = { .size = 4096, .block_min = 512, .request_bytes = 4096 };

  (void)state;
  extents_begin(&extents, 0);
  extents_append(&extents, 700, EXTENT_IS_DATA);
  extents_append(&extents, 900, EXTENT_IS_ZERO);
  extents_append(&extents, 2496, EXTENT_IS_DATA);
  assert_step(&schedule, STEP_READ, 0, 1024);
  assert_step(&schedule, STEP_ZERO, 1024, 512);
  assert_step(&schedule, STEP_READ, 1536, 512);
  assert_step(&schedule, STEP_READ, 2048, 2048);
  assert_step(&schedule, STEP_END, 0, 0);
}

static void
the_end_needs_no_alignment(void **state)
{
  struct schedule schedule = { .size = 1000, .block_min = 512, .request_bytes = 512 };

  (void)state;
  for (int zero = 0; zero < 2; zero++) {
    extents_begin(&extents, 0);
    extents_append(&extents, 512, !zero);
    extents_append(&extents, 488, zero);
    assert_step(&schedule, zero ? STEP_READ : STEP_ZERO, 0, 512);
    assert_step(&schedule, zero ? STEP_ZERO : STEP_READ, 512, 488);
    assert_step(&schedule, STEP_END, 0, 0);
  }
}

/* Zeros at the end of what is known may go on: they are not read before their time. */
static void
zeros_cut_by_the_edge_of_knowledge_wait(void **state)
{
  struct schedule schedule = { .size = 4096, .block_min = 512, .request_bytes = 4096 };

  (void)state;
  extents_begin(&extents, 0);
  extents_append(&extents, 700, EXTENT_IS_ZERO);
  assert_step(&schedule, STEP_ZERO, 0, 512);
  assert_step(&schedule, STEP_WAIT, 0, 0);
  extents_append(&extents, 3396, EXTENT_IS_ZERO);
  assert_step(&schedule, STEP_ZERO, 512, 3584);
  assert_step(&schedule, STEP_END, 0, 0);
}

static void
what_is_left_is_cut_exactly(void **state)
{
  struct schedule schedule = { .size = 4096, .block_min = 512, .request_bytes = 4096, .bridge_bytes = 4096 };

  (void)state;
  extents_begin(&extents, 0);
  extents_append(&extents, 700, EXTENT_IS_KEPT);
  extents_append(&extents, 100, EXTENT_IS_DATA);
  extents_append(&extents, 10, EXTENT_IS_KEPT);
  extents_append(&extents, 600, EXTENT_IS_ZERO);
  extents_append(&extents, 100, EXTENT_IS_KEPT);
  extents_append(&extents, 1000, EXTENT_IS_DATA);
  extents_append(&extents, 50, EXTENT_IS_ZERO); /* no bridge to what is kept */
  extents_append(&extents, 1536, EXTENT_IS_KEPT);
  assert_step(&schedule, STEP_KEEP, 0, 700);
  assert_step(&schedule, STEP_READ, 700, 100);
  assert_step(&schedule, STEP_KEEP, 800, 10);
  assert_step(&schedule, STEP_ZERO, 810, 214);
  assert_step(&schedule, STEP_READ, 1024, 386); /* zeros of a part of a block, and so no more than that */
  assert_step(&schedule, STEP_KEEP, 1410, 100);
  assert_step(&schedule, STEP_READ, 1510, 1050);
  assert_step(&schedule, STEP_KEEP, 2560, 1536);
  assert_step(&schedule, STEP_END, 0, 0);
}

static void
a_stream_is_read_without_end(void **state)
{
  struct schedule schedule = { .size = SIZE_UNKNOWN, .block_min = 1, .request_bytes = 4096 };

  (void)state;
  extents_begin(&extents, 0);
  for (uint64_t i = 0; i < 10; i++) {
    extents_append(&extents, 4096, EXTENT_IS_DATA);
    assert_step(&schedule, STEP_READ, i * 4096, 4096);
    assert_step(&schedule, STEP_WAIT, 0, 0);
  }
}

/* ---- Random sources, against what is known of each byte ---- */

enum { DATA = EXTENT_IS_DATA, ZERO = EXTENT_IS_ZERO, KEPT = EXTENT_IS_KEPT };

struct source {
  struct schedule schedule;
  uint8_t bytes[MODEL_BYTES]; /* what is, or will be, known of them */
};

/* Whether the block of the source at `offset` is all known zeros. */
static bool
is_zero_block(const struct source *source, uint64_t offset, uint64_t known)
{
  uint64_t end = range_min(offset + source->schedule.block_min, known);

  for (uint64_t at = offset; at < end; at++)
    if (source->bytes[at] != ZERO)
      return false;
  return end == offset + source->schedule.block_min || end == source->schedule.size;
}

/* Steps begin and end on the source's blocks, or beside what is kept. */
static bool
may_begin(const struct source *source, uint64_t at)
{
  return at % source->schedule.block_min == 0 || source->bytes[at - 1] == KEPT;
}

static bool
may_end(const struct source *source, uint64_t at)
{
  return at % source->schedule.block_min == 0 || at == source->schedule.size || source->bytes[at] == KEPT;
}

static void
check_left(const struct source *source, const struct step *step, uint64_t known)
{
  uint64_t end = step->offset + step->length;

  for (uint64_t at = step->offset; at < end; at++)
    check(source->bytes[at] == KEPT);
  check(end == known || source->bytes[end] != KEPT);
}

static void
check_read(const struct source *source, const struct step *step, uint64_t known)
{
  uint64_t end = step->offset + step->length, block = source->schedule.block_min;
  /* Why it ends where it does. */
  bool on_grid = end % source->schedule.request_bytes == 0, at_end = end == source->schedule.size;
  bool at_edge = known < end + block, at_change = false;

  check(step->length <= source->schedule.request_bytes);
  check(may_begin(source, step->offset) && may_end(source, end));
  for (uint64_t at = step->offset; at < end; at++)
    check(source->bytes[at] != KEPT);
  for (uint64_t at = end - range_min(block, step->length) + 1; at <= end && at < known; at++)
    at_change = at_change || source->bytes[at] != source->bytes[at - 1];
  check(on_grid || at_end || at_edge || at_change);
  for (uint64_t at = range_align_up(step->offset, block); at < end; at += block)
    check(!is_zero_block(source, at, known));
}

static void
check_zero(const struct source *source, const struct step *step, uint64_t known)
{
  uint64_t end = step->offset + step->length;

  for (uint64_t at = step->offset; at < end; at++)
    check(source->bytes[at] == ZERO);
  check(may_begin(source, step->offset) && may_end(source, end));
  /* As long as can be. */
  check(end == source->schedule.size || !is_zero_block(source, end, known));
}

static void
one_random_source(struct random *random)
{
  static struct source source;
  uint64_t size = random_between(random, 0, MODEL_BYTES), planned = 0, known = 0;
  uint64_t block = random_power(random, 0, 9), length_max = random_power(random, 0, 12);
  bool aligned = random_one_in(random, 3); /* a server that keeps to its own blocks */
  uint64_t kinds = random_one_in(random, 2) ? KEPT : ZERO;

  source.schedule = (struct schedule){ size, block, block << random_between(random, 0, 5), 0, 0 };
  extents_begin(&extents, 0);
  for (;;) {
    struct step step = schedule_next(&source.schedule, &extents);
    if (step.kind == STEP_END)
      break;
    if (step.kind == STEP_WAIT) {
      check(known < size && known - planned < block);
      check(extents.start == planned);
      for (uint64_t n = random_between(random, 1, 20); n > 0 && known < size; n--) {
        uint64_t length = random_between(random, 1, length_max) * (aligned ? block : 1);
        uint64_t kind = random_between(random, DATA, kinds);
        length = range_min(length, size - known);
        check(extents_append(&extents, length, (enum extent_kind)kind));
        memset(source.bytes + known, (int)kind, length);
        known += length;
      }
      continue;
    }
    check(step.offset == planned && step.length > 0 && step.length <= known - planned);
    if (step.kind == STEP_KEEP)
      check_left(&source, &step, known);
    else if (step.kind == STEP_READ)
      check_read(&source, &step, known);
    else
      check_zero(&source, &step, known);
    planned += step.length;
    check(extents.start == planned);
  }
  check(planned == size);
}

static void
random_sources_are_planned_whole(void **state)
{
  (void)state;
  run_seeds(600, one_random_source);
}

/* Each letter is 1 KiB: D for data, . for zeros, K for what is kept; reads are at most 16 KiB. */
static struct step
first_step(const char *disk, uint64_t bridge_bytes)
{
  struct schedule schedule = { strlen(disk) * KIB, 1, 16 * KIB, bridge_bytes, 0 };
  struct extents known;

  extents_init(&known, ring, EXTENTS_MAX);
  for (const char *p = disk; *p; p++)
    assert_true(extents_append(&known, KIB, *p == '.' ? EXTENT_IS_ZERO : *p == 'K' ? EXTENT_IS_KEPT : EXTENT_IS_DATA));
  return schedule_next(&schedule, &known);
}

static void
short_zeros_between_data_are_read_along(void **state)
{
  static const struct {
    const char *disk;
    uint64_t bridge_kib, read_kib;
  } cases[] = {
    { "DD..DD..DD......", 0, 2 },     { "DD..DD..DD......", 2, 2 }, { "DD..DD..DD......", 3, 10 },
    { "DD......DD", 3, 2 },           { "DD......DD", 7, 10 },      { "DDDDDDDDDDDDDD..DD", 3, 14 },
    { "DDDDDDDDDDDDDD.DDDD", 3, 16 }, { "DD..DDDD......", 3, 8 },   { "DDDD.KKKK", 3, 4 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct step step = first_step(cases[i].disk, cases[i].bridge_kib * KIB);
    if (step.kind != STEP_READ || step.offset != 0 || step.length != cases[i].read_kib * KIB)
      fail_msg("case %zu: %llu bytes", i, (unsigned long long)step.length);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(short_zeros_between_data_are_read_along),
    cmocka_unit_test(an_empty_source_is_planned_at_once),
    cmocka_unit_test(without_knowledge_it_waits),
    cmocka_unit_test(reads_end_at_the_limit),
    cmocka_unit_test(reads_end_on_the_grid),
    cmocka_unit_test(zeros_are_planned_whole),
    cmocka_unit_test(a_block_of_both_kinds_is_read),
    cmocka_unit_test(the_end_needs_no_alignment),
    cmocka_unit_test(zeros_cut_by_the_edge_of_knowledge_wait),
    cmocka_unit_test(what_is_left_is_cut_exactly),
    cmocka_unit_test(a_stream_is_read_without_end),
    cmocka_unit_test(random_sources_are_planned_whole),
  };

  extents_init(&extents, ring, EXTENTS_MAX);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
