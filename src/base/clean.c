/* SPDX-License-Identifier: MIT */
/* clean: see clean.h. */
#include "base/clean.h"

#include <string.h>

/* How many bytes a character takes that begins with this one; 0: none does. */
static size_t
length_of(unsigned char first)
{
  return first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

size_t
clean_next(const char *text, uint32_t *code)
{
  static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 }; /* what takes so many bytes */
  size_t length = length_of((unsigned char)text[0]);
  uint32_t character = length < 2 ? (unsigned char)text[0] : (unsigned char)text[0] & (0x7fu >> length);

  *code = CLEAN_NO_CHARACTER;
  for (size_t i = 1; i < length; i++) {
    if (((unsigned char)text[i] & 0xc0) != 0x80) /* the NUL too */
      return 1;
    character = character << 6 | ((unsigned char)text[i] & 0x3f);
  }
  if (length == 0 || character < least[length] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
    return 1;
  *code = character;
  return length;
}

bool
clean_may_show(uint32_t code)
{
  static const struct {
    uint32_t first, last;
  } hidden[] = {
    { 0, 0x1f },
    { 0x7f, 0x9f }, /* control characters */
    { 0x200e, 0x200f },
    { 0x2028, 0x202e },
    { 0x2066, 0x2069 }, /* ends of lines, directions of writing */
    { CLEAN_NO_CHARACTER, CLEAN_NO_CHARACTER },
  };

  for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
    if (code >= hidden[i].first && code <= hidden[i].last)
      return false;
  return true;
}

void
clean_in_place(char *text)
{
  char *to = text;
  uint32_t code;

  for (size_t length; *text; text += length) {
    length = clean_next(text, &code);
    if (clean_may_show(code))
      memmove(to, text, length);
    else
      *to = '?';
    to += clean_may_show(code) ? length : 1;
  }
  *to = '\0';
}
