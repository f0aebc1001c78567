/* SPDX-License-Identifier: MIT */
/* Every buffer of a copy comes out of the arena, which is handed out once: parts
 * that overlap, or lie askew, would show as damage on somebody's disk. */
#include "unit/unit.h"

#include "os/arena.c"

#include <unistd.h>

static void
the_arena_hands_out_aligned_zeros_once(void **state)
{
  static const struct {
    size_t bytes, alignment;
  } takes[] = { { 1, 1 }, { 7, 8 }, { 4096, 4096 }, { 0, 16 }, { 1, 1 }, { 100, 64 } };
  struct arena arena;
  struct fault fault = { 0 };
  unsigned char *end;

  (void)state;
  assert_int_equal(arena_reserve(&arena, 16384, 0, &fault), 0);
  assert_int_equal((uintptr_t)arena.base % LARGE_PAGE_BYTES, 0);
  end = arena.base;
  for (size_t i = 0; i < LENGTH_OF(takes); i++) {
    unsigned char *bytes = arena_take(&arena, takes[i].bytes, takes[i].alignment);
    assert_int_equal((uintptr_t)bytes % takes[i].alignment, 0);
    assert_true(bytes >= end && bytes + takes[i].bytes <= arena.base + arena.bytes);
    for (size_t n = 0; n < takes[i].bytes; n++) {
      assert_int_equal(bytes[n], 0);
      bytes[n] = 1;
    }
    end = bytes + takes[i].bytes;
  }
  assert_non_null(arena_take(&arena, arena.bytes - arena.used, 1)); /* to the last byte */
  munmap(arena.base, arena.bytes);
}

/* Whether the kernel has been asked for large pages, by its own account. What it
 * gives depends on the machine. */
static bool
is_advised(const struct arena *arena)
{
  FILE *maps = fopen("/proc/self/smaps", "r");
  char line[256];
  bool here = false;
  bool advised = false;

  assert_non_null(maps);
  while (fgets(line, sizeof line, maps)) {
    unsigned long start, end;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
      here = start <= (unsigned long)(uintptr_t)arena->base && (unsigned long)(uintptr_t)arena->base < end;
    if (here && strncmp(line, "VmFlags:", 8) == 0)
      advised = strstr(line, " hg");
  }
  fclose(maps);
  return advised;
}

static void
an_arena_comes_in_large_pages(void **state)
{
  struct arena arena;
  struct fault fault;

  (void)state;
  if (access("/sys/kernel/mm/transparent_hugepage", F_OK) == -1)
    skip();
  assert_int_equal(arena_reserve(&arena, 4 * LARGE_PAGE_BYTES + 1, 0, &fault), 0);
  assert_false(is_advised(&arena));
  arena_use_large_pages(&arena);
  assert_true(is_advised(&arena));
  munmap(arena.base, arena.bytes);
}

static void
spare_memory_is_there_if_it_can_be_had(void **state)
{
  struct arena arena;
  struct fault fault = { 0 };

  (void)state;
  assert_int_equal(arena_reserve(&arena, 16384, 8192, &fault), 0);
  assert_int_equal(arena.bytes, 16384 + 8192);
  assert_int_equal(arena.spare, 8192);
  munmap(arena.base, arena.bytes);
  assert_int_equal(arena_reserve(&arena, 16384, SIZE_MAX / 2, &fault), 0);
  assert_int_equal(arena.bytes, 16384);
  assert_int_equal(arena.spare, 0);
  munmap(arena.base, arena.bytes);
}

static void
what_cannot_be_reserved_is_told(void **state)
{
  struct arena arena;
  struct fault fault = { 0 };

  (void)state;
  assert_int_equal(arena_reserve(&arena, SIZE_MAX / 2, 0, &fault), -1);
  assert_int_equal(fault.exit_code, EXIT_FAILED);
  assert_int_equal(fault.errnum, ENOMEM);
  assert_non_null(strstr(fault.text, "--memory"));
}

static void
take_too_much(void)
{
  struct arena arena;
  struct fault fault;

  arena_reserve(&arena, 4096, 0, &fault);
  arena_take(&arena, 1, 1);
  arena_take(&arena, 4096, 1);
}

static void
take_more_than_there_is_at_all(void)
{
  struct arena arena;
  struct fault fault;

  arena_reserve(&arena, 4096, 0, &fault);
  arena_take(&arena, 1, 1);
  arena_take(&arena, SIZE_MAX, 1);
}

static void
taking_too_much_is_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(take_too_much));
  assert_true(is_asserted(take_more_than_there_is_at_all));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_arena_hands_out_aligned_zeros_once),
    cmocka_unit_test(an_arena_comes_in_large_pages),
    cmocka_unit_test(spare_memory_is_there_if_it_can_be_had),
    cmocka_unit_test(what_cannot_be_reserved_is_told),
    cmocka_unit_test(taking_too_much_is_asserted),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
