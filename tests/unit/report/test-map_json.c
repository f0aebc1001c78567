/* SPDX-License-Identifier: MIT */
/* Programs take these objects apart: they are what nbdinfo writes, to the blank, and a
 * server's names in them stay strings. */
#include "unit/unit.h"

#include "report/map_json.h"
#include "report/map_look.h"
#include "unit/some_contexts.h"

static char line[MAP_LINE_BYTES];

static struct text
empty(void)
{
  struct text text;

  text_init(&text, line, sizeof line);
  return text;
}

static void
one_context_is_a_type(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, NULL, NULL);
  struct extent extent = { .length = 512, .values = { 1 } };
  struct text text = empty();

  (void)state;
  map_json_extent(&text, &contexts, 1024, &extent);
  assert_string_equal(line, "{ \"offset\": 1024, \"length\": 512, \"type\": 1, \"description\": \"hole\"}");
  text = empty();
  map_json_total(&text, &contexts, &(struct map_total){ { 1 }, 50 }, 5);
  assert_string_equal(line, "{ \"size\": 50, \"percent\": 5, \"type\": 1, \"description\": \"hole\" }");
}

static void
several_are_an_object(void **state)
{
  struct contexts contexts = some_contexts(CONTEXT_ALLOCATION_NAME, "x:\"\\\n", NULL);
  struct extent extent = { .length = 512, .values = { 1, UINT64_MAX } };
  struct text text = empty();

  (void)state;
  map_json_extent(&text, &contexts, 1024, &extent);
  assert_string_equal(line,
                      "{ \"offset\": 1024, \"length\": 512, \"contexts\": { \"base:allocation\": { \"type\": 1, "
                      "\"description\": \"hole\" }, \"x:\\\"\\\\\\u000a\": { \"type\": 18446744073709551615 } }}");
}

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
    { CONTEXT_ALLOCATION_NAME,
      CONTEXT_DIRTY_PREFIX "b",
      { 0, 1 },
      "\"zero\": false, \"hole\": false, \"dirty\": true}" },
    { CONTEXT_ALLOCATION_NAME,
      CONTEXT_DIRTY_PREFIX "b",
      { 3, 0 },
      "\"zero\": true, \"hole\": true, \"dirty\": false}" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct contexts contexts = some_contexts(cases[i].first, cases[i].second, NULL);
    struct extent extent = { .length = 9, .values = { cases[i].values[0], cases[i].values[1] } };
    const char *begin = "{\"start\": 7, \"length\": 9, ";
    struct text text = empty();
    map_json_imageio(&text, &contexts, 7, &extent);
    assert_memory_equal(line, begin, strlen(begin));
    assert_string_equal(line + strlen(begin), cases[i].text);
  }
}

static void
longest_names_fit_a_line(void **state)
{
  struct contexts contexts = { .count = 0 };
  struct extent extent = { UINT64_MAX, { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };
  struct text text = empty();
  char name[CONTEXT_NAME_BYTES];

  (void)state;
  memset(name, 1, sizeof name - 1);
  name[sizeof name - 1] = '\0';
  for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
    name[0] = (char)('a' + i);
    assert_true(contexts_add(&contexts, name, false));
  }
  map_json_extent(&text, &contexts, UINT64_MAX, &extent);
  assert_false(text.full);
  assert_true(line[strlen(line) - 1] == '}' && strlen(line) < MAP_LINE_BYTES - strlen(",\n"));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_context_is_a_type),
    cmocka_unit_test(several_are_an_object),
    cmocka_unit_test(imageio_asks_for_three_bits),
    cmocka_unit_test(longest_names_fit_a_line),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
