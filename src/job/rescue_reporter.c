/* SPDX-License-Identifier: MIT */
/* rescue_reporter: see rescue_reporter.h. */
#include "job/rescue_reporter.h"

#include "report/rescue_text.h"

#include <stddef.h>
#include <stdio.h>

#define TERMINAL_INTERVAL_MS 250
#define CONSOLE_INTERVAL_MS 10000

static struct rescue_reporter *
reporter_of(struct rescue_observer *observer)
{
  return (struct rescue_reporter *)observer;
}
_Static_assert(offsetof(struct rescue_reporter, observer) == 0, "the reporter is found by its observer");

static int
keep_rescue(struct rescue_observer *observer, const struct rescue_run *run, struct fault *fault)
{
  struct keeper *keeper = reporter_of(observer)->keeper;

  keeper->map.phase = mapfile_character(run->rescue.phase);
  keeper->map.pass = run->rescue.pass;
  keeper->map.position = rescue_position(&run->rescue);
  return keeper_write(keeper, fault);
}

static void
report_rescue(struct rescue_observer *observer, const struct rescue_run *run, uint64_t now_ms)
{
  struct rescue_reporter *reporter = reporter_of(observer);
  struct rescue_moment moment = { .phase = run->rescue.phase,
                                  .pass = run->rescue.pass,
                                  .position = rescue_position(&run->rescue),
                                  .since_success_ms = now_ms - run->success_ms };
  char text[RESCUE_TEXT_BYTES];
  uint64_t since_ms;

  progress_add(&reporter->progress, &(struct progress_moment){ now_ms, run->rescued, run->rescued, run->rescued });
  moment.rate = (uint64_t)progress_rate(&reporter->progress);
  rescue_text_add_up(&moment.totals, run->config.areas, run->config.domain);
  rescue_text_line(text, &moment);
  if (rescue_run_waits(run, &since_ms)) /* that first, since nothing else goes on */
    snprintf(text, sizeof text, "waiting for %.48s for %llu s, %llu bytes left", run->config.source->name,
             (unsigned long long)(now_ms - since_ms) / 1000, (unsigned long long)moment.totals.left);
  status_line_show(&reporter->line, text);
}

static void
say_source_lost(struct rescue_observer *observer, const struct endpoint *end)
{
  struct rescue_reporter *reporter = reporter_of(observer);

  status_line_say_lost(&reporter->line, end, reporter->retry_ms);
}

static void
say_source_back(struct rescue_observer *observer, const struct endpoint *end)
{
  status_line_say_back(&reporter_of(observer)->line, end, "");
}

void
rescue_reporter_begin(struct rescue_reporter *reporter, const struct options *options, bool is_mute,
                      struct keeper *keeper, uint64_t now_ms)
{
  *reporter = (struct rescue_reporter){ .observer = { .keep = keep_rescue },
                                        .keeper = keeper,
                                        .retry_ms = options->copy.retry_ms };
  status_line_begin(&reporter->line, options_program(options));
  if (!is_mute && !options->rescue.quiet) {
    reporter->observer.progress = report_rescue;
    reporter->observer.interval_ms = reporter->line.on_terminal ? TERMINAL_INTERVAL_MS : CONSOLE_INTERVAL_MS;
  }
  if (!is_mute) {
    reporter->observer.lost = say_source_lost;
    reporter->observer.back = say_source_back;
  }
  progress_begin(&reporter->progress, now_ms, 0);
}

void
rescue_reporter_end(struct rescue_reporter *reporter)
{
  status_line_end(&reporter->line);
}
