/* SPDX-License-Identifier: MIT */
/* recovery: when an end that was lost is tried again, and until when.
 *
 * The first attempt comes soon, since most that is lost is back at once, and the pauses
 * grow (base/pauses). It is over when nothing has
 * come of it for as long as the operator allows, counted from the first loss after
 * which there was no progress, so that an end which comes back only to be lost again
 * isn't tried for ever.
 *
 * Times are milliseconds on one clock. Nothing here fails, or waits.
 */
#ifndef DECANT_RECOVERY_H
#define DECANT_RECOVERY_H

#include "disk/endpoint.h"

#include <stdbool.h>
#include <stdint.h>

struct recovery {
  uint64_t limit_ms; /* how long to go on without progress; UINT64_MAX: for ever */
  uint64_t dice;     /* for the pauses */
  bool is_lost;
  bool is_trying;    /* an attempt to reach it is under way */
  bool in_vain;      /* there was no progress since the first loss */
  uint64_t since_ms; /* of that loss */
  uint64_t lost_ms;  /* of the last one */
  uint64_t pause_ms;
  uint64_t next_ms; /* when it is to be tried */
  uint64_t returns; /* how often it came back */
};

/* `seed` makes the pauses differ from those of others. */
void recovery_init(struct recovery *recovery, uint64_t limit_ms, uint64_t seed);

/* It was lost. */
void recovery_lost(struct recovery *recovery, uint64_t now_ms);

/* An attempt came to nothing: another one follows. */
void recovery_failed(struct recovery *recovery, uint64_t now_ms);

/* It is back. */
void recovery_back(struct recovery *recovery);

/* It did what was asked of it. */
void recovery_progress(struct recovery *recovery);

/* While it is lost: when there is nothing left to try; UINT64_MAX: never. */
uint64_t recovery_end_ms(const struct recovery *recovery);

/* All of the above, by what an end's presence shows. */
enum recovery_event {
  RECOVERY_NOTHING, /* there is nothing to do now */
  RECOVERY_TRIES,   /* an attempt has begun, or has come to nothing */
  RECOVERY_LOST,    /* it was lost just now ... */
  RECOVERY_BACK,    /* ... and is back */
  RECOVERY_OVER,    /* nothing is left to try, or something else is in its place */
};

/* Whether all is well with an end, so that there is no step to be taken. */
static inline bool
recovery_is_idle(const struct recovery *recovery, const struct endpoint *end)
{
  return end->presence == PRESENCE_HERE && !recovery->is_lost;
}

/* One step towards the return of an end that can come back: has it reopened when its time has come. */
enum recovery_event recovery_step(struct recovery *recovery, struct endpoint *end, uint64_t now_ms);

/* While it is lost: when the next step is due at the latest. */
uint64_t recovery_wake_ms(const struct recovery *recovery, const struct endpoint *end);

#endif
