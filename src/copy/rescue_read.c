/* SPDX-License-Identifier: MIT */
/* rescue_read: the stages that read the source, and go on when it was lost; see rescue_stages.h. */
#include "base/range.h"
#include "copy/rescue_stages.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

/* ---- Reads that are answered ---- */

/* After an error, few small reads are out, so that the next one costs little. */
static void
be_careful(struct rescue_run *run)
{
  run->careful_reads = RESCUE_CAREFUL_READS;
  rescue_set_read_bytes(&run->rescue, range_max(run->sector_bytes, range_min(run->read_bytes, RESCUE_READ_BYTES)));
}

static void
be_less_careful(struct rescue_run *run)
{
  if (run->careful_reads > 0 && --run->careful_reads == 0)
    rescue_set_read_bytes(&run->rescue, run->read_bytes);
}

static void
note_failure(struct rescue_run *run)
{
  be_careful(run);
  run->errors++;
  if (run->errors >= run->config.errors_max)
    rescue_stop_for(run, RESCUE_STOP_ERRORS);
}

/* Tells `rescue` of a read whose good bytes are where they belong. */
static void
answer_read(struct rescue_run *run, struct rescue_slot *slot)
{
  if (slot->good_bytes < range_length(slot->read->range))
    note_failure(run);
  else if (slot->is_slow)
    be_careful(run);
  else
    be_less_careful(run);
  run->rescued += slot->good_bytes;
  run->has_news = true;
  if (slot->is_silent)
    rescue_answer_silent(&run->rescue, slot->read);
  else if (slot->is_slow)
    rescue_answer_slow(&run->rescue, slot->read);
  else
    rescue_answer(&run->rescue, slot->read, slot->good_bytes);
  slot->state = RESCUE_SLOT_HOME;
}

bool
rescue_answer_reads(struct rescue_run *run)
{
  if (run->flushing)
    return false;
  for (struct rescue_slot *slot = run->slots; slot < run->slots + RESCUE_READS_MAX; slot++)
    if (slot->state == RESCUE_SLOT_DONE) {
      answer_read(run, slot);
      return true;
    }
  return false;
}

/* ---- Reading ---- */

/* Where its first sector lies: as on the disk, since direct I/O wants it so. */
unsigned char *
rescue_payload(const struct rescue_slot *slot)
{
  return slot->buffer + (slot->sectors.start & (RESCUE_READ_BYTES_MAX - 1));
}

/* Whether a source that was lost may come back. */
static bool
can_come_back(const struct rescue_run *run)
{
  return run->config.retry_ms > 0 && run->config.source->ops->reopen;
}

/* What is bad without a further read, as one sector is, is marked; of that, others may have had some. */
static void
mark_sector(const struct rescue_run *run, struct rescue_slot *slot)
{
  uint64_t block = run->config.destination->traits.block_min;
  struct range bad = { slot->read->range.start + slot->good_bytes, slot->read->range.end };
  uint64_t sector_end = range_end(range_align_down(bad.start, run->sector_bytes), run->sector_bytes);

  if (run->config.mark == MARK_NONE || bad.end > sector_end)
    return;
  bad.start = range_align_up(bad.start, block);
  if (bad.end < slot->sectors.end)
    bad.end = range_align_down(bad.end, block);
  if (bad.start >= bad.end)
    return;
  mark_fill(rescue_payload(slot) + (bad.start - slot->sectors.start), bad.start, range_length(bad), run->config.mark,
            run->config.mark_words);
  if (range_is_empty(slot->write))
    slot->write.start = bad.start;
  slot->write.end = bad.end;
}

static void
lose_read(struct rescue_run *run, struct rescue_slot *slot)
{
  const struct request *request = &slot->request;

  be_careful(run);
  if (slot->is_suspect) {
    run->suspects--;
    slot->is_silent = true;
    slot->state = RESCUE_SLOT_FILLED;
    slot->write = (struct range){ slot->sectors.end, slot->sectors.end };
    mark_sector(run, slot);
    recovery_progress(&run->recovery); /* it costs that place, and no other */
    return;
  }
  if (!can_come_back(run))
    rescue_fail(run, run->config.source, "reading", request->offset, request->errnum);
  run->suspects++;
  slot->is_suspect = true;
  slot->again_ms = rescue_now_ms(run) + RETRY_PAUSE_MS;
  slot->state = RESCUE_SLOT_AGAIN;
  run->retries++;
}

static bool
is_slow(const struct rescue_run *run, const struct rescue_slot *slot, uint64_t now_us)
{
  /* The disk reads one after the other, whatever is out: it was busy with this one since the answer before. */
  uint64_t took_us = now_us - range_max(slot->sent_us, run->answered_us);

  return run->config.slow_bytes_per_s > 0 &&
         (double)range_length(slot->sectors) * 1e6 < (double)run->config.slow_bytes_per_s * (double)took_us;
}

/* Of what came, whole sectors count. */
static void
take_read(struct rescue_run *run, struct rescue_slot *slot)
{
  const struct request *request = &slot->request;
  uint64_t now_us = loop_now_us(run->config.loop), end = request->offset + request->done;

  assert(chunks_cover(&slot->chunks, request->done));
  if (end < slot->sectors.end)
    end = range_max(range_align_down(end, run->sector_bytes), slot->sectors.start);
  slot->write = (struct range){ slot->sectors.start, end };
  end = range_min(end, slot->read->range.end);
  slot->good_bytes = end > slot->read->range.start ? end - slot->read->range.start : 0;
  slot->state = RESCUE_SLOT_FILLED;
  slot->is_slow = slot->good_bytes == range_length(slot->read->range) && is_slow(run, slot, now_us);
  run->answered_us = now_us;
  run->suspects -= slot->is_suspect;
  recovery_progress(&run->recovery);
  if (slot->good_bytes > 0)
    run->success_ms = now_us / 1000;
  mark_sector(run, slot);
}

bool
rescue_take_source_answer(struct rescue_run *run)
{
  struct endpoint *source = run->config.source;
  struct rescue_slot *slot = (struct rescue_slot *)source->ops->take(source);

  if (!slot)
    return false;
  run->reads_out--;
  if (run->stop != RESCUE_GOES_ON)
    slot->state = RESCUE_SLOT_HOME; /* nobody waits for it: it counts as never read */
  else if (endpoint_errnum_is_loss(slot->request.errnum))
    lose_read(run, slot);
  else
    take_read(run, slot);
  return true;
}
_Static_assert(offsetof(struct rescue_slot, request) == 0, "a slot is found by its request");

static void
submit_slot(struct rescue_run *run, struct rescue_slot *slot)
{
  struct endpoint *source = run->config.source;

  slot->state = RESCUE_SLOT_READS;
  slot->sent_us = loop_now_us(run->config.loop);
  slot->request = (struct request){ .kind = REQUEST_READ,
                                    .offset = slot->sectors.start,
                                    .length = range_length(slot->sectors),
                                    .payload = rescue_payload(slot),
                                    .chunks = &slot->chunks };
  run->reads_out++;
  source->ops->submit(source, &slot->request);
}

/* What was lost is asked for again, one by one: the one that does it again is the reason. */
bool
rescue_ask_again(struct rescue_run *run)
{
  if (run->suspects == 0 || run->reads_out > 0 || run->stop != RESCUE_GOES_ON ||
      run->config.source->presence != PRESENCE_HERE)
    return false;
  for (struct rescue_slot *slot = run->slots; slot < run->slots + RESCUE_READS_MAX; slot++)
    if (slot->state == RESCUE_SLOT_AGAIN && rescue_now_ms(run) >= slot->again_ms) {
      submit_slot(run, slot);
      return true;
    }
  return false;
}

static unsigned
reads_at_once(const struct rescue_run *run)
{
  bool is_calm = run->careful_reads == 0 && run->rescue.phase == AREA_NON_TRIED;

  return (unsigned)range_min(is_calm ? RESCUE_READS_MAX : RESCUE_CAREFUL_AT_ONCE,
                             run->config.source->traits.requests_max);
}

static struct rescue_slot *
find_home(struct rescue_run *run)
{
  for (struct rescue_slot *slot = run->slots; slot < run->slots + RESCUE_READS_MAX; slot++)
    if (slot->state == RESCUE_SLOT_HOME)
      return slot;
  return NULL;
}

bool
rescue_read_next(struct rescue_run *run)
{
  uint64_t size = run->config.source->traits.size;
  struct rescue_slot *slot = find_home(run);

  if (!slot || run->stop != RESCUE_GOES_ON || run->suspects > 0 || run->reads_out >= reads_at_once(run) ||
      run->config.source->presence != PRESENCE_HERE || run->recovery.is_lost)
    return false;
  struct rescue_read *read = rescue_next(&run->rescue);
  if (!read)
    return false;
  *slot = (struct rescue_slot){ .buffer = slot->buffer, .read = read };
  slot->sectors.start = range_align_down(read->range.start, run->sector_bytes);
  slot->sectors.end = range_min(range_align_up(read->range.end, run->sector_bytes), size);
  submit_slot(run, slot);
  return true;
}

/* ---- A source that was lost ---- */

static void
give_source_up(struct rescue_run *run)
{
  rescue_fail(run, run->config.source, "reading", rescue_position(&run->rescue), ENOTCONN);
}

static void
note_source_loss(struct rescue_run *run)
{
  struct rescue_observer *observer = run->config.observer;

  if (observer->lost)
    observer->lost(observer, run->config.source);
}

static void
note_source_return(struct rescue_run *run)
{
  struct rescue_observer *observer = run->config.observer;

  run->rate_ms = rescue_now_ms(run);
  run->rate_bytes = run->rescued;
  if (observer->back)
    observer->back(observer, run->config.source);
}

bool
rescue_recover(struct rescue_run *run)
{
  struct endpoint *source = run->config.source;

  if (run->stop != RESCUE_GOES_ON || rescue_is_done(&run->rescue) || recovery_is_idle(&run->recovery, source))
    return false;
  switch (can_come_back(run) ? recovery_step(&run->recovery, source, rescue_now_ms(run)) : RECOVERY_OVER) {
  case RECOVERY_NOTHING:
    return false;
  case RECOVERY_TRIES:
    break;
  case RECOVERY_LOST:
    note_source_loss(run);
    break;
  case RECOVERY_BACK:
    note_source_return(run);
    break;
  case RECOVERY_OVER:
    give_source_up(run);
    break;
  }
  return true;
}

bool
rescue_run_waits(const struct rescue_run *run, uint64_t *since_ms)
{
  *since_ms = run->recovery.lost_ms;
  return run->recovery.is_lost && run->stop == RESCUE_GOES_ON;
}
