/* SPDX-License-Identifier: MIT */
/* loop: the one place where the program waits.
 *
 * Each turn everyone says anew what they wait for (loop_watch) and until when (loop_wake_by);
 * who doesn't is not polled for, and that is all the backpressure there is. SIGINT, SIGTERM and
 * SIGHUP (unless it was ignored when we began) arrive here too, as a flag.
 */
#ifndef DECANT_LOOP_H
#define DECANT_LOOP_H

#include "base/error.h"
#include "base/limits.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#define LOOP_NEVER UINT64_MAX

struct loop {
  struct pollfd fds[LOOP_FDS_MAX];
  unsigned count;
  uint64_t wake_ms; /* when this turn ends at the latest, by loop_now_ms(); LOOP_NEVER: nobody has said */
  int signal_fd;
  int signal_seen;  /* number of the signal that asked us to end, or 0 */
  unsigned signals; /* how many did, so far */
  uint64_t over_ms; /* by when all is to be over, once one did */
};

/* Begins to take signals, instead of dying by them. */
int loop_init(struct loop *loop, struct fault *fault);

/* Begins a turn: nobody waits for anything. */
void loop_begin(struct loop *loop);

/* Adds a wait for `events` (POLLIN, POLLOUT) of fd; returns its index, valid in
 * this turn. */
unsigned loop_watch(struct loop *loop, int fd, short events);

/* Ends this turn's wait at that time, by loop_now_ms(), if nothing else does before. Of all that are said
 * in a turn, the first counts. */
void loop_wake_by(struct loop *loop, uint64_t at_ms);

/* Waits until something is ready or somebody's time has come; for ever where nobody has said any. */
int loop_wait(struct loop *loop, struct fault *fault);

/* Takes a signal that has come, for who waits elsewhere; false: there is none. */
bool loop_take_signal(struct loop *loop);

/* How long, in milliseconds, what comes at the end may take: `patient_ms`; and once a signal has asked us to end, what
 * is left of STOP_MS, at least a moment and at most `soon_ms`. */
uint64_t loop_grace_ms(const struct loop *loop, uint64_t patient_ms, uint64_t soon_ms);

/* Lets signals end the program again, as before loop_init(), around what waits
 * where the loop can't; and holds them again. */
void loop_let_signals_end(struct loop *loop);
void loop_hold_signals(struct loop *loop);

/* What fd `index` is ready for, errors and hang-ups included. */
short loop_ready(const struct loop *loop, unsigned index);

/* Microseconds on a clock that only goes forward; milliseconds on the same. Whoever has no loop at hand asks NULL. */
uint64_t loop_now_us(const struct loop *loop);
uint64_t loop_now_ms(const struct loop *loop);

#endif
