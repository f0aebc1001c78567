/* SPDX-License-Identifier: MIT */
/* Somebody decides by this bar what to look at: no data may be hidden in it, and what
 * its legend says must add up. */
#include "unit/unit.h"

#include "report/map_graph.h"
#include "unit/some_contexts.h"

static char line[1024];

/* The row is in `line` then. */
static bool
shows(const struct map_graph *graph, unsigned row)
{
  struct text text;

  text_init(&text, line, sizeof line);
  return map_graph_row(&text, graph, row, false);
}

static void
a_bar_hides_no_data(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, CONTEXT_DIRTY_PREFIX "b", NULL);
  static struct map_graph graph;

  (void)state;
  /* 8 rows of 2 blocks, of 1 KiB each, from 4 KiB on. */
  map_graph_init(&graph, range_make(4096, 16 * 1024), 2);
  assert_true(graph.block_bytes == 1024 && graph.blocks == 16);
  map_graph_add(&graph, &contexts, 4096, &(struct extent){ 1024, { 3 } });
  map_graph_add(&graph, &contexts, 5120, &(struct extent){ 1023, { 2 } });
  map_graph_add(&graph, &contexts, 6143, &(struct extent){ 1, { 0 } });
  map_graph_add(&graph, &contexts, 6144, &(struct extent){ 14 * 1024 - 1, { 3 } });
  map_graph_add(&graph, &contexts, 20479, &(struct extent){ 1, { 3, 1 } });
  assert_true(shows(&graph, 0));
  assert_string_equal(line, ".#\n");
  assert_true(shows(&graph, 7));
  assert_string_equal(line, ".D\n");
  assert_true(shows(&graph, 8));
  assert_non_null(strstr(line, "zero             1023 bytes   6.2%"));
  assert_null(strstr(line, "backing"));
  assert_false(shows(&graph, 9));
}

/* What is still to come is seen, and what couldn't be read is, whatever else is in its block. */
static void
a_copy_fills_it(void **state)
{
  static struct map_graph graph;
  struct text text;

  (void)state;
  /* 8 rows of a block of 1 KiB. */
  map_graph_init(&graph, range_make(0, 8 * 1024), 1);
  map_graph_mark(&graph, MAP_KEPT, 0, 1024);
  map_graph_mark(&graph, MAP_DATA, 1024, 3072);
  map_graph_mark(&graph, MAP_ZERO, 4096, 1000);
  map_graph_mark(&graph, MAP_DATA, 5096, 0);
  map_graph_mark(&graph, MAP_UNREADABLE, 2047, 1);
  static const char bar[] = "=!##0---";
  for (unsigned row = 0; row < 8; row++) {
    assert_true(shows(&graph, row));
    assert_true(line[0] == bar[row] && line[1] == '\n');
  }
  text_init(&text, line, sizeof line);
  map_graph_key(&text, &graph, false);
  assert_string_equal(line, "! unreadable, # data, 0 zero, = kept, - to come, a block is 1.0 KiB");
  map_graph_mark(&graph, MAP_ZERO, 5096, 3096);
  text_init(&text, line, sizeof line);
  map_graph_key(&text, &graph, true);
  assert_string_equal(line, "\033[101m!\033[0m unreadable, \033[44m#\033[0m data, \033[46m0\033[0m zero, "
                            "\033[42m=\033[0m kept, a block is 1.0 KiB");
}

/* Each block by itself, as terminals want it. */
static void
blocks_are_coloured(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  static struct map_graph graph;
  struct text text;

  (void)state;
  map_graph_init(&graph, range_make(0, 1024), 1);
  map_graph_add(&graph, &contexts, 0, &(struct extent){ 512, { 0 } });
  map_graph_add(&graph, &contexts, 512, &(struct extent){ 512, { 3 } });
  text_init(&text, line, sizeof line);
  assert_true(map_graph_row(&text, &graph, 0, true));
  assert_true(map_graph_row(&text, &graph, 1, true));
  assert_string_equal(line, "\033[44m#\033[0m\n\033[100m.\033[0m\n");
}

/* Every size and width: no block beyond the table, none missing. */
static void
one_random_bar(struct random *random)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  static struct map_graph graph;
  uint64_t length = random_between(random, 1, random_power(random, 0, 60)), at = 0;

  map_graph_init(&graph, range_make(random_between(random, 0, 5000), length), (unsigned)random_between(random, 0, 500));
  check(graph.blocks > 0 && graph.blocks <= MAP_BLOCKS_MAX && graph.block_bytes * graph.blocks >= length);
  while (at < length) {
    uint64_t part = random_between(random, 1, length - at);
    map_graph_add(&graph, &contexts, graph.range.start + at,
                  &(struct extent){ part, { random_between(random, 0, 3) } });
    at += part;
  }
  uint64_t sum = 0;
  for (unsigned i = 0; i < MAP_CLASSES; i++)
    sum += graph.bytes[i];
  check(sum == length);
}

static void
bars_of_all_sizes_are_drawn(void **state)
{
  (void)state;
  run_seeds(2000, one_random_bar);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_bar_hides_no_data),
    cmocka_unit_test(a_copy_fills_it),
    cmocka_unit_test(blocks_are_coloured),
    cmocka_unit_test(bars_of_all_sizes_are_drawn),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
