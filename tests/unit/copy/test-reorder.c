/* SPDX-License-Identifier: MIT */
/* The queue decides in which order the destination is written: a piece that
 * is popped too early, twice or never is a disk that is silently wrong. */
#include "unit/unit.h"

#include "copy/reorder.h"

static struct reorder reorder; /* too large for the stack */

static struct piece
piece_at(uint64_t offset, uint64_t length)
{
  return (struct piece){ .offset = offset, .length = length, .slot = SLOT_NONE };
}

static void
an_empty_queue_has_nothing(void **state)
{
  struct piece piece;

  (void)state;
  reorder_init(&reorder, 4096);
  assert_int_equal(reorder_room(&reorder), PIECES_MAX);
  assert_false(reorder_is_ready(&reorder));
  assert_false(reorder_pop(&reorder, &piece));
  assert_int_equal(reorder.frontier, 4096);
}

static void
pieces_wait_for_those_before_them(void **state)
{
  struct piece piece;

  (void)state;
  reorder_init(&reorder, 0);
  reorder_push(&reorder, piece_at(20, 5));
  reorder_push(&reorder, piece_at(10, 10));
  assert_false(reorder_is_ready(&reorder));
  assert_false(reorder_pop(&reorder, &piece));
  assert_int_equal(reorder_room(&reorder), PIECES_MAX - 2);
  reorder_push(&reorder, piece_at(0, 10));
  for (uint64_t at = 0; at < 20; at += 10) {
    assert_true(reorder_is_ready(&reorder));
    assert_true(reorder_pop(&reorder, &piece));
    assert_int_equal(piece.offset, at);
    assert_int_equal(reorder.frontier, at + 10);
  }
  assert_true(reorder_pop(&reorder, &piece));
  assert_int_equal(reorder.frontier, 25);
  assert_false(reorder_pop(&reorder, &piece));
  assert_int_equal(reorder_room(&reorder), PIECES_MAX);
}

static void
a_piece_leaves_as_it_came(void **state)
{
  static const uint8_t bytes[3] = { 1, 2, 3 };
  struct piece piece;

  (void)state;
  reorder_init(&reorder, 7);
  reorder_push(&reorder, (struct piece){ 7, 3, bytes, 42, false });
  assert_true(reorder_pop(&reorder, &piece));
  assert_int_equal(piece.offset, 7);
  assert_int_equal(piece.length, 3);
  assert_ptr_equal(piece.data, bytes);
  assert_int_equal(piece.slot, 42);
}

static void
the_last_offsets_do_not_wrap(void **state)
{
  struct piece piece;

  (void)state;
  reorder_init(&reorder, UINT64_MAX - 10);
  reorder_push(&reorder, piece_at(UINT64_MAX - 5, 5));
  reorder_push(&reorder, piece_at(UINT64_MAX - 10, 5));
  assert_true(reorder_pop(&reorder, &piece));
  assert_true(reorder_pop(&reorder, &piece));
  assert_true(piece.offset == UINT64_MAX - 5);
  assert_true(reorder.frontier == UINT64_MAX);
}

static void
push_below_the_frontier(void)
{
  reorder_init(&reorder, 10);
  reorder_push(&reorder, piece_at(9, 5));
}

static void
push_an_empty_piece(void)
{
  reorder_init(&reorder, 10);
  reorder_push(&reorder, piece_at(10, 0));
}

static void
push_overlapping_pieces(void)
{
  struct piece piece;

  reorder_init(&reorder, 0);
  reorder_push(&reorder, piece_at(0, 10));
  reorder_push(&reorder, piece_at(9, 10));
  while (reorder_pop(&reorder, &piece))
    ;
}

static void
push_too_many(void)
{
  reorder_init(&reorder, 0);
  for (uint64_t i = 0; i <= PIECES_MAX; i++)
    reorder_push(&reorder, piece_at(i, 1));
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(push_below_the_frontier));
  assert_true(is_asserted(push_an_empty_piece));
  assert_true(is_asserted(push_overlapping_pieces));
  assert_true(is_asserted(push_too_many));
}

/* As many pieces as it takes, in the worst orders and in a shuffled one. */
static void
a_full_queue_is_sorted(void **state)
{
  static uint64_t order[PIECES_MAX];
  struct random random = { 1 };
  struct piece piece;

  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    for (uint64_t i = 0; i < PIECES_MAX; i++) {
      uint64_t other = kind == 2 ? random_between(&random, 0, i) : i;
      order[i] = order[other];
      order[other] = kind == 1 ? PIECES_MAX - 1 - i : i;
    }
    reorder_init(&reorder, 0);
    for (uint64_t i = 0; i < PIECES_MAX; i++)
      reorder_push(&reorder, piece_at(order[i] * 3, 3));
    assert_int_equal(reorder_room(&reorder), 0);
    for (uint64_t i = 0; i < PIECES_MAX; i++) {
      assert_true(reorder_pop(&reorder, &piece));
      assert_int_equal(piece.offset, i * 3);
    }
    assert_int_equal(reorder_room(&reorder), PIECES_MAX);
  }
}

/* Reads begin in ascending order, as slots are free, and answer in any order and
 * in parts; a slot is free again when its last piece was popped. */
static void
one_random_copy(struct random *random)
{
  struct read {
    uint64_t next, end; /* what hasn't been answered; next == end: all was */
    uint64_t unpopped;  /* bytes that have not yet been popped; 0: the slot is free */
    bool backwards;     /* answers its last part first */
  } slots[SLOTS_MAX] = { 0 };
  uint64_t slot_count = random_between(random, 1, SLOTS_MAX), size = random_between(random, 1, 5000);
  uint64_t read_max = random_between(random, 1, 100), planned = 0, frontier = 0, start = random_next(random) >> 1;
  struct piece piece;

  reorder_init(&reorder, start);
  for (unsigned turns = 0; frontier < size; turns++) {
    struct read *read = &slots[random_between(random, 0, slot_count - 1)];
    check(turns < 1000000); /* no deadlock */
    if (read->unpopped == 0 && planned < size) {
      read->next = planned;
      read->unpopped = random_between(random, 1, read_max);
      read->unpopped = read->unpopped < size - planned ? read->unpopped : size - planned;
      read->end = planned += read->unpopped;
      read->backwards = random_one_in(random, 2);
    } else if (read->next < read->end) {
      uint64_t length = random_between(random, 1, read->end - read->next);
      uint64_t at = read->backwards ? read->end - length : read->next;
      if (read->backwards)
        read->end -= length;
      else
        read->next += length;
      reorder_push(&reorder, (struct piece){ start + at, length, NULL, (uint32_t)(read - slots), false });
    }
    while (!random_one_in(random, 3) && reorder_is_ready(&reorder)) {
      check(reorder_pop(&reorder, &piece));
      check(piece.offset == start + frontier);
      frontier += piece.length;
      check(reorder.frontier == start + frontier);
      check(piece.slot < slot_count && slots[piece.slot].unpopped >= piece.length);
      slots[piece.slot].unpopped -= piece.length;
    }
  }
  check(frontier == size && reorder_room(&reorder) == PIECES_MAX);
}

static void
random_copies_leave_in_order(void **state)
{
  (void)state;
  run_seeds(500, one_random_copy);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_empty_queue_has_nothing),   cmocka_unit_test(pieces_wait_for_those_before_them),
    cmocka_unit_test(a_piece_leaves_as_it_came),    cmocka_unit_test(the_last_offsets_do_not_wrap),
    cmocka_unit_test(mistakes_are_asserted),        cmocka_unit_test(a_full_queue_is_sorted),
    cmocka_unit_test(random_copies_leave_in_order),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
