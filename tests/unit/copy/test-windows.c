/* SPDX-License-Identifier: MIT */
/* Several questions are out at once, and their answers come in any order and as short as the
 * server likes: each byte must still get what was said of it, none be asked for twice
 * where one answer says all, and nothing wait for ever. */
#include "unit/unit.h"

#include "base/range.h"
#include "copy/windows.h"

#include <errno.h>

#define MODEL_BYTES 30000

static struct windows windows;
static struct extents extents; /* what has been passed on */
static struct known_extent ring[EXTENTS_MAX];
static struct contexts allocation; /* base:allocation alone */
static struct contexts changes;    /* and a dirty bitmap */
static struct learnt learnt;

static void
begin(uint64_t size)
{
  struct extents_rules rules = { &allocation, PART_ALL, 4096, size };

  windows_init(&windows, &rules, NULL, true);
  extents_begin(&extents, 0);
}

/* Answers with so many bytes of zeros, or of data. */
static void
answer(struct request *request, uint64_t length, uint64_t flags)
{
  request->errnum = 0;
  survey_begin(request->survey, 1);
  survey_reply(request->survey, 0);
  survey_add(request->survey, length, flags);
  assert_true(windows_learn(&windows, request, &learnt));
}

static struct request *
assert_asks(uint64_t offset, uint64_t length)
{
  struct request *request = windows_ask(&windows, extents.start);

  assert_non_null(request);
  assert_int_equal(request->kind, REQUEST_SURVEY);
  assert_true(request->offset == offset && request->length == length);
  return request;
}

static void
assert_asks_nothing(void)
{
  assert_null(windows_ask(&windows, extents.start));
}

static void
a_small_disk_is_asked_about_once(void **state)
{
  (void)state;
  begin(5 * MIB);
  answer(assert_asks(0, 5 * MIB), 5 * MIB, EXTENT_ZERO);
  assert_true(learnt.bytes == 5 * MIB && learnt.zeros == 5 * MIB);
  assert_asks_nothing();
  assert_true(windows_pass_on(&windows, &extents));
  assert_false(windows_pass_on(&windows, &extents));
  assert_asks_nothing();
  assert_true(extents.end == 5 * MIB && extents_front(&extents)->kind == EXTENT_IS_ZERO);
}

/* Whole answers: no byte is asked about twice, and all at once is no more than what a large one is. */
static void
whole_answers_make_large_windows(void **state)
{
  unsigned questions = 0;
  struct request *request;

  (void)state;
  begin(4 * GIB);
  for (uint64_t at = 0; at < 4 * GIB; at = extents.end) {
    struct request *list[WINDOWS_MAX];
    unsigned count = 0;
    for (; (request = windows_ask(&windows, extents.start)); list[count++] = request)
      assert_true(count < WINDOWS_MAX);
    assert_true(count > 0 && windows.out == count && windows.out_bytes <= SURVEY_BYTES_MAX);
    for (unsigned i = 0; i < count; i++)
      answer(list[i], list[i]->length, 0);
    questions += count;
    windows_pass_on(&windows, &extents);
    extents_consume(&extents, extents.end - extents.start);
  }
  assert_in_range(questions, 16, 20);
}

/* The first answer shows a server that tells little; then all windows are out. */
static void
one_extent_an_answer(struct request *out[WINDOWS_MAX])
{
  begin(GIB);
  struct request *request = assert_asks(0, 64 * MIB);
  assert_asks_nothing(); /* until the server is known */
  answer(request, 8192, EXTENT_ZERO);
  out[0] = assert_asks(8192, 16 * 8192 - 8192);
  for (uint64_t i = 1; i < WINDOWS_MAX; i++)
    out[i] = assert_asks(i * 16 * 8192, 16 * 8192);
  assert_asks_nothing();
  assert_int_equal(windows.out, WINDOWS_MAX);
}

static void
short_answers_are_asked_on_side_by_side(void **state)
{
  struct request *out[WINDOWS_MAX];

  (void)state;
  one_extent_an_answer(out);
  for (uint64_t i = WINDOWS_MAX; i-- > 0;) { /* last to first */
    uint64_t offset = out[i]->offset;
    bool is_last = i == WINDOWS_MAX - 1; /* which leaves its rest to others, now that windows are shorter */
    answer(out[i], 4096, 0);
    assert_true(learnt.bytes == 4096 && learnt.zeros == 0);
    assert_ptr_equal(assert_asks(offset + 4096, is_last ? 15 * 4096 : 16 * 4096), out[i]);
  }
  windows_pass_on(&windows, &extents);
  assert_true(extents.end == 8192 + 4096);
}

static void
what_is_known_passes_on_in_order(void **state)
{
  struct request *out[WINDOWS_MAX];

  (void)state;
  one_extent_an_answer(out);
  windows_pass_on(&windows, &extents);
  for (unsigned i = 1; i < WINDOWS_MAX; i++)
    answer(out[i], out[i]->length, EXTENT_ZERO);
  assert_false(windows_pass_on(&windows, &extents));
  assert_true(extents.end == 8192);
  answer(out[0], UINT64_MAX, 0); /* what it says of others' windows, they know */
  assert_true(windows_pass_on(&windows, &extents));
  assert_true(extents.end == WINDOWS_MAX * 16 * 8192);
  assert_int_equal(extents.count, 3);
  assert_true(extents_at(&extents, 1)->length == 15 * 8192);
}

static void
the_last_answer_may_reach_further(void **state)
{
  (void)state;
  begin(GIB);
  answer(assert_asks(0, 64 * MIB), 96 * MIB + 100, EXTENT_ZERO); /* in whole blocks */
  windows_pass_on(&windows, &extents);
  assert_true(extents.end == 96 * MIB);
  assert_asks(96 * MIB, 32 * MIB);
}

static void
a_failed_question_is_data(void **state)
{
  struct request *request;

  (void)state;
  begin(GIB);
  request = assert_asks(0, 64 * MIB);
  survey_begin(request->survey, 1);
  survey_reply(request->survey, 0);
  survey_add(request->survey, 64 * MIB, EXTENT_ZERO); /* whatever it said before it failed */
  request->errnum = EIO;
  assert_true(windows_learn(&windows, request, &learnt));
  windows_pass_on(&windows, &extents);
  assert_true(extents.end == 64 * MIB && extents_front(&extents)->kind == EXTENT_IS_DATA);
}

/* ---- Selections ---- */

static struct areas areas;
static const struct selection unfinished = { .lists = { { &areas, AREA_STATUSES_ALL & ~(1u << AREA_FINISHED) } },
                                             .count = 1 };

static void
begin_selected(uint64_t size, bool is_asked)
{
  struct extents_rules rules = { &allocation, PART_ALL, 4096, size };

  areas_init(&areas, size, false);
  windows_init(&windows, &rules, &unfinished, is_asked);
  extents_begin(&extents, 0);
}

static void
assert_next_extent(uint64_t length, enum extent_kind kind)
{
  const struct known_extent *front = extents_front(&extents);

  assert_non_null(front);
  assert_true(front->length == length && front->kind == kind);
  extents_consume(&extents, length);
}

/* A disk of a TiB that is nearly done: one step leads over what is. */
static void
of_what_isnt_wanted_nothing_is_asked(void **state)
{
  (void)state;
  begin_selected(1024 * GIB, true);
  areas_set(&areas, (struct range){ 0, 1000 * GIB }, AREA_FINISHED);
  areas_set(&areas, (struct range){ 1000 * GIB + 8192, 1024 * GIB - 4096 }, AREA_FINISHED);
  assert_asks_nothing(); /* so far ahead */
  assert_true(windows_pass_on(&windows, &extents));
  assert_next_extent(1000 * GIB, EXTENT_IS_KEPT);
  struct request *first = assert_asks(1000 * GIB, 8192);
  answer(first, GIB, EXTENT_ZERO); /* more than was asked for, and than is wanted */
  assert_true(learnt.bytes == 8192);
  assert_asks_nothing();
  assert_true(windows_pass_on(&windows, &extents));
  assert_next_extent(8192, EXTENT_IS_ZERO);
  assert_next_extent(24 * GIB - 12288, EXTENT_IS_KEPT);
  answer(assert_asks(1024 * GIB - 4096, 4096), 4096, 0);
  assert_asks_nothing();
  assert_true(windows_pass_on(&windows, &extents));
  assert_next_extent(4096, EXTENT_IS_DATA);
}

static void
what_is_skipped_leaves_out_what_isnt_wanted(void **state)
{
  (void)state;
  begin_selected(GIB, true);
  areas_set(&areas, (struct range){ 96 * MIB, 128 * MIB }, AREA_FINISHED);
  answer(assert_asks(0, 64 * MIB), 64 * MIB, EXTENT_ZERO);
  windows_skip(&windows, 128 * MIB, 4096);
  assert_asks(192 * MIB, 64 * MIB);
  assert_true(windows_pass_on(&windows, &extents));
  assert_next_extent(64 * MIB, EXTENT_IS_ZERO);
  assert_next_extent(32 * MIB, EXTENT_IS_DATA);
  assert_next_extent(32 * MIB, EXTENT_IS_KEPT);
  assert_next_extent(64 * MIB, EXTENT_IS_DATA);
}

static void
where_nobody_can_be_asked_all_that_is_wanted_is_data(void **state)
{
  (void)state;
  begin_selected(GIB + 5, false);
  areas_set(&areas, (struct range){ 4096, GIB }, AREA_FINISHED);
  assert_asks_nothing();
  assert_true(windows_pass_on(&windows, &extents));
  assert_next_extent(4096, EXTENT_IS_DATA);
  assert_next_extent(GIB - 4096, EXTENT_IS_KEPT);
  assert_next_extent(5, EXTENT_IS_DATA);
  windows_begin(&windows, 4096); /* also when all begins anew */
  extents_begin(&extents, 4096);
  assert_asks_nothing();
  assert_true(windows_pass_on(&windows, &extents));
  assert_next_extent(GIB - 4096, EXTENT_IS_KEPT);
}

static void
of_a_part_nothing_is_guessed(void **state)
{
  struct extents_rules rules = { &changes, PART_DIRTY, 4096, GIB };

  (void)state;
  windows_init(&windows, &rules, NULL, true);
  extents_begin(&extents, 0);
  struct request *request = assert_asks(0, 64 * MIB);
  request->errnum = 0;
  survey_begin(request->survey, 2);
  survey_reply(request->survey, 0); /* and the bitmap says nothing */
  survey_add(request->survey, 64 * MIB, EXTENT_ZERO);
  assert_false(windows_learn(&windows, request, &learnt));
  assert_true(learnt.bytes == 0);
  assert_false(windows_pass_on(&windows, &extents) && extents.end > 0);
}

static void
what_is_asked_again_was_never_answered(void **state)
{
  struct request *out[WINDOWS_MAX];

  (void)state;
  one_extent_an_answer(out);
  uint64_t offset = out[3]->offset, length = out[3]->length;
  survey_begin(out[3]->survey, 1);
  survey_reply(out[3]->survey, 0);
  survey_add(out[3]->survey, length, EXTENT_ZERO);
  windows_ask_again(&windows, out[3]);
  assert_int_equal(windows.out, WINDOWS_MAX - 1);
  assert_ptr_equal(assert_asks(offset, length), out[3]);
  assert_asks_nothing();
}

static void
all_can_begin_anew(void **state)
{
  struct request *out[WINDOWS_MAX];

  (void)state;
  one_extent_an_answer(out);
  for (unsigned i = 0; i < WINDOWS_MAX; i++)
    windows_ask_again(&windows, out[i]);
  windows_begin(&windows, 4096);
  extents_begin(&extents, 4096);
  assert_asks(4096, 16 * 8192 - 4096);
  assert_asks(16 * 8192, 16 * 8192);
}

/* What is out is still heard; all else below is data, and asking goes on behind it. */
static void
what_is_skipped_is_data(void **state)
{
  struct request *out[WINDOWS_MAX];

  (void)state;
  one_extent_an_answer(out);
  windows_skip(&windows, 63 * MIB - 4096, MIB); /* behind the last megabyte, which is asked for */
  assert_true(windows.unasked_end == 64 * MIB);
  assert_asks_nothing();
  for (unsigned i = 0; i < WINDOWS_MAX; i++)
    answer(out[i], 4096, EXTENT_ZERO);
  assert_true(learnt.is_late);
  while (windows_ask(&windows, extents.start) == NULL)
    windows_pass_on(&windows, &extents);
  windows_pass_on(&windows, &extents);
  assert_true(extents.end == 64 * MIB && extents.zeros == 8192 + WINDOWS_MAX * 4096);
  assert_int_equal(windows.out, 1); /* nobody knows what comes there */
  assert_true(windows.out_bytes == 64 * MIB);
}

/* What was left of a window that nobody asks about is not waited for. */
static void
what_is_skipped_begins_behind_what_is_known(void **state)
{
  (void)state;
  begin(GIB);
  answer(assert_asks(0, 64 * MIB), 4096, EXTENT_ZERO);
  assert_true(learnt.is_short && !learnt.is_late);
  windows_skip(&windows, MIB, 4096);
  assert_asks(MIB + 4096, 63 * MIB - 4096);
  windows_pass_on(&windows, &extents);
  assert_true(extents.end == MIB + 4096 && extents.zeros == 4096);
}

/* Nothing is asked about for ever ahead of those who want to know. */
static void
what_nobody_waits_for_is_not_asked(void **state)
{
  struct request *request;

  (void)state;
  begin(UINT64_C(1) << 50);
  for (unsigned i = 0; (request = windows_ask(&windows, extents.start)); i++) {
    assert_true(i < 100);
    answer(request, request->length, 0);
    windows_pass_on(&windows, &extents);
  }
  assert_true(extents.end >= SURVEY_BYTES_MAX && extents.end <= (WINDOWS_MAX + 1) * SURVEY_BYTES_MAX);
  extents_consume(&extents, extents.end);
  assert_non_null(windows_ask(&windows, extents.start));
}

static void
begin_while_a_question_is_out(void)
{
  begin(GIB);
  windows_ask(&windows, 0);
  windows_begin(&windows, 0);
}

static void
learn_twice(void)
{
  begin(GIB);
  struct request *request = windows_ask(&windows, 0);
  answer(request, 4096, 0);
  answer(request, 4096, 0);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(begin_while_a_question_is_out));
  assert_true(is_asserted(learn_twice));
}

/* ---- Against an array that says for each byte what it is ---- */

static uint8_t model[MODEL_BYTES];       /* EXTENT_IS_* of each byte */
static uint8_t may_be_data[MODEL_BYTES]; /* since a question failed, an answer was too short, or nobody asked */

static void
fill_model(struct random *random, uint64_t size)
{
  uint64_t longest = random_power(random, 0, 12);

  memset(may_be_data, 0, size);
  for (uint64_t at = 0; at < size;) {
    uint64_t end = range_min(at + random_between(random, 1, longest), size);
    memset(model + at, random_one_in(random, 2) ? EXTENT_IS_DATA : EXTENT_IS_ZERO, end - at);
    at = end;
  }
}

static void
answer_from_model(struct random *random, struct request *request, uint64_t alignment, uint64_t size)
{
  uint64_t at = request->offset, asked = at + request->length, most = random_between(random, 1, 2 * SURVEY_EXTENTS_MAX);

  survey_begin(request->survey, 1);
  request->errnum = random_one_in(random, 20) ? EIO : 0;
  if (!random_one_in(random, 20))
    survey_reply(request->survey, 0);
  else
    memset(may_be_data + at, 1, request->length);
  if (request->errnum)
    memset(may_be_data + at, 1, request->length);
  memset(may_be_data + at, 1, range_min(alignment, size - at)); /* which may be more than is told */
  if (random_one_in(random, 3))
    most = 1;
  for (uint64_t end; survey_is_complete(request->survey) && most-- > 0 && at < asked; at = end) {
    for (end = at + 1; end < size && model[end] == model[at];)
      end++;
    if (random_one_in(random, 3)) /* as if it ended with the question */
      end = range_min(end, asked);
    survey_add(request->survey, end - at, model[at] == EXTENT_IS_ZERO ? EXTENT_ZERO : 0);
  }
}

static void
check_passed_on(void)
{
  while (extents.count > 0) {
    uint64_t at = extents.start, length = extents_front(&extents)->length;
    enum extent_kind kind = extents_front(&extents)->kind;
    for (uint64_t i = at; i < at + length; i++)
      check(kind == model[i] || (kind == EXTENT_IS_DATA && may_be_data[i]));
    extents_consume(&extents, length);
  }
}

static void
one_random_disk(struct random *random)
{
  struct extents_rules rules = { &allocation, PART_ALL, random_power(random, 0, 9),
                                 random_between(random, 1, MODEL_BYTES) };
  struct request *out[WINDOWS_MAX], *request;
  unsigned count = 0;

  fill_model(random, rules.size);
  windows_init(&windows, &rules, NULL, true);
  extents_begin(&extents, 0);
  windows.bytes_least = random_power(random, 6, 10);
  windows.bytes = windows.bytes_least * random_power(random, 0, 4);
  while (extents.start < rules.size) {
    if (!random_one_in(random, 3) && (request = windows_ask(&windows, extents.start))) {
      check(count < WINDOWS_MAX && windows.out == count + 1);
      check(range_is_aligned(request->offset, rules.alignment) && request->length > 0);
      uint64_t end = request->offset + request->length;
      check(end == rules.size || (end < rules.size && range_is_aligned(end, rules.alignment)));
      for (unsigned i = 0; i < count; i++) /* two questions never ask the same */
        check(end <= out[i]->offset || request->offset >= out[i]->offset + out[i]->length);
      out[count++] = request;
    } else if (count > 0) {
      unsigned which = (unsigned)random_between(random, 0, count - 1);
      request = out[which];
      out[which] = out[--count];
      answer_from_model(random, request, rules.alignment, rules.size);
      if (random_one_in(random, 10))
        windows_ask_again(&windows, request);
      else
        check(windows_learn(&windows, request, &learnt) && learnt.bytes > 0);
    }
    if (random_one_in(random, 100)) {
      windows_skip(&windows, random_between(random, 0, 2000), rules.alignment);
      memset(may_be_data + extents.start, 1, range_min(windows.unasked_end, rules.size) - extents.start);
    }
    if (random_one_in(random, 2))
      windows_pass_on(&windows, &extents);
    if (random_one_in(random, 2))
      check_passed_on();
  }
  check(count == 0 && windows.out == 0 && windows.out_bytes == 0 && extents.end == rules.size);
}

static void
random_disks_agree_with_the_model(void **state)
{
  (void)state;
  run_seeds(1000, one_random_disk);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_small_disk_is_asked_about_once),
    cmocka_unit_test(whole_answers_make_large_windows),
    cmocka_unit_test(short_answers_are_asked_on_side_by_side),
    cmocka_unit_test(what_is_known_passes_on_in_order),
    cmocka_unit_test(the_last_answer_may_reach_further),
    cmocka_unit_test(a_failed_question_is_data),
    cmocka_unit_test(of_what_isnt_wanted_nothing_is_asked),
    cmocka_unit_test(what_is_skipped_leaves_out_what_isnt_wanted),
    cmocka_unit_test(where_nobody_can_be_asked_all_that_is_wanted_is_data),
    cmocka_unit_test(of_a_part_nothing_is_guessed),
    cmocka_unit_test(what_is_asked_again_was_never_answered),
    cmocka_unit_test(all_can_begin_anew),
    cmocka_unit_test(what_is_skipped_is_data),
    cmocka_unit_test(what_is_skipped_begins_behind_what_is_known),
    cmocka_unit_test(what_nobody_waits_for_is_not_asked),
    cmocka_unit_test(mistakes_are_asserted),
    cmocka_unit_test(random_disks_agree_with_the_model),
  };

  contexts_add(&allocation, CONTEXT_ALLOCATION_NAME, false);
  contexts_add(&changes, CONTEXT_ALLOCATION_NAME, false);
  contexts_add(&changes, CONTEXT_DIRTY_PREFIX "b", true);
  extents_init(&extents, ring, EXTENTS_MAX);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
