/* SPDX-License-Identifier: MIT */
/* reporter: see reporter.h. */
#include "job/reporter.h"

#include "os/say.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_INTERVAL_MS 250
#define CONSOLE_INTERVAL_MS 5000

static void
show_percent(int fd, uint64_t done, uint64_t total)
{
  char line[16];

  if (total == SIZE_UNKNOWN)
    return;
  snprintf(line, sizeof line, "%u/100\n", progress_percent(done, total));
  (void)say_text(fd, line);
}

static void
show_line(struct reporter *reporter, uint64_t total, uint64_t now_ms)
{
  size_t prefix = strlen(reporter->program) + 2; /* "decant: " */
  char text[PROGRESS_TEXT_BYTES];
  uint64_t since_ms;
  const struct endpoint *waits_for = copy_waits_for(reporter->copy, &since_ms);

  if (waits_for)
    progress_waiting_text(&reporter->progress, text, total, waits_for->name, now_ms - since_ms);
  else
    progress_text(&reporter->progress, text, total);
  if (!reporter->on_terminal) {
    (void)say_line(reporter->program, "%s", text);
    return;
  }
  /* Asked each time, since windows change; a line in the last column would scroll. */
  unsigned columns = say_columns(STDERR_FILENO);
  progress_fit(text, columns > prefix + 1 ? columns - prefix - 1 : 0);
  say_in_place(reporter->program, text);
  reporter->has_shown = true;
}

static void
report(struct copy_observer *observer, uint64_t done, uint64_t total, uint64_t now_ms)
{
  struct reporter *reporter = (struct reporter *)observer;
  struct progress_moment moment = {
    .now_ms = now_ms, .done = done, .moved = reporter->copy->moved, .read = reporter->copy->reorder.frontier
  };

  progress_add(&reporter->progress, &moment);
  if (reporter->percent_fd != -1)
    show_percent(reporter->percent_fd, done, total);
  else
    show_line(reporter, total, now_ms);
}
_Static_assert(offsetof(struct reporter, observer) == 0, "the reporter is found by its observer");

/* What is said goes into lines of their own. */
static void
leave_line(struct reporter *reporter)
{
  if (reporter->has_shown)
    (void)say_text(STDERR_FILENO, "\r\033[K");
  reporter->has_shown = false;
}

static void
say_lost(struct copy_observer *observer, const struct endpoint *end)
{
  struct reporter *reporter = (struct reporter *)observer;
  char how_long[32] = "until it is back";

  leave_line(reporter);
  if (reporter->retry_ms != COPY_RETRY_FOREVER)
    snprintf(how_long, sizeof how_long, "for up to %g s", (double)reporter->retry_ms / 1000);
  (void)say_line(reporter->program, "%s: %s; trying again %s", end->name, endpoint_why(end, ENOTCONN), how_long);
}

static void
say_back(struct copy_observer *observer, const struct endpoint *end, uint64_t offset)
{
  struct reporter *reporter = (struct reporter *)observer;

  leave_line(reporter);
  (void)say_line(reporter->program, "%s is back: going on at offset %llu", end->name, (unsigned long long)offset);
}

void
reporter_begin(struct reporter *reporter, const struct options *options, bool is_mute, const struct copy *copy,
               const struct loop *loop)
{
  bool on_terminal = isatty(STDERR_FILENO);
  bool often = on_terminal || options->copy.progress_fd != -1;

  *reporter = (struct reporter){
    .observer = { .progress = report,
                  .interval_ms = !options->copy.progress ? 0
                                 : often                 ? TERMINAL_INTERVAL_MS
                                                         : CONSOLE_INTERVAL_MS },
    .retry_ms = options->copy.retry_ms,
    .copy = copy,
    .program = options_program(options),
    .percent_fd = options->copy.progress_fd,
    .on_terminal = on_terminal,
    .started_ms = loop_now_ms(loop),
  };
  if (!is_mute) {
    reporter->observer.lost = say_lost;
    reporter->observer.back = say_back;
  }
  progress_begin(&reporter->progress, reporter->started_ms, options->copy.from);
}

void
reporter_end(const struct reporter *reporter)
{
  if (reporter->has_shown)
    (void)say_text(STDERR_FILENO, "\n");
}
