/* SPDX-License-Identifier: MIT */
/* text: see text.h. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

void
text_init(struct text *text, char *bytes, size_t size)
{
  *text = (struct text){ .bytes = bytes, .size = size };
  bytes[0] = '\0';
}

void
text_add(struct text *text, const char *format, ...)
{
  size_t room = text->size - text->used;
  va_list args;

  if (text->full)
    return;
  va_start(args, format);
  int length = vsnprintf(text->bytes + text->used, room, format, args);
  va_end(args);
  if (length >= 0 && (size_t)length < room) {
    text->used += (size_t)length;
    return;
  }
  text->full = true;
  text->bytes[text->used] = '\0';
}

static void
add_byte(struct text *text, char byte)
{
  text->full = text->full || text->size - text->used < 2;
  if (text->full)
    return;
  text->bytes[text->used++] = byte;
  text->bytes[text->used] = '\0';
}

static bool
is_control(char byte)
{
  return (unsigned char)byte < ' ' || byte == 127;
}

void
text_add_words(struct text *text, const char *words)
{
  for (; *words; words++)
    add_byte(text, is_control(*words) ? '?' : *words);
}

void
text_begin_colour(struct text *text, const char *colour)
{
  if (colour)
    text_add(text, "%s", colour);
}

void
text_end_colour(struct text *text, const char *colour)
{
  if (colour)
    text_add(text, "\033[0m");
}

void
text_add_json(struct text *text, const char *string)
{
  add_byte(text, '"');
  for (; *string; string++) {
    if (is_control(*string)) {
      text_add(text, "\\u%04x", (unsigned)*string);
      continue;
    }
    if (*string == '"' || *string == '\\')
      add_byte(text, '\\');
    add_byte(text, *string);
  }
  add_byte(text, '"');
}
