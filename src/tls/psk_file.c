/* SPDX-License-Identifier: MIT */
/* psk_file: see psk_file.h. */
#include "tls/psk_file.h"

#include "base/hex.h"

#include <stdbool.h>
#include <string.h>

struct line {
  const char *text;
  size_t length; /* without its end */
};

/* Takes the next line off the text. Returns whether there is one. */
static bool
take_line(const char **text, size_t *length, struct line *line)
{
  const char *end = *length > 0 ? memchr(*text, '\n', *length) : NULL;
  size_t taken = end ? (size_t)(end - *text) + 1 : *length;

  *line = (struct line){ *text, end ? taken - 1 : taken };
  *text += taken;
  *length -= taken;
  if (line->length > 0 && line->text[line->length - 1] == '\r')
    line->length--;
  return taken > 0;
}

/* Whether a line is the user's; cuts off all but the key. */
static bool
is_of_user(struct line *line, const char *user)
{
  size_t length = strlen(user);

  if (line->length <= length || memcmp(line->text, user, length) != 0 || line->text[length] != ':')
    return false;
  line->text += length + 1;
  line->length -= length + 1;
  return true;
}

int
psk_file_find(const char *text, size_t length, const char *file, const char *user, uint8_t *key, size_t room,
              size_t *key_length, struct fault *fault)
{
  struct line line;
  unsigned number = 1;

  while (take_line(&text, &length, &line)) {
    if (!is_of_user(&line, user)) {
      number++;
      continue;
    }
    *key_length = line.length / 2;
    if (*key_length > room)
      return fault_set(fault, EXIT_FAILED, 0, "%s, line %u: the key of the user \"%s\" is longer than %zu bytes", file,
                       number, user, room);
    if (line.length == 0 || line.length % 2 != 0 || !hex_read(line.text, key, *key_length))
      return fault_set(fault, EXIT_FAILED, 0,
                       "%s, line %u: the key of the user \"%s\" must be hexadecimal digits, two for each byte", file,
                       number, user);
    return 0;
  }
  return fault_set(fault, EXIT_FAILED, 0, "%s: there is no key for the user \"%s\"", file, user);
}
