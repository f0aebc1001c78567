/* SPDX-License-Identifier: MIT */
/* What a block has to be is taken from a list that lies with somebody else: it must be the one that was read first, whole, and
 * each block's own line of it, or a copy is held to the wrong thing. */
#include "unit/unit.h"

#include "copy/block_list.h"

#include <errno.h>

#define BYTES 4
#define SIZE_MAX_OF_TEST (40000 * 4)

static uint8_t windows[BLOCK_LIST_WINDOWS * BLOCK_LIST_PART_BYTES(BYTES)];
static uint8_t marks[BLOCK_LIST_PARTS_MAX * BYTES];
static uint8_t disk[SIZE_MAX_OF_TEST], lines[SIZE_MAX_OF_TEST * BYTES + 4096], zero_line[BYTES];
static struct block_list list;

/* A sum by places, which no two of these blocks share. */
static void
sum(const struct block_hash *hash, const uint8_t *data, uint64_t block_bytes, uint64_t count, uint8_t *digests)
{
  for (; count > 0; count--, data += block_bytes, digests += hash->digest_bytes) {
    uint32_t digest = (uint32_t)block_bytes;
    for (uint64_t i = 0; i < block_bytes; i++)
      digest = digest * 31 + data[i] + 7;
    memcpy(digests, &digest, BYTES);
  }
}

static const struct block_hash hash = { sum, BYTES };

/* A list of `blocks` blocks of 4 bytes and `tail` more, each of which is other than its neighbours but for every third run of ten. */
static uint64_t
begin(uint64_t blocks, uint64_t tail, uint64_t request_max, uint64_t block_min)
{
  uint64_t size = blocks * 4 + tail, bytes = block_list_bytes(size, 4, BYTES);
  struct block_list_config config = {
    .hash = &hash, .size = size, .block_bytes = 4, .zero_digest = zero_line, .windows = windows, .marks = marks
  };

  for (uint64_t i = 0; i < size; i++)
    disk[i] = i / 40 % 3 == 0 ? 0 : (uint8_t)(1 + i / 4 % 251);
  memset(lines, 0xee, sizeof lines);
  sum(&hash, (const uint8_t[4]){ 0 }, 4, 1, zero_line);
  sum(&hash, disk, 4, blocks, lines);
  if (tail > 0)
    sum(&hash, disk + blocks * 4, tail, 1, lines + blocks * BYTES);
  config.list = (struct traits){ .size = bytes + 100, .request_max = request_max, .block_min = block_min };
  assert_false(block_list_is_too_long(size, 4));
  block_list_init(&list, &config);
  return size;
}

static enum block_answer
answer_question(struct request *question)
{
  const struct traits *traits = &list.config.list;

  assert_true(question->offset % traits->block_min == 0 && question->length <= traits->request_max);
  assert_true(question->length % traits->block_min == 0 || question->offset + question->length == traits->size);
  memcpy(question->payload, lines + question->offset, question->length);
  question->errnum = 0;
  question->done = question->length;
  return block_list_learn(&list, question);
}

/* All questions about what is at an offset, and how many were asked. */
static unsigned
answer_all(uint64_t offset)
{
  struct request *question;
  unsigned asked = 0;

  while ((question = block_list_ask(&list, offset)) && asked++ < 100000)
    assert_int_equal(answer_question(question), BLOCK_ANSWER_TAKEN);
  return asked;
}

static uint64_t
note_all(void)
{
  uint64_t seen = 0, length;
  const uint8_t *part;

  while (!block_list_is_noted(&list)) {
    answer_all(list.noted * BLOCK_LIST_PART_BLOCKS * 4);
    while ((part = block_list_next(&list, &length))) {
      assert_memory_equal(part, lines + seen, length);
      seen += length;
    }
  }
  return seen;
}

static void
it_is_read_once_as_a_whole(void **state)
{
  static const uint64_t maxima[] = { 1 << 20, 5000, 512 };

  (void)state;
  for (unsigned i = 0; i < LENGTH_OF(maxima); i++)
    for (uint64_t tail = 0; tail < 3; tail += 2) {
      uint64_t size = begin(39999, tail, maxima[i], i == 2 ? 512 : 1);
      assert_true(note_all() == block_list_bytes(size, 4, BYTES));
    }
  assert_true(begin(0, 0, 512, 1) == 0 && block_list_is_noted(&list));
}

static void
each_block_has_its_own_line(void **state)
{
  uint8_t taken[10 * BYTES];

  (void)state;
  uint64_t size = begin(39999, 2, 70000, 512);
  note_all();
  for (uint64_t offset = 0; offset < size; offset += 40) {
    uint64_t end = offset + 40 < size ? offset + 40 : size, part = BLOCK_LIST_PART_BLOCKS * 4;
    end = end > offset / part * part + part ? offset / part * part + part : end;
    answer_all(offset);
    assert_true(block_list_has(&list, offset));
    block_list_take(&list, offset, end, taken);
    assert_memory_equal(taken, lines + offset / 4 * BYTES, (end - offset + 3) / 4 * BYTES);
    assert_true(block_list_good(&list, taken, disk + offset, end - offset) == end - offset);
  }
}

static void
zeros_are_known_by_their_line(void **state)
{
  bool is_zero;

  (void)state;
  uint64_t size = begin(1002, 2, 70000, 1);
  note_all();
  assert_true(block_list_run(&list, 0, size, &is_zero) == 40 && is_zero);
  assert_true(block_list_run(&list, 8, size, &is_zero) == 40 && is_zero);
  assert_true(block_list_run(&list, 40, size, &is_zero) == 120 && !is_zero);
  assert_true(block_list_run(&list, 40, 60, &is_zero) == 60 && !is_zero); /* not farther than it is asked */
  assert_true(block_list_run(&list, 120, 124, &is_zero) == 160 && is_zero);
  /* A short last block is read, whatever it is of: here the digest of a whole one of zeros. */
  memcpy(lines + 1002 * BYTES, zero_line, BYTES);
  list.noted = 0;
  memset(list.windows, 0, sizeof list.windows);
  note_all();
  assert_true(block_list_run(&list, 4008, size, &is_zero) == size && !is_zero);
}

static void
what_differs_is_found_where_it_is(struct random *random)
{
  uint8_t taken[100 * BYTES];

  uint64_t size = begin(200, 3, 70000, 1), offset = random_between(random, 0, 150) * 4;
  note_all();
  answer_all(offset);
  uint64_t end = offset + 4 * random_between(random, 1, 60), bad;
  end = end > size ? size : end;
  block_list_take(&list, offset, end, taken);
  bad = random_between(random, offset, end - 1);
  disk[bad] ^= 1 << random_between(random, 0, 7);
  check(block_list_good(&list, taken, disk + offset, end - offset) == (bad - offset) / 4 * 4);
}

static void
a_block_that_differs_is_found(void **state)
{
  (void)state;
  run_seeds(500, what_differs_is_found_where_it_is);
}

static void
a_list_that_changes_is_noticed(void **state)
{
  (void)state;
  begin(39999, 0, 1 << 20, 1);
  note_all(); /* what was noted last is here */
  lines[17] ^= 4;
  struct request *question = block_list_ask(&list, 0);
  assert_int_equal(answer_question(question), BLOCK_ANSWER_DIFFERS);
  assert_false(block_list_has(&list, 0));
  lines[17] ^= 4;
  question = block_list_ask(&list, 0);
  assert_true(question->offset == 0);
  assert_int_equal(answer_question(question), BLOCK_ANSWER_TAKEN);
  assert_true(block_list_has(&list, 0));
}

static void
what_failed_waits_and_is_asked_again(void **state)
{
  (void)state;
  begin(39999, 0, 1 << 20, 1);
  struct request *first = block_list_ask(&list, 0), *second = block_list_ask(&list, 0);
  assert_true(first && second && first != second && !block_list_ask(&list, 0));
  assert_int_equal(block_list_out(&list), 2);
  first->errnum = EIO;
  assert_int_equal(block_list_learn(&list, first), BLOCK_ANSWER_FAILED);
  second->errnum = 0;
  second->done = second->length - 1; /* it ends there */
  assert_int_equal(block_list_learn(&list, second), BLOCK_ANSWER_FAILED);
  block_list_retry(first)->waits = block_list_retry(second)->waits = true;
  assert_null(block_list_ask(&list, 0));
  block_list_retry(second)->waits = false;
  assert_ptr_equal(block_list_ask(&list, 0), second);
  assert_int_equal(block_list_out(&list), 1);
}

static void
a_list_may_be_too_long(void **state)
{
  uint64_t most = BLOCK_LIST_PARTS_MAX * BLOCK_LIST_PART_BLOCKS * 65536;

  (void)state;
  assert_false(block_list_is_too_long(most, 65536));
  assert_true(block_list_is_too_long(most + 1, 65536));
  assert_false(block_list_is_too_long(most + 1, 131072));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_is_read_once_as_a_whole),     cmocka_unit_test(each_block_has_its_own_line),
    cmocka_unit_test(zeros_are_known_by_their_line),  cmocka_unit_test(a_block_that_differs_is_found),
    cmocka_unit_test(a_list_that_changes_is_noticed), cmocka_unit_test(what_failed_waits_and_is_asked_again),
    cmocka_unit_test(a_list_may_be_too_long),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
