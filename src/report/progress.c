/* SPDX-License-Identifier: MIT */
/* progress: see progress.h. */
#include "report/progress.h"

#include "base/clean.h"
#include "base/limits.h"
#include "base/sizes.h"
#include "report/effort.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

unsigned
progress_percent(uint64_t done, uint64_t total)
{
  if (done >= total)
    return 100;
  unsigned percent = (unsigned)((double)done / (double)total * 100);
  return percent < 100 ? percent : 99;
}

void
progress_begin(struct progress *progress, uint64_t now_ms, uint64_t done)
{
  *progress = (struct progress){ .first = { .now_ms = now_ms, .done = done, .read = done } };
  progress_add(progress, &progress->first);
}

/* The moment that is `back` before the last one. */
static const struct progress_moment *
moment_before(const struct progress *progress, unsigned back)
{
  return &progress->moments[(progress->count - 1 - back) % PROGRESS_MOMENTS];
}

void
progress_add(struct progress *progress, const struct progress_moment *moment)
{
  /* What goes back has no rate until it has gone on. */
  if (progress->count > 0 && moment->done < moment_before(progress, 0)->done)
    progress->count = 0;
  progress->moments[progress->count++ % PROGRESS_MOMENTS] = *moment;
}

/* Where the last seconds begin; on a console, where lines are further apart, with the
 * last line. */
static const struct progress_moment *
window_begin(const struct progress *progress)
{
  const struct progress_moment *last = moment_before(progress, 0);
  unsigned back = 0;

  while (back + 1 < progress->count && back + 1 < PROGRESS_MOMENTS &&
         (back == 0 || last->now_ms - moment_before(progress, back + 1)->now_ms <= PROGRESS_WINDOW_MS))
    back++;
  return moment_before(progress, back);
}

/* Bytes a second. */
static double
rate_of(uint64_t bytes, uint64_t ms)
{
  return ms > 0 ? (double)bytes * 1000 / (double)ms : 0;
}

double
progress_rate(const struct progress *progress)
{
  const struct progress_moment *begin = window_begin(progress), *last = moment_before(progress, 0);

  return rate_of(last->moved - begin->moved, last->now_ms - begin->now_ms);
}

/* Seconds as people write them, in minutes or hours. */
static int
clock_text(char *text, size_t room, uint64_t seconds)
{
  unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

  return seconds >= 3600 ? snprintf(text, room, "%" PRIu64 ":%02u:%02u", seconds / 3600, minutes, rest)
                         : snprintf(text, room, "%u:%02u", minutes, rest);
}

static void
left_text(char *text, size_t room, uint64_t bytes, double rate)
{
  double left = (double)bytes / rate;
  uint64_t left_s = left < 1e9 ? (uint64_t)left : UINT64_C(1000000000);
  int used = snprintf(text, room, ", ");

  used += clock_text(text + used, room - (size_t)used, left_s);
  snprintf(text + used, room - (size_t)used, " left");
}

/* "1.5 GiB of 4.0 GiB (37 %)": returns how long that is. */
static int
done_text(char text[PROGRESS_TEXT_BYTES], uint64_t done, uint64_t total)
{
  char done_words[SIZES_TEXT_BYTES], total_words[SIZES_TEXT_BYTES];

  sizes_rounded_text(done_words, (double)done);
  sizes_rounded_text(total_words, (double)total);
  if (total == SIZE_UNKNOWN)
    return snprintf(text, PROGRESS_TEXT_BYTES, "%s", done_words);
  return snprintf(text, PROGRESS_TEXT_BYTES, "%s of %s (%u %%)", done_words, total_words,
                  progress_percent(done, total));
}

void
progress_text(const struct progress *progress, char text[PROGRESS_TEXT_BYTES], uint64_t total)
{
  const struct progress_moment *last = moment_before(progress, 0);
  bool is_all = total != SIZE_UNKNOWN && last->done >= total;
  const struct progress_moment *begin = is_all ? &progress->first : window_begin(progress);
  uint64_t ms = last->now_ms - begin->now_ms;
  bool only_reads = last->done == begin->done && last->read > begin->read && last->read > last->done;
  double done_rate = rate_of(last->done - begin->done, ms);
  char size_text[SIZES_TEXT_BYTES], rate_text[SIZES_TEXT_BYTES];
  size_t room = PROGRESS_TEXT_BYTES;
  int used = done_text(text, last->done, total);

  sizes_rounded_text(rate_text, rate_of(only_reads ? last->read - begin->read : last->moved - begin->moved, ms));
  if (only_reads) {
    sizes_rounded_text(size_text, (double)last->read);
    used += snprintf(text + used, room - (size_t)used, ", %s read", size_text);
  }
  used += snprintf(text + used, room - (size_t)used, ", %s/s", rate_text);
  if (total != SIZE_UNKNOWN && !is_all && done_rate > 0)
    left_text(text + used, room - (size_t)used, total - last->done, done_rate);
}

void
progress_waiting_text(const struct progress *progress, char text[PROGRESS_TEXT_BYTES], uint64_t total, const char *name,
                      uint64_t ms)
{
  int used = done_text(text, moment_before(progress, 0)->done, total);

  used += snprintf(text + used, PROGRESS_TEXT_BYTES - (size_t)used, ", waiting ");
  used += clock_text(text + used, PROGRESS_TEXT_BYTES - (size_t)used, ms / 1000);
  snprintf(text + used, PROGRESS_TEXT_BYTES - (size_t)used, ", for %.48s", name);
  clean_in_place(text);
}

void
progress_add_json(const struct progress *progress, const struct progress_state *state, struct text *text)
{
  char name[49]; /* of a long one, the beginning */

  text_add(text, "{\"done\": %" PRIu64, state->done);
  if (state->total != SIZE_UNKNOWN)
    text_add(text, ", \"total\": %" PRIu64, state->total);
  text_add(text, ", \"rate\": %" PRIu64 ", \"seconds\": ", (uint64_t)progress_rate(progress));
  effort_add_seconds(moment_before(progress, 0)->now_ms - progress->first.now_ms, text);
  if (state->doing)
    text_add(text, ", \"doing\": \"%s\"", state->doing);
  if (state->waits_for) {
    snprintf(name, sizeof name, "%s", state->waits_for);
    text_add(text, ", \"waits-for\": ");
    text_add_json(text, name);
  }
  text_add(text, "}\n");
}

void
progress_fit(char text[PROGRESS_TEXT_BYTES], size_t columns)
{
  char *comma, *percent;

  while (strlen(text) > columns && (comma = strrchr(text, ',')))
    *comma = '\0';
  if (strlen(text) > columns && (percent = strchr(text, '('))) {
    memmove(text, percent + 1, strlen(percent));
    text[strcspn(text, ")")] = '\0';
  }
  if (strlen(text) > columns)
    text[columns] = '\0';
}
