/* SPDX-License-Identifier: MIT */
/* dates: see dates.h. The C library's own ways know time zones and languages, which is eight KiB of a program. */
#include "base/dates.h"

#include "base/range.h"

#include <stdbool.h>
#include <stdio.h>

#define DAY_SECONDS (24 * 3600)
#define LAST_SECOND UINT64_C(253402300799)

static bool
is_leap(unsigned year)
{
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned
month_days(unsigned year, unsigned month)
{
  static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

  return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

void
dates_words(uint64_t second, char words[DATES_WORDS_BYTES])
{
  second = range_min(second, LAST_SECOND);
  unsigned days = (unsigned)(second / DAY_SECONDS), rest = (unsigned)(second % DAY_SECONDS), year = 1970, month = 1;

  for (; days >= (is_leap(year) ? 366 : 365); year++)
    days -= is_leap(year) ? 366 : 365;
  for (; days >= month_days(year, month); month++)
    days -= month_days(year, month);
  snprintf(words, DATES_WORDS_BYTES, "%04u-%02u-%02uT%02u:%02u:%02uZ", year, month, days + 1, rest / 3600,
           rest / 60 % 60, rest % 60);
}
