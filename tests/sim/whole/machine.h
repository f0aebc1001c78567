/* SPDX-License-Identifier: MIT */
/* machine: the system below the program's own loop, as far as it is the same for all simulators that run whole copies: a
 * clock, a poll(), signals, and calls that are counted.
 *
 * What src/os/loop.c calls is linked to these instead (ld's --wrap). The clock moves where somebody waits; what happens
 * meanwhile is the simulator's. It demands that nothing waits for ever, or calls without an end, and that a signal ends all in time.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include "os/loop.h"
#include "sim/random.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MACHINE_NEVER UINT64_MAX
#define MACHINE_SIGNAL_FD 900
/* What may come on top of the time that something has: several ends that are left in turn. */
#define MACHINE_SLACK_US UINT64_C(500000)

struct machine {
  struct random *random;
  /* The simulator's. */
  bool (*advance)(void); /* what is due by now happens; true: the loop wakes by that, though no descriptor shows it */
  uint64_t (*next_us)(void);   /* when more does; MACHINE_NEVER */
  short (*events)(int fd);     /* what poll() could say of a descriptor */
  void (*turn)(void);          /* each time that the loop waits; NULL: nobody cares */
  unsigned interrupted_one_in; /* of the waits; 0: never */

  uint64_t signal_us[2]; /* when signals come, in order; MACHINE_NEVER */
  unsigned signals_taken;
  uint64_t signalled_us; /* when the first was */
  uint64_t calls;        /* since time passed */
  uint64_t polls;
};

extern struct machine machine;

/* Begins anew, without signals; the simulator's are set behind that. */
void machine_begin(struct random *random);

/* Has signals come, now and then: the first within 2^longest microseconds. */
void machine_choose_signals(struct random *random, unsigned longest);

/* Of each call of the system. */
void machine_count_call(void);

/* What poll() does. */
int machine_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

/* What read() does with the descriptor of the signals, and no other. */
ssize_t machine_read_signal(int fd, void *to, size_t length);

/* Once all is closed: a signal has ended it in time, with as much on top, and is a fault or still known to the loop. */
void machine_check_stopped(const struct loop *loop, int result, uint64_t more_us);

#endif
