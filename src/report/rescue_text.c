/* SPDX-License-Identifier: MIT */
/* rescue_text: see rescue_text.h. */
#include "report/rescue_text.h"

#include "base/sizes.h"

#include <inttypes.h>
#include <stdio.h>

/* What one object takes at most, with all digits. */
#define ROW_BYTES 128

/* How much of a name is shown while it is waited for. */
#define NAME_SHOWN_BYTES 49

static const struct status_words {
  const char *doing, *status;
} status_words[AREA_STATUSES] = {
  [AREA_NON_TRIED] = { "reading", "not-tried" },      [AREA_NON_TRIMMED] = { "trimming", "not-trimmed" },
  [AREA_NON_SCRAPED] = { "scraping", "not-scraped" }, [AREA_BAD_SECTOR] = { "trying bad sectors again", "bad" },
  [AREA_FINISHED] = { "done", "finished" },
};

const char *
rescue_text_doing(enum area_status phase)
{
  return status_words[phase].doing;
}

const char *
rescue_text_status(enum area_status status)
{
  return status_words[status].status;
}

/* The next area of some statuses that is wanted. */
static bool
find_wanted(const struct areas *areas, const struct areas *domain, uint64_t offset, unsigned statuses,
            struct area *found)
{
  struct area wanted;

  while (areas_find(areas, (struct range){ offset, areas->size }, statuses, false, found)) {
    if (!domain)
      return true;
    if (areas_find(domain, found->range, 1u << AREA_FINISHED, false, &wanted)) {
      found->range = wanted.range;
      return true;
    }
    offset = found->range.end;
  }
  return false;
}

bool
rescue_text_find(const struct areas *areas, const struct areas *domain, uint64_t offset, struct area *found)
{
  return find_wanted(areas, domain, offset, AREA_STATUSES_ALL & ~(1u << AREA_FINISHED), found);
}

void
rescue_text_add_up(struct rescue_totals *totals, const struct areas *areas, const struct areas *domain)
{
  struct area area;

  *totals = (struct rescue_totals){ 0 };
  for (uint64_t at = 0; find_wanted(areas, domain, at, AREA_STATUSES_ALL, &area); at = area.range.end) {
    uint64_t bytes = range_length(area.range);
    totals->wanted += bytes;
    totals->rescued += area.status == AREA_FINISHED ? bytes : 0;
    totals->bad += area.status == AREA_BAD_SECTOR ? bytes : 0;
    totals->bad_areas += area.status == AREA_BAD_SECTOR;
  }
  totals->left = totals->wanted - totals->rescued - totals->bad;
}

static void
add_size(struct text *text, const char *before, uint64_t bytes, const char *behind)
{
  char words[SIZES_TEXT_BYTES];

  sizes_rounded_text(words, (double)bytes);
  text_add(text, "%s%s%s", before, words, behind);
}

static void
add_duration(struct text *text, const char *before, uint64_t ms, const char *behind)
{
  uint64_t seconds = ms / 1000;
  unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

  text_add(text, "%s", before);
  if (seconds >= 3600)
    text_add(text, "%" PRIu64 ":%02u:%02u%s", seconds / 3600, minutes, rest, behind);
  else
    text_add(text, "%u:%02u%s", minutes, rest, behind);
}

static void
add_rescued(struct text *text, const struct rescue_totals *totals)
{
  add_size(text, "", totals->rescued, " of ");
  add_size(text, "", totals->wanted, "");
  text_add(text, " (%u %%)", progress_percent(totals->rescued, totals->wanted));
}

static void
add_waiting(struct text *text, const struct rescue_moment *moment)
{
  char name[NAME_SHOWN_BYTES];

  snprintf(name, sizeof name, "%s", moment->waits_for);
  add_duration(text, "waiting ", moment->waited_ms, " for ");
  text_add_words(text, name);
}

void
rescue_text_line(char bytes[RESCUE_TEXT_BYTES], const struct rescue_moment *moment)
{
  const struct rescue_totals *totals = &moment->totals;
  struct text text;

  text_init(&text, bytes, RESCUE_TEXT_BYTES);
  if (moment->waits_for) { /* that first, since nothing else goes on */
    add_waiting(&text, moment);
    add_size(&text, ", ", totals->left, " left");
    return;
  }
  add_rescued(&text, totals);
  add_size(&text, ", ", moment->rate, "/s");
  add_size(&text, " (average ", moment->average, "/s)");
  if (totals->bad_areas > 0) {
    text_add(&text, ", %" PRIu64 " bad area%s", totals->bad_areas, totals->bad_areas == 1 ? "" : "s");
    add_size(&text, " (", totals->bad, ")");
  }
  add_size(&text, ", ", totals->left, " left");
  if (moment->phase == AREA_FINISHED)
    return;
  text_add(&text, ", %s", status_words[moment->phase].doing);
  add_size(&text, " at ", moment->position, "");
  text_add(&text, " (pass %u)", moment->pass);
  add_duration(&text, ", last success ", moment->since_success_ms, " ago");
}

/* What is being done where. */
static void
add_doing(struct text *text, const struct rescue_moment *moment)
{
  if (moment->waits_for) {
    add_waiting(text, moment);
    return;
  }
  text_add(text, "%s", status_words[moment->phase].doing);
  if (moment->phase == AREA_FINISHED)
    return;
  add_size(text, " at ", moment->position, "");
  text_add(text, ", %s (pass %u)", moment->is_backwards ? "backwards" : "forwards", moment->pass);
}

void
rescue_text_screen(char bytes[RESCUE_SCREEN_BYTES], const struct rescue_moment *moment)
{
  const struct rescue_totals *totals = &moment->totals;
  struct text text;

  text_init(&text, bytes, RESCUE_SCREEN_BYTES);
  add_doing(&text, moment);
  text_add(&text, "\n     rescued: ");
  add_rescued(&text, totals);
  add_size(&text, "\n        left: ", totals->left, "");
  add_size(&text, "\n         bad: ", totals->bad, "");
  text_add(&text, " in %" PRIu64 " area%s", totals->bad_areas, totals->bad_areas == 1 ? "" : "s");
  text_add(&text, "\n      errors: %" PRIu64 " read%s failed", moment->errors, moment->errors == 1 ? "" : "s");
  add_size(&text, "\n        rate: ", moment->rate, "/s");
  add_size(&text, ", on average ", moment->average, "/s");
  add_duration(&text, "\nlast success: ", moment->since_success_ms, " ago");
  add_duration(&text, ", in ", moment->took_ms, "");
}

uint64_t
rescue_text_add_json(const struct areas *areas, const struct areas *domain, uint64_t offset, struct text *text)
{
  struct area area;
  bool is_first = offset == 0;

  while (rescue_text_find(areas, domain, offset, &area)) {
    if (text->size - text->used < ROW_BYTES)
      return offset;
    text_add(text, "%s\n{\"offset\": %" PRIu64 ", \"length\": %" PRIu64 ", \"status\": \"%s\"}", is_first ? "" : ",",
             area.range.start, range_length(area.range), rescue_text_status(area.status));
    is_first = false;
    offset = area.range.end;
  }
  return areas->size;
}
