/* SPDX-License-Identifier: MIT */
/* What the extents call zero is never read: one byte of data taken for zero here
 * is lost from the copy, so every answer is held against a byte-by-byte model. */
#include "unit.h"

#include "extents.h"
#include "range.h"

#define MODEL_BYTES 30000

static struct extents extents; /* both too large for the stack */
static struct survey survey;

static void
answer(size_t count, const struct extent *list)
{
  survey.count = survey.told = count;
  for (size_t i = 0; i < count; i++)
    survey.extents[i] = list[i];
}

/* The front is this, and is then forgotten. */
static void
assert_next(uint64_t length, bool zero)
{
  const struct known_extent *front = extents_front(&extents);

  assert_non_null(front);
  assert_true(front->length == length);
  assert_int_equal(front->zero, zero);
  extents_consume(&extents, length);
}

static void
assert_nothing_left(uint64_t end)
{
  assert_null(extents_front(&extents));
  assert_true(extents.start == end && extents.end == end);
  assert_int_equal(extents_room(&extents), EXTENTS_MAX);
}

static void
an_empty_list_knows_nothing(void **state)
{
  (void)state;
  extents_init(&extents, 12345);
  assert_nothing_left(12345);
  extents_consume(&extents, 0);
  assert_true(extents_append(&extents, 0, true));
  assert_nothing_left(12345);
}

static void
extents_of_one_kind_are_joined(void **state)
{
  (void)state;
  extents_init(&extents, 100);
  assert_true(extents_append(&extents, 10, false));
  assert_true(extents_append(&extents, 5, false));
  assert_true(extents_append(&extents, 7, true));
  assert_true(extents_append(&extents, 0, false));
  assert_true(extents_append(&extents, 1, true));
  assert_int_equal(extents_room(&extents), EXTENTS_MAX - 2);
  assert_true(extents.end == 123);
  assert_next(15, false);
  assert_next(8, true);
  assert_nothing_left(123);
}

static void
consuming_cuts_and_crosses_extents(void **state)
{
  (void)state;
  extents_init(&extents, 0);
  for (int i = 0; i < 6; i++)
    extents_append(&extents, 10, i % 2);
  extents_consume(&extents, 4);
  assert_int_equal(extents_front(&extents)->length, 6);
  extents_consume(&extents, 6 + 10 + 3);
  assert_true(extents.start == 23);
  assert_next(7, false);
  extents_consume(&extents, 30);
  assert_nothing_left(60);
}

static void
a_full_list_takes_only_more_of_the_last_kind(void **state)
{
  (void)state;
  extents_init(&extents, 0);
  for (int i = 0; i < EXTENTS_MAX; i++)
    assert_true(extents_append(&extents, 2, i % 2));
  assert_int_equal(extents_room(&extents), 0);
  assert_false(extents_append(&extents, 3, false)); /* the last one is zero */
  assert_true(extents.end == 2 * EXTENTS_MAX);
  assert_true(extents_append(&extents, 3, true));
  assert_true(extents.end == 2 * EXTENTS_MAX + 3);
  extents_consume(&extents, 2);
  assert_true(extents_append(&extents, 4, false));
  assert_int_equal(extents_room(&extents), 0);
  for (int i = 1; i < EXTENTS_MAX - 1; i++)
    assert_next(2, i % 2);
  assert_next(5, true);
  assert_next(4, false);
  assert_nothing_left(2 * EXTENTS_MAX + 7);
}

static void
only_what_is_said_to_be_zero_is_zero(void **state)
{
  static const struct extent list[] = {
    { 512, 0 },
    { 512, EXTENT_HOLE }, /* its content is undefined: read it */
    { 512, EXTENT_ZERO },
    { 512, EXTENT_HOLE | EXTENT_ZERO },
    { 512, 1u << 31 }, /* whatever that may mean one day */
    { 512, 1u << 31 | EXTENT_ZERO },
  };

  (void)state;
  extents_init(&extents, 0);
  answer(LENGTH_OF(list), list);
  extents_take_over(&extents, &survey, 4096, 512, 1 << 20);
  assert_next(1024, false);
  assert_next(1024, true);
  assert_next(512, false);
  assert_next(512, true);
  assert_nothing_left(3072);
}

static void
no_answer_makes_the_window_data(void **state)
{
  (void)state;
  extents_init(&extents, 4096);
  answer(0, NULL);
  extents_take_over(&extents, &survey, 8192, 512, 1 << 20);
  assert_next(8192, false);
  assert_nothing_left(12288);
  extents_take_over(&extents, &survey, 8192, 512, 12288 + 100);
  assert_next(100, false);
  assert_nothing_left(12388);
}

static void
an_answer_is_cut_to_whole_blocks_and_to_the_size(void **state)
{
  static const struct {
    uint64_t length, size, end;
    bool zero;
  } cases[] = {
    { 4096, 1 << 20, 4096, true },
    { 4097, 1 << 20, 4096, true },
    { 8191, 1 << 20, 4096, true },
    { 8191, 8191, 8191, true },       /* the size needs no alignment */
    { 9000, 8191, 8191, true },       /* the answer may be longer than the disk */
    { UINT64_MAX, 8191, 8191, true }, /* or as long as can be said */
    { 4095, 4097, 4096, false },      /* less than a block: the block isn't known to be zero */
    { 4095, 4000, 4000, true },
    { 1, 1 << 20, 4096, false },
    { 0, 1 << 20, 4096, false }, /* a server that says nothing in so many words */
    { 1, 100, 100, false },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    extents_init(&extents, 0);
    answer(1, &(struct extent){ cases[i].length, EXTENT_ZERO });
    extents_take_over(&extents, &survey, 65536, 4096, cases[i].size);
    assert_next(cases[i].end, cases[i].zero);
    assert_nothing_left(cases[i].end);
  }
}

static void
lengths_cannot_add_up_past_the_last_offset(void **state)
{
  static const struct extent list[] = { { UINT64_MAX, EXTENT_ZERO }, { UINT64_MAX, 0 }, { UINT64_MAX, EXTENT_ZERO } };
  uint64_t size = UINT64_C(1) << 63;

  (void)state;
  extents_init(&extents, 4096);
  answer(LENGTH_OF(list), list);
  extents_take_over(&extents, &survey, 65536, 4096, size);
  assert_next(size - 4096, true);
  assert_nothing_left(size);
}

static void
a_whole_answer_of_changing_kinds_fits(void **state)
{
  (void)state;
  survey.count = survey.told = SURVEY_EXTENTS_MAX;
  for (size_t i = 0; i < SURVEY_EXTENTS_MAX; i++)
    survey.extents[i] = (struct extent){ 512, i % 2 ? EXTENT_ZERO : 0 };
  extents_init(&extents, 0);
  for (uint64_t i = 1; i <= EXTENTS_MAX / SURVEY_EXTENTS_MAX; i++) {
    extents_take_over(&extents, &survey, SURVEY_EXTENTS_MAX * 512, 512, GIB);
    assert_true(extents.end == i * SURVEY_EXTENTS_MAX * 512);
  }
  for (size_t i = 0; i < EXTENTS_MAX; i++)
    assert_next(512, i % 2);
}

static void
windows_follow_the_answers_within_bounds(void **state)
{
  static const size_t told[] = { 0, 1, SURVEY_EXTENTS_MAX / 4, SURVEY_EXTENTS_MAX / 2, SURVEY_EXTENTS_MAX, SIZE_MAX };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(told); i++)
    for (uint64_t asked = SURVEY_BYTES_MIN; asked <= SURVEY_BYTES_MAX; asked += asked / 2) {
      survey.told = told[i];
      uint64_t next = extents_next_window(&survey, asked);
      assert_true(next >= SURVEY_BYTES_MIN && next <= SURVEY_BYTES_MAX);
      if (told[i] <= 1)
        assert_true(next > asked || asked == SURVEY_BYTES_MAX);
      if (told[i] >= SURVEY_EXTENTS_MAX)
        assert_true(next < asked || asked == SURVEY_BYTES_MIN);
    }
}

static void
consume_more_than_known(void)
{
  extents_init(&extents, 0);
  extents_append(&extents, 10, true);
  extents_consume(&extents, 11);
}

static void
append_past_the_last_offset(void)
{
  extents_init(&extents, UINT64_MAX - 10);
  extents_append(&extents, 11, true);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(consume_more_than_known));
  assert_true(is_asserted(append_past_the_last_offset));
}

/* ---- Against an array that says for each byte whether it is known to be zero ---- */

static bool model[MODEL_BYTES];

static void
check_against_model(void)
{
  uint64_t at = extents.start;

  for (size_t i = 0; i < extents.count; i++) {
    const struct known_extent *extent = &extents.ring[(extents.first + i) % EXTENTS_MAX];
    const struct known_extent *next = &extents.ring[(extents.first + i + 1) % EXTENTS_MAX];
    check(extent->length > 0);
    check(i + 1 == extents.count || next->zero != extent->zero);
    for (uint64_t end = at + extent->length; at < end; at++)
      check(at < MODEL_BYTES && model[at] == extent->zero);
  }
  check(at == extents.end);
}

/* What a survey of random extents must teach, by the words of the header. */
static void
teach_model(uint64_t asked, uint64_t alignment, uint64_t size)
{
  uint64_t start = extents.end, told_end = start;

  for (size_t i = 0; i < survey.count; i++)
    for (uint64_t n = survey.extents[i].length; n > 0; n--, told_end++)
      if (told_end < size)
        model[told_end] = survey.extents[i].flags & EXTENT_ZERO;
  uint64_t end = told_end >= size ? size : told_end - told_end % alignment;
  if (survey.count == 0 || end <= start) {
    end = survey.count == 0 ? start + asked : start + alignment;
    end = end < size ? end : size;
    memset(model + start, false, end - start);
  }
  extents_take_over(&extents, &survey, asked, alignment, size);
  check(extents.end == end);
}

static void
one_random_disk(struct random *random)
{
  uint64_t alignment = random_power(random, 0, 9), size = random_between(random, 1, MODEL_BYTES);
  uint64_t length_max = random_between(random, 1, 30), count_max = random_between(random, 1, SURVEY_EXTENTS_MAX);

  extents_init(&extents, 0);
  /* Begin anywhere in the ring, so that its end is crossed. */
  extents.first = random_between(random, 0, EXTENTS_MAX - 1);
  while (extents.start < size) {
    if (extents.end < size && extents_room(&extents) >= SURVEY_EXTENTS_MAX && !random_one_in(random, 3)) {
      survey.count = survey.told = random_one_in(random, 10) ? 0 : random_between(random, 1, count_max);
      for (size_t i = 0; i < survey.count; i++)
        survey.extents[i] = (struct extent){ .length = random_between(random, 0, length_max),
                                             .flags = (uint32_t)random_between(random, 0, 3) };
      teach_model(alignment * random_between(random, 1, 20), alignment, size);
    } else {
      uint64_t known = extents.end - extents.start, end = extents.end;
      uint64_t length = random_one_in(random, 4) ? known : random_between(random, 0, known / 2);
      uint64_t start = extents.start + length;
      extents_consume(&extents, length);
      check(extents.start == start && extents.end == end);
      check((extents_front(&extents) == NULL) == (start == end));
    }
    check_against_model();
  }
}

static void
random_disks_agree_with_the_model(void **state)
{
  (void)state;
  run_seeds(150, one_random_disk);
}

/* Single appends, until the list is full and after. */
static void
one_random_ring(struct random *random)
{
  uint64_t end = 0;

  extents_init(&extents, 0);
  for (unsigned filled = 0; end < MODEL_BYTES - 3;) {
    bool zero = !random_one_in(random, 10) == (filled++ % 2 == 0); /* mostly the other kind than before */
    uint64_t length = random_between(random, 0, 3);
    bool joins = extents.count > 0 && model[end - 1] == zero;
    bool fits = length == 0 || joins || extents_room(&extents) > 0;
    check(extents_append(&extents, length, zero) == fits);
    if (fits) {
      memset(model + end, zero, length);
      end += length;
    } else {
      check_against_model();
      extents_consume(&extents, random_between(random, 1, extents.end - extents.start));
    }
    check(extents.end == end);
  }
  check_against_model();
}

static void
random_rings_agree_with_the_model(void **state)
{
  (void)state;
  run_seeds(30, one_random_ring);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_empty_list_knows_nothing),
    cmocka_unit_test(extents_of_one_kind_are_joined),
    cmocka_unit_test(consuming_cuts_and_crosses_extents),
    cmocka_unit_test(a_full_list_takes_only_more_of_the_last_kind),
    cmocka_unit_test(only_what_is_said_to_be_zero_is_zero),
    cmocka_unit_test(no_answer_makes_the_window_data),
    cmocka_unit_test(an_answer_is_cut_to_whole_blocks_and_to_the_size),
    cmocka_unit_test(lengths_cannot_add_up_past_the_last_offset),
    cmocka_unit_test(a_whole_answer_of_changing_kinds_fits),
    cmocka_unit_test(windows_follow_the_answers_within_bounds),
    cmocka_unit_test(mistakes_are_asserted),
    cmocka_unit_test(random_disks_agree_with_the_model),
    cmocka_unit_test(random_rings_agree_with_the_model),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
