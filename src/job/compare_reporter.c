/* SPDX-License-Identifier: MIT */
/* compare_reporter: see compare_reporter.h. */
#include "job/compare_reporter.h"

#include "job/reporter.h"

#include <stddef.h>

static struct compare_reporter *
compare_reporter_of(struct compare_observer *observer)
{
  return (struct compare_reporter *)observer;
}
_Static_assert(offsetof(struct compare_reporter, observer) == 0, "the reporter is found by its observer");

static void
report_compare(struct compare_observer *observer, const struct compare *compare, uint64_t now_ms)
{
  struct compare_reporter *reporter = compare_reporter_of(observer);
  uint64_t total = compare_total(compare->views), done = range_min(compare_known_below(compare), total), since_ms;
  const struct endpoint *waits_for = compare_waits_for(compare, &since_ms);
  struct progress_state state = { .done = done, .total = total, .waits_for = waits_for ? waits_for->name : NULL };
  char text[PROGRESS_TEXT_BYTES];

  progress_add(&reporter->progress, &(struct progress_moment){ now_ms, done, compare->read_bytes, compare->position });
  if (reporter->percent_fd != -1) {
    reporter_tell(reporter->percent_fd, reporter->is_json, &reporter->progress, &state);
    return;
  }
  if (waits_for)
    progress_waiting_text(&reporter->progress, text, total, waits_for->name, now_ms - since_ms);
  else
    progress_text(&reporter->progress, text, total);
  status_line_show(&reporter->line, text);
}

static void
say_end_lost(struct compare_observer *observer, const struct endpoint *end)
{
  struct compare_reporter *reporter = compare_reporter_of(observer);

  status_line_say_lost(&reporter->line, end, reporter->retry_ms);
}

static void
say_end_back(struct compare_observer *observer, const struct endpoint *end)
{
  status_line_say_back(&compare_reporter_of(observer)->line, end, "");
}

void
compare_reporter_begin(struct compare_reporter *reporter, const struct options *options, uint64_t now_ms)
{
  *reporter = (struct compare_reporter){ .observer = { .progress = report_compare },
                                         .percent_fd = options->copy.progress_fd,
                                         .is_json = options->copy.json,
                                         .began_ms = now_ms,
                                         .retry_ms = options->copy.retry_ms };
  status_line_begin(&reporter->line, options_program(options));
  if (options->copy.progress)
    reporter->observer.interval_ms = reporter_interval_ms(&reporter->line, reporter->percent_fd);
  if (!options->compare.quiet) {
    reporter->observer.lost = say_end_lost;
    reporter->observer.back = say_end_back;
  }
  progress_begin(&reporter->progress, now_ms, 0);
}

void
compare_reporter_end(struct compare_reporter *reporter, uint64_t now_ms)
{
  reporter->ended_ms = now_ms;
  status_line_end(&reporter->line);
}
