/* SPDX-License-Identifier: MIT */
/* Whether two disks are the same is read by people, who stop at the first words, and by scripts, which look for the others. */
#include "unit/unit.h"

#include "report/compare_text.h"

static struct areas areas;
static char bytes[COMPARE_LINE_BYTES];
static struct text text;

static struct compare_answer
same(void)
{
  return (struct compare_answer){ .names = { "a", "b" }, .sizes = { 1000, 1000 }, .first_difference = UINT64_MAX };
}

static void
assert_line(const struct compare_answer *answer, enum compare_verdict verdict, const char *line)
{
  text_init(&text, bytes, sizeof bytes);
  compare_text_add_line(answer, &text);
  assert_string_equal(bytes, line);
  assert_int_equal(compare_text_verdict(answer), verdict);
}

static void
the_answer_is_a_line(void **state)
{
  struct compare_answer answer = same();

  (void)state;
  assert_line(&answer, COMPARE_SAME, "a and b are the same\n");
  answer.first_difference = 12;
  assert_line(&answer, COMPARE_DIFFERENT, "a and b differ at offset 12\n");
}

static void
another_length_is_told(void **state)
{
  struct compare_answer answer = same();

  (void)state;
  answer.sizes[1] = 1500;
  assert_line(&answer, COMPARE_SAME, "a and b are the same; b is longer by 500 bytes, which are zeros\n");
  answer.is_strict = true;
  assert_line(&answer, COMPARE_DIFFERENT, "a and b differ in length: 1000 and 1500 bytes\n");
  answer.first_difference = 1000;
  assert_line(&answer, COMPARE_DIFFERENT, "a and b differ at offset 1000, behind the end of a\n");
  answer.first_difference = 999;
  assert_line(&answer, COMPARE_DIFFERENT, "a and b differ at offset 999\n");
}

static void
all_of_it_is_summed_up(void **state)
{
  struct compare_answer answer = same();

  (void)state;
  areas_init(&areas, 1000, true);
  answer.areas = &areas;
  assert_line(&answer, COMPARE_SAME, "a and b are the same\n");
  areas_set(&areas, (struct range){ 0, 10 }, AREA_FINISHED);
  answer.first_difference = 3;
  assert_line(&answer, COMPARE_DIFFERENT, "a and b differ in 1 range of 10 bytes, from offset 3 on\n");
  areas_set(&areas, (struct range){ 100, 300 }, AREA_FINISHED);
  areas_set(&areas, (struct range){ 300, 305 }, AREA_BAD_SECTOR);
  answer.unreadable_bytes = 5;
  assert_line(&answer, COMPARE_DIFFERENT,
              "a and b differ in 2 ranges of 210 bytes, from offset 3 on; 5 bytes can't be read\n");
  answer.first_difference = UINT64_MAX;
  assert_line(&answer, COMPARE_PARTLY_UNREADABLE,
              "a and b are the same as far as they can be read; 5 bytes can't be\n");
}

static void
make_ranges(void)
{
  areas_init(&areas, 1000, true);
  areas_set(&areas, (struct range){ 0, 10 }, AREA_FINISHED);
  areas_set(&areas, (struct range){ 300, 305 }, AREA_BAD_SECTOR);
}

static void
ranges_are_lines(void **state)
{
  (void)state;
  make_ranges();
  text_init(&text, bytes, sizeof bytes);
  assert_int_equal(compare_text_add_rows(&areas, 0, false, &text), 1000);
  assert_string_equal(bytes, "                   0                   10  different\n"
                             "                 300                    5  unreadable\n");
}

static void
scripts_get_an_object(void **state)
{
  struct compare_answer answer = same();

  (void)state;
  text_init(&text, bytes, sizeof bytes);
  compare_text_add_head(&answer, &text);
  assert_string_equal(bytes, ",\n\"sizes\": [1000, 1000]");
  assert_string_equal(compare_text_word(&answer), "same");
  make_ranges();
  answer.areas = &areas;
  answer.first_difference = 7;
  text_init(&text, bytes, sizeof bytes);
  compare_text_add_head(&answer, &text);
  assert_int_equal(compare_text_add_rows(&areas, 0, true, &text), 1000);
  assert_string_equal(compare_text_word(&answer), "different");
  assert_string_equal(bytes, ",\n\"sizes\": [1000, 1000],\n\"first-difference\": 7,\n"
                             "\"different-bytes\": 10,\n\"unreadable-bytes\": 5,\n\"ranges\": [\n"
                             "{\"offset\": 0, \"length\": 10, \"status\": \"different\"},\n"
                             "{\"offset\": 300, \"length\": 5, \"status\": \"unreadable\"}");
}

static void
a_long_list_comes_in_parts(void **state)
{
  char part[300];
  unsigned rows = 0, parts = 0;

  (void)state;
  areas_init(&areas, 4000, true);
  for (uint64_t at = 0; at < 4000; at += 100)
    areas_set(&areas, (struct range){ at, at + 1 }, AREA_FINISHED);
  for (uint64_t at = 0; at < 4000; parts++) {
    text_init(&text, part, sizeof part);
    at = compare_text_add_rows(&areas, at, true, &text);
    assert_false(text.full);
    for (const char *row = part; (row = strstr(row, "\"offset\"")); row++)
      rows++;
  }
  assert_int_equal(rows, 40);
  assert_in_range(parts, 10, 40);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_answer_is_a_line),   cmocka_unit_test(another_length_is_told),
    cmocka_unit_test(all_of_it_is_summed_up), cmocka_unit_test(ranges_are_lines),
    cmocka_unit_test(scripts_get_an_object),  cmocka_unit_test(a_long_list_comes_in_parts),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
