/* SPDX-License-Identifier: MIT */
/* What stands before, between and behind the parts of a map decides whether it can be
 * read at all, and what is joined, how long it is. */
#include "unit/unit.h"

#include "report/map_text.h"
#include "unit/some_contexts.h"

static char line[MAP_LINE_BYTES];

static void
text_is_lines(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  struct map_look look = { .contexts = &contexts, .style = MAP_TEXT };
  struct extent extent = { .length = 512, .values = { 3 } };

  (void)state;
  map_text_begin(&look, line);
  assert_string_equal(line, "");
  for (int is_first = 1; is_first >= 0; is_first--) {
    map_text_extent(&look, 1024, &extent, is_first, line);
    assert_string_equal(line, "      1024         512    3  hole,zero\n");
  }
  map_text_end(&look, line);
  assert_string_equal(line, "");
}

static void
json_is_a_list_of_objects(void **state)
{
  static const enum map_style styles[] = { MAP_JSON, MAP_IMAGEIO };
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  struct map_look look = { .contexts = &contexts, .colour = true }; /* which is for people alone */
  struct extent extent = { .length = 512, .values = { 0 } };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(styles); i++) {
    look.style = styles[i];
    map_text_begin(&look, line);
    assert_string_equal(line, "[\n");
    map_text_extent(&look, 0, &extent, true, line);
    assert_true(line[0] == '{' && line[strlen(line) - 1] == '}');
    assert_null(strchr(line, '\033'));
    map_text_extent(&look, 512, &extent, false, line);
    assert_memory_equal(line, ",\n{", 3);
    map_text_end(&look, line);
    assert_string_equal(line, "\n]\n");
  }
}

static void
sums_are_shares_of_the_whole(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  struct map_look look = { .contexts = &contexts, .totals = true };
  static const struct map_totals totals = { .list = { { { 0 }, 150 }, { { 1 }, 50 }, { { 3 }, 800 } },
                                            .count = 3,
                                            .bytes = 1000 };

  (void)state;
  map_text_total(&look, &totals, 0, line);
  assert_string_equal(line, "       150  15.0%   0 data\n");
  map_text_total(&look, &totals, 2, line);
  assert_string_equal(line, "       800  80.0%   3 hole,zero\n");
  look.style = MAP_JSON;
  map_text_total(&look, &totals, 0, line);
  assert_string_equal(line, "{ \"size\": 150, \"percent\": 15, \"type\": 0, \"description\": \"data\" }");
  map_text_total(&look, &totals, 1, line);
  assert_string_equal(line, ",\n{ \"size\": 50, \"percent\": 5, \"type\": 1, \"description\": \"hole\" }");
}

static void
a_bar_is_rows_and_a_legend(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  struct map_look look = { .contexts = &contexts, .style = MAP_GRAPH };
  struct extent extent = { .length = 512, .values = { 0 } };
  static struct map_graph graph;

  (void)state;
  map_graph_init(&graph, range_make(0, 512), 1);
  map_graph_add(&graph, &contexts, 0, &extent);
  map_text_extent(&look, 0, &extent, true, line);
  assert_string_equal(line, "");
  assert_true(map_text_graph(&look, &graph, 0, line));
  assert_string_equal(line, "#\n");
  look.colour = true;
  assert_true(map_text_graph(&look, &graph, 0, line));
  assert_string_equal(line, "\033[44m#\033[0m\n");
  assert_true(map_text_graph(&look, &graph, 1, line));
  assert_false(map_text_graph(&look, &graph, 2, line));
}

static void
what_looks_the_same_is_joined(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, NULL);
  struct map_look text = { .contexts = &contexts }, imageio = { .contexts = &contexts, .style = MAP_IMAGEIO };
  struct extent a = { 1, { 0, 2 } }, b = { 2, { 0, 3 } }, c = { 3, { 0, 1 } };

  (void)state;
  assert_true(map_text_joins(&text, &a, &a));
  assert_false(map_text_joins(&text, &a, &b));
  assert_true(map_text_joins(&imageio, &a, &b)); /* not local, both of them */
  assert_false(map_text_joins(&imageio, &a, &c));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(text_is_lines),
    cmocka_unit_test(json_is_a_list_of_objects),
    cmocka_unit_test(sums_are_shares_of_the_whole),
    cmocka_unit_test(a_bar_is_rows_and_a_legend),
    cmocka_unit_test(what_looks_the_same_is_joined),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
