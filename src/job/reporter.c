/* SPDX-License-Identifier: MIT */
/* reporter: see reporter.h. */
#include "job/reporter.h"

#include "os/say.h"

#include <stddef.h>
#include <stdio.h>

#define TERMINAL_INTERVAL_MS 250
#define CONSOLE_INTERVAL_MS 5000

void
reporter_tell(int fd, bool is_json, const struct progress *progress, const struct progress_state *state)
{
  char line[PROGRESS_JSON_BYTES];
  struct text text;

  text_init(&text, line, sizeof line);
  if (is_json)
    progress_add_json(progress, state, &text);
  else if (state->total != SIZE_UNKNOWN)
    text_add(&text, "%u/100\n", progress_percent(state->done, state->total));
  (void)say_text(fd, line);
}

int
reporter_interval_ms(const struct status_line *line, int percent_fd)
{
  return line->on_terminal || percent_fd != -1 ? TERMINAL_INTERVAL_MS : CONSOLE_INTERVAL_MS;
}

static void
show_line(struct reporter *reporter, const struct progress_state *state, uint64_t waited_ms)
{
  char text[PROGRESS_TEXT_BYTES], line[PROGRESS_TEXT_BYTES];
  uint64_t total = state->total;

  if (state->waits_for)
    progress_waiting_text(&reporter->progress, text, total, state->waits_for, waited_ms);
  else
    progress_text(&reporter->progress, text, total);
  if (reporter->doing)
    snprintf(line, sizeof line, "%s: %.100s", reporter->doing, text);
  if (!picture_show(reporter->picture, &reporter->line, text))
    status_line_show(&reporter->line, reporter->doing ? line : text);
}

static void
report(struct copy_observer *observer, uint64_t done, uint64_t total, uint64_t now_ms)
{
  struct reporter *reporter = (struct reporter *)observer;
  struct progress_moment moment = {
    .now_ms = now_ms, .done = done, .moved = reporter->copy->moved, .read = reporter->copy->reorder.frontier
  };

  uint64_t since_ms = now_ms;
  const struct endpoint *waits_for = copy_waits_for(reporter->copy, &since_ms);
  struct progress_state state = {
    .done = done, .total = total, .doing = reporter->doing, .waits_for = waits_for ? waits_for->name : NULL
  };

  progress_add(&reporter->progress, &moment);
  if (reporter->percent_fd != -1)
    reporter_tell(reporter->percent_fd, reporter->is_json, &reporter->progress, &state);
  else
    show_line(reporter, &state, now_ms - since_ms);
}
_Static_assert(offsetof(struct reporter, observer) == 0, "the reporter is found by its observer");

static void
say_lost(struct copy_observer *observer, const struct endpoint *end)
{
  struct reporter *reporter = (struct reporter *)observer;

  status_line_say_lost(&reporter->line, end, reporter->retry_ms);
}

static void
say_back(struct copy_observer *observer, const struct endpoint *end, uint64_t offset)
{
  struct reporter *reporter = (struct reporter *)observer;
  char how[64];

  snprintf(how, sizeof how, ": going on at offset %llu", (unsigned long long)offset);
  status_line_say_back(&reporter->line, end, how);
}

void
reporter_begin(struct reporter *reporter, const struct options *options, bool is_mute, const struct copy *copy,
               const struct loop *loop, const char *doing)
{
  *reporter = (struct reporter){
    .observer = { .progress = report },
    .retry_ms = options->copy.retry_ms,
    .copy = copy,
    .doing = doing,
    .percent_fd = options->copy.progress_fd,
    .is_json = options->copy.json,
    .started_ms = loop_now_ms(loop),
  };
  status_line_begin(&reporter->line, options_program(options));
  if (options->copy.progress)
    reporter->observer.interval_ms = reporter_interval_ms(&reporter->line, options->copy.progress_fd);
  if (!is_mute) {
    reporter->observer.lost = say_lost;
    reporter->observer.back = say_back;
  }
  progress_begin(&reporter->progress, reporter->started_ms, options->copy.from);
}

void
reporter_end(struct reporter *reporter)
{
  status_line_end(&reporter->line);
}
