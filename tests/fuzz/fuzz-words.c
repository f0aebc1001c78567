/* SPDX-License-Identifier: MIT */
/* The small things that are read everywhere, out of the same word: sizes, durations and pins are refused, or come back as they are written;
 * and of anybody's words nothing is shown that may not be. */
#include "fuzz/fuzz.h"

#include "base/clean.h"
#include "base/durations.h"
#include "base/hex.h"
#include "base/last_line.h"
#include "base/pins.h"
#include "base/sizes.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
read_sizes(const char *word)
{
  char text[SIZES_TEXT_BYTES];
  uint64_t bytes, again, number;

  if (sizes_parse(word, &bytes)) {
    sizes_exact_text(text, bytes);
    must(sizes_parse(text, &again) && again == bytes);
    sizes_rounded_text(text, (double)bytes);
    must(strlen(text) < sizeof text);
    must(!sizes_parse_within(word, 512, 1 << 20, &again) || (again == bytes && again >= 512 && again <= 1 << 20));
  }
  if (sizes_parse_number(word, 3, 1000, &number))
    must(number >= 3 && number <= 1000 && number == strtoull(word, NULL, 10));
}

static void
read_duration(const char *word)
{
  uint64_t ms;

  if (durations_parse(word, &ms))
    must(ms == DURATION_FOREVER ? strcmp(word, "forever") == 0 : ms <= DURATION_MS_MAX);
}

static void
read_digits(const char *word)
{
  struct pins pins = { 0 };
  char text[PIN_TEXT_BYTES];
  size_t digits = strlen(word) / 2;
  uint8_t *bytes = malloc(digits + 1);
  char *hex = malloc(2 * digits + 1);

  must(bytes && hex);
  if (hex_read(word, bytes, digits)) {
    hex_write(bytes, digits, hex);
    must(strncasecmp(hex, word, 2 * digits) == 0);
  }
  if (pins_add(&pins, word)) {
    must(pins.count == 1 && pins_have(&pins, pins.digests[0]));
    pins_text(pins.digests[0], text);
    must(strcasecmp(text, word) == 0);
  }
  free(hex);
  free(bytes);
}

/* Whatever parts it comes in. */
static void
hear(struct fuzz_case *input, const uint8_t *bytes, size_t length)
{
  struct last_line at_once = { 0 }, in_parts = { 0 };
  char text[LAST_LINE_TEXT_BYTES];
  size_t part = fuzz_between(input, 1, 255);

  last_line_hear(&at_once, (const char *)bytes, length);
  for (size_t at = 0; at < length; at += part)
    last_line_hear(&in_parts, (const char *)bytes + at, length - at < part ? length - at : part);
  must(at_once.length == in_parts.length && at_once.is_cut == in_parts.is_cut &&
       strcmp(at_once.bytes, in_parts.bytes) == 0);
  last_line_tell(&at_once, text);
  must(fuzz_may_be_shown(text) && !strpbrk(text, "\n\t"));
}

static void
show(const char *word)
{
  size_t length = strlen(word), room = 6 * length + 3;
  char *bytes = malloc(room), *copy = fuzz_string(word, length);
  struct text text;

  must(bytes && copy);
  text_init(&text, bytes, room);
  text_add_json(&text, word);
  must(!text.full && fuzz_is_json(bytes));
  text_init(&text, bytes, room);
  text_add_words(&text, word);
  clean_in_place(copy);
  must(!text.full && fuzz_may_be_shown(bytes) && !strpbrk(bytes, "\n\t") && text.used <= length);
  must(strcmp(bytes, copy) == 0);
  text_init(&text, bytes, length / 2 + 1);
  text_add(&text, "%s", word);
  must(text.full == (length > length / 2) && text.used < text.size && bytes[text.used] == '\0');
  free(copy);
  free(bytes);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  char *word = fuzz_word(input);

  read_sizes(word);
  read_duration(word);
  read_digits(word);
  show(word);
  hear(input, data, size);
  free(word);
  return 0;
}
