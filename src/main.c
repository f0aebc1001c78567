/* SPDX-License-Identifier: MIT */
/* main: from the command line to the exit code. The only room with state at file
 * scope: libnbd's heap, and nothing else. */
#include "arena.h"
#include "budget.h"
#include "copy.h"
#include "endpoints.h"
#include "loop.h"
#include "options.h"
#include "progress.h"
#include "range.h"
#include "say.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef DECANT_VERSION
#error "the Makefile says which version this is"
#endif

struct heap heap;

#define TERMINAL_INTERVAL_MS 250
#define CONSOLE_INTERVAL_MS 5000

#define PAGE_BYTES 4096

/* Everything about one copy that is too large for the stack; in the arena. */
struct job {
  union any_endpoint source;
  union any_endpoint destination;
  struct loop loop;
  struct copy copy;
};

_Static_assert(sizeof(struct job) <= TABLE_BYTES_MAX, "the tables are what docs/MEMORY.md says");

struct reporter {
  struct copy_observer observer;
  uint64_t started_ms;
  bool on_terminal;
  bool finished; /* the last line was printed */
};

static void
report_progress(struct copy_observer *observer, uint64_t done, uint64_t total, uint64_t now_ms)
{
  struct reporter *reporter = (struct reporter *)observer;
  char text[PROGRESS_TEXT_BYTES];

  progress_text(text, done, total, now_ms - reporter->started_ms);
  say_progress(text, reporter->on_terminal, false);
}

static struct reporter
make_reporter(const struct options *options, const struct loop *loop)
{
  bool on_terminal = isatty(STDERR_FILENO);

  return (struct reporter){
    .observer = { .progress = report_progress,
                  .interval_ms = !options->progress ? 0 : on_terminal ? TERMINAL_INTERVAL_MS : CONSOLE_INTERVAL_MS },
    .started_ms = loop_now_ms(loop),
    .on_terminal = on_terminal,
  };
}

static int
plan(struct budget *budget, const struct options *options, const struct traits *source,
     const struct traits *destination, struct fault *fault)
{
  struct budget_needs needs = { .payload_bytes = options->payload_bytes,
                                .sparse_bytes = options->sparse_bytes,
                                .source_block_min = source->block_min,
                                .source_request_max = source->request_max,
                                .destination_block_min = destination->block_min,
                                .destination_block_preferred = destination->block_preferred,
                                .destination_request_max = destination->request_max };

  return budget_plan(budget, &needs, fault);
}

static void
say_ends(const struct endpoint *source, const struct endpoint *destination, const struct budget *budget)
{
  const struct endpoint *ends[] = { source, destination };

  for (int i = 0; i < 2; i++) {
    const struct traits *traits = &ends[i]->traits;
    char size[32] = "unknown size";
    if (traits->size != SIZE_UNKNOWN)
      snprintf(size, sizeof size, "%llu bytes", (unsigned long long)traits->size);
    say_line("%s: %s, blocks of %llu to %llu (preferred %llu), %s%s%s%u requests at once", ends[i]->name, size,
             (unsigned long long)traits->block_min, (unsigned long long)traits->request_max,
             (unsigned long long)traits->block_preferred, traits->can_extents ? "extents, " : "",
             traits->can_zero ? "zeros, " : "", traits->can_flush ? "flush, " : "", traits->requests_max);
  }
  say_line("%u reads of %llu KiB, blocks of %llu KiB", budget->slots, (unsigned long long)(budget->slot_bytes / KIB),
           (unsigned long long)(budget->block_bytes / KIB));
}

/* Where zeros need not be written: the operator says so, or we have just made
 * the file; not where a stream's length comes from what is written to it. */
static bool
can_skip_zeros(const struct options *options, const struct traits *source, const struct traits *destination)
{
  if (options->allocated)
    return false;
  return options->destination_is_zero || (destination->reads_zero && source->size != SIZE_UNKNOWN);
}

static int
copy_between(struct job *job, struct arena *arena, const struct options *options, uint64_t *copied,
             struct reporter *reporter, struct fault *fault)
{
  struct endpoint *source = &job->source.base;
  struct endpoint *destination = &job->destination.base;
  struct copy_config config = { .source = source,
                                .destination = destination,
                                .loop = &job->loop,
                                .extents = options->extents,
                                .detect_zeros = options->sparse_bytes > 0,
                                .allocated = options->allocated,
                                .skip_zeros = can_skip_zeros(options, &source->traits, &destination->traits),
                                .flush = options->flush,
                                .observer = &reporter->observer };

  if (plan(&config.budget, options, &source->traits, &destination->traits, fault) == -1)
    return -1;
  if (options->verbose)
    say_ends(source, destination, &config.budget);
  config.slot_buffers = arena_take(arena, config.budget.slots * config.budget.slot_bytes, PAGE_BYTES);
  config.stage_buffers = arena_take(arena, config.budget.stages * config.budget.block_bytes, PAGE_BYTES);
  config.zeros = arena_take(arena, config.budget.zero_bytes, PAGE_BYTES);
  if (loop_init(&job->loop, fault) == -1)
    return -1;
  if (destination->ops->prepare(destination, source->traits.size, fault) == -1)
    return -1;
  *reporter = make_reporter(options, &job->loop);
  copy_init(&job->copy, &config);
  int result = copy_run(&job->copy, fault);
  if (options->progress && reporter->on_terminal)
    say_progress("", true, true);
  *copied = job->copy.source_end;
  return result;
}

static int
run(const struct options *options, struct job *job, struct arena *arena, struct fault *fault)
{
  struct endpoint *source = &job->source.base;
  struct endpoint *destination = &job->destination.base;
  struct fault closing;
  struct reporter reporter = { 0 };
  uint64_t copied = 0;

  if (endpoints_open(&job->source, &options->source, ROLE_SOURCE, options, fault) == -1)
    return -1;
  int result = endpoints_open(&job->destination, &options->destination, ROLE_DESTINATION, options, fault);
  if (result == 0) {
    result = endpoints_check(source, destination, fault);
    if (result == 0)
      result = copy_between(job, arena, options, &copied, &reporter, fault);
    if (destination->ops->close(destination, &closing) == -1 && result == 0) {
      *fault = closing;
      result = -1;
    }
  }
  source->ops->close(source, &closing); /* what was read is copied already */
  if (result == 0 && options->report) {
    uint64_t ms = loop_now_ms(&job->loop) - reporter.started_ms;
    say_line("done: bytes=%llu seconds=%llu.%02llu", (unsigned long long)copied, (unsigned long long)(ms / 1000),
             (unsigned long long)(ms % 1000 / 10));
  }
  return result;
}

int
main(int argc, char **argv)
{
  struct options options;
  struct arena arena;
  struct fault fault = { .exit_code = EXIT_DONE };

  if (options_parse(&options, argc, argv, &fault) == -1) {
    say_fault(&fault);
    return (int)fault.exit_code;
  }
  if (options.mode != RUN_COPY) {
    say_out(options.mode == RUN_HELP ? options_help : "decant " DECANT_VERSION "\n");
    return EXIT_DONE;
  }
  /* The payload is at most what was asked for, but for the rounding to pages. */
  size_t bytes = sizeof(struct job) + options.payload_bytes + 4 * PAGE_BYTES;
  if (arena_reserve(&arena, bytes, &fault) == 0)
    run(&options, arena_take(&arena, sizeof(struct job), PAGE_BYTES), &arena, &fault);
  if (fault.exit_code != EXIT_DONE)
    say_fault(&fault);
  return (int)fault.exit_code;
}
