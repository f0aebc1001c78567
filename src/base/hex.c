/* SPDX-License-Identifier: MIT */
/* hex: see hex.h. */
#include "base/hex.h"

/* What the digit stands for, or -1: it is none. */
static int
value_of(char digit)
{
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  digit |= 'a' - 'A';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool
hex_read(const char *text, uint8_t *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    int high = value_of(text[2 * i]);
    int low = high < 0 ? -1 : value_of(text[2 * i + 1]);
    if (low < 0)
      return false;
    bytes[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

void
hex_write(const uint8_t *bytes, size_t length, char *text)
{
  static const char digits[] = "0123456789abcdef";

  for (size_t i = 0; i < length; i++) {
    *text++ = digits[bytes[i] >> 4];
    *text++ = digits[bytes[i] & 15];
  }
  *text = '\0';
}
