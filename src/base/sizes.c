/* SPDX-License-Identifier: MIT */
/* sizes: see sizes.h. */
#include "base/sizes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How far a unit shifts a number to the left, or -1. */
static int
unit_shift(char unit)
{
  static const char units[] = "bkmgtpe"; /* 1024 to the power of 0, 1, ... */
  char lower = (char)(unit >= 'A' && unit <= 'Z' ? unit | ('a' - 'A') : unit);
  const char *found = strchr(units, lower);

  return lower == 's' ? 9 : found ? 10 * (int)(found - units) : -1;
}

bool
sizes_parse(const char *text, uint64_t *bytes)
{
  uint64_t value = 0;
  const char *p = text;

  for (; *p >= '0' && *p <= '9'; p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    if (value > (UINT64_MAX - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  if (p == text)
    return false;
  int shift = *p ? unit_shift(*p++) : 0;
  if (shift < 0 || *p || value > UINT64_MAX >> shift)
    return false;
  *bytes = value << shift;
  return true;
}

bool
sizes_parse_within(const char *text, uint64_t low, uint64_t high, uint64_t *bytes)
{
  uint64_t value;

  if (!sizes_parse(text, &value) || value < low || value > high)
    return false;
  *bytes = value;
  return true;
}

bool
sizes_parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
  return strspn(text, "0123456789") == strlen(text) && sizes_parse_within(text, low, high, number);
}

void
sizes_exact_text(char text[SIZES_TEXT_BYTES], uint64_t bytes)
{
  static const char units[] = "KMGTPE";
  const char *unit = units;

  for (; bytes > 0 && bytes % 1024 == 0 && *unit; unit++)
    bytes /= 1024;
  if (unit == units)
    snprintf(text, SIZES_TEXT_BYTES, "%" PRIu64, bytes);
  else
    snprintf(text, SIZES_TEXT_BYTES, "%" PRIu64 "%c", bytes, unit[-1]);
}

void
sizes_rounded_text(char text[SIZES_TEXT_BYTES], double bytes)
{
  static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  size_t unit = 0;

  /* What would be printed as 1024.0 is 1.0 of the next unit. */
  for (; bytes >= (unit == 0 ? 1024 : 1023.95) && unit + 1 < sizeof units / sizeof units[0]; unit++)
    bytes /= 1024;
  snprintf(text, SIZES_TEXT_BYTES, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}
