/* SPDX-License-Identifier: MIT */
/* A read counts as done only when its chunks cover it once: these tests stand
 * between a faulty server and stale bytes of a buffer being taken for the disk. */
#include "unit/unit.h"

#include "disk/chunks.h"

#define MODEL_BYTES 600

enum { UNCOVERED, DATA, ZERO };

static void
assert_chunk(const struct chunks *chunks, size_t at, uint64_t offset, uint64_t length, bool zero)
{
  assert_true(at < chunks->count);
  assert_int_equal(chunks->list[at].offset, offset);
  assert_int_equal(chunks->list[at].length, length);
  assert_int_equal(chunks->list[at].zero, zero);
}

static void
nothing_covers_nothing_only(void **state)
{
  struct chunks chunks;

  (void)state;
  chunks_clear(&chunks);
  assert_true(chunks_cover(&chunks, 0));
  assert_false(chunks_cover(&chunks, 1));
  assert_true(chunks_add(&chunks, 7, 0, true));
  assert_int_equal(chunks.count, 0);
}

static void
pieces_in_any_order_make_a_whole(void **state)
{
  struct chunks chunks;

  (void)state;
  chunks_clear(&chunks);
  assert_true(chunks_add(&chunks, 20, 10, false));
  assert_true(chunks_add(&chunks, 0, 10, false));
  assert_false(chunks_cover(&chunks, 30));
  assert_true(chunks_add(&chunks, 10, 10, false));
  assert_true(chunks_cover(&chunks, 30));
  assert_int_equal(chunks.count, 1);
  assert_chunk(&chunks, 0, 0, 30, false);
}

static void
kinds_that_differ_stay_apart(void **state)
{
  struct chunks chunks;

  (void)state;
  chunks_clear(&chunks);
  assert_true(chunks_add(&chunks, 0, 10, false));
  assert_true(chunks_add(&chunks, 10, 10, true));
  assert_true(chunks_add(&chunks, 30, 10, true));
  assert_true(chunks_add(&chunks, 20, 10, false));
  assert_int_equal(chunks.count, 4);
  assert_chunk(&chunks, 1, 10, 10, true);
  assert_chunk(&chunks, 2, 20, 10, false);
}

static void
more_or_less_than_the_read_is_no_cover(void **state)
{
  struct chunks chunks;

  (void)state;
  chunks_clear(&chunks);
  chunks_add(&chunks, 0, 512, false);
  assert_true(chunks_cover(&chunks, 512));
  assert_false(chunks_cover(&chunks, 511));
  assert_false(chunks_cover(&chunks, 513));
  chunks_clear(&chunks);
  chunks_add(&chunks, 1, 511, false);
  assert_false(chunks_cover(&chunks, 512));
  assert_false(chunks_cover(&chunks, 511));
}

static void
what_was_answered_cannot_be_answered_again(void **state)
{
  static const struct {
    uint64_t offset, length;
  } repeats[] = { { 100, 100 }, { 100, 1 }, { 199, 1 }, { 99, 2 }, { 199, 2 }, { 150, 10 }, { 0, 400 }, { 50, 300 } };
  struct chunks chunks;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(repeats); i++)
    for (int zero = 0; zero < 2; zero++) {
      chunks_clear(&chunks);
      assert_true(chunks_add(&chunks, 100, 100, false));
      assert_true(chunks_add(&chunks, 300, 10, true));
      assert_false(chunks_add(&chunks, repeats[i].offset, repeats[i].length, zero));
      assert_int_equal(chunks.count, 2);
      assert_chunk(&chunks, 0, 100, 100, false);
      assert_chunk(&chunks, 1, 300, 10, true);
    }
}

/* A part sent twice and another left out: the lengths add up, the bytes don't. */
static void
lengths_that_add_up_are_not_enough(void **state)
{
  struct chunks chunks;

  (void)state;
  chunks_clear(&chunks);
  assert_true(chunks_add(&chunks, 0, 512, false));
  assert_false(chunks_add(&chunks, 0, 512, false));
  assert_false(chunks_cover(&chunks, 1024));
}

/* Data in [0, 10), zeros in [10, 20), data again in [30, 40). */
static void
a_failed_read_keeps_its_gapless_front(void **state)
{
  static const struct {
    uint64_t limit, kept;
    size_t count;
  } cases[] = { { 0, 0, 0 },   { 1, 1, 1 },   { 10, 10, 1 }, { 11, 11, 2 },
                { 20, 20, 2 }, { 25, 20, 2 }, { 35, 20, 2 }, { UINT64_MAX, 20, 2 } };
  struct chunks chunks;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    chunks_clear(&chunks);
    chunks_add(&chunks, 0, 10, false);
    chunks_add(&chunks, 10, 10, true);
    chunks_add(&chunks, 30, 10, false);
    assert_int_equal(chunks_keep_front(&chunks, cases[i].limit), cases[i].kept);
    assert_int_equal(chunks.count, cases[i].count);
    assert_true(chunks_cover(&chunks, cases[i].kept));
  }
  chunks_clear(&chunks);
  chunks_add(&chunks, 1, 10, false); /* without its first byte there is no front */
  assert_int_equal(chunks_keep_front(&chunks, 100), 0);
  assert_int_equal(chunks.count, 0);
}

/* CHUNKS_MAX chunks of 10 at 0, 20, 40, ... */
static void
fill(struct chunks *chunks, bool zero)
{
  chunks_clear(chunks);
  for (uint64_t i = 0; i < CHUNKS_MAX; i++)
    assert_true(chunks_add(chunks, i * 20, 10, zero));
}

static void
a_full_list_refuses_what_lies_apart(void **state)
{
  struct chunks chunks, before;

  (void)state;
  fill(&chunks, false);
  before = chunks;
  assert_false(chunks_add(&chunks, 12, 5, false));
  assert_false(chunks_add(&chunks, CHUNKS_MAX * 20, 5, true));
  assert_memory_equal(&chunks, &before, sizeof chunks);
}

static void
in_a_full_list_data_absorbs_zero(void **state)
{
  struct chunks chunks;

  (void)state;
  fill(&chunks, false);
  assert_true(chunks_add(&chunks, 10, 2, true)); /* on its left */
  assert_chunk(&chunks, 0, 0, 12, false);
  assert_true(chunks_add(&chunks, 38, 2, true)); /* on its right */
  assert_chunk(&chunks, 2, 38, 12, false);
  assert_int_equal(chunks.count, CHUNKS_MAX);
}

static void
in_a_full_list_zero_becomes_data(void **state)
{
  struct chunks chunks;

  (void)state;
  fill(&chunks, true);
  assert_true(chunks_add(&chunks, 10, 2, false));
  assert_chunk(&chunks, 0, 0, 12, false);
  assert_true(chunks_add(&chunks, 38, 2, false));
  assert_chunk(&chunks, 2, 38, 12, false);
  assert_chunk(&chunks, 1, 20, 10, true);
}

/* What fills a gap frees a place in the list. */
static void
a_full_list_takes_apart_again_after_a_join(void **state)
{
  struct chunks chunks;

  (void)state;
  fill(&chunks, false);
  assert_true(chunks_add(&chunks, 10, 10, false));
  assert_int_equal(chunks.count, CHUNKS_MAX - 1);
  assert_chunk(&chunks, 0, 0, 30, false);
  assert_true(chunks_add(&chunks, 32, 3, true));
  assert_chunk(&chunks, 1, 32, 3, true);
}

/* ---- Against an array that says for each byte what it was answered as ---- */

static void
check_against_model(const struct chunks *chunks, const uint8_t *model, bool exact)
{
  uint8_t seen[MODEL_BYTES] = { 0 };

  check(chunks->count <= CHUNKS_MAX);
  for (size_t i = 0; i < chunks->count; i++) {
    const struct chunk *chunk = &chunks->list[i];
    check(chunk->length > 0 && chunk->offset + chunk->length <= MODEL_BYTES);
    check(i == 0 || chunk[-1].offset + chunk[-1].length <= chunk->offset);
    check(i == 0 || chunk[-1].offset + chunk[-1].length < chunk->offset || chunk[-1].zero != chunk->zero);
    memset(seen + chunk->offset, chunk->zero ? ZERO : DATA, chunk->length);
  }
  for (size_t at = 0; at < MODEL_BYTES; at++)
    check(seen[at] == model[at] || (!exact && model[at] == ZERO && seen[at] == DATA));
}

static bool
model_covers(const uint8_t *model, uint64_t length)
{
  for (uint64_t at = 0; at < MODEL_BYTES; at++)
    if ((model[at] != UNCOVERED) != (at < length))
      return false;
  return true;
}

static void
one_random_reply(struct random *random)
{
  uint8_t model[MODEL_BYTES] = { 0 };
  uint64_t length_max = random_between(random, 1, 40);
  unsigned zeros_in = (unsigned)random_between(random, 1, 4);
  bool exact = true; /* the list was never full, so nothing lost its kind */
  struct chunks chunks;

  chunks_clear(&chunks);
  for (unsigned step = 0; step < 250; step++) {
    uint64_t length = random_between(random, 0, length_max);
    uint64_t offset = random_between(random, 0, MODEL_BYTES - length);
    bool zero = random_one_in(random, zeros_in);
    bool full = chunks.count == CHUNKS_MAX;
    bool touches = (offset > 0 && model[offset - 1] != UNCOVERED) ||
                   (offset + length < MODEL_BYTES && model[offset + length] != UNCOVERED);
    bool free = true;
    struct chunks before = chunks;

    for (uint64_t at = offset; at < offset + length; at++)
      free = free && model[at] == UNCOVERED;
    bool fits = length == 0 || (free && (!full || touches));
    check(chunks_add(&chunks, offset, length, zero) == fits);
    if (!fits)
      check(memcmp(&chunks, &before, sizeof chunks) == 0);
    else
      memset(model + offset, zero ? ZERO : DATA, length);
    exact = exact && !full;
    check_against_model(&chunks, model, exact);
  }

  uint64_t limit = random_between(random, 0, MODEL_BYTES), front = 0;
  while (front < limit && model[front] != UNCOVERED)
    front++;
  check(chunks_keep_front(&chunks, limit) == front);
  check(chunks_cover(&chunks, front));
  memset(model + front, UNCOVERED, MODEL_BYTES - front);
  check_against_model(&chunks, model, exact);
}

static void
random_replies_agree_with_the_model(void **state)
{
  (void)state;
  run_seeds(400, one_random_reply);
}

/* A whole reply in shuffled parts, no more of them than the list takes. */
static void
one_shuffled_reply(struct random *random)
{
  uint64_t cuts = random_between(random, 1, CHUNKS_MAX), order[CHUNKS_MAX];
  uint8_t model[MODEL_BYTES] = { 0 };
  uint64_t part = MODEL_BYTES / cuts;
  struct chunks chunks;

  chunks_clear(&chunks);
  for (uint64_t i = 0; i < cuts; i++) {
    uint64_t other = random_between(random, 0, i);
    order[i] = order[other];
    order[other] = i;
  }
  for (uint64_t i = 0; i < cuts; i++) {
    bool zero = random_one_in(random, 2);
    check(!chunks_cover(&chunks, cuts * part));
    check(chunks_add(&chunks, order[i] * part, part, zero));
    memset(model + order[i] * part, zero ? ZERO : DATA, part);
    for (uint64_t length = 0; length <= cuts; length++)
      check(chunks_cover(&chunks, length * part) == model_covers(model, length * part));
  }
  check(chunks_cover(&chunks, cuts * part));
  check_against_model(&chunks, model, true);
}

static void
shuffled_replies_are_covered_at_the_last_part(void **state)
{
  (void)state;
  run_seeds(100, one_shuffled_reply);
}

static void
what_is_joined_is_one_piece_of_data(void **state)
{
  struct chunks chunks;

  (void)state;
  chunks_clear(&chunks);
  chunks_join(&chunks);
  check(chunks.count == 0);
  check(chunks_add(&chunks, 0, 5, true));
  chunks_join(&chunks);
  check(chunks.count == 1 && chunks.list[0].zero);
  check(chunks_add(&chunks, 5, 7, false) && chunks_add(&chunks, 12, 1, true));
  chunks_join(&chunks);
  check(chunks.count == 1 && !chunks.list[0].zero && chunks_cover(&chunks, 13));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_covers_nothing_only),
    cmocka_unit_test(pieces_in_any_order_make_a_whole),
    cmocka_unit_test(kinds_that_differ_stay_apart),
    cmocka_unit_test(more_or_less_than_the_read_is_no_cover),
    cmocka_unit_test(what_was_answered_cannot_be_answered_again),
    cmocka_unit_test(lengths_that_add_up_are_not_enough),
    cmocka_unit_test(a_failed_read_keeps_its_gapless_front),
    cmocka_unit_test(a_full_list_refuses_what_lies_apart),
    cmocka_unit_test(in_a_full_list_data_absorbs_zero),
    cmocka_unit_test(in_a_full_list_zero_becomes_data),
    cmocka_unit_test(a_full_list_takes_apart_again_after_a_join),
    cmocka_unit_test(random_replies_agree_with_the_model),
    cmocka_unit_test(what_is_joined_is_one_piece_of_data),
    cmocka_unit_test(shuffled_replies_are_covered_at_the_last_part),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
