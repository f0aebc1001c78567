/* SPDX-License-Identifier: MIT */
/* last_line: see last_line.h. */
#include "base/last_line.h"

#include "base/clean.h"

#include <string.h>

static void
hear_character(struct last_line *line, char character)
{
  if (line->has_ended) {
    line->length = 0;
    line->is_cut = line->has_ended = false;
  }
  if (line->length == LAST_LINE_BYTES_MAX) {
    line->is_cut = true;
    return;
  }
  line->bytes[line->length + 1] = '\0';
  line->bytes[line->length++] = character ? character : '?';
}

void
last_line_hear(struct last_line *line, const char *bytes, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    bool is_blank = bytes[i] == ' ' || bytes[i] == '\t';
    if (bytes[i] == '\n' || bytes[i] == '\r')
      line->has_ended = true;
    else if (!is_blank || (line->length > 0 && !line->has_ended))
      hear_character(line, is_blank ? ' ' : bytes[i]);
  }
}

/* Without the part of a character that a cut leaves. */
static void
drop_part(char *text)
{
  size_t length = strlen(text), at = length;
  uint32_t code;

  while (at > 0 && length - at < 3 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
    at--;
  if (at > 0 && (unsigned char)text[at - 1] >= 0xc0 && clean_next(text + at - 1, &code) == 1)
    text[at - 1] = '\0';
}

void
last_line_tell(const struct last_line *line, char text[LAST_LINE_TEXT_BYTES])
{
  bool is_cut = line->is_cut;

  memcpy(text, line->bytes, sizeof line->bytes);
  text[LAST_LINE_BYTES_MAX] = '\0'; /* whoever writes there meanwhile */
  if (is_cut)
    drop_part(text);
  size_t length = strlen(text);
  while (length > 0 && text[length - 1] == ' ')
    text[--length] = '\0';
  clean_in_place(text);
  if (is_cut)
    memcpy(text + strlen(text), "...", sizeof "...");
}
