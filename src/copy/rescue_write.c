/* SPDX-License-Identifier: MIT */
/* rescue_write: the stages that write the destination, and keep the map; see rescue_stages.h. */
#include "base/range.h"
#include "base/zeros.h"
#include "copy/rescue_stages.h"

/* ---- Writing ---- */

static bool
is_hole(const struct rescue_run *run, const struct rescue_slot *slot, uint64_t start, uint64_t end)
{
  return run->config.skip_zeros && zeros_only(rescue_payload(slot) + (start - slot->sectors.start), end - start);
}

/* What of a slot is written next: up to the next zeros that needn't be. They are skipped in pieces on one grid, which blocks of
 * the destination fit into. */
static struct range
next_write(const struct rescue_run *run, const struct rescue_slot *slot)
{
  uint64_t grain = range_min(range_max(SPARSE_BYTES_DEFAULT, run->sector_bytes),
                             range_power_of_two_below(run->write_max)),
           end;
  struct range next = { slot->write.start, slot->write.start };

  for (uint64_t at = slot->write.start; at < slot->write.end; at = end) {
    end = range_min(range_end(range_align_down(at, grain), grain), slot->write.end);
    bool skips = is_hole(run, slot, at, end);
    if (skips && next.start < next.end)
      break;
    if (!skips && end - next.start > run->write_max)
      break;
    next.end = end;
    if (skips)
      next.start = end;
  }
  return next;
}

static void
submit_write(struct rescue_run *run, struct rescue_slot *slot, struct range range)
{
  struct endpoint *destination = run->config.destination;

  slot->state = RESCUE_SLOT_WRITES;
  slot->request = (struct request){ .kind = REQUEST_WRITE,
                                    .offset = range.start,
                                    .length = range_length(range),
                                    .payload = rescue_payload(slot) + (range.start - slot->sectors.start) };
  run->writes_out++;
  destination->ops->submit(destination, &slot->request);
}

bool
rescue_write(struct rescue_run *run)
{
  for (struct rescue_slot *slot = run->slots; slot < run->slots + RESCUE_READS_MAX; slot++) {
    if (slot->state != RESCUE_SLOT_FILLED || run->is_unsafe)
      continue;
    struct range range = next_write(run, slot);
    slot->write.start = range.start;
    if (range_is_empty(range))
      slot->state = RESCUE_SLOT_DONE;
    else if (run->writes_out + run->flushing < run->config.destination->traits.requests_max)
      submit_write(run, slot, range);
    else
      continue;
    return true;
  }
  return false;
}

/* ---- Keeping the map ---- */

static void
keep_map(struct rescue_run *run)
{
  struct rescue_observer *observer = run->config.observer;
  struct fault fault;

  run->flushing = false;
  run->has_news = false;
  run->kept_ms = rescue_now_ms(run);
  if (observer->keep(observer, run, &fault) == 0)
    return;
  run->is_unsafe = true; /* there would be no map of what comes */
  if (run->stop == RESCUE_GOES_ON || run->stop == RESCUE_STOP_SIGNAL) {
    run->fault = fault;
    run->stop = RESCUE_STOP_FAULT;
  }
}

/* Nothing more comes, and all that came is in the areas. */
static bool
is_at_end(const struct rescue_run *run)
{
  if (run->stop == RESCUE_GOES_ON && !rescue_is_done(&run->rescue))
    return false;
  for (const struct rescue_slot *slot = run->slots; slot < run->slots + RESCUE_READS_MAX; slot++)
    if (slot->state == RESCUE_SLOT_FILLED || slot->state == RESCUE_SLOT_WRITES || slot->state == RESCUE_SLOT_DONE)
      return false;
  return true;
}

/* The flush that comes before it has room. */
bool
rescue_can_keep(const struct rescue_run *run)
{
  return !run->flushing && !run->is_unsafe && !run->is_kept &&
         run->writes_out < run->config.destination->traits.requests_max;
}

static bool
is_keep_due(const struct rescue_run *run)
{
  return run->has_news && rescue_now_ms(run) >= run->kept_ms + run->config.keep_ms;
}

bool
rescue_keep(struct rescue_run *run)
{
  struct endpoint *destination = run->config.destination;
  bool is_last = is_at_end(run);

  if (!rescue_can_keep(run) || (!is_last && !is_keep_due(run)))
    return false;
  run->is_kept = is_last;
  run->flushing = true;
  run->flush_request = (struct request){ .kind = REQUEST_FLUSH, .is_midway = !is_last };
  destination->ops->submit(destination, &run->flush_request);
  return true;
}

static void
take_flush(struct rescue_run *run)
{
  int errnum = run->flush_request.errnum;

  if (errnum == 0) {
    keep_map(run);
    return;
  }
  run->flushing = false;
  run->is_unsafe = true;
  if (run->stop != RESCUE_STOP_FAULT)
    fault_set(&run->fault, EXIT_FAILED, 0, "flushing %s failed: %s", run->config.destination->name,
              endpoint_why(run->config.destination, errnum));
  run->stop = RESCUE_STOP_FAULT;
}

bool
rescue_take_destination_answer(struct rescue_run *run)
{
  struct endpoint *destination = run->config.destination;
  struct request *answer = destination->ops->take(destination);

  if (!answer)
    return false;
  if (answer->kind == REQUEST_FLUSH) {
    take_flush(run);
    return true;
  }
  struct rescue_slot *slot = (struct rescue_slot *)answer;
  run->writes_out--;
  slot->state = RESCUE_SLOT_FILLED;
  slot->write.start += answer->length;
  if (answer->errnum) {
    slot->state = RESCUE_SLOT_HOME;
    rescue_fail(run, destination, "writing", answer->offset, answer->errnum);
  }
  return true;
}
