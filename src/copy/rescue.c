/* SPDX-License-Identifier: MIT */
/* rescue: see rescue.h. */
#include "copy/rescue.h"

#include <assert.h>

static void
begin_pass(struct rescue *rescue, enum area_status phase, unsigned pass)
{
  rescue->phase = phase;
  rescue->pass = pass;
  rescue->is_backwards = pass % 2 == 0;
  rescue->position = rescue->is_backwards ? rescue->config.areas->size : 0;
  rescue->skip_bytes = rescue->config.skip_bytes_min;
}

void
rescue_init(struct rescue *rescue, const struct rescue_config *config)
{
  assert(range_is_power_of_two(config->sector_bytes) && range_is_power_of_two(config->read_bytes) &&
         config->sector_bytes <= config->read_bytes);
  *rescue = (struct rescue){ .config = *config };
  begin_pass(rescue, AREA_NON_TRIED, 1);
}

void
rescue_resume(struct rescue *rescue, enum area_status phase, unsigned pass, uint64_t position)
{
  begin_pass(rescue, phase, pass);
  rescue->position = range_min(position, rescue->config.areas->size);
}

void
rescue_set_read_bytes(struct rescue *rescue, uint64_t bytes)
{
  assert(range_is_power_of_two(bytes) && bytes >= rescue->config.sector_bytes);
  rescue->config.read_bytes = bytes;
}

static unsigned
passes_of(const struct rescue *rescue)
{
  switch (rescue->phase) {
  case AREA_NON_TRIED:
    return RESCUE_PASSES_MAX;
  case AREA_BAD_SECTOR:
    return rescue->config.retry_passes;
  default:
    return RESCUE_PASSES_MAX_FAILED;
  }
}

/* All reads of this one are home. */
static void
next_pass(struct rescue *rescue)
{
  bool is_last = rescue->pass >= passes_of(rescue) || areas_total(rescue->config.areas, rescue->phase).count == 0;

  begin_pass(rescue, is_last ? rescue->phase + 1 : rescue->phase, is_last ? 1 : rescue->pass + 1);
  if (rescue->phase == AREA_BAD_SECTOR && rescue->config.retry_passes == 0)
    begin_pass(rescue, AREA_FINISHED, 1);
}

/* The next of what the pass is about, from its position on, and within the domain. */
static bool
find_area(struct rescue *rescue, struct area *area)
{
  const struct rescue_config *config = &rescue->config;
  bool backwards = rescue->is_backwards;
  struct area part;

  for (;;) {
    struct range left = backwards ? (struct range){ 0, rescue->position }
                                  : (struct range){ rescue->position, config->areas->size };
    if (!areas_find(config->areas, left, 1u << rescue->phase, backwards, area))
      return false;
    if (!config->domain)
      return true;
    if (areas_find(config->domain, area->range, 1u << AREA_FINISHED, backwards, &part)) {
      area->range = part.range;
      return true;
    }
    rescue->position = backwards ? area->range.start : area->range.end;
  }
}

/* What of an area is read first, or from its end: up to where the grid of such reads has its next line. */
static struct range
first_of(struct range area, uint64_t bytes, bool from_end)
{
  if (from_end)
    return (struct range){ range_max(area.start, range_align_down(area.end - 1, bytes)), area.end };
  return (struct range){ area.start, range_min(area.end, range_end(range_align_down(area.start, bytes), bytes)) };
}

static struct rescue_read *
find_read(struct rescue *rescue, enum rescue_read_state state)
{
  for (unsigned i = 0; i < RESCUE_READS_MAX; i++)
    if (rescue->reads[i].state == state)
      return &rescue->reads[i];
  return NULL;
}

/* A read of what the pass has come to. An area is trimmed as a whole, by one read after the other. */
static void
begin_read(struct rescue *rescue, struct rescue_read *read, struct range area)
{
  uint64_t bytes = rescue->phase == AREA_NON_TRIED ? rescue->config.read_bytes : rescue->config.sector_bytes;
  bool trims = rescue->phase == AREA_NON_TRIMMED;

  read->range = first_of(area, bytes, rescue->is_backwards && !trims);
  read->rest = trims ? area : read->range;
  read->is_from_end = false;
  read->state = RESCUE_READ_NEXT;
  rescue->position = rescue->is_backwards ? read->rest.start : read->rest.end;
  rescue->reads_busy++;
}

struct rescue_read *
rescue_next(struct rescue *rescue)
{
  struct rescue_read *read = find_read(rescue, RESCUE_READ_NEXT), *home = find_read(rescue, RESCUE_READ_HOME);
  struct area area;

  while (!read && home && !rescue_is_done(rescue)) {
    if (find_area(rescue, &area))
      begin_read(rescue, read = home, area.range);
    else if (rescue->reads_busy > 0)
      break;
    else
      next_pass(rescue);
  }
  if (read)
    read->state = RESCUE_READ_OUT;
  return read;
}

/* What is behind an error is left out. */
static void
leave_out(struct rescue *rescue, struct range range)
{
  uint64_t bytes = rescue->skip_bytes, sector = rescue->config.sector_bytes;
  uint64_t before = range.start > bytes ? range_align_down(range.start - bytes, sector) : 0;
  uint64_t behind = range_min(range_align_up(range_end(range.end, bytes), sector), rescue->config.areas->size);

  rescue->position = rescue->is_backwards ? range_min(rescue->position, before) : range_max(rescue->position, behind);
  rescue->skip_bytes = range_min(bytes * 2, rescue->config.skip_bytes_max);
}

/* What is now known of a range that couldn't be read: one within a sector, by itself, or more. */
static enum area_status
status_after_failure(const struct rescue *rescue, struct range range)
{
  uint64_t sector = range_align_down(range.start, rescue->config.sector_bytes);

  return range.end <= range_end(sector, rescue->config.sector_bytes) ? AREA_BAD_SECTOR : AREA_NON_TRIMMED;
}

/* The rest of an area that is being trimmed: returns whether there is another read of it. */
static bool
trim_on(struct rescue *rescue, struct rescue_read *read, bool has_failed)
{
  if (read->is_from_end)
    read->rest.end = read->range.start;
  else
    read->rest.start = read->range.end;
  if (has_failed && read->is_from_end) {
    areas_set(rescue->config.areas, read->rest, AREA_NON_SCRAPED);
    return false;
  }
  read->is_from_end = read->is_from_end || has_failed;
  if (range_is_empty(read->rest))
    return false;
  read->range = first_of(read->rest, rescue->config.sector_bytes, read->is_from_end);
  return true;
}

/* In the passes that leave things out. */
static void
skip_or_not(struct rescue *rescue, const struct rescue_read *read, bool leaves_out)
{
  if (rescue->phase != AREA_NON_TRIED || rescue->pass > RESCUE_PASSES_SKIPPING)
    return;
  if (leaves_out)
    leave_out(rescue, read->range);
  else
    rescue->skip_bytes = range_max(rescue->skip_bytes / 2, rescue->config.skip_bytes_min);
}

static void
end_read(struct rescue *rescue, struct rescue_read *read, bool goes_on)
{
  read->state = goes_on ? RESCUE_READ_NEXT : RESCUE_READ_HOME;
  rescue->reads_busy -= !goes_on;
}

static void
note_result(struct rescue *rescue, struct rescue_read *read, uint64_t good_bytes, bool is_slow)
{
  struct range good = range_make(read->range.start, good_bytes), bad = { good.end, read->range.end };
  bool has_failed = bad.start < bad.end;

  assert(read->state == RESCUE_READ_OUT && good.end <= read->range.end);
  areas_set(rescue->config.areas, good, AREA_FINISHED);
  areas_set(rescue->config.areas, bad, status_after_failure(rescue, bad));
  skip_or_not(rescue, read, has_failed || is_slow);
  end_read(rescue, read, rescue->phase == AREA_NON_TRIMMED && trim_on(rescue, read, has_failed));
}

void
rescue_answer(struct rescue *rescue, struct rescue_read *read, uint64_t good_bytes)
{
  note_result(rescue, read, good_bytes, false);
}

void
rescue_answer_slow(struct rescue *rescue, struct rescue_read *read)
{
  note_result(rescue, read, range_length(read->range), true);
}

void
rescue_answer_silent(struct rescue *rescue, struct rescue_read *read)
{
  bool is_sector = status_after_failure(rescue, read->range) == AREA_BAD_SECTOR;

  assert(read->state == RESCUE_READ_OUT);
  areas_set(rescue->config.areas, read->rest, AREA_NON_SCRAPED);
  if (is_sector)
    areas_set(rescue->config.areas, read->range, AREA_BAD_SECTOR);
  skip_or_not(rescue, read, true);
  end_read(rescue, read, false);
}

bool
rescue_is_done(const struct rescue *rescue)
{
  return rescue->phase == AREA_FINISHED;
}

uint64_t
rescue_position(const struct rescue *rescue)
{
  uint64_t position = rescue->position;

  for (unsigned i = 0; i < RESCUE_READS_MAX; i++) {
    const struct rescue_read *read = &rescue->reads[i];
    if (read->state != RESCUE_READ_HOME)
      position = rescue->is_backwards ? range_max(position, read->rest.end) : range_min(position, read->rest.start);
  }
  return position;
}
