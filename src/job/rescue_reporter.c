/* SPDX-License-Identifier: MIT */
/* rescue_reporter: see rescue_reporter.h. */
#include "job/rescue_reporter.h"

#include "job/reporter.h"
#include "report/rescue_text.h"

#include <stddef.h>

#define TERMINAL_INTERVAL_MS 250
#define CONSOLE_INTERVAL_MS 10000

static struct rescue_reporter *
reporter_of(struct rescue_observer *observer)
{
  return (struct rescue_reporter *)observer;
}
_Static_assert(offsetof(struct rescue_reporter, observer) == 0, "the reporter is found by its observer");

/* Once, as soon as it is noticed: who sees it may rather rescue the disk in parts. At the end it is said anyway. */
static void
say_when_full(struct rescue_reporter *reporter, const struct rescue_run *run)
{
  char text[KEEPER_TEXT_BYTES];

  if (reporter->has_said_full || reporter->keeper->is_mute || run->finished || rescue_is_done(&run->rescue) ||
      run->stop != RESCUE_GOES_ON || !keeper_was_full(reporter->keeper, text))
    return;
  status_line_say(&reporter->line, "%s", text);
  reporter->has_said_full = true;
}

static int
keep_rescue(struct rescue_observer *observer, const struct rescue_run *run, struct fault *fault)
{
  struct keeper *keeper = reporter_of(observer)->keeper;

  say_when_full(reporter_of(observer), run);
  keeper->map.phase = mapfile_character(run->rescue.phase);
  keeper->map.pass = run->rescue.pass;
  keeper->map.position = rescue_position(&run->rescue);
  return keeper_write(keeper, fault);
}

static void
note_moment(struct rescue_reporter *reporter, const struct rescue_run *run, uint64_t now_ms,
            struct rescue_moment *moment)
{
  uint64_t took_ms = now_ms - reporter->began_ms, since_ms;
  bool waits = rescue_run_waits(run, &since_ms);

  progress_add(&reporter->progress, &(struct progress_moment){ now_ms, run->rescued, run->rescued, run->rescued });
  *moment = (struct rescue_moment){ .phase = run->rescue.phase,
                                    .pass = run->rescue.pass,
                                    .is_backwards = run->rescue.is_backwards,
                                    .position = rescue_position(&run->rescue),
                                    .rate = (uint64_t)progress_rate(&reporter->progress),
                                    .average = took_ms > 0 ? (uint64_t)((double)run->rescued * 1000 / (double)took_ms)
                                                           : 0,
                                    .since_success_ms = now_ms - run->success_ms,
                                    .took_ms = took_ms,
                                    .errors = run->errors,
                                    .waits_for = waits ? run->config.source->name : NULL,
                                    .waited_ms = waits ? now_ms - since_ms : 0 };
  rescue_text_add_up(&moment->totals, run->config.areas, run->config.domain);
}

static void
tell_moment(const struct rescue_reporter *reporter, const struct rescue_moment *moment)
{
  struct progress_state state = { .done = moment->totals.rescued,
                                  .total = moment->totals.wanted,
                                  .doing = rescue_text_doing(moment->phase),
                                  .waits_for = moment->waits_for };

  reporter_tell(reporter->percent_fd, reporter->is_json, &reporter->progress, &state);
}

static void
report_rescue(struct rescue_observer *observer, const struct rescue_run *run, uint64_t now_ms)
{
  struct rescue_reporter *reporter = reporter_of(observer);
  char text[RESCUE_SCREEN_BYTES];
  struct rescue_moment moment;

  say_when_full(reporter, run);
  note_moment(reporter, run, now_ms, &moment);
  if (reporter->percent_fd != -1) {
    tell_moment(reporter, &moment);
  } else if (status_line_has_room(&reporter->line, RESCUE_SCREEN_ROWS)) {
    rescue_text_screen(text, &moment);
    status_line_show_rows(&reporter->line, text);
  } else {
    rescue_text_line(text, &moment);
    status_line_show(&reporter->line, text);
  }
}
_Static_assert(RESCUE_TEXT_BYTES <= RESCUE_SCREEN_BYTES, "there is room for either");

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
  *reporter = (struct rescue_reporter){
    .observer = { .keep = keep_rescue },
    .keeper = keeper,
    .retry_ms = options->copy.retry_ms,
    .began_ms = now_ms,
    .percent_fd = options->copy.progress_fd,
    .is_json = options->copy.json,
  };
  status_line_begin(&reporter->line, options_program(options));
  if (reporter->percent_fd != -1 || (!is_mute && !options->rescue.quiet)) {
    bool is_often = reporter->line.on_terminal || reporter->percent_fd != -1;
    reporter->observer.progress = report_rescue;
    reporter->observer.interval_ms = is_often ? TERMINAL_INTERVAL_MS : CONSOLE_INTERVAL_MS;
  }
  if (!is_mute) {
    reporter->observer.lost = say_source_lost;
    reporter->observer.back = say_source_back;
  }
  progress_begin(&reporter->progress, now_ms, 0);
}

void
rescue_reporter_end(struct rescue_reporter *reporter, uint64_t now_ms)
{
  reporter->ended_ms = now_ms;
  status_line_end(&reporter->line);
}
