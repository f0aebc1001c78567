/* SPDX-License-Identifier: MIT */
/* Maps are read by people and by scripts, and nbdinfo's by scripts that are there
 * already: what they look like is written down here, and sums must add up. */
#include "unit/unit.h"

#include "report/map_text.h"

static char line[MAP_LINE_BYTES];

static struct contexts
make(const char *first, const char *second, const char *third)
{
  struct contexts contexts = { .count = 0 };

  contexts_add(&contexts, first, true);
  if (second)
    contexts_add(&contexts, second, true);
  if (third)
    contexts_add(&contexts, third, true);
  return contexts;
}

static void
one_context_is_shown_as_nbdinfo_does(void **state)
{
  struct contexts contexts = make(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  struct map_look look = { .contexts = &contexts };
  struct extent extent = { .length = 98304, .values = { 3 } };

  (void)state;
  map_text_begin(&look, line);
  assert_string_equal(line, "");
  map_text_extent(&look, 32768, &extent, true, line);
  assert_string_equal(line, "     32768       98304    3  hole,zero\n");
  extent.values[0] = 4; /* nobody knows what it means */
  map_text_extent(&look, 6442483712, &extent, false, line);
  assert_string_equal(line, "6442483712       98304    4\n");
  map_text_end(&look, line);
  assert_string_equal(line, "");
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
    struct contexts contexts = make(cases[i].context, NULL, NULL);
    struct map_look look = { .contexts = &contexts, .colour = true };
    struct extent extent = { .length = 512, .values = { cases[i].value } };
    struct map_totals totals = { .count = 0 };
    const char *after = cases[i].before[0] ? "\033[0m" : "";

    map_text_extent(&look, 0, &extent, true, line);
    snprintf(expected, sizeof expected, "%s%10d  %10d  %3d  %s%s\n", cases[i].before, 0, 512, (int)cases[i].value,
             cases[i].words, after);
    assert_string_equal(line, expected);
    assert_true(map_totals_add(&totals, &extent));
    map_text_total(&look, &totals, 0, line);
    snprintf(expected, sizeof expected, "%s%10d 100.0%% %3d %s%s\n", cases[i].before, 512, (int)cases[i].value,
             cases[i].words, after);
    assert_string_equal(line, expected);
    look.style = MAP_JSON; /* for programs: never */
    map_text_extent(&look, 0, &extent, true, line);
    assert_null(strchr(line, '\033'));
  }
}

static void
several_are_shown_side_by_side(void **state)
{
  struct contexts contexts = make(CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, CONTEXT_DIRTY_PREFIX "b");
  struct map_look look = { .contexts = &contexts };
  struct extent extent = { .length = 512, .values = { 0, 12, 1 } };

  (void)state;
  map_text_begin(&look, line);
  assert_string_equal(line, "    offset      length  base:allocation        qemu:allocation-depth  qemu:dirty-bitmap:b\n");
  map_text_extent(&look, 0, &extent, true, line);
  assert_string_equal(line, "         0         512    0  data               12  backing depth 12    1  dirty\n");
}

static void
json_is_a_list_of_objects(void **state)
{
  struct contexts one = make(CONTEXT_ALLOCATION_NAME, NULL, NULL), two = make(CONTEXT_ALLOCATION_NAME, "x:\"\\\n", NULL);
  struct map_look look = { .contexts = &one, .style = MAP_JSON };
  struct extent extent = { .length = 512, .values = { 1, UINT64_MAX } };

  (void)state;
  map_text_begin(&look, line);
  assert_string_equal(line, "[\n");
  map_text_extent(&look, 1024, &extent, true, line);
  assert_string_equal(line, "{ \"offset\": 1024, \"length\": 512, \"type\": 1, \"description\": \"hole\"}");
  look.contexts = &two;
  map_text_extent(&look, 1024, &extent, false, line);
  assert_string_equal(line, ",\n{ \"offset\": 1024, \"length\": 512, \"contexts\": { \"base:allocation\": { \"type\": 1, "
                            "\"description\": \"hole\" }, \"x:\\\"\\\\\\u000a\": { \"type\": 18446744073709551615 } }}");
  map_text_end(&look, line);
  assert_string_equal(line, "\n]\n");
}

/* A hole is what the image itself doesn't have, where that is known. */
static void
imageio_asks_for_three_bits(void **state)
{
  static const struct {
    const char *first, *second;
    uint64_t values[2];
    const char *text;
  } cases[] = {
    { CONTEXT_ALLOCATION_NAME, NULL, { 0 }, "\"zero\": false, \"hole\": false}" },
    { CONTEXT_ALLOCATION_NAME, NULL, { 3 }, "\"zero\": true, \"hole\": true}" },
    { CONTEXT_ALLOCATION_NAME, NULL, { 2 }, "\"zero\": true, \"hole\": false}" },
    { CONTEXT_JOINT_NAME, NULL, { 3 }, "\"zero\": true, \"hole\": true}" },
    { CONTEXT_JOINT_NAME, NULL, { 4 }, "\"zero\": false, \"hole\": false}" },
    { CONTEXT_JOINT_NAME, NULL, { 7 }, "\"zero\": true, \"hole\": false}" },
    { CONTEXT_JOINT_NAME, NULL, { 8 }, "\"zero\": false, \"hole\": true}" },
    { CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, { 3, 1 }, "\"zero\": true, \"hole\": false}" },
    { CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, { 3, 0 }, "\"zero\": true, \"hole\": true}" },
    { CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, { 0, 2 }, "\"zero\": false, \"hole\": true}" },
    { CONTEXT_ALLOCATION_NAME, CONTEXT_DIRTY_PREFIX "b", { 0, 1 }, "\"zero\": false, \"hole\": false, \"dirty\": true}" },
    { CONTEXT_ALLOCATION_NAME, CONTEXT_DIRTY_PREFIX "b", { 3, 0 }, "\"zero\": true, \"hole\": true, \"dirty\": false}" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct contexts contexts = make(cases[i].first, cases[i].second, NULL);
    struct map_look look = { .contexts = &contexts, .style = MAP_IMAGEIO };
    struct extent extent = { .length = 9, .values = { cases[i].values[0], cases[i].values[1] } };
    const char *begin = "{\"start\": 7, \"length\": 9, ";
    map_text_extent(&look, 7, &extent, true, line);
    assert_memory_equal(line, begin, strlen(begin));
    assert_string_equal(line + strlen(begin), cases[i].text);
  }
}

static void
what_looks_the_same_is_joined(void **state)
{
  struct contexts contexts = make(CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, NULL);
  struct map_look text = { .contexts = &contexts }, imageio = { .contexts = &contexts, .style = MAP_IMAGEIO };
  struct extent a = { 1, { 0, 2 } }, b = { 2, { 0, 3 } }, c = { 3, { 0, 1 } };

  (void)state;
  assert_true(map_text_joins(&text, &a, &a));
  assert_false(map_text_joins(&text, &a, &b));
  assert_true(map_text_joins(&imageio, &a, &b)); /* not local, both of them */
  assert_false(map_text_joins(&imageio, &a, &c));
}

static void
sums_are_sorted_and_add_up(void **state)
{
  static const struct extent extents[] = { { 600, { 3 } }, { 100, { 0 } }, { 200, { 3 } }, { 50, { 1 } }, { 50, { 0 } } };
  struct contexts contexts = make(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  struct map_look look = { .contexts = &contexts, .totals = true };
  static struct map_totals totals;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(extents); i++)
    assert_true(map_totals_add(&totals, &extents[i]));
  assert_int_equal(totals.count, 3);
  map_text_total(&look, &totals, 0, line);
  assert_string_equal(line, "       150  15.0%   0 data\n");
  map_text_total(&look, &totals, 2, line);
  assert_string_equal(line, "       800  80.0%   3 hole,zero\n");
  look.style = MAP_JSON;
  map_text_total(&look, &totals, 1, line);
  assert_string_equal(line, ",\n{ \"size\": 50, \"percent\": 5, \"type\": 1, \"description\": \"hole\" }");
}

static void
sums_are_of_so_many_kinds_only(void **state)
{
  static struct map_totals totals;

  (void)state;
  for (uint64_t i = MAP_TOTALS_MAX; i-- > 0;)
    assert_true(map_totals_add(&totals, &(struct extent){ 1, { i } }));
  assert_false(map_totals_add(&totals, &(struct extent){ 1, { MAP_TOTALS_MAX } }));
  assert_true(map_totals_add(&totals, &(struct extent){ 1, { 5 } }));
  for (uint64_t i = 0; i < MAP_TOTALS_MAX; i++)
    assert_true(totals.list[i].values[0] == i);
  assert_true(totals.bytes == MAP_TOTALS_MAX + 1);
}

static void
longest_names_fit_a_line(void **state)
{
  struct contexts contexts = { .count = 0 };
  struct map_look look = { .contexts = &contexts, .style = MAP_JSON };
  struct extent extent = { UINT64_MAX, { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };
  char name[NAME_BYTES_MAX];

  (void)state;
  memset(name, 1, sizeof name - 1);
  name[sizeof name - 1] = '\0';
  for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
    name[0] = (char)('a' + i);
    assert_true(contexts_add(&contexts, name, false));
  }
  map_text_extent(&look, UINT64_MAX, &extent, false, line);
  assert_true(line[strlen(line) - 1] == '}' && strlen(line) < MAP_LINE_BYTES - 1);
}

static void
a_bar_hides_no_data(void **state)
{
  struct contexts contexts = make(CONTEXT_ALLOCATION_NAME, CONTEXT_DIRTY_PREFIX "b", NULL);
  struct map_look look = { .contexts = &contexts, .style = MAP_GRAPH };
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
  assert_true(map_text_graph(&look, &graph, 0, line));
  assert_string_equal(line, ".#\n");
  assert_true(map_text_graph(&look, &graph, 7, line));
  assert_string_equal(line, ".D\n");
  assert_true(map_text_graph(&look, &graph, 8, line));
  assert_non_null(strstr(line, "zero             1023 bytes   6.2%"));
  assert_null(strstr(line, "backing"));
  assert_false(map_text_graph(&look, &graph, 9, line));
}

/* Every size and width: no block beyond the table, none missing. */
static void
one_random_bar(struct random *random)
{
  struct contexts contexts = make(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  static struct map_graph graph;
  uint64_t length = random_between(random, 1, random_power(random, 0, 60)), at = 0;

  map_graph_init(&graph, range_make(random_between(random, 0, 5000), length), (unsigned)random_between(random, 0, 500));
  check(graph.blocks > 0 && graph.blocks <= MAP_BLOCKS_MAX && graph.block_bytes * graph.blocks >= length);
  while (at < length) {
    uint64_t part = random_between(random, 1, length - at);
    map_graph_add(&graph, &contexts, graph.range.start + at, &(struct extent){ part, { random_between(random, 0, 3) } });
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
    cmocka_unit_test(one_context_is_shown_as_nbdinfo_does), cmocka_unit_test(lines_are_coloured_as_nbdinfo_does),
    cmocka_unit_test(several_are_shown_side_by_side),
    cmocka_unit_test(json_is_a_list_of_objects),            cmocka_unit_test(imageio_asks_for_three_bits),
    cmocka_unit_test(what_looks_the_same_is_joined),        cmocka_unit_test(sums_are_sorted_and_add_up),
    cmocka_unit_test(sums_are_of_so_many_kinds_only),       cmocka_unit_test(longest_names_fit_a_line),
    cmocka_unit_test(a_bar_hides_no_data),                  cmocka_unit_test(bars_of_all_sizes_are_drawn),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
