/* SPDX-License-Identifier: MIT */
/* Behind the whole program's malloc stands this heap: a mistake in it shows as
 * anything, anywhere, so each block is held against a shadow table here. */
#include "unit/unit.h"

#include <errno.h>

/* The room under other names: the test itself needs the C library's. */
#define malloc heap_malloc
#define free heap_free
#define calloc heap_calloc
#define realloc heap_realloc
#define aligned_alloc heap_aligned_alloc
#define memalign heap_memalign
#define posix_memalign heap_posix_memalign
void *heap_malloc(size_t bytes);
void heap_free(void *pointer);
void *heap_calloc(size_t count, size_t bytes);
void *heap_realloc(void *pointer, size_t bytes);
void *heap_aligned_alloc(size_t alignment, size_t bytes);
void *heap_memalign(size_t alignment, size_t bytes);
int heap_posix_memalign(void **pointer, size_t alignment, size_t bytes);
#include "os/heap.c"
#undef malloc
#undef free
#undef calloc
#undef realloc
#undef aligned_alloc
#undef memalign
#undef posix_memalign

struct heap heap;

/* The most that one block can hold. */
#define LARGEST (HEAP_BYTES - HEADER)

static int
start_empty(void **state)
{
  (void)state;
  memset(&heap, 0, sizeof heap);
  return 0;
}

/* Walks over all blocks: their sizes add up, each knows its left neighbour, no
 * two free ones touch, and the lists hold the free ones and no others. */
static void
check_heap(void)
{
  size_t used = 0, left = 0, free_blocks = 0, listed = 0;
  bool left_is_free = false;

  for (size_t at = 0; at < HEAP_BYTES; at += left) {
    const struct heap_block *block = (const struct heap_block *)(heap.bytes + at);
    size_t bytes = size_of(block);
    check(bytes >= BLOCK_MIN && bytes % UNIT == 0 && bytes <= HEAP_BYTES - at);
    check(block->left_bytes == left);
    check(in_use(block) || !left_is_free);
    used += in_use(block) ? bytes : 0;
    free_blocks += !in_use(block);
    left_is_free = !in_use(block);
    left = bytes;
  }
  for (unsigned bin = 0; bin < HEAP_BINS; bin++)
    for (const struct heap_block *block = heap.bins[bin]; block; block = block->next) {
      check(!in_use(block) && bin_of(size_of(block)) == bin);
      check(!block->next || block->next->previous == block);
      check(++listed <= free_blocks);
    }
  check(listed == free_blocks);
  check(heap.used == used && heap.peak >= used);
}

/* All of it is one free block again. */
static void
check_empty(void)
{
  check_heap();
  check(heap.used == 0);
  void *all = heap_malloc(LARGEST);
  check(all == heap.bytes + HEADER);
  heap_free(all);
  check(heap.used == 0);
}

static void
a_fresh_heap_gives_all_that_it_has(void **state)
{
  (void)state;
  unsigned char *all = heap_malloc(LARGEST);
  assert_non_null(all);
  memset(all, 1, LARGEST);
  assert_int_equal(heap.used, HEAP_BYTES);
  assert_null(heap_malloc(0));
  heap_free(all);
  check_empty();
  assert_int_equal(heap.peak, HEAP_BYTES);
}

static void
nothing_is_something_of_its_own(void **state)
{
  (void)state;
  void *first = heap_malloc(0), *second = heap_malloc(0);
  assert_non_null(first);
  assert_non_null(second);
  assert_ptr_not_equal(first, second);
  heap_free(first);
  heap_free(second);
  heap_free(NULL);
  check_empty();
}

static void
too_much_is_refused_with_enomem(void **state)
{
  static const size_t sizes[] = { LARGEST + 1, HEAP_BYTES, HEAP_BYTES + 1, SIZE_MAX / 2, SIZE_MAX - HEADER, SIZE_MAX };

  (void)state;
  void *kept = heap_malloc(100);
  for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
    errno = 0;
    assert_null(heap_malloc(sizes[i]));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(heap_calloc(1, sizes[i]));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(heap_realloc(kept, sizes[i]));
    assert_int_equal(errno, ENOMEM);
  }
  errno = 0;
  assert_null(heap_calloc(SIZE_MAX / 2 + 2, 2)); /* a product that wraps to 2 */
  assert_int_equal(errno, ENOMEM);
  heap_free(kept);
  check_empty();
}

static void
a_full_heap_refuses_and_recovers(void **state)
{
  static void *blocks[HEAP_BYTES / 1024 + 1];
  size_t count = 0;

  (void)state;
  while ((blocks[count] = heap_malloc(1000)))
    count++;
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(count, HEAP_BYTES / 1024); /* with their headers */
  check_heap();
  /* Every second one: room enough in all, but in small parts. */
  for (size_t i = 0; i < count; i += 2)
    heap_free(blocks[i]);
  check_heap();
  assert_null(heap_malloc(2100));
  void *again = heap_malloc(1000);
  assert_non_null(again);
  heap_free(again);
  for (size_t i = 1; i < count; i += 2)
    heap_free(blocks[i]);
  check_empty();
}

static void
neighbours_become_one_in_any_order(void **state)
{
  static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(orders); i++) {
    void *blocks[3] = { heap_malloc(100), heap_malloc(200), heap_malloc(300) };
    for (int n = 0; n < 3; n++) {
      heap_free(blocks[orders[i][n]]);
      check_heap();
    }
    check_empty();
  }
}

static void
calloc_gives_zeros_where_others_were(void **state)
{
  (void)state;
  unsigned char *old = heap_malloc(5000);
  memset(old, 0xff, 5000);
  heap_free(old);
  unsigned char *fresh = heap_calloc(50, 100);
  assert_ptr_equal(fresh, old);
  for (size_t i = 0; i < 5000; i++)
    assert_int_equal(fresh[i], 0);
  heap_free(fresh);
  heap_free(heap_calloc(0, 100));
  heap_free(heap_calloc(SIZE_MAX, 0));
  check_empty();
}

static void
realloc_keeps_the_content(void **state)
{
  (void)state;
  char *text = heap_realloc(NULL, 10);
  strcpy(text, "some text");
  void *behind = heap_malloc(1); /* so that it has to move */
  for (size_t bytes = 10; bytes < 100000; bytes *= 3) {
    text = heap_realloc(text, bytes);
    assert_non_null(text);
    assert_string_equal(text, "some text");
    check_heap();
  }
  text = heap_realloc(text, 10);
  assert_string_equal(text, "some text");
  assert_null(heap_realloc(text, SIZE_MAX)); /* and what it was stays */
  assert_string_equal(text, "some text");
  heap_free(text);
  heap_free(behind);
  check_empty();
}

/* libnbd free()s a string literal when it runs out of memory at a bad moment. */
static void
what_is_not_the_heaps_is_left_alone(void **state)
{
  char local[64] = "on the stack";

  (void)state;
  void *ours = heap_malloc(10);
  heap_free((void *)(uintptr_t) "a literal");
  heap_free(local + 16);
  heap_free(heap.bytes + HEAP_BYTES);
  heap_free(heap.bytes - 1);
  assert_string_equal(local, "on the stack");
  check_heap();
  heap_free(ours);
  check_empty();
}

static void
free_keeps_errno(void **state)
{
  (void)state;
  void *block = heap_malloc(10);
  errno = EBADMSG;
  heap_free(block);
  heap_free(NULL);
  assert_int_equal(errno, EBADMSG);
}

static void
free_twice(void)
{
  void *block = heap_malloc(10);

  heap_malloc(10);
  heap_free(block);
  heap_free(block);
}

static void
freeing_twice_is_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(free_twice));
}

static void
alignment_is_that_of_malloc_or_refused(void **state)
{
  void *pointer;

  (void)state;
  for (size_t bytes = 0; bytes < 100; bytes++)
    assert_int_equal((uintptr_t)heap_malloc(bytes) % _Alignof(max_align_t), 0);
  for (size_t alignment = sizeof(void *); alignment <= 16; alignment *= 2) {
    assert_int_equal((uintptr_t)heap_aligned_alloc(alignment, 48) % alignment, 0);
    assert_int_equal((uintptr_t)heap_memalign(alignment, 48) % alignment, 0);
    assert_int_equal(heap_posix_memalign(&pointer, alignment, 48), 0);
    assert_int_equal((uintptr_t)pointer % alignment, 0);
  }
  errno = 0;
  assert_null(heap_aligned_alloc(32, 64));
  assert_int_equal(errno, EINVAL);
  assert_int_equal(heap_posix_memalign(&pointer, 4096, 64), EINVAL);
  assert_int_equal(heap_posix_memalign(&pointer, 16, SIZE_MAX), ENOMEM);
}

/* ---- Against a shadow table that knows what every block holds ---- */

#define SHADOWS 300

struct shadow {
  unsigned char *pointer;
  size_t bytes;
  unsigned char mark; /* each byte of it */
};

static void
check_marks(const struct shadow *shadow, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++)
    check(shadow->pointer[i] == shadow->mark);
}

static void
one_random_step(struct random *random, struct shadow *shadow, size_t bytes)
{
  if (!shadow->pointer) {
    bool zeros = random_one_in(random, 3);
    shadow->pointer = zeros ? heap_calloc(1, bytes) : heap_malloc(bytes);
    shadow->mark = 0;
    if (zeros && shadow->pointer)
      check_marks(shadow, bytes);
  } else if (random_one_in(random, 3)) {
    unsigned char *moved = heap_realloc(shadow->pointer, bytes);
    size_t kept = moved && bytes < shadow->bytes ? bytes : shadow->bytes;
    if (moved)
      shadow->pointer = moved;
    else
      bytes = shadow->bytes;
    check_marks(shadow, kept);
  } else {
    check_marks(shadow, shadow->bytes);
    heap_free(shadow->pointer);
    shadow->pointer = NULL;
  }
  if (!shadow->pointer)
    return;
  check((uintptr_t)shadow->pointer % UNIT == 0);
  check(shadow->pointer >= heap.bytes && bytes <= (size_t)(heap.bytes + HEAP_BYTES - shadow->pointer));
  shadow->bytes = bytes;
  shadow->mark = (unsigned char)random_next(random);
  memset(shadow->pointer, shadow->mark, bytes);
}

static void
one_random_program(struct random *random)
{
  struct shadow shadows[SHADOWS] = { 0 };
  /* Sizes up to a few bytes, or up to more than fits. */
  unsigned magnitude = (unsigned)random_between(random, 3, 16);

  start_empty(NULL);
  for (unsigned step = 0; step < 1500; step++) {
    size_t bytes = random_between(random, 0, random_power(random, 0, magnitude));
    one_random_step(random, &shadows[random_between(random, 0, SHADOWS - 1)], bytes);
    if (step % 50 == 0)
      check_heap();
  }
  for (size_t i = 0; i < SHADOWS; i++) {
    if (shadows[i].pointer)
      check_marks(&shadows[i], shadows[i].bytes);
    heap_free(shadows[i].pointer);
  }
  check_empty();
}

static void
random_programs_agree_with_the_shadow(void **state)
{
  (void)state;
  run_seeds(40, one_random_program);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(a_fresh_heap_gives_all_that_it_has, start_empty),
    cmocka_unit_test_setup(nothing_is_something_of_its_own, start_empty),
    cmocka_unit_test_setup(too_much_is_refused_with_enomem, start_empty),
    cmocka_unit_test_setup(a_full_heap_refuses_and_recovers, start_empty),
    cmocka_unit_test_setup(neighbours_become_one_in_any_order, start_empty),
    cmocka_unit_test_setup(calloc_gives_zeros_where_others_were, start_empty),
    cmocka_unit_test_setup(realloc_keeps_the_content, start_empty),
    cmocka_unit_test_setup(what_is_not_the_heaps_is_left_alone, start_empty),
    cmocka_unit_test_setup(free_keeps_errno, start_empty),
    cmocka_unit_test_setup(freeing_twice_is_asserted, start_empty),
    cmocka_unit_test_setup(alignment_is_that_of_malloc_or_refused, start_empty),
    cmocka_unit_test(random_programs_agree_with_the_shadow),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
