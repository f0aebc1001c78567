/* SPDX-License-Identifier: MIT */
/* The progress line is what a person decides by whether to wait or to give up:
 * its numbers must be right, and it must never say 100 % too early. */
#include "unit/unit.h"

#include "base/limits.h"
#include "report/progress.h"

static void
lines_read_as_documented(void **state)
{
  static const struct {
    uint64_t done, total, elapsed_ms;
    const char *text;
  } cases[] = {
    { 0, 0, 0, "0 B of 0 B (100 %), 0 B/s" },
    { 0, 4 * GIB, 0, "0 B of 4.0 GiB (0 %), 0 B/s" },
    { 0, 4 * GIB, 5000, "0 B of 4.0 GiB (0 %), 0 B/s" },
    { 100, 1000, 0, "100 B of 1000 B (10 %), 0 B/s" }, /* no rate yet, so no guess */
    { 1023, 1024, 1000, "1023 B of 1.0 KiB (99 %), 1023 B/s, 0:00 left" },
    { 1536, 4096, 1000, "1.5 KiB of 4.0 KiB (37 %), 1.5 KiB/s, 0:01 left" },
    { GIB + GIB / 2, 4 * GIB, 7314, "1.5 GiB of 4.0 GiB (37 %), 210.0 MiB/s, 0:12 left" },
    { 4 * GIB, 4 * GIB, 4000, "4.0 GiB of 4.0 GiB (100 %), 1.0 GiB/s" },
    { 1 * MIB, 61 * MIB, 1000, "1.0 MiB of 61.0 MiB (1 %), 1.0 MiB/s, 1:00 left" },
    { 1 * MIB, 3600 * MIB, 1000, "1.0 MiB of 3.5 GiB (0 %), 1.0 MiB/s, 59:59 left" },
    { 1 * MIB, 3601 * MIB, 1000, "1.0 MiB of 3.5 GiB (0 %), 1.0 MiB/s, 1:00:00 left" },
    { 1 * MIB, 100000 * MIB, 1000, "1.0 MiB of 97.7 GiB (0 %), 1.0 MiB/s, 27:46:39 left" },
    { 0, SIZE_UNKNOWN, 0, "0 B, 0 B/s" },
    { 3 * MIB, SIZE_UNKNOWN, 2000, "3.0 MiB, 1.5 MiB/s" },
    { UINT64_C(1) << 62, UINT64_C(1) << 63, 1000, "4.0 EiB of 8.0 EiB (50 %), 4.0 EiB/s, 0:01 left" },
  };
  char text[PROGRESS_TEXT_BYTES];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    progress_text(text, cases[i].done, cases[i].total, cases[i].elapsed_ms);
    assert_string_equal(text, cases[i].text);
  }
}

/* Doubles round up: 2^53 - 1 of 2^53 and its like would be "100 %". */
static void
all_but_a_byte_is_not_all(void **state)
{
  char text[PROGRESS_TEXT_BYTES];

  (void)state;
  for (unsigned shift = 7; shift < 64; shift++) {
    uint64_t total = UINT64_C(1) << shift;
    progress_text(text, total - 1, total, 1000);
    assert_non_null(strstr(text, "(99 %)"));
    progress_text(text, total, total, 1000);
    assert_non_null(strstr(text, "(100 %)"));
    assert_null(strstr(text, "left"));
  }
}

/* 1024.0 KiB is what nobody writes. */
static void
percents_are_rounded_down(void **state)
{
  (void)state;
  assert_int_equal(progress_percent(0, 0), 100);
  assert_int_equal(progress_percent(0, 1), 0);
  assert_int_equal(progress_percent(199, 200), 99);
  assert_int_equal(progress_percent(UINT64_MAX - 1, UINT64_MAX), 99);
  assert_int_equal(progress_percent(5, 5), 100);
}

/* One line that fits its buffer, and never less than was said before. */
static void
one_random_copy(struct random *random)
{
  struct {
    char text[PROGRESS_TEXT_BYTES];
    char guard[8];
  } line;
  uint64_t total = random_next(random) >> random_between(random, 1, 63), done = 0;
  unsigned percent, last = 0;

  memset(&line, 'g', sizeof line);
  for (int step = 0; step < 20 && done <= total; step++) {
    progress_text(line.text, done, total, random_next(random) >> random_between(random, 0, 63));
    check(memcmp(line.guard, "gggggggg", sizeof line.guard) == 0);
    check(strlen(line.text) < PROGRESS_TEXT_BYTES && !strchr(line.text, '\n'));
    const char *parenthesis = strchr(line.text, '(');
    check(parenthesis && sscanf(parenthesis, "(%u %%)", &percent) == 1);
    check(percent >= last && percent <= 100 && (percent == 100) == (done == total));
    last = percent;
    done += random_between(random, 0, total - done);
  }
}

static void
random_copies_have_lines_that_fit(void **state)
{
  (void)state;
  run_seeds(5000, one_random_copy);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lines_read_as_documented),
    cmocka_unit_test(all_but_a_byte_is_not_all),
    cmocka_unit_test(percents_are_rounded_down),
    cmocka_unit_test(random_copies_have_lines_that_fit),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
