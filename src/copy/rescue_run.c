/* SPDX-License-Identifier: MIT */
/* rescue_run: see rescue_run.h. */
#include "copy/rescue_run.h"

#include "base/range.h"
#include "copy/rescue_stages.h"
#include "copy/turn.h"

#include <errno.h>
#include <string.h>

/* Steps between two looks at the loop. */
#define STEPS_PER_TURN 64

/* ---- How it ends ---- */

uint64_t
rescue_now_ms(const struct rescue_run *run)
{
  return loop_now_ms(run->config.loop);
}

/* What is on its way is still written, and the map kept; but not for ever. */
void
rescue_stop_for(struct rescue_run *run, enum rescue_stop stop)
{
  if (run->stop != RESCUE_GOES_ON)
    return;
  run->stop = stop;
  run->stop_ms = rescue_now_ms(run) + COPY_STOP_MS;
}

void
rescue_fail(struct rescue_run *run, const struct endpoint *end, const char *doing, uint64_t offset, int errnum)
{
  if (run->stop == RESCUE_GOES_ON)
    fault_set(&run->fault, EXIT_FAILED, 0, "%s %s failed at offset %llu: %s", doing, end->name,
              (unsigned long long)offset, endpoint_why(end, errnum));
  rescue_stop_for(run, RESCUE_STOP_FAULT);
}

static bool
end_rescue(struct rescue_run *run)
{
  if (!run->is_unsafe && (run->flushing || !run->is_kept))
    return false;
  run->finished = true;
  return true;
}

/* ---- The loop ---- */

/* What frees something comes before what uses something up. */
static bool (*const steps[])(struct rescue_run *run) = {
  rescue_take_destination_answer,
  rescue_take_source_answer,
  rescue_recover,
  rescue_write,
  rescue_answer_reads,
  rescue_ask_again,
  rescue_read_next,
  rescue_keep,
  end_rescue,
};

static bool
take_a_step(struct rescue_run *run)
{
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    if (steps[i](run))
      return true;
  return false;
}

static void
watch_rate(struct rescue_run *run, uint64_t now_ms)
{
  uint64_t took_ms = now_ms - run->rate_ms, bytes = run->rescued - run->rate_bytes;

  if (run->config.min_bytes_per_s == 0 || took_ms < RESCUE_RATE_MS || run->recovery.is_lost)
    return;
  if ((double)bytes * 1000 < (double)run->config.min_bytes_per_s * (double)took_ms)
    rescue_stop_for(run, RESCUE_STOP_RATE);
  run->rate_ms = now_ms;
  run->rate_bytes = run->rescued;
}

static void
observe_rescue(struct rescue_run *run)
{
  struct rescue_observer *observer = run->config.observer;
  uint64_t now_ms = rescue_now_ms(run);

  watch_rate(run, now_ms);
  if (observer->interval_ms == 0 || (!run->finished && now_ms - run->observed_ms < (uint64_t)observer->interval_ms))
    return;
  run->observed_ms = now_ms;
  observer->progress(observer, run, now_ms);
}

/* The first signal ends the rescue in good order, a second one at once. */
static void
heed_signals_of(struct rescue_run *run)
{
  struct loop *loop = run->config.loop;

  if (!loop->signal_seen)
    return;
  if (run->signal)
    run->finished = true;
  run->signal = loop->signal_seen;
  loop->signal_seen = 0;
  rescue_stop_for(run, RESCUE_STOP_SIGNAL);
}

static void
set_rescue_alarms(const struct rescue_run *run)
{
  struct loop *loop = run->config.loop;

  if (run->config.observer->interval_ms)
    loop_wake_by(loop, run->observed_ms + (uint64_t)run->config.observer->interval_ms);
  if (run->config.min_bytes_per_s > 0)
    loop_wake_by(loop, run->rate_ms + RESCUE_RATE_MS);
  if (run->stop != RESCUE_GOES_ON) { /* a source that is lost is left alone then */
    loop_wake_by(loop, run->stop_ms);
    return;
  }
  if (run->has_news && rescue_can_keep(run))
    loop_wake_by(loop, run->kept_ms + run->config.keep_ms);
  if (run->recovery.is_lost) {
    loop_wake_by(loop, recovery_wake_ms(&run->recovery, run->config.source));
    return;
  }
  for (size_t i = 0; run->suspects > 0 && run->reads_out == 0 && i < RESCUE_READS_MAX; i++)
    if (run->slots[i].state == RESCUE_SLOT_AGAIN)
      loop_wake_by(loop, run->slots[i].again_ms);
}

static int
rescue_a_turn(struct rescue_run *run, struct fault *fault)
{
  struct turn turn = { run->config.loop, { run->config.source, run->config.destination } };
  unsigned count = 0;

  while (count < STEPS_PER_TURN && !run->finished && take_a_step(run))
    count++;
  if (run->finished)
    return 0;
  turn_begin(&turn);
  set_rescue_alarms(run);
  if (turn_wait(&turn, count == STEPS_PER_TURN, fault) == -1)
    return -1;
  heed_signals_of(run);
  if (run->stop != RESCUE_GOES_ON && rescue_now_ms(run) >= run->stop_ms)
    run->finished = true;
  observe_rescue(run);
  return 0;
}

static int
rescue_tell(const struct rescue_run *run, struct fault *fault)
{
  switch (run->stop) {
  case RESCUE_GOES_ON:
    return 0;
  case RESCUE_STOP_SIGNAL:
    if (rescue_is_done(&run->rescue) && run->is_kept && !run->flushing) /* it stopped nothing */
      return 0;
    return fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d", run->signal);
  case RESCUE_STOP_ERRORS:
    return fault_set(fault, EXIT_FAILED, 0, "stopped after %llu reads that failed (--max-errors)",
                     (unsigned long long)run->errors);
  case RESCUE_STOP_RATE:
    return fault_set(fault, EXIT_FAILED, 0, "stopped: less than %llu bytes a second could be rescued (--min-rate)",
                     (unsigned long long)run->config.min_bytes_per_s);
  case RESCUE_STOP_FAULT:
    *fault = run->fault;
    return -1;
  }
  return -1;
}

int
rescue_run(struct rescue_run *run, struct fault *fault)
{
  while (!run->finished)
    if (rescue_a_turn(run, fault) == -1)
      return -1;
  observe_rescue(run);
  return rescue_tell(run, fault);
}

/* ---- The beginning ---- */

static uint64_t
sector_bytes_of(const struct endpoint *source, const struct endpoint *destination)
{
  return range_max(SECTOR_BYTES, range_max(source->traits.block_min, destination->traits.block_min));
}

int
rescue_run_check(const struct endpoint *source, const struct endpoint *destination, struct fault *fault)
{
  const struct traits *traits = &destination->traits;
  uint64_t size = source->traits.size, sector_bytes = sector_bytes_of(source, destination);

  if (size == SIZE_UNKNOWN || source->traits.in_order)
    return fault_set(fault, EXIT_FAILED, 0, "%s can't be rescued: only a disk whose parts can be read in any order can",
                     source->name);
  if (traits->in_order)
    return fault_set(fault, EXIT_FAILED, 0,
                     "a rescue can't go to %s: it is written in no order, and goes on there later", destination->name);
  if (!traits->can_flush)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s can't be told to bring what it has to stable storage, so nothing could be called finished",
                     destination->name);
  if (sector_bytes > range_min(RESCUE_READ_BYTES, source->traits.request_max))
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s takes only blocks of %llu bytes: rescue to a file first, then copy that", destination->name,
                     (unsigned long long)sector_bytes);
  if (!range_is_aligned(size, traits->block_min) && size != traits->size)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s, of %llu bytes, doesn't end with a block of %s: rescue to a file first, then copy that",
                     source->name, (unsigned long long)size, destination->name);
  return 0;
}

void
rescue_run_init(struct rescue_run *run, const struct rescue_run_config *config)
{
  const struct traits *source = &config->source->traits, *destination = &config->destination->traits;
  uint64_t sector_bytes = sector_bytes_of(config->source, config->destination);
  uint64_t request_max = range_power_of_two_below(range_min(source->request_max, RESCUE_READ_BYTES_MAX));
  uint64_t small = range_max(sector_bytes, range_min(RESCUE_READ_BYTES, request_max));
  struct rescue_config rescue = {
    .areas = config->areas,
    .domain = config->domain,
    .sector_bytes = sector_bytes,
    .read_bytes = range_max(sector_bytes, request_max),
    .skip_bytes_min = small,
    .skip_bytes_max = range_max(range_min(source->size / RESCUE_SKIP_SHARE, RESCUE_SKIP_BYTES_MAX), small),
    .retry_passes = config->retry_passes
  };

  memset(run, 0, sizeof *run);
  run->config = *config;
  run->sector_bytes = sector_bytes;
  run->read_bytes = rescue.read_bytes;
  run->write_max = range_align_down(destination->request_max, destination->block_min);
  run->success_ms = run->kept_ms = run->rate_ms = run->observed_ms = rescue_now_ms(run);
  rescue_init(&run->rescue, &rescue);
  recovery_init(&run->recovery, config->retry_ms, loop_now_us(config->loop));
  for (unsigned i = 0; i < RESCUE_READS_MAX; i++)
    run->slots[i].buffer = config->buffers + i * RESCUE_READ_BYTES_MAX;
}

void
rescue_run_resume(struct rescue_run *run, enum area_status phase, unsigned pass, uint64_t position)
{
  /* A map of retries goes on only with those that are wanted now; what has no areas left passes by itself. */
  if (phase == AREA_FINISHED || (phase == AREA_BAD_SECTOR && pass > run->config.retry_passes))
    return;
  rescue_resume(&run->rescue, phase, pass, position);
}
