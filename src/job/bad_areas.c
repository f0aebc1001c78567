/* SPDX-License-Identifier: MIT */
/* bad_areas: see bad_areas.h. */
#include "job/bad_areas.h"

#include "base/dates.h"
#include "os/say.h"
#include "report/rescue_text.h"

#include <stdio.h>
#include <time.h>

/* How many are told on standard error. */
#define ROWS_TOLD 20

enum mark
bad_areas_mark(const struct options *options, char words[DATES_WORDS_BYTES])
{
  static const enum mark marks[] = {
    [MARK_BAD_NOT] = MARK_NONE, [MARK_BAD_ZERO] = MARK_ZERO, [MARK_BAD_PATTERN] = MARK_PATTERN
  };

  dates_words((uint64_t)time(NULL), words);
  return marks[options->copy.mark_bad];
}

void
bad_areas_say(const struct options *options, const struct areas *areas, const struct areas *domain)
{
  const char *program = options_program(options), *who = options->copy.mapfile ? options->copy.mapfile : "--json";
  struct area area;
  unsigned rows = 0;

  for (uint64_t at = 0; rescue_text_find(areas, domain, at, &area); at = area.range.end) {
    if (rows == 0)
      (void)say_line(program, "%20s %20s  %s", "offset", "bytes", "status");
    if (rows++ < ROWS_TOLD)
      (void)say_line(program, "%20llu %20llu  %s", (unsigned long long)area.range.start,
                     (unsigned long long)range_length(area.range), rescue_text_status(area.status));
  }
  if (rows > ROWS_TOLD)
    (void)say_line(program, "and %u more, which %s has", rows - ROWS_TOLD, who);
}

int
bad_areas_say_json(const struct areas *areas, const struct areas *domain, struct fault *fault)
{
  char bytes[RESCUE_ROWS_BYTES];
  struct text text;

  if (say_answer(",\n\"unreadable\": [", fault) == -1)
    return -1;
  for (uint64_t at = 0; at < areas->size;) {
    text_init(&text, bytes, sizeof bytes);
    at = rescue_text_add_json(areas, domain, at, &text);
    if (say_answer(bytes, fault) == -1)
      return -1;
  }
  return say_answer("\n]", fault);
}
