/* SPDX-License-Identifier: MIT */
/* A size that is read wrong is memory or a rate that nobody asked for; one that is
 * told wrong is what somebody decides by. */
#include "unit/unit.h"

#include "base/limits.h"
#include "base/sizes.h"

static void
sizes_are_digits_and_a_unit(void **state)
{
  static const struct {
    const char *text;
    bool valid;
    uint64_t bytes;
  } cases[] = {
    { "0", true, 0 },
    { "1", true, 1 },
    { "007", true, 7 },
    { "512b", true, 512 },
    { "1k", true, KIB },
    { "1K", true, KIB },
    { "3M", true, 3 * MIB },
    { "4G", true, 4 * GIB },
    { "2T", true, 2048 * GIB },
    { "1P", true, UINT64_C(1) << 50 },
    { "15E", true, UINT64_C(15) << 60 },
    { "0E", true, 0 },
    { "18446744073709551615", true, UINT64_MAX },
    { "18446744073709551615b", true, UINT64_MAX },
    { "18014398509481983k", true, UINT64_MAX - 1023 },
    { "18446744073709551616", false, 0 },
    { "99999999999999999999", false, 0 },
    { "18014398509481984k", false, 0 },
    { "16E", false, 0 },
    { "", false, 0 },
    { "k", false, 0 },
    { "-1", false, 0 },
    { "+1", false, 0 },
    { " 1", false, 0 },
    { "1 ", false, 0 },
    { "1 k", false, 0 },
    { "1kk", false, 0 },
    { "1kb", false, 0 },
    { "1bb", false, 0 },
    { "1B", true, 1 },
    { "1m", true, MIB },
    { "3g", true, 3 * GIB },
    { "2s", true, 1024 },
    { "36028797018963967S", true, UINT64_C(36028797018963967) << 9 },
    { "36028797018963968S", false, 0 },
    { "1x", false, 0 },
    { "1.5M", false, 0 },
    { "0x10", false, 0 },
    { "1e3", false, 0 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    uint64_t bytes = 0;
    if (sizes_parse(cases[i].text, &bytes) != cases[i].valid || bytes != cases[i].bytes)
      fail_msg("\"%s\" became %llu", cases[i].text, (unsigned long long)bytes);
  }
}

/* What is printed as a number is read as that number. */
static void
one_random_size(struct random *random)
{
  static const char units[] = "bkMGTPE";
  unsigned unit = (unsigned)random_between(random, 0, sizeof units - 2);
  uint64_t number = random_next(random) >> random_between(random, 0, 63), bytes = 0;
  bool fits = number << 10 * unit >> 10 * unit == number;
  char text[32];

  snprintf(text, sizeof text, "%llu%c", (unsigned long long)number, units[unit]);
  check(sizes_parse(text, &bytes) == fits);
  check(!fits || bytes == number << 10 * unit);
}

static void
random_sizes_are_read_back(void **state)
{
  (void)state;
  run_seeds(5000, one_random_size);
}

static void
sizes_have_two_bounds(void **state)
{
  uint64_t bytes = 7;

  (void)state;
  assert_true(sizes_parse_within("4k", 4 * KIB, MIB, &bytes) && bytes == 4 * KIB);
  assert_true(sizes_parse_within("1M", 4 * KIB, MIB, &bytes) && bytes == MIB);
  assert_false(sizes_parse_within("4095", 4 * KIB, MIB, &bytes));
  assert_false(sizes_parse_within("1025k", 4 * KIB, MIB, &bytes));
  assert_int_equal(bytes, MIB); /* what is refused changes nothing */
}

static void
numbers_have_no_unit_and_two_bounds(void **state)
{
  uint64_t number = 7;

  (void)state;
  assert_true(sizes_parse_number("1", 1, 16, &number) && number == 1);
  assert_true(sizes_parse_number("16", 1, 16, &number) && number == 16);
  assert_false(sizes_parse_number("0", 1, 16, &number));
  assert_false(sizes_parse_number("17", 1, 16, &number));
  assert_false(sizes_parse_number("1k", 1, 4096, &number));
  assert_false(sizes_parse_number("", 0, 16, &number));
}

static void
sizes_are_told_as_nbdcopy_tells_them(void **state)
{
  static const struct {
    uint64_t bytes;
    const char *text;
  } cases[] = { { 0, "0" },
                { 1, "1" },
                { 1000003, "1000003" },
                { 1024, "1K" },
                { 1536 * KIB, "1536K" },
                { MIB, "1M" },
                { UINT64_C(1) << 63, "8E" } };
  char text[SIZES_TEXT_BYTES];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    sizes_exact_text(text, cases[i].bytes);
    assert_string_equal(text, cases[i].text);
  }
}

static void
amounts_are_rounded_into_the_next_unit(void **state)
{
  static const struct {
    uint64_t bytes;
    const char *text;
  } cases[] = {
    { 0, "0 B" }, { 1023, "1023 B" }, { MIB - 100 * KIB, "924.0 KiB" }, { MIB - 1, "1.0 MiB" }, { GIB - 1, "1.0 GiB" },
  };
  char text[SIZES_TEXT_BYTES];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    sizes_rounded_text(text, (double)cases[i].bytes);
    assert_string_equal(text, cases[i].text);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sizes_are_digits_and_a_unit),
    cmocka_unit_test(random_sizes_are_read_back),
    cmocka_unit_test(sizes_have_two_bounds),
    cmocka_unit_test(numbers_have_no_unit_and_two_bounds),
    cmocka_unit_test(sizes_are_told_as_nbdcopy_tells_them),
    cmocka_unit_test(amounts_are_rounded_into_the_next_unit),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
