/* SPDX-License-Identifier: MIT */
/* loop: see loop.h. */
#include "os/loop.h"

#include "base/range.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* Those that ask us to end. */
static sigset_t
signals_of_end(void)
{
  sigset_t signals;
  struct sigaction hangup;

  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  /* Whoever started us by nohup wants us to go on. signalfd() would tell of it all the same. */
  if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    sigaddset(&signals, SIGHUP);
  return signals;
}

int
loop_init(struct loop *loop, struct fault *fault)
{
  sigset_t signals = signals_of_end();

  /* A write says EPIPE or EFBIG then, which are faults like any other. */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  *loop = (struct loop){ .signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC) };
  if (loop->signal_fd == -1 || sigprocmask(SIG_BLOCK, &signals, NULL) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot take signals");
  loop_begin(loop);
  return 0;
}

void
loop_let_signals_end(struct loop *loop)
{
  sigset_t signals = signals_of_end();

  (void)loop;
  sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

void
loop_hold_signals(struct loop *loop)
{
  sigset_t signals = signals_of_end();

  (void)loop;
  sigprocmask(SIG_BLOCK, &signals, NULL);
}

void
loop_begin(struct loop *loop)
{
  loop->count = 0;
  loop->wake_ms = LOOP_NEVER;
  loop_watch(loop, loop->signal_fd, POLLIN);
}

unsigned
loop_watch(struct loop *loop, int fd, short events)
{
  assert(loop->count < LOOP_FDS_MAX);
  loop->fds[loop->count] = (struct pollfd){ .fd = fd, .events = events };
  return loop->count++;
}

void
loop_wake_by(struct loop *loop, uint64_t at_ms)
{
  if (at_ms < loop->wake_ms)
    loop->wake_ms = at_ms;
}

/* Rounded up, so that nobody is woken before the time; what is too far for poll() is asked again. */
static int
time_left_ms(const struct loop *loop)
{
  if (loop->wake_ms == LOOP_NEVER)
    return -1;
  uint64_t now_us = loop_now_us(loop), wake_us = loop->wake_ms * 1000;
  uint64_t left_ms = wake_us > now_us ? (wake_us - now_us + 999) / 1000 : 0;
  return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

int
loop_wait(struct loop *loop, struct fault *fault)
{
  if (poll(loop->fds, loop->count, time_left_ms(loop)) == -1 && errno != EINTR)
    return fault_set(fault, EXIT_FAILED, errno, "poll");
  if (loop->fds[0].revents)
    loop_take_signal(loop);
  return 0;
}

bool
loop_take_signal(struct loop *loop)
{
  struct signalfd_siginfo info;

  if (read(loop->signal_fd, &info, sizeof info) != sizeof info)
    return false;
  loop->signal_seen = (int)info.ssi_signo;
  if (loop->signals++ == 0)
    loop->over_ms = loop_now_ms(loop) + STOP_MS;
  return true;
}

uint64_t
loop_grace_ms(const struct loop *loop, uint64_t patient_ms, uint64_t soon_ms)
{
  uint64_t now_ms = loop_now_ms(loop);
  uint64_t left_ms = loop->over_ms > now_ms ? loop->over_ms - now_ms : 0;

  return loop->signals == 0 ? patient_ms : range_max(range_min(soon_ms, left_ms), STOP_MOMENT_MS);
}

short
loop_ready(const struct loop *loop, unsigned index)
{
  assert(index < loop->count);
  return loop->fds[index].revents;
}

uint64_t
loop_now_us(const struct loop *loop)
{
  struct timespec now;

  (void)loop;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t
loop_now_ms(const struct loop *loop)
{
  return loop_now_us(loop) / 1000;
}
