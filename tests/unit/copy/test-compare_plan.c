/* SPDX-License-Identifier: MIT */
/* A byte that isn't planned isn't compared, and one that is planned without need costs a read: each is planned once, and read
 * of the ends that need it. */
#include "unit/unit.h"

#include "copy/compare_plan.h"

#define MODEL_BYTES 30000

static struct known_extent rings[2][EXTENTS_MAX];
static struct extents extents[2];
static struct compare_view views[2];

static void
begin(uint64_t one, uint64_t other)
{
  for (int i = 0; i < 2; i++) {
    extents_init(&extents[i], rings[i], EXTENTS_MAX);
    views[i] = (struct compare_view){ &extents[i], i == 0 ? one : other };
  }
}

static void
know(int side, uint64_t length, enum extent_kind kind)
{
  assert_true(extents_append(&extents[side], length, kind));
}

static const struct compare_rules rules = { .unit_bytes = 65536, .grain_bytes = 4096, .bridge_bytes = 8192 };

static struct compare_step
assert_plan(uint64_t position, enum compare_step_kind kind, uint64_t end)
{
  struct compare_step step = compare_plan(&rules, views, position);

  assert_int_equal(step.kind, kind);
  if (kind == COMPARE_STEP_READ || kind == COMPARE_STEP_PASS) {
    assert_int_equal(step.range.start, position);
    assert_int_equal(step.range.end, end);
  }
  return step;
}

static void
assert_reads(uint64_t position, uint64_t end, bool one, bool other)
{
  struct compare_step step = assert_plan(position, COMPARE_STEP_READ, end);

  assert_int_equal(step.of[0], one);
  assert_int_equal(step.of[1], other);
}

static void
empty_disks_are_through(void **state)
{
  (void)state;
  begin(0, 0);
  assert_plan(0, COMPARE_STEP_END, 0);
}

static void
it_waits_for_what_is_not_known(void **state)
{
  (void)state;
  begin(100000, 100000);
  know(0, 100000, EXTENT_IS_DATA);
  struct compare_step step = assert_plan(0, COMPARE_STEP_WAIT, 0);
  assert_true(!step.of[0] && step.of[1]);
  know(1, 5000, EXTENT_IS_DATA);
  assert_reads(0, 5000, true, true);
  assert_plan(5000, COMPARE_STEP_WAIT, 0);
}

static void
only_what_needs_it_is_read(void **state)
{
  (void)state;
  begin(400000, 400000);
  know(0, 131072, EXTENT_IS_ZERO);
  know(0, 268928, EXTENT_IS_DATA);
  know(1, 65536, EXTENT_IS_ZERO);
  know(1, 131072, EXTENT_IS_DATA);
  know(1, 203392, EXTENT_IS_ZERO);
  assert_plan(0, COMPARE_STEP_PASS, 65536);
  assert_reads(65536, 131072, false, true);
  assert_reads(131072, 196608, true, true);
  assert_reads(196608, 262144, true, false);
}

static void
short_runs_are_read_along(void **state)
{
  (void)state;
  begin(65536, 65536);
  for (int i = 0; i < 8; i++) {
    know(0, 4096, EXTENT_IS_DATA);
    know(0, 4096, EXTENT_IS_ZERO);
  }
  know(1, 65536, EXTENT_IS_ZERO);
  assert_reads(0, 65536, true, false);
  assert_plan(65536, COMPARE_STEP_END, 0);
}

static void
behind_its_end_a_disk_is_zeros(void **state)
{
  (void)state;
  begin(10000, 300000);
  know(0, 10000, EXTENT_IS_DATA);
  know(1, 12288, EXTENT_IS_DATA);
  know(1, 187712, EXTENT_IS_ZERO);
  know(1, 100000, EXTENT_IS_DATA);
  assert_reads(0, 12288, true, true);
  assert_plan(12288, COMPARE_STEP_PASS, 196608); /* what is left of a grain is read with what follows */
  assert_reads(196608, 262144, false, true);
  assert_reads(262144, 300000, false, true);
  assert_plan(300000, COMPARE_STEP_END, 0);
}

static void
a_stream_goes_on_until_its_end_is_seen(void **state)
{
  (void)state;
  begin(SIZE_UNKNOWN, 5000);
  know(0, SIZE_UNKNOWN, EXTENT_IS_DATA);
  know(1, 5000, EXTENT_IS_DATA);
  assert_reads(0, 8192, true, true);
  assert_reads(8192, 65536, true, false);
  views[0].size = 5000;
  assert_plan(65536, COMPARE_STEP_END, 0);
}

/* ---- Any two disks ---- */

static uint8_t data[2][MODEL_BYTES];

static void
know_some(struct random *random, int side, uint64_t size)
{
  uint64_t start = extents[side].end, end = start + random_between(random, 1, 9000);

  end = end < size ? end : size;
  for (uint64_t at = start, next; at < end; at = next) {
    bool is_data = data[side][at];
    for (next = at; next < end && data[side][next] == is_data;)
      next++;
    know(side, next - at, is_data ? EXTENT_IS_DATA : EXTENT_IS_ZERO);
  }
}

static void
check_step(const struct compare_step *step, const uint64_t sizes[2], const struct compare_rules *model_rules)
{
  check(step->range.end > step->range.start);
  if (step->kind == COMPARE_STEP_READ)
    check((step->range.end - 1) / model_rules->unit_bytes == step->range.start / model_rules->unit_bytes);
  for (int i = 0; i < 2; i++) {
    bool needs = false;
    for (uint64_t at = step->range.start; at < step->range.end && at < sizes[i]; at++)
      needs |= data[i][at];
    check(step->of[i] == needs);
  }
}

static void
one_random_pair(struct random *random)
{
  struct compare_rules model_rules = { .unit_bytes = random_power(random, 10, 14),
                                       .grain_bytes = random_power(random, 0, 10),
                                       .bridge_bytes = random_one_in(random, 2) ? 0 : 700 };
  uint64_t sizes[2], total, position = 0;

  for (int i = 0; i < 2; i++) {
    sizes[i] = random_between(random, 0, MODEL_BYTES);
    bool is_data = random_one_in(random, 2);
    for (uint64_t at = 0; at < sizes[i]; is_data = !is_data)
      for (uint64_t length = random_power(random, 0, 12); length > 0 && at < sizes[i]; length--)
        data[i][at++] = is_data;
  }
  total = range_max(sizes[0], sizes[1]);
  begin(sizes[0], sizes[1]);
  while (position < total) {
    struct compare_step step = compare_plan(&model_rules, views, position);
    if (step.kind == COMPARE_STEP_WAIT) {
      check(step.of[0] || step.of[1]);
      for (int i = 0; i < 2; i++)
        if (step.of[i])
          know_some(random, i, sizes[i]);
      continue;
    }
    check(step.range.start == position);
    check_step(&step, sizes, &model_rules);
    position = step.range.end;
  }
  check(position == total && compare_plan(&model_rules, views, position).kind == COMPARE_STEP_END);
}

static void
random_pairs_agree_with_the_model(void **state)
{
  (void)state;
  run_seeds(500, one_random_pair);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(empty_disks_are_through),           cmocka_unit_test(it_waits_for_what_is_not_known),
    cmocka_unit_test(only_what_needs_it_is_read),        cmocka_unit_test(short_runs_are_read_along),
    cmocka_unit_test(behind_its_end_a_disk_is_zeros),    cmocka_unit_test(a_stream_goes_on_until_its_end_is_seen),
    cmocka_unit_test(random_pairs_agree_with_the_model),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
