/* SPDX-License-Identifier: MIT */
/* Lines about one context are read by scripts that were written for nbdinfo's: what they
 * look like is written down here, and that several stand in columns. */
#include "unit/unit.h"

#include "report/map_columns.h"
#include "unit/some_contexts.h"

static char line[1024];

static struct text
empty(void)
{
  struct text text;

  text_init(&text, line, sizeof line);
  return text;
}

static void
one_context_is_shown_as_nbdinfo_does(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  struct map_look look = { .contexts = &contexts };
  struct extent extent = { .length = 98304, .values = { 3 } };
  struct text text = empty();

  (void)state;
  map_columns_begin(&text, &look);
  assert_string_equal(line, "");
  map_columns_extent(&text, &look, 32768, &extent);
  assert_string_equal(line, "     32768       98304    3  hole,zero\n");
  extent.values[0] = 4; /* nobody knows what it means */
  text = empty();
  map_columns_extent(&text, &look, 6442483712, &extent);
  assert_string_equal(line, "6442483712       98304    4\n");
  text = empty();
  map_columns_total(&text, &look, &(struct map_total){ { 3 }, 800 }, 79.96);
  assert_string_equal(line, "       800  80.0%   3 hole,zero\n");
}

/* In colours too. */
static void
lines_are_coloured_as_nbdinfo_does(void **state)
{
  static const struct {
    const char *context;
    uint64_t value;
    const char *before, *words;
  } cases[] = {
    { CONTEXT_ALLOCATION_NAME, 0, "\033[1;30m", "data" },
    { CONTEXT_ALLOCATION_NAME, 3, "", "hole,zero" },
    { CONTEXT_DIRTY_PREFIX "b", 0, "\033[22;32m", "clean" },
    { CONTEXT_DIRTY_PREFIX "b", 1, "\033[22;31m", "dirty" },
    { CONTEXT_DEPTH_NAME, 0, "", "absent" },
    { CONTEXT_DEPTH_NAME, 1, "\033[1;37m\033[40m", "local" },
    { CONTEXT_DEPTH_NAME, 2, "\033[47m", "backing depth 2" },
  };
  char expected[200];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct contexts contexts = some_contexts(cases[i].context, NULL, NULL);
    struct map_look look = { .contexts = &contexts, .colour = true };
    struct extent extent = { .length = 512, .values = { cases[i].value } };
    struct map_total total = { .values = { cases[i].value }, .bytes = 512 };
    struct text text = empty();
    const char *after = cases[i].before[0] ? "\033[0m" : "";

    map_columns_extent(&text, &look, 0, &extent);
    snprintf(expected, sizeof expected, "%s%10d  %10d  %3d  %s%s\n", cases[i].before, 0, 512, (int)cases[i].value,
             cases[i].words, after);
    assert_string_equal(line, expected);
    text = empty();
    map_columns_total(&text, &look, &total, 100);
    snprintf(expected, sizeof expected, "%s%10d 100.0%% %3d %s%s\n", cases[i].before, 512, (int)cases[i].value,
             cases[i].words, after);
    assert_string_equal(line, expected);
  }
}

static void
several_are_shown_side_by_side(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, CONTEXT_DIRTY_PREFIX "b");
  struct map_look look = { .contexts = &contexts };
  struct extent extent = { .length = 512, .values = { 0, 12, 1 } };
  struct text text = empty();

  (void)state;
  map_columns_begin(&text, &look);
  assert_string_equal(line,
                      "    offset      length  base:allocation        qemu:allocation-depth  qemu:dirty-bitmap:b\n");
  text = empty();
  map_columns_extent(&text, &look, 0, &extent);
  assert_string_equal(line, "         0         512    0  data               12  backing depth 12    1  dirty\n");
  look.totals = true;
  text = empty();
  map_columns_begin(&text, &look);
  assert_string_equal(line,
                      "      size     percent  base:allocation        qemu:allocation-depth  qemu:dirty-bitmap:b\n");
  text = empty();
  map_columns_total(&text, &look, &(struct map_total){ { 0, 0, 0 }, 512 }, 12.5);
  assert_string_equal(line, "       512       12.5%    0  data                0  absent              0  clean\n");
}

/* Who asks for a context may have its name from anybody. */
static void
names_are_shown_as_words(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, "x:\033[2J\xc2\x9b\xff\xc3\xbc", "y:z");
  struct map_look look = { .contexts = &contexts };
  struct text text = empty();

  (void)state;
  map_columns_begin(&text, &look);
  assert_string_equal(line, "    offset      length  base:allocation        x:?[2J??\xc3\xbc             y:z\n");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_context_is_shown_as_nbdinfo_does),
    cmocka_unit_test(lines_are_coloured_as_nbdinfo_does),
    cmocka_unit_test(several_are_shown_side_by_side),
    cmocka_unit_test(names_are_shown_as_words),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
