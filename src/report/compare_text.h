/* SPDX-License-Identifier: MIT */
/* compare_text: what came of a comparison, in words and as JSON. Nothing is printed here. */
#ifndef DECANT_COMPARE_TEXT_H
#define DECANT_COMPARE_TEXT_H

#include "base/text.h"
#include "disk/areas.h"

#include <stdbool.h>
#include <stdint.h>

/* What came of it. Offsets and lengths are bytes. */
struct compare_answer {
  const char *names[2];
  uint64_t sizes[2];
  bool is_strict;            /* another length is a difference */
  uint64_t first_difference; /* UINT64_MAX: none was found */
  const struct areas
      *areas; /* all that differs, finished, and what can't be read, bad; NULL: only the first was wanted */
  uint64_t unreadable_bytes;
};

enum compare_verdict { COMPARE_SAME, COMPARE_DIFFERENT, COMPARE_PARTLY_UNREADABLE };

enum compare_verdict compare_text_verdict(const struct compare_answer *answer);

/* Adds the answer as a line, with its newline. */
#define COMPARE_LINE_BYTES 2048
void compare_text_add_line(const struct compare_answer *answer, struct text *text);

/* The answer in a word. */
const char *compare_text_word(const struct compare_answer *answer);

/* Adds what a JSON object has of the answer beside that word, as far as its ranges; "]\n}\n" ends it. */
void compare_text_add_head(const struct compare_answer *answer, struct text *text);

/* Adds the ranges that differ or can't be read, from an offset on and as many as fit: as lines, or as JSON objects,
 * {"offset": 512, "length": 1024, "status": "different"}, with commas between them. Returns the offset of the next one, which is
 * areas->size at the end. */
#define COMPARE_ROWS_BYTES 4096
uint64_t compare_text_add_rows(const struct areas *areas, uint64_t offset, bool is_json, struct text *text);

#endif
