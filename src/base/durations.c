/* SPDX-License-Identifier: MIT */
/* durations: see durations.h. */
#include "base/durations.h"

#include <string.h>

static const char digits[] = "0123456789";

/* The digits behind the point, in milliseconds. */
static uint64_t
fraction_ms(const char *text)
{
  uint64_t ms = 0;

  for (uint64_t worth = 100; worth > 0 && *text; worth /= 10)
    ms += worth * (uint64_t)(*text++ - '0');
  return ms + (text[strspn(text, "0")] != '\0');
}

bool
durations_parse(const char *text, uint64_t *ms)
{
  size_t whole = strspn(text, digits);
  const char *fraction = text[whole] == '.' ? text + whole + 1 : "";
  uint64_t seconds = 0, value;

  if (strcmp(text, "forever") == 0) {
    *ms = DURATION_FOREVER;
    return true;
  }
  if (whole == 0 || (text[whole] == '.' ? !*fraction || fraction[strspn(fraction, digits)] : text[whole] != '\0'))
    return false;
  for (size_t i = 0; i < whole; i++) {
    seconds = seconds * 10 + (uint64_t)(text[i] - '0');
    if (seconds > DURATION_MS_MAX / 1000)
      return false;
  }
  value = seconds * 1000 + fraction_ms(fraction);
  if (value > DURATION_MS_MAX)
    return false;
  *ms = value;
  return true;
}
