/* SPDX-License-Identifier: MIT */
/* What the extents call zero is never read: one byte of data taken for zero here
 * is lost from the copy, so every answer is held against a byte-by-byte model. */
#include "unit/unit.h"

#include "base/range.h"
#include "copy/extents.h"

#define MODEL_BYTES 30000

struct status {
  uint64_t length, flags;
};

static struct extents extents;
static struct known_extent ring[EXTENTS_MAX];
static struct survey survey;
static struct extent answered[SURVEY_EXTENTS_MAX], before[SURVEY_EXTENTS_MAX];
static struct contexts allocation; /* base:allocation alone */
static struct contexts changes;    /* and a dirty bitmap */

static void
answer(size_t count, const struct status *list)
{
  survey_begin(&survey, 1);
  survey_reply(&survey, 0);
  for (size_t i = 0; i < count; i++)
    survey_add(&survey, list[i].length, list[i].flags);
}

/* Takes over what was answered, of the whole source. */
static void
take_over(uint64_t asked, uint64_t alignment, uint64_t size)
{
  struct extents_rules rules = { &allocation, PART_ALL, alignment, size };

  assert_true(extents_take_over(&extents, &survey, &rules, asked));
}

/* The front is this, and is then forgotten. */
static void
assert_next(uint64_t length, bool zero)
{
  const struct known_extent *front = extents_front(&extents);

  assert_non_null(front);
  assert_true(front->length == length);
  assert_int_equal(front->kind, zero ? EXTENT_IS_ZERO : EXTENT_IS_DATA);
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
  extents_begin(&extents, 12345);
  assert_nothing_left(12345);
  extents_consume(&extents, 0);
  assert_true(extents_append(&extents, 0, EXTENT_IS_ZERO));
  assert_nothing_left(12345);
}

static void
extents_of_one_kind_are_joined(void **state)
{
  (void)state;
  extents_begin(&extents, 100);
  assert_true(extents_append(&extents, 10, EXTENT_IS_DATA));
  assert_true(extents_append(&extents, 5, EXTENT_IS_DATA));
  assert_true(extents_append(&extents, 7, EXTENT_IS_ZERO));
  assert_true(extents_append(&extents, 0, EXTENT_IS_DATA));
  assert_true(extents_append(&extents, 1, EXTENT_IS_ZERO));
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
  extents_begin(&extents, 0);
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
  extents_begin(&extents, 0);
  for (int i = 0; i < EXTENTS_MAX; i++)
    assert_true(extents_append(&extents, 2, i % 2));
  assert_int_equal(extents_room(&extents), 0);
  assert_false(extents_append(&extents, 3, EXTENT_IS_DATA)); /* the last one is zero */
  assert_true(extents.end == 2 * EXTENTS_MAX);
  assert_true(extents_append(&extents, 3, EXTENT_IS_ZERO));
  assert_true(extents.end == 2 * EXTENTS_MAX + 3);
  extents_consume(&extents, 2);
  assert_true(extents_append(&extents, 4, EXTENT_IS_DATA));
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
  static const struct status list[] = {
    { 512, 0 },
    { 512, EXTENT_HOLE }, /* its content is undefined: read it */
    { 512, EXTENT_ZERO },
    { 512, EXTENT_HOLE | EXTENT_ZERO },
    { 512, 1u << 31 }, /* whatever that may mean one day */
    { 512, 1u << 31 | EXTENT_ZERO },
  };

  (void)state;
  extents_begin(&extents, 0);
  answer(LENGTH_OF(list), list);
  take_over(4096, 512, 1 << 20);
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
  extents_begin(&extents, 4096);
  answer(0, NULL);
  take_over(8192, 512, 1 << 20);
  assert_next(8192, false);
  assert_nothing_left(12288);
  take_over(8192, 512, 12288 + 100);
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
    { 4096, 1 << 20, 4096, true },    { 4097, 1 << 20, 4096, true }, { 8191, 1 << 20, 4096, true },
    { 8191, 8191, 8191, true },       /* the size needs no alignment */
    { 9000, 8191, 8191, true },       /* the answer may be longer than the disk */
    { UINT64_MAX, 8191, 8191, true }, /* or as long as can be said */
    { 4095, 4097, 4096, false },      /* less than a block: the block isn't known to be zero */
    { 4095, 4000, 4000, true },       { 1, 1 << 20, 4096, false },   { 1, 100, 100, false },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    extents_begin(&extents, 0);
    answer(1, &(struct status){ cases[i].length, EXTENT_ZERO });
    take_over(65536, 4096, cases[i].size);
    assert_next(cases[i].end, cases[i].zero);
    assert_nothing_left(cases[i].end);
  }
}

static void
lengths_cannot_add_up_past_the_last_offset(void **state)
{
  static const struct status list[] = { { UINT64_MAX, EXTENT_ZERO }, { UINT64_MAX, 0 }, { UINT64_MAX, EXTENT_ZERO } };
  uint64_t size = UINT64_C(1) << 63;

  (void)state;
  extents_begin(&extents, 4096);
  answer(LENGTH_OF(list), list);
  take_over(65536, 4096, size);
  assert_next(size - 4096, true);
  assert_nothing_left(size);
}

static void
a_whole_answer_of_changing_kinds_fits(void **state)
{
  (void)state;
  survey_begin(&survey, 1);
  survey_reply(&survey, 0);
  for (size_t i = 0; i < SURVEY_EXTENTS_MAX; i++)
    survey_add(&survey, 512, i % 2 ? EXTENT_ZERO : 0);
  extents_begin(&extents, 0);
  for (uint64_t i = 1; i <= EXTENTS_MAX / SURVEY_EXTENTS_MAX; i++) {
    take_over(SURVEY_EXTENTS_MAX * 512, 512, GIB);
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
      uint64_t next = extents_next_window(&survey, asked, SURVEY_BYTES_MIN);
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
  extents_begin(&extents, 0);
  extents_append(&extents, 10, EXTENT_IS_ZERO);
  extents_consume(&extents, 11);
}

static void
append_past_the_last_offset(void)
{
  extents_begin(&extents, UINT64_MAX - 10);
  extents_append(&extents, 11, EXTENT_IS_ZERO);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(consume_more_than_known));
  assert_true(is_asserted(append_past_the_last_offset));
}

/* ---- Against an array that says for each byte what is to become of it ---- */

static uint8_t model[MODEL_BYTES];

static void
check_against_model(void)
{
  uint64_t at = extents.start;

  for (size_t i = 0; i < extents.count; i++) {
    const struct known_extent *extent = &extents.ring[(extents.first + i) % EXTENTS_MAX];
    const struct known_extent *next = &extents.ring[(extents.first + i + 1) % EXTENTS_MAX];
    check(extent->length > 0);
    check(i + 1 == extents.count || next->kind != extent->kind);
    for (uint64_t end = at + extent->length; at < end; at++)
      check(at < MODEL_BYTES && model[at] == extent->kind);
  }
  check(at == extents.end);
}

static enum extent_kind
kind_of(const struct extent *extent, enum part part)
{
  if (part == PART_DIRTY && !(extent->values[1] & 1))
    return EXTENT_IS_KEPT;
  return extent->values[0] & EXTENT_ZERO ? EXTENT_IS_ZERO : EXTENT_IS_DATA;
}

/* What a survey of random extents must teach, by the words of the header. Returns
 * false if that is nothing. */
static bool
teach_model(const struct extents_rules *rules, uint64_t asked)
{
  uint64_t start = extents.end, told_end = start, size = rules->size;
  size_t count = survey_is_complete(&survey) ? survey.count : 0; /* what isn't known of all is not known */

  for (size_t i = 0; i < count; i++)
    for (uint64_t n = survey.extents[i].length; n > 0; n--, told_end++)
      if (told_end < size)
        model[told_end] = (uint8_t)kind_of(&survey.extents[i], rules->part);
  uint64_t end = told_end >= size ? size : told_end - told_end % rules->alignment;
  bool learnt = end > start;
  if (!learnt && rules->part == PART_ALL) {
    end = count == 0 ? start + asked : start + rules->alignment;
    end = end < size ? end : size;
    memset(model + start, EXTENT_IS_DATA, end - start);
  } else if (!learnt) {
    end = start;
  }
  check(extents_take_over(&extents, &survey, rules, asked) == (end > start));
  check(extents.end == end);
  return end > start;
}

/* Random flags of one context or two; one of them may fail to reply. */
static void
answer_at_random(struct random *random, unsigned contexts, uint64_t count_max, uint64_t length_max)
{
  survey_begin(&survey, contexts);
  for (unsigned context = 0; context < contexts && !random_one_in(random, 10); context++) {
    survey_reply(&survey, context);
    for (uint64_t n = random_between(random, 1, count_max); n > 0; n--)
      survey_add(&survey, random_between(random, 0, length_max), random_between(random, 0, 3));
  }
}

static void
one_random_disk(struct random *random)
{
  uint64_t alignment = random_power(random, 0, 9), size = random_between(random, 1, MODEL_BYTES);
  uint64_t length_max = random_between(random, 1, 30), count_max = random_between(random, 1, SURVEY_EXTENTS_MAX);
  enum part part = random_one_in(random, 2) ? PART_DIRTY : PART_ALL;
  struct extents_rules rules = { part == PART_ALL ? &allocation : &changes, part, alignment, size };

  extents_begin(&extents, 0);
  /* Begin anywhere in the ring, so that its end is crossed. */
  extents.first = random_between(random, 0, EXTENTS_MAX - 1);
  while (extents.start < size) {
    if (extents.end < size && extents_room(&extents) >= SURVEY_EXTENTS_MAX && !random_one_in(random, 3)) {
      answer_at_random(random, rules.contexts->count, count_max, length_max);
      if (!teach_model(&rules, alignment * random_between(random, 1, 20)))
        rules.part = PART_ALL; /* which goes on whatever it is told */
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

  extents_begin(&extents, 0);
  for (unsigned filled = 0; end < MODEL_BYTES - 3;) {
    uint64_t kind = random_one_in(random, 10) ? random_between(random, 0, 2)
                                              : filled % 3; /* mostly another than before */
    filled++;
    uint64_t length = random_between(random, 0, 3);
    bool joins = extents.count > 0 && model[end - 1] == kind;
    bool fits = length == 0 || joins || extents_room(&extents) > 0;
    check(extents_append(&extents, length, (enum extent_kind)kind) == fits);
    if (fits) {
      memset(model + end, (int)kind, length);
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

  contexts_add(&allocation, CONTEXT_ALLOCATION_NAME, false);
  contexts_add(&changes, CONTEXT_ALLOCATION_NAME, false);
  contexts_add(&changes, CONTEXT_DIRTY_PREFIX "b", true);
  extents_init(&extents, ring, EXTENTS_MAX);
  survey_init(&survey, answered, before, SURVEY_EXTENTS_MAX);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
