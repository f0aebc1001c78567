/* SPDX-License-Identifier: MIT */
/* Who rescues a disk watches these figures for days, and decides by them; scripts read the list of what was lost. */
#include "unit/unit.h"

#include "report/rescue_text.h"

static struct areas areas, domain;
static struct rescue_totals totals;

static void
make_map(void)
{
  areas_init(&areas, 1000, false);
  areas_set(&areas, (struct range){ 0, 600 }, AREA_FINISHED);
  areas_set(&areas, (struct range){ 100, 110 }, AREA_BAD_SECTOR);
  areas_set(&areas, (struct range){ 200, 230 }, AREA_BAD_SECTOR);
  areas_set(&areas, (struct range){ 700, 800 }, AREA_NON_TRIMMED);
}

static void
a_disk_is_added_up(void **state)
{
  (void)state;
  make_map();
  rescue_text_add_up(&totals, &areas, NULL);
  assert_int_equal(totals.wanted, 1000);
  assert_int_equal(totals.rescued, 560);
  assert_int_equal(totals.bad, 40);
  assert_int_equal(totals.bad_areas, 2);
  assert_int_equal(totals.left, 400);
}

static void
only_the_domain_counts(void **state)
{
  struct area area;

  (void)state;
  make_map();
  areas_init(&domain, 1000, true);
  areas_set(&domain, (struct range){ 105, 205 }, AREA_FINISHED);
  areas_set(&domain, (struct range){ 790, 900 }, AREA_FINISHED);
  rescue_text_add_up(&totals, &areas, &domain);
  assert_int_equal(totals.wanted, 210);
  assert_int_equal(totals.bad, 10);
  assert_int_equal(totals.bad_areas, 2);
  assert_int_equal(totals.left, 110);
  assert_true(rescue_text_find(&areas, &domain, 110, &area));
  assert_int_equal(area.range.start, 200);
  assert_int_equal(area.range.end, 205);
  assert_true(rescue_text_find(&areas, &domain, 205, &area));
  assert_int_equal(area.range.start, 790);
  assert_false(rescue_text_find(&areas, &domain, 900, &area));
}

static void
the_line_says_what_matters(void **state)
{
  struct rescue_moment moment = {
    .totals = { .wanted = 4 * GIB, .rescued = GIB, .bad = 1536, .left = GIB, .bad_areas = 3 },
    .phase = AREA_NON_TRIED,
    .pass = 2,
    .position = 3 * GIB,
    .rate = 2 * MIB,
    .average = MIB,
    .since_success_ms = 64999
  };
  char text[RESCUE_TEXT_BYTES];

  (void)state;
  rescue_text_line(text, &moment);
  assert_string_equal(text,
                      "1.0 GiB of 4.0 GiB (25 %), 2.0 MiB/s (average 1.0 MiB/s), 3 bad areas (1.5 KiB), 1.0 GiB left, "
                      "reading at 3.0 GiB (pass 2), last success 1:04 ago");
  moment.phase = AREA_BAD_SECTOR;
  moment.totals.bad_areas = 1;
  moment.since_success_ms = 3723000;
  rescue_text_line(text, &moment);
  assert_string_equal(text,
                      "1.0 GiB of 4.0 GiB (25 %), 2.0 MiB/s (average 1.0 MiB/s), 1 bad area (1.5 KiB), 1.0 GiB left, "
                      "trying bad sectors again at 3.0 GiB (pass 2), last success 1:02:03 ago");
  moment.waits_for = "nbd://host/\033[31m";
  moment.waited_ms = 12000;
  rescue_text_line(text, &moment);
  assert_string_equal(text, "waiting 0:12 for nbd://host/?[31m, 1.0 GiB left");
  moment = (struct rescue_moment){ .totals = { .wanted = 512, .rescued = 512 }, .phase = AREA_FINISHED };
  rescue_text_line(text, &moment);
  assert_string_equal(text, "512 B of 512 B (100 %), 0 B/s (average 0 B/s), 0 B left");
}

static unsigned
rows_of(const char *text)
{
  unsigned rows = 1;

  for (; (text = strchr(text, '\n')); text++)
    rows++;
  return rows;
}

static void
the_screen_says_it_in_rows(void **state)
{
  struct rescue_moment moment = {
    .totals = { .wanted = 4 * GIB, .rescued = GIB, .bad = 1536, .left = GIB, .bad_areas = 3 },
    .phase = AREA_NON_TRIED,
    .pass = 2,
    .is_backwards = true,
    .position = 3 * GIB,
    .rate = 2 * MIB,
    .average = MIB,
    .since_success_ms = 64999,
    .took_ms = 3723000,
    .errors = 12
  };
  char text[RESCUE_SCREEN_BYTES];

  (void)state;
  rescue_text_screen(text, &moment);
  assert_string_equal(text, "reading at 3.0 GiB, backwards (pass 2)\n"
                            "     rescued: 1.0 GiB of 4.0 GiB (25 %)\n"
                            "        left: 1.0 GiB\n"
                            "         bad: 1.5 KiB in 3 areas\n"
                            "      errors: 12 reads failed\n"
                            "        rate: 2.0 MiB/s, on average 1.0 MiB/s\n"
                            "last success: 1:04 ago, in 1:02:03");
  assert_int_equal(rows_of(text), RESCUE_SCREEN_ROWS);
  moment.waits_for = "nbd://host/disk";
  moment.waited_ms = 12000;
  rescue_text_screen(text, &moment);
  assert_ptr_equal(strstr(text, "waiting 0:12 for nbd://host/disk\n     rescued: "), text);
  moment = (struct rescue_moment){ .phase = AREA_FINISHED, .errors = 1, .totals = { .bad_areas = 1 } };
  rescue_text_screen(text, &moment);
  assert_ptr_equal(strstr(text, "done\n"), text);
  assert_non_null(strstr(text, " in 1 area\n      errors: 1 read failed\n"));
  assert_int_equal(rows_of(text), RESCUE_SCREEN_ROWS);
}

static void
the_largest_figures_fit(void **state)
{
  struct rescue_moment moment = { .totals = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
                                  .phase = AREA_BAD_SECTOR,
                                  .pass = UINT32_MAX,
                                  .position = UINT64_MAX,
                                  .rate = UINT64_MAX,
                                  .average = UINT64_MAX,
                                  .since_success_ms = UINT64_MAX,
                                  .took_ms = UINT64_MAX,
                                  .errors = UINT64_MAX };
  char text[RESCUE_TEXT_BYTES], screen[RESCUE_SCREEN_BYTES];

  (void)state;
  rescue_text_line(text, &moment);
  assert_non_null(strstr(text, " ago"));
  rescue_text_screen(screen, &moment);
  assert_non_null(strstr(screen, " ago, in 5124095576030:25:51"));
}

static void
what_is_bad_is_listed(void **state)
{
  char bytes[RESCUE_ROWS_BYTES];
  struct text text;

  (void)state;
  make_map();
  text_init(&text, bytes, sizeof bytes);
  assert_int_equal(rescue_text_add_json(&areas, NULL, 0, &text), 1000);
  assert_string_equal(bytes, "\n{\"offset\": 100, \"length\": 10, \"status\": \"bad\"},"
                             "\n{\"offset\": 200, \"length\": 30, \"status\": \"bad\"},"
                             "\n{\"offset\": 600, \"length\": 100, \"status\": \"not-tried\"},"
                             "\n{\"offset\": 700, \"length\": 100, \"status\": \"not-trimmed\"},"
                             "\n{\"offset\": 800, \"length\": 200, \"status\": \"not-tried\"}");
}

/* In parts of any size, it is the same list. */
static void
a_list_comes_in_parts(void **state)
{
  char bytes[RESCUE_ROWS_BYTES], part[130];
  struct text text, small;
  uint64_t offset = 0;

  (void)state;
  make_map();
  text_init(&text, bytes, sizeof bytes);
  while (offset < areas.size) {
    text_init(&small, part, sizeof part);
    offset = rescue_text_add_json(&areas, NULL, offset, &small);
    text_add(&text, "%s", part);
  }
  assert_int_equal(strspn(bytes, "\n"), 1);
  assert_non_null(strstr(bytes, "},\n{\"offset\": 800, "));
  assert_false(text.full);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_disk_is_added_up),         cmocka_unit_test(only_the_domain_counts),
    cmocka_unit_test(the_line_says_what_matters), cmocka_unit_test(the_screen_says_it_in_rows),
    cmocka_unit_test(the_largest_figures_fit),    cmocka_unit_test(what_is_bad_is_listed),
    cmocka_unit_test(a_list_comes_in_parts),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
