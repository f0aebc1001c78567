/* SPDX-License-Identifier: MIT */
/* pins: see pins.h. */
#include "base/pins.h"

#include <stdio.h>
#include <string.h>

static const char algorithm[] = "sha256:";
static const char digits[] = "0123456789abcdef";

static int
hex_digit(char c)
{
  const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | ('a' - 'A') : c) : NULL;

  return found ? (int)(found - digits) : -1;
}

bool
pins_add(struct pins *pins, const char *text)
{
  size_t prefix = strlen(algorithm);

  if (pins->count == PINS_MAX || strncmp(text, algorithm, prefix) != 0 || strlen(text) != prefix + 2 * PIN_BYTES)
    return false;
  for (unsigned i = 0; i < PIN_BYTES; i++) {
    int high = hex_digit(text[prefix + 2 * i]), low = hex_digit(text[prefix + 2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    pins->digests[pins->count][i] = (uint8_t)(high << 4 | low);
  }
  pins->count++;
  return true;
}

bool
pins_have(const struct pins *pins, const uint8_t digest[PIN_BYTES])
{
  for (unsigned i = 0; i < pins->count; i++)
    if (memcmp(pins->digests[i], digest, PIN_BYTES) == 0)
      return true;
  return false;
}

void
pins_text(const uint8_t digest[PIN_BYTES], char text[PIN_TEXT_BYTES])
{
  size_t used = (size_t)snprintf(text, PIN_TEXT_BYTES, "%s", algorithm);

  for (unsigned i = 0; i < PIN_BYTES; i++) {
    text[used++] = digits[digest[i] >> 4];
    text[used++] = digits[digest[i] & 15];
  }
  text[used] = '\0';
}
