/* SPDX-License-Identifier: MIT */
/* rescue_reporter: see rescue_reporter.h. */
#include "job/rescue_reporter.h"

#include "os/say.h"
#include "report/rescue_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_INTERVAL_MS 250
#define CONSOLE_INTERVAL_MS 10000

static const char phases[AREA_STATUSES + 1] = "?*/-+";

enum area_status
rescue_reporter_status(char phase)
{
  const char *found = phase ? strchr(phases, phase) : NULL;

  return found ? (enum area_status)(found - phases) : AREA_FINISHED;
}

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

  keeper->map.phase = phases[run->rescue.phase];
  keeper->map.pass = run->rescue.pass;
  keeper->map.position = rescue_position(&run->rescue);
  return keeper_write(keeper, fault);
}

static void
show_rescue_line(struct rescue_reporter *reporter, const char *text)
{
  size_t prefix = strlen(reporter->program) + 2; /* "decant: " */
  char fitting[RESCUE_TEXT_BYTES];

  if (!reporter->on_terminal) {
    (void)say_line(reporter->program, "%s", text);
    return;
  }
  snprintf(fitting, sizeof fitting, "%s", text);
  unsigned columns = say_columns(STDERR_FILENO);
  progress_fit(fitting, columns > prefix + 1 ? columns - prefix - 1 : 0);
  say_in_place(reporter->program, fitting);
  reporter->has_shown = true;
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
  show_rescue_line(reporter, text);
}

static void
leave_rescue_line(struct rescue_reporter *reporter)
{
  if (reporter->has_shown)
    (void)say_text(STDERR_FILENO, "\r\033[K");
  reporter->has_shown = false;
}

static void
say_source_lost(struct rescue_observer *observer, const struct endpoint *end)
{
  struct rescue_reporter *reporter = reporter_of(observer);
  char how_long[32] = "until it is back";

  leave_rescue_line(reporter);
  if (reporter->retry_ms != UINT64_MAX)
    snprintf(how_long, sizeof how_long, "for up to %g s", (double)reporter->retry_ms / 1000);
  (void)say_line(reporter->program, "%s: %s; trying again %s", end->name, endpoint_why(end, ENOTCONN), how_long);
}

static void
say_source_back(struct rescue_observer *observer, const struct endpoint *end)
{
  struct rescue_reporter *reporter = reporter_of(observer);

  leave_rescue_line(reporter);
  (void)say_line(reporter->program, "%s is back", end->name);
}

void
rescue_reporter_begin(struct rescue_reporter *reporter, const struct options *options, bool is_mute,
                      struct keeper *keeper, uint64_t now_ms)
{
  bool on_terminal = isatty(STDERR_FILENO);

  *reporter = (struct rescue_reporter){ .observer = { .keep = keep_rescue },
                                        .keeper = keeper,
                                        .program = options_program(options),
                                        .retry_ms = options->copy.retry_ms,
                                        .on_terminal = on_terminal };
  if (!is_mute && !options->rescue.quiet) {
    reporter->observer.progress = report_rescue;
    reporter->observer.interval_ms = on_terminal ? TERMINAL_INTERVAL_MS : CONSOLE_INTERVAL_MS;
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
  if (reporter->has_shown)
    (void)say_text(STDERR_FILENO, "\n");
  reporter->has_shown = false;
}
