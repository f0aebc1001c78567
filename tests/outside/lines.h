/* SPDX-License-Identifier: MIT */
/* lines: vectors as a script writes them, one a line: a name, what is to be done, and the numbers for it in hexadecimal
 * digits, '-' for none. What comes of each is printed as its name and a verdict:
 *
 *   valid      accepted, and what was computed is what should be
 *   invalid    refused
 *   wrong      accepted, with other bytes than there should be; or two that should do the same don't
 *
 * A line that isn't as it should be ends the program: no vector is left out without a word.
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define LINE_WORDS_MAX 32

struct line {
  char *text; /* of getline()'s; cut into words */
  size_t text_bytes;
  const char *words[LINE_WORDS_MAX]; /* the name first */
  unsigned count;
};

struct bytes {
  uint8_t *at; /* exactly as many as are meant */
  size_t length;
};

static inline void
line_must(const struct line *line, bool condition, const char *what)
{
  if (condition)
    return;
  fprintf(stderr, "%s: %s\n", line->count > 0 ? line->words[0] : "a line", what);
  exit(2);
}

/* Reads the next line, of at least `count` words. Returns false behind the last one. */
static inline bool
line_next(struct line *line, unsigned count)
{
  if (getline(&line->text, &line->text_bytes, stdin) == -1)
    return false;
  line->count = 0;
  for (char *word = strtok(line->text, " \n"); word; word = strtok(NULL, " \n")) {
    line_must(line, line->count < LINE_WORDS_MAX, "too many words");
    line->words[line->count++] = word;
  }
  line_must(line, line->count >= count, "words are missing");
  return true;
}

/* The bytes that a word stands for; the caller frees them. */
static inline struct bytes
line_bytes(const struct line *line, unsigned word)
{
  line_must(line, word < line->count, "a number is missing");
  const char *hex = line->words[word];
  struct bytes bytes = { .length = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2 };

  bytes.at = malloc(bytes.length ? bytes.length : 1);
  line_must(line, bytes.at && (bytes.length == 0 || strlen(hex) % 2 == 0), "half a byte");
  for (size_t i = 0; i < bytes.length; i++) {
    unsigned byte;
    line_must(line, sscanf(hex + 2 * i, "%2x", &byte) == 1, "not a number");
    bytes.at[i] = (uint8_t)byte;
  }
  return bytes;
}

static inline bool
bytes_are(const void *bytes, size_t length, struct bytes expected)
{
  return length == expected.length && memcmp(bytes, expected.at, length) == 0;
}

static inline const char *
verdict_word(bool accepted, bool is_right)
{
  return !accepted ? "invalid" : is_right ? "valid" : "wrong";
}

static inline void
line_answer(const struct line *line, const char *verdict)
{
  printf("%s %s\n", line->words[0], verdict);
}

#endif
