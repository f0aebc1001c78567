/* SPDX-License-Identifier: MIT */
/* The progress line is what a person decides by whether to wait or to give up:
 * its numbers must be right, and it must never say 100 % too early. */
#include "unit/unit.h"

#include "base/limits.h"
#include "report/progress.h"

/* A copy that began at 0 and has come so far: all of it data. */
static void
text_after(char text[PROGRESS_TEXT_BYTES], uint64_t done, uint64_t total, uint64_t ms)
{
  struct progress progress;

  progress_begin(&progress, 77, 0);
  progress_add(&progress, &(struct progress_moment){ 77 + ms, done, done, done });
  progress_text(&progress, text, total);
}

static void
the_rate_is_of_the_last_seconds(void **state)
{
  struct progress progress;

  (void)state;
  progress_begin(&progress, 0, 0);
  assert_true(progress_rate(&progress) < 1);
  progress_add(&progress, &(struct progress_moment){ 1000, MIB, MIB, MIB });
  assert_true(progress_rate(&progress) > (double)MIB - 1 && progress_rate(&progress) < (double)MIB + 1);
  for (uint64_t ms = 2000; ms <= 20000; ms += 1000)
    progress_add(&progress, &(struct progress_moment){ ms, MIB, MIB, MIB });
  assert_true(progress_rate(&progress) < 1);
}

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
    text_after(text, cases[i].done, cases[i].total, cases[i].elapsed_ms);
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
    text_after(text, total - 1, total, 1000);
    assert_non_null(strstr(text, "(99 %)"));
    text_after(text, total, total, 1000);
    assert_non_null(strstr(text, "(100 %)"));
    assert_null(strstr(text, "left"));
  }
}

/* A hole of 30 GiB in the first second, and then 60 MiB of data in each: what a rate of
 * the whole copy would be, and what it would promise, is nothing anybody could use. */
static void
rate_is_of_data_and_recent(void **state)
{
  uint64_t total = 60 * GIB, done = 30 * GIB, moved = 0;
  struct progress progress;
  char text[PROGRESS_TEXT_BYTES], expected[PROGRESS_TEXT_BYTES];

  (void)state;
  progress_begin(&progress, 0, 0);
  for (uint64_t ms = 1000; ms <= 60000; ms += 250) {
    progress_add(&progress, &(struct progress_moment){ ms, done, moved, done });
    progress_text(&progress, text, total);
    if (ms > 1000 + PROGRESS_WINDOW_MS) {
      assert_non_null(strstr(text, ", 60.0 MiB/s, "));
      unsigned left_s = (unsigned)((total - done) / (60 * MIB)); /* goes down by a second a second */
      snprintf(expected, sizeof expected, ", %u:%02u left", left_s / 60, left_s % 60);
      assert_non_null(strstr(text, expected));
    }
    done += 15 * MIB;
    moved += 15 * MIB;
  }
}

/* What stands still has no rate, and promises nothing. */
static void
stalled_copy_has_no_rate(void **state)
{
  struct progress progress;
  char text[PROGRESS_TEXT_BYTES];

  (void)state;
  progress_begin(&progress, 0, 0);
  for (uint64_t ms = 0; ms <= 20000; ms += 250)
    progress_add(&progress, &(struct progress_moment){ ms, ms < 10000 ? ms * KIB : 10000 * KIB, 0, 10000 * KIB });
  progress_text(&progress, text, GIB);
  assert_string_equal(text, "9.8 MiB of 1.0 GiB (0 %), 0 B/s");
}

/* Lines further apart than the window: each tells of what was since the one before. */
static void
rare_lines_tell_of_the_time_between(void **state)
{
  struct progress progress;
  char text[PROGRESS_TEXT_BYTES];

  (void)state;
  progress_begin(&progress, 0, 0);
  for (uint64_t n = 1; n <= 100; n++) {
    uint64_t done = n * (n + 1) / 2 * 5 * MIB; /* n MiB a second, each time */
    progress_add(&progress, &(struct progress_moment){ n * 5000, done, done, done });
    progress_text(&progress, text, SIZE_UNKNOWN);
    unsigned rate;
    const char *comma = strchr(text, ',');
    assert_non_null(comma);
    assert_int_equal(sscanf(comma, ", %u.0 MiB/s", &rate), 1);
    assert_int_equal(rate, n);
  }
}

/* Zeros are asked for in pieces of 128 MiB: until the first is full, nothing is done. */
static void
zeros_that_are_read_show(void **state)
{
  struct progress progress;
  char text[PROGRESS_TEXT_BYTES];

  (void)state;
  progress_begin(&progress, 0, 0);
  progress_add(&progress, &(struct progress_moment){ 1000, 0, 0, 50 * MIB });
  progress_text(&progress, text, SIZE_UNKNOWN);
  assert_string_equal(text, "0 B, 50.0 MiB read, 50.0 MiB/s");
  progress_text(&progress, text, GIB);
  assert_string_equal(text, "0 B of 1.0 GiB (0 %), 50.0 MiB read, 50.0 MiB/s");
}

/* A destination that is lost takes along what wasn't flushed: that is no speed, neither backwards nor when it is made up for. */
static void
what_goes_back_has_no_rate(void **state)
{
  struct progress progress;
  char text[PROGRESS_TEXT_BYTES];

  (void)state;
  progress_begin(&progress, 0, 0);
  progress_add(&progress, &(struct progress_moment){ 1000, 500 * MIB, 500 * MIB, 500 * MIB });
  progress_add(&progress, &(struct progress_moment){ 1250, 400 * MIB, 500 * MIB, 400 * MIB });
  progress_text(&progress, text, GIB);
  assert_string_equal(text, "400.0 MiB of 1.0 GiB (39 %), 0 B/s");
  progress_add(&progress, &(struct progress_moment){ 2250, 448 * MIB, 548 * MIB, 448 * MIB });
  progress_text(&progress, text, GIB);
  assert_string_equal(text, "448.0 MiB of 1.0 GiB (43 %), 48.0 MiB/s, 0:12 left");
}

/* What lies below its start was there before. */
static void
what_was_there_has_no_rate(void **state)
{
  struct progress progress;
  char text[PROGRESS_TEXT_BYTES];

  (void)state;
  progress_begin(&progress, 0, 512 * MIB);
  progress_add(&progress, &(struct progress_moment){ 1000, 544 * MIB, 32 * MIB, 544 * MIB });
  progress_text(&progress, text, GIB);
  assert_string_equal(text, "544.0 MiB of 1.0 GiB (53 %), 32.0 MiB/s, 0:15 left");
}

/* Whom it waits for is what somebody can do something about. */
static void
what_waits_says_for_whom(void **state)
{
  static const struct {
    uint64_t done, total, ms;
    const char *name, *text;
  } cases[] = {
    { GIB, 4 * GIB, 12345, "nbd://h/x", "1.0 GiB of 4.0 GiB (25 %), waiting 0:12, for nbd://h/x" },
    { 0, 4 * GIB, 0, "/dev/sdb", "0 B of 4.0 GiB (0 %), waiting 0:00, for /dev/sdb" },
    { MIB, SIZE_UNKNOWN, 60000, "[ qemu-nbd ]", "1.0 MiB, waiting 1:00, for [ qemu-nbd ]" },
    { MIB, SIZE_UNKNOWN, 36061000, "a\033b", "1.0 MiB, waiting 10:01:01, for a?b" },
    { MIB, SIZE_UNKNOWN, 0, "0123456789abcdef0123456789abcdef0123456789abcdefX",
      "1.0 MiB, waiting 0:00, for 0123456789abcdef0123456789abcdef0123456789abcdef" },
  };
  struct progress progress;
  char text[PROGRESS_TEXT_BYTES], longest[513];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    progress_begin(&progress, 0, 0);
    progress_add(&progress, &(struct progress_moment){ 1000, cases[i].done, 0, cases[i].done });
    progress_waiting_text(&progress, text, cases[i].total, cases[i].name, cases[i].ms);
    assert_string_equal(text, cases[i].text);
  }
  memset(longest, '\377', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  progress_add(&progress, &(struct progress_moment){ 1000, UINT64_MAX / 17, 0, UINT64_MAX / 17 });
  progress_waiting_text(&progress, text, UINT64_MAX / 16, longest, UINT64_MAX);
  assert_true(strlen(text) < PROGRESS_TEXT_BYTES - 1);
  progress_waiting_text(&progress, text, UINT64_MAX / 16, "/dev/sdb", 5000);
  progress_fit(text, 45);
  assert_string_equal(text, "963.8 PiB of 1.0 EiB (94 %), waiting 0:05");
  progress_fit(text, 30);
  assert_string_equal(text, "963.8 PiB of 1.0 EiB (94 %)");
}

static void
narrow_terminals_get_less(void **state)
{
  static const char line[] = "1.5 GiB of 4.0 GiB (37 %), 210.0 MiB/s, 0:12 left";
  static const struct {
    size_t columns;
    const char *text;
  } cases[] = {
    { 200, line },
    { sizeof line - 1, line },
    { sizeof line - 2, "1.5 GiB of 4.0 GiB (37 %), 210.0 MiB/s" },
    { 38, "1.5 GiB of 4.0 GiB (37 %), 210.0 MiB/s" },
    { 37, "1.5 GiB of 4.0 GiB (37 %)" },
    { 25, "1.5 GiB of 4.0 GiB (37 %)" },
    { 24, "37 %" },
    { 4, "37 %" },
    { 3, "37 " },
    { 0, "" },
  };
  char text[PROGRESS_TEXT_BYTES];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    memcpy(text, line, sizeof line);
    progress_fit(text, cases[i].columns);
    assert_string_equal(text, cases[i].text);
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
  struct progress progress;
  progress_begin(&progress, 0, 0);
  uint64_t now_ms = 0;
  for (int step = 0; step < 50 && done <= total; step++) {
    now_ms += random_next(random) >> random_between(random, 8, 63);
    progress_add(&progress, &(struct progress_moment){ now_ms, done, random_between(random, 0, done),
                                                       random_between(random, done, total) });
    progress_text(&progress, line.text, total);
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

static void
scripts_get_an_object_in_a_line(void **state)
{
  struct progress progress;
  char bytes[PROGRESS_JSON_BYTES];
  struct text text;

  (void)state;
  progress_begin(&progress, 1000, 0);
  progress_add(&progress, &(struct progress_moment){ 3500, 5000, 5000, 5000 });
  text_init(&text, bytes, sizeof bytes);
  progress_add_json(&progress, &(struct progress_state){ .done = 5000, .total = 8192 }, &text);
  assert_string_equal(bytes, "{\"done\": 5000, \"total\": 8192, \"rate\": 2000, \"seconds\": 2.500}\n");
  text_init(&text, bytes, sizeof bytes);
  progress_add_json(&progress,
                    &(struct progress_state){
                        .done = 1, .total = SIZE_UNKNOWN, .doing = "verifying", .waits_for = "a\033\"b" },
                    &text);
  assert_string_equal(bytes, "{\"done\": 1, \"rate\": 2000, \"seconds\": 2.500, \"doing\": \"verifying\", "
                             "\"waits-for\": \"a\\u001b\\\"b\"}\n");
}

/* Of what a name's bytes may become, all fits. */
static void
the_longest_object_fits(void **state)
{
  struct progress progress;
  char bytes[PROGRESS_JSON_BYTES], name[200];
  struct text text;

  (void)state;
  memset(name, 1, sizeof name - 1);
  name[sizeof name - 1] = '\0';
  progress_begin(&progress, 0, 0);
  progress_add(&progress, &(struct progress_moment){ UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX - 1, UINT64_MAX - 1 });
  text_init(&text, bytes, sizeof bytes);
  progress_add_json(&progress,
                    &(struct progress_state){ .done = UINT64_MAX - 1,
                                              .total = UINT64_MAX - 1,
                                              .doing = "trying bad sectors again",
                                              .waits_for = name },
                    &text);
  assert_false(text.full);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_rate_is_of_the_last_seconds),   cmocka_unit_test(lines_read_as_documented),
    cmocka_unit_test(all_but_a_byte_is_not_all),         cmocka_unit_test(rate_is_of_data_and_recent),
    cmocka_unit_test(stalled_copy_has_no_rate),          cmocka_unit_test(rare_lines_tell_of_the_time_between),
    cmocka_unit_test(zeros_that_are_read_show),          cmocka_unit_test(what_goes_back_has_no_rate),
    cmocka_unit_test(what_was_there_has_no_rate),        cmocka_unit_test(what_waits_says_for_whom),
    cmocka_unit_test(narrow_terminals_get_less),         cmocka_unit_test(percents_are_rounded_down),
    cmocka_unit_test(random_copies_have_lines_that_fit), cmocka_unit_test(scripts_get_an_object_in_a_line),
    cmocka_unit_test(the_longest_object_fits),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
