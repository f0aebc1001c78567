/* SPDX-License-Identifier: MIT */
/* copy_recovery: the stages that go on after a loss; see copy_stages.h.
 *
 * A lost source costs nothing but time: its reads keep their slots and are asked for
 * again. A lost destination may have forgotten all that wasn't flushed, so it is gone back
 * over from there: every request comes home first and is dropped, and when the destination
 * has answered a flush, the copy begins anew at that offset. Requests that fail on an end
 * that is there are asked for again, too, and then in parts.
 */
#include "base/range.h"
#include "copy/copy_stages.h"

#include <errno.h>

/* ---- Requests that are asked for again ---- */

static uint64_t
now_ms_of(const struct copy *copy)
{
  return loop_now_ms(copy->config.loop);
}

bool
copy_can_return(const struct copy *copy, const struct endpoint *end)
{
  const struct copy_config *config = &copy->config;

  if (config->retry_ms == 0 || !end->ops->reopen || copy_has_failed(copy))
    return false;
  return end == config->source ? !copy->source_is_gone : !config->source->traits.in_order;
}

bool
copy_is_away(const struct copy *copy, const struct endpoint *end)
{
  return end->presence != PRESENCE_HERE && copy_can_return(copy, end);
}

bool
copy_is_final(const struct copy *copy, const struct request *request, const struct retry *retry)
{
  return copy->config.retry_ms == 0 || !retry_may_pass(request->errnum) ||
         (request->errnum == COPY_DIFFERS && retry->differed) || retry->failures == RETRIES_MAX;
}

bool
copy_asks_again(struct copy *copy, const struct endpoint *end, const struct request *request, struct retry *retry)
{
  uint64_t now_ms = now_ms_of(copy);

  if (copy->config.retry_ms == 0 || copy_is_over(copy) || end->traits.in_order)
    return false;
  if (request->errnum == ENOTCONN) {
    if (!copy_can_return(copy, end) || !retry_elsewhere(retry, end, copy->config.retry_ms, now_ms))
      return false;
  } else {
    if (copy_is_final(copy, request, retry))
      return false;
    retry_later(retry, now_ms);
    retry->differed = request->errnum == COPY_DIFFERS;
  }
  copy->retries++;
  return true;
}

uint64_t
copy_part_bytes(const struct copy *copy, uint64_t block_bytes)
{
  return range_max(block_bytes, copy->config.budget.slot_bytes / RETRY_PARTS);
}

static bool
is_due(const struct copy *copy, const struct endpoint *end, const struct retry *retry)
{
  return retry->waits && !copy_is_away(copy, end) && now_ms_of(copy) >= retry->again_ms;
}

static bool
source_takes_more(const struct copy *copy)
{
  unsigned out = copy->reads_in_flight - copy->reads_waiting + copy->windows.out;

  return out < (copy->suspects > 0 ? 1 : copy->config.source->traits.requests_max);
}

static bool
destination_takes_more(const struct copy *copy)
{
  unsigned out = copy->transfers_out + (copy->pour_wait == POUR_WAITS_FOR_EDGE && !copy->edge_retry.waits);

  return out < copy->config.destination->traits.requests_max;
}

/* Whether what a read would bring is of no use any more. */
static bool
is_needless(const struct copy *copy, const struct slot *slot)
{
  if (copy_is_over(copy) || copy->source_is_gone)
    return true;
  return copy->failure.endpoint == copy->config.source && copy_reads_from(slot) > copy->failure.offset;
}

static bool
read_again(struct copy *copy)
{
  for (struct slot *slot = copy->slots; copy->reads_waiting > 0 && slot < copy->slots + SLOTS_MAX; slot++) {
    if (slot->retry.waits && is_needless(copy, slot)) {
      copy_end_read(copy, slot);
      return true;
    }
    if (is_due(copy, copy->config.source, &slot->retry) && source_takes_more(copy) &&
        !copy_waits_for_turn(copy, slot)) {
      copy_read_again(copy, slot);
      return true;
    }
  }
  return false;
}

/* The next question may be asked. */
static bool
survey_again(struct copy *copy)
{
  bool goes_on = copy->survey_retry.waits &&
                 (copy_has_failed(copy) || is_due(copy, copy->config.source, &copy->survey_retry));

  if (goes_on)
    copy->survey_retry.waits = false;
  return goes_on;
}

static bool
transfer_again(struct copy *copy)
{
  for (struct transfer *transfer = copy->transfers;
       copy->transfers_waiting > 0 && transfer < copy->transfers + WRITES_MAX; transfer++) {
    if (transfer->retry.waits && copy_is_over(copy)) {
      copy_fail_transfer(copy, transfer);
      return true;
    }
    if (is_due(copy, copy->config.destination, &transfer->retry) && destination_takes_more(copy)) {
      copy_transfer_again(copy, transfer);
      return true;
    }
  }
  return false;
}

static bool
edge_again(struct copy *copy)
{
  if (copy->edge_retry.waits && copy_is_over(copy)) {
    copy_end_edge(copy);
    return true;
  }
  if (!is_due(copy, copy->config.destination, &copy->edge_retry) || !destination_takes_more(copy))
    return false;
  copy_edge_again(copy);
  return true;
}

bool
copy_ask_again(struct copy *copy)
{
  return read_again(copy) || survey_again(copy) || transfer_again(copy) || edge_again(copy);
}

/* ---- Going back over the destination ---- */

void
copy_rewind(struct copy *copy, bool is_lost)
{
  copy->flushes_first = copy->flushes_first || is_lost;
  if (copy->is_rewinding)
    return;
  copy->is_rewinding = true;
  copy->rewinds++;
  for (struct slot *slot = copy->slots; copy->reads_waiting > 0; slot++)
    if (slot->retry.waits)
      copy_end_read(copy, slot);
  copy->survey_retry.waits = false;
  if (copy->edge_retry.waits)
    copy_end_edge(copy);
  copy->transfers_waiting = 0; /* the buffers of these, and of all that waits, are home once it begins anew */
}

static bool
is_all_answered(const struct copy *copy)
{
  return copy->reads_in_flight == 0 && copy->windows.out == 0 && copy->transfers_out == 0 && !copy->flushing &&
         !copy->proof && copy->pour_wait != POUR_WAITS_FOR_EDGE;
}

void
copy_return(struct copy *copy)
{
  struct copy_observer *observer = copy->config.observer;

  if (copy->flushes_first && observer && observer->back)
    observer->back(observer, copy->config.destination, copy->flushed_below);
  copy->is_rewinding = copy->flushes_first = false;
  copy_begin(copy, copy->flushed_below);
}

static bool
rewind_when_home(struct copy *copy)
{
  if (!copy->is_rewinding || copy_has_failed(copy) || !is_all_answered(copy) ||
      copy->config.destination->presence != PRESENCE_HERE)
    return false;
  if (copy->flushes_first && copy_flushes(copy))
    copy_flush(copy, FLUSH_AFTER_RETURN);
  else
    copy_return(copy);
  return true;
}

/* ---- Lost ends ---- */

/* Nothing is left to try. */
static void
give_end_up(struct copy *copy, const struct endpoint *end)
{
  uint64_t offset = copy->reorder.frontier;

  if (end == copy->config.destination) {
    copy_fail(copy, end, "writing", copy_confirmed_below(copy), ENOTCONN);
    return;
  }
  if (end == copy->config.list) {
    copy_fail(copy, end, "reading", 0, ENOTCONN);
    return;
  }
  copy->source_is_gone = true;
  copy_fail(copy, end, copy->reads_in_flight > 0 ? "reading" : "asking for the extents of", offset, ENOTCONN);
}

static void
note_loss(struct copy *copy, const struct endpoint *end)
{
  struct copy_observer *observer = copy->config.observer;

  if (observer && observer->lost)
    observer->lost(observer, end);
  if (end == copy->config.destination)
    copy_rewind(copy, true);
}

/* Where the destination is concerned, the way back isn't over yet. */
static void
note_return(struct copy *copy, const struct endpoint *end)
{
  struct copy_observer *observer = copy->config.observer;

  if (end != copy->config.destination && observer && observer->back)
    observer->back(observer, end, copy->reorder.frontier);
}

/* One step towards the return of an end. */
static bool
tend(struct copy *copy, struct endpoint *end, struct recovery *recovery)
{
  if (recovery_is_idle(recovery, end) || !copy_can_return(copy, end))
    return false;
  switch (recovery_step(recovery, end, now_ms_of(copy))) {
  case RECOVERY_NOTHING:
    return false;
  case RECOVERY_TRIES:
    break;
  case RECOVERY_LOST:
    note_loss(copy, end);
    break;
  case RECOVERY_BACK:
    note_return(copy, end);
    break;
  case RECOVERY_OVER:
    give_end_up(copy, end);
    break;
  }
  return true;
}

/* A source that is lost when all of it is there already isn't missed. */
static bool
is_source_wanted(const struct copy *copy)
{
  return copy->reads_in_flight > 0 || copy->windows.out > 0 || !copy->all_planned || copy->is_rewinding;
}

/* Nor is a list whose last part is here. */
static bool
is_list_wanted(const struct copy *copy)
{
  return copy->config.list && (!copy->all_planned || copy->is_rewinding);
}

bool
copy_recover(struct copy *copy)
{
  struct copy_config *config = &copy->config;

  return tend(copy, config->destination, &copy->destination_recovery) ||
         (is_source_wanted(copy) && tend(copy, config->source, &copy->source_recovery)) ||
         (is_list_wanted(copy) && tend(copy, config->list, &copy->list_recovery)) || rewind_when_home(copy);
}

const struct endpoint *
copy_waits_for(const struct copy *copy, uint64_t *since_ms)
{
  const struct copy_config *config = &copy->config;
  const struct {
    const struct recovery *recovery;
    const struct endpoint *end;
  } ends[] = { { &copy->destination_recovery, config->destination },
               { &copy->source_recovery, config->source },
               { &copy->list_recovery, config->list } };

  for (size_t i = 0; !copy_has_failed(copy) && i < sizeof ends / sizeof ends[0]; i++)
    if (ends[i].recovery->is_lost) {
      *since_ms = ends[i].recovery->lost_ms;
      return ends[i].end;
    }
  return NULL;
}

/* ---- Alarms ---- */

static void
set_alarm_for_end(const struct copy *copy, const struct endpoint *end, const struct recovery *recovery)
{
  if (recovery->is_lost && copy_can_return(copy, end))
    loop_wake_by(copy->config.loop, recovery_wake_ms(recovery, end));
}

/* Where there is no room for it, or it isn't its turn, something else comes first. */
static void
set_alarm_for_retry(const struct copy *copy, const struct endpoint *end, const struct retry *retry, bool has_room)
{
  if (retry->waits && !copy_is_away(copy, end) && has_room)
    loop_wake_by(copy->config.loop, retry->again_ms);
}

void
copy_set_recovery_alarms(const struct copy *copy)
{
  const struct endpoint *source = copy->config.source, *destination = copy->config.destination;
  bool source_has_room = source_takes_more(copy), destination_has_room = destination_takes_more(copy);

  if (is_source_wanted(copy))
    set_alarm_for_end(copy, source, &copy->source_recovery);
  set_alarm_for_end(copy, destination, &copy->destination_recovery);
  if (is_list_wanted(copy)) {
    set_alarm_for_end(copy, copy->config.list, &copy->list_recovery);
    for (unsigned i = 0; i < BLOCK_LIST_WINDOWS; i++)
      set_alarm_for_retry(copy, copy->config.list, &copy->config.blocks->windows[i].retry, copy_asks_list(copy));
  }
  for (size_t i = 0; copy->reads_waiting > 0 && i < SLOTS_MAX; i++)
    set_alarm_for_retry(copy, source, &copy->slots[i].retry,
                        source_has_room && !copy_waits_for_turn(copy, &copy->slots[i]));
  for (size_t i = 0; copy->transfers_waiting > 0 && i < WRITES_MAX; i++)
    set_alarm_for_retry(copy, destination, &copy->transfers[i].retry, destination_has_room);
  set_alarm_for_retry(copy, source, &copy->survey_retry, source_has_room);
  set_alarm_for_retry(copy, destination, &copy->edge_retry, destination_has_room);
}
