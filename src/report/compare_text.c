/* SPDX-License-Identifier: MIT */
/* compare_text: see compare_text.h. */
#include "report/compare_text.h"

#include "base/range.h"

#include <inttypes.h>

/* What one row takes at most, with all digits. */
#define ROW_BYTES 128

#define TOLD (1u << AREA_FINISHED | 1u << AREA_BAD_SECTOR)

enum compare_verdict
compare_text_verdict(const struct compare_answer *answer)
{
  if (answer->first_difference != UINT64_MAX || (answer->is_strict && answer->sizes[0] != answer->sizes[1]))
    return COMPARE_DIFFERENT;
  return answer->unreadable_bytes > 0 ? COMPARE_PARTLY_UNREADABLE : COMPARE_SAME;
}

static void
add_lengths(const struct compare_answer *answer, struct text *text)
{
  text_add(text, "%s and %s differ in length: %" PRIu64 " and %" PRIu64 " bytes", answer->names[0], answer->names[1],
           answer->sizes[0], answer->sizes[1]);
}

static void
add_difference(const struct compare_answer *answer, struct text *text)
{
  uint64_t offset = answer->first_difference;
  int shorter = answer->sizes[1] < answer->sizes[0];

  text_add(text, "%s and %s differ", answer->names[0], answer->names[1]);
  if (answer->areas) {
    struct areas_total total = areas_total(answer->areas, AREA_FINISHED);
    text_add(text, " in %zu range%s of %" PRIu64 " bytes, from offset %" PRIu64 " on", total.count,
             total.count == 1 ? "" : "s", total.bytes, offset);
  } else {
    text_add(text, " at offset %" PRIu64, offset);
  }
  if (offset >= answer->sizes[shorter])
    text_add(text, ", behind the end of %s", answer->names[shorter]);
}

static void
add_sameness(const struct compare_answer *answer, struct text *text)
{
  int longer = answer->sizes[1] > answer->sizes[0];

  text_add(text, "%s and %s are the same%s", answer->names[0], answer->names[1],
           answer->unreadable_bytes > 0 ? " as far as they can be read" : "");
  if (answer->sizes[0] != answer->sizes[1])
    text_add(text, "; %s is longer by %" PRIu64 " bytes, which are zeros", answer->names[longer],
             answer->sizes[longer] - answer->sizes[!longer]);
}

void
compare_text_add_line(const struct compare_answer *answer, struct text *text)
{
  if (answer->first_difference != UINT64_MAX)
    add_difference(answer, text);
  else if (compare_text_verdict(answer) == COMPARE_DIFFERENT)
    add_lengths(answer, text);
  else
    add_sameness(answer, text);
  if (answer->unreadable_bytes > 0)
    text_add(text, "; %" PRIu64 " bytes can't be", answer->unreadable_bytes);
  if (answer->unreadable_bytes > 0 && answer->first_difference != UINT64_MAX)
    text_add(text, " read");
  text_add(text, "\n");
}

const char *
compare_text_word(const struct compare_answer *answer)
{
  static const char *const words[] = {
    [COMPARE_SAME] = "same", [COMPARE_DIFFERENT] = "different", [COMPARE_PARTLY_UNREADABLE] = "partly-unreadable"
  };

  return words[compare_text_verdict(answer)];
}

void
compare_text_add_head(const struct compare_answer *answer, struct text *text)
{
  text_add(text, ",\n\"sizes\": [%" PRIu64 ", %" PRIu64 "]", answer->sizes[0], answer->sizes[1]);
  if (answer->first_difference != UINT64_MAX)
    text_add(text, ",\n\"first-difference\": %" PRIu64, answer->first_difference);
  if (!answer->areas)
    return;
  text_add(text, ",\n\"different-bytes\": %" PRIu64 ",\n\"unreadable-bytes\": %" PRIu64 ",\n\"ranges\": [",
           areas_total(answer->areas, AREA_FINISHED).bytes, areas_total(answer->areas, AREA_BAD_SECTOR).bytes);
}

uint64_t
compare_text_add_rows(const struct areas *areas, uint64_t offset, bool is_json, struct text *text)
{
  struct area area;

  while (areas_find(areas, (struct range){ offset, areas->size }, TOLD, false, &area)) {
    const char *status = area.status == AREA_FINISHED ? "different" : "unreadable";
    if (text->size - text->used < ROW_BYTES)
      return offset;
    if (is_json)
      text_add(text, "%s\n{\"offset\": %" PRIu64 ", \"length\": %" PRIu64 ", \"status\": \"%s\"}",
               offset == 0 ? "" : ",", area.range.start, range_length(area.range), status);
    else
      text_add(text, "%20" PRIu64 " %20" PRIu64 "  %s\n", area.range.start, range_length(area.range), status);
    offset = area.range.end;
  }
  return areas->size;
}
