/* SPDX-License-Identifier: MIT */
/* text: see text.h. */
#include "base/text.h"

#include "base/clean.h"

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

static void
add_bytes(struct text *text, const char *bytes, size_t length)
{
  while (length-- > 0)
    add_byte(text, *bytes++);
}

void
text_add_words(struct text *text, const char *words)
{
  uint32_t code;

  for (size_t length; *words; words += length) {
    length = clean_next(words, &code);
    if (clean_may_show(code))
      add_bytes(text, words, length);
    else
      add_byte(text, '?');
  }
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

static void
add_json_character(struct text *text, const char *bytes, size_t length, uint32_t code)
{
  if (code == CLEAN_NO_CHARACTER) {
    text_add(text, "\\ufffd");
  } else if (!clean_may_show(code)) {
    text_add(text, "\\u%04x", (unsigned)code); /* none is beyond four digits */
  } else {
    if (code == '"' || code == '\\')
      add_byte(text, '\\');
    add_bytes(text, bytes, length);
  }
}

void
text_add_json(struct text *text, const char *string)
{
  uint32_t code;

  add_byte(text, '"');
  for (size_t length; *string; string += length) {
    length = clean_next(string, &code);
    add_json_character(text, string, length, code);
  }
  add_byte(text, '"');
}
