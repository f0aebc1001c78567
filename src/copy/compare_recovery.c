/* SPDX-License-Identifier: MIT */
/* compare_recovery: what goes on after a loss, and asks again for what failed; see compare_stages.h. */
#include "base/range.h"
#include "copy/compare_stages.h"

#include <errno.h>

/* ---- Requests that are asked for again ---- */

static bool
can_be_back(const struct compare *compare, const struct compare_side *side)
{
  return compare->config.retry_ms > 0 && side->end->ops->reopen && !side->end->traits.in_order && !compare->is_ending;
}

bool
compare_asks_again(struct compare *compare, const struct compare_side *side, int errnum, struct retry *retry)
{
  uint64_t now_ms = compare_now_ms(compare);

  if (compare->config.retry_ms == 0 || compare->is_ending || side->end->traits.in_order)
    return false;
  if (errnum == ENOTCONN) {
    if (!can_be_back(compare, side) || !retry_elsewhere(retry, side->end, compare->config.retry_ms, now_ms))
      return false;
  } else {
    if (!retry_may_pass(errnum) || retry->failures == RETRIES_MAX)
      return false;
    retry_later(retry, now_ms);
  }
  compare->retries++;
  return true;
}

/* Nobody waits for it any more. */
static void
drop_read(struct compare_side *side, struct compare_read *read)
{
  side->reads_waiting--;
  read->retry.waits = false;
  read->state = COMPARE_READ_HOME;
}

static bool
ask_read_again(struct compare *compare, struct compare_side *side, struct compare_read *read)
{
  if (read->state != COMPARE_READ_AGAIN)
    return false;
  if (compare_is_needless(compare, compare->units[read->unit].range.start)) {
    drop_read(side, read);
    return true;
  }
  if (!compare_has_room(side) || compare_now_ms(compare) < read->retry.again_ms)
    return false;
  drop_read(side, read);
  compare_submit(compare, read);
  return true;
}

/* The next question may be asked. */
static bool
ask_survey_again(const struct compare *compare, struct compare_side *side)
{
  bool goes_on = side->survey_retry.waits && side->end->presence == PRESENCE_HERE &&
                 compare_now_ms(compare) >= side->survey_retry.again_ms;

  if (goes_on)
    side->survey_retry.waits = false;
  return goes_on;
}

bool
compare_ask_again(struct compare *compare)
{
  for (int i = 0; i < 2; i++) {
    struct compare_side *side = &compare->sides[i];
    for (unsigned j = 0; side->reads_waiting > 0 && j < compare->config.budget.units; j++)
      if (ask_read_again(compare, side, &compare->units[j].reads[i]))
        return true;
    if (ask_survey_again(compare, side))
      return true;
  }
  return false;
}

/* ---- Ends that were lost ---- */

static void
give_side_up(struct compare *compare, const struct compare_side *side)
{
  uint64_t below = compare_known_below(compare);
  struct compare_failure failure = { side->end, below, ENOTCONN };

  compare_fail(compare, &failure, below);
}

/* An end that is lost when all of it is there isn't missed. */
static bool
is_missed(const struct compare *compare, const struct compare_side *side)
{
  if (compare->is_ending || compare_known_below(compare) == compare->needed_below)
    return false;
  return side->reads_waiting > 0 || side->reads_out > 0 ||
         (!compare->all_planned && !compare_is_needless(compare, compare->position));
}

static void
tell_observer(struct compare *compare, const struct compare_side *side, bool is_back)
{
  struct compare_observer *observer = compare->config.observer;

  if (is_back && observer->back)
    observer->back(observer, side->end);
  if (!is_back && observer->lost)
    observer->lost(observer, side->end);
}

static bool
tend_side(struct compare *compare, struct compare_side *side)
{
  if (recovery_is_idle(&side->recovery, side->end) || !is_missed(compare, side))
    return false;
  switch (can_be_back(compare, side) ? recovery_step(&side->recovery, side->end, compare_now_ms(compare))
                                     : RECOVERY_OVER) {
  case RECOVERY_NOTHING:
    return false;
  case RECOVERY_TRIES:
    break;
  case RECOVERY_LOST:
    tell_observer(compare, side, false);
    break;
  case RECOVERY_BACK:
    tell_observer(compare, side, true);
    break;
  case RECOVERY_OVER:
    give_side_up(compare, side);
    break;
  }
  return true;
}

bool
compare_recover(struct compare *compare)
{
  return tend_side(compare, &compare->sides[0]) || tend_side(compare, &compare->sides[1]);
}

/* ---- Alarms ---- */

static void
set_alarm_for_side(const struct compare *compare, unsigned index)
{
  const struct compare_side *side = &compare->sides[index];
  struct loop *loop = compare->config.loop;

  if (side->recovery.is_lost && is_missed(compare, side))
    loop_wake_by(loop, recovery_wake_ms(&side->recovery, side->end));
  if (side->end->presence != PRESENCE_HERE)
    return;
  if (side->survey_retry.waits)
    loop_wake_by(loop, side->survey_retry.again_ms);
  for (unsigned i = 0; compare_has_room(side) && i < compare->config.budget.units; i++) /* else an answer comes first */
    if (compare->units[i].reads[index].state == COMPARE_READ_AGAIN)
      loop_wake_by(loop, compare->units[i].reads[index].retry.again_ms);
}

void
compare_set_recovery_alarms(const struct compare *compare)
{
  for (unsigned i = 0; i < 2; i++)
    set_alarm_for_side(compare, i);
}
