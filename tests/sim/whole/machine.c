/* SPDX-License-Identifier: MIT */
/* machine: see machine.h. */
#include "sim/whole/machine.h"

#include "base/range.h"
#include "sim/check.h"
#include "sim/stage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

typedef unsigned long long ull;

#define CALLS_MAX 300000
#define POLLS_MAX 400000
#define END_US (UINT64_C(7200) * 1000000)

struct machine machine;

void
machine_begin(struct random *random)
{
  memset(&machine, 0, sizeof machine);
  machine.random = random;
  machine.signal_us[0] = machine.signal_us[1] = machine.signalled_us = MACHINE_NEVER;
}

void
machine_count_call(void)
{
  sim_check(++machine.calls < CALLS_MAX, "it calls the system without an end, and never waits");
}

/* ---- Signals ---- */

void
machine_choose_signals(struct random *random, unsigned longest)
{
  if (!random_one_in(random, 4))
    return;
  machine.signal_us[0] = random_between(random, 0, random_power(random, 8, longest));
  if (random_one_in(random, 2))
    machine.signal_us[1] = machine.signal_us[0] + random_between(random, 0, random_power(random, 8, 22));
}

static uint64_t
next_signal_us(void)
{
  return machine.signals_taken < 2 ? machine.signal_us[machine.signals_taken] : MACHINE_NEVER;
}

static bool
has_signal(void)
{
  return next_signal_us() <= stage.now_us;
}

ssize_t
machine_read_signal(int fd, void *to, size_t length)
{
  struct signalfd_siginfo *info = to;

  sim_check(fd == MACHINE_SIGNAL_FD && length == sizeof *info, "descriptor %d is read", fd);
  if (!has_signal()) {
    errno = EAGAIN;
    return -1;
  }
  memset(info, 0, sizeof *info);
  info->ssi_signo = SIGINT;
  if (machine.signals_taken++ == 0)
    machine.signalled_us = stage.now_us;
  sim_trace("%8llu us a signal", (ull)stage.now_us);
  return sizeof *info;
}

void
machine_check_stopped(const struct loop *loop, int result, uint64_t more_us)
{
  if (machine.signals_taken == 0)
    return;
  sim_check(result == -1 || loop->signal_seen, "a signal is lost for what comes behind");
  sim_check(stage.now_us <= machine.signalled_us + STOP_MS * 1000 + MACHINE_SLACK_US + more_us,
            "it was stopped, and took %llu ms", (ull)(stage.now_us - machine.signalled_us) / 1000);
}

/* ---- Waiting ---- */

static int
look(struct pollfd *fds, nfds_t count)
{
  int ready = 0;

  for (nfds_t i = 0; i < count; i++) {
    short events = fds[i].fd == MACHINE_SIGNAL_FD ? (has_signal() ? POLLIN : 0) : machine.events(fds[i].fd);
    fds[i].revents = events & (fds[i].events | POLLERR | POLLHUP);
    ready += fds[i].revents != 0;
  }
  return ready;
}

/* To what comes next. What is due already, and is waited for all the same, counts as a call. */
static void
pass_time(uint64_t end_us)
{
  uint64_t next_us = range_min(range_min(machine.next_us(), next_signal_us()), end_us);

  sim_check(next_us != MACHINE_NEVER, "everyone waits for ever");
  if (next_us > stage.now_us) {
    stage.now_us = next_us;
    machine.calls = 0;
  } else {
    machine_count_call();
  }
  sim_check(stage.now_us < END_US, "it takes for ever");
}

int
machine_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
  bool is_loop = fds[0].fd == MACHINE_SIGNAL_FD; /* else a library's own wait */
  uint64_t end_us = timeout_ms < 0 ? MACHINE_NEVER : stage.now_us + (uint64_t)timeout_ms * 1000;

  sim_check(++machine.polls < POLLS_MAX, "it goes on for ever");
  if (is_loop && machine.turn)
    machine.turn();
  if (machine.interrupted_one_in > 0 && random_one_in(machine.random, machine.interrupted_one_in)) {
    for (nfds_t i = 0; i < count; i++)
      fds[i].revents = 0;
    errno = EINTR;
    return -1;
  }
  for (;;) {
    bool is_woken = machine.advance() && is_loop;
    int ready = look(fds, count);
    if (ready > 0 || is_woken || stage.now_us >= end_us)
      return ready;
    pass_time(end_us);
  }
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
  (void)clock;
  *now = (struct timespec){ .tv_sec = (time_t)(stage.now_us / 1000000),
                            .tv_nsec = (long)(stage.now_us % 1000000) * 1000 };
  return 0;
}
