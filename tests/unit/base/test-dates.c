/* SPDX-License-Identifier: MIT */
/* The date stands in the marks of sectors that couldn't be read, by which people find them again years later: it is the C library's
 * date, on any day. */
#include "unit/unit.h"

#include "base/dates.h"

#include <time.h>

#define LAST_SECOND UINT64_C(253402300799)

static void
check_date(uint64_t second)
{
  char words[DATES_WORDS_BYTES], wanted[DATES_WORDS_BYTES];
  time_t moment = (time_t)second;
  struct tm utc;

  strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&moment, &utc));
  dates_words(second, words);
  assert_string_equal(words, wanted);
}

static void
dates_are_the_librarys(void **state)
{
  (void)state;
  /* The calendar repeats itself after 400 years, which have this many days. */
  for (uint64_t day = 0; day < 146097; day++) {
    check_date(day * 86400);
    check_date(day * 86400 + 86399);
    check_date(LAST_SECOND - day * 86400);
  }
  srandom(1);
  for (int i = 0; i < 100000; i++)
    check_date((uint64_t)random() * 118 + (uint64_t)random() % 118);
}

static void
dates_end_with_the_year_9999(void **state)
{
  static const uint64_t late[] = { LAST_SECOND, LAST_SECOND + 1, UINT64_MAX };
  char words[DATES_WORDS_BYTES];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(late); i++) {
    dates_words(late[i], words);
    assert_string_equal(words, "9999-12-31T23:59:59Z");
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dates_are_the_librarys),
    cmocka_unit_test(dates_end_with_the_year_9999),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
