/* SPDX-License-Identifier: MIT */
/* unit: what the unit tests share: cmocka, and runs of seeded cases that tell
 * their seed when they fail, however they fail.
 *
 * A model test is a function of one seed. SEED=N in the environment runs that
 * one alone: SEED=17 build/tests/unit/test-assemble.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/random.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t unit_seed;
static bool unit_is_seeded; /* a seeded case is running */

static inline void
unit_say_seed(void)
{
  if (unit_is_seeded)
    fprintf(stderr, "the seed was SEED=%llu\n", (unsigned long long)unit_seed);
  unit_is_seeded = false; /* cmocka goes on with the next test */
}

/* An assertion in a room ends the program, past cmocka. */
static inline void
unit_on_abort(int number)
{
  unit_say_seed();
  signal(number, SIG_DFL);
  raise(number);
}

/* The bytes that `hex` stands for; returns how many. */
static inline size_t
from_hex(uint8_t *bytes, const char *hex)
{
  size_t length = 0;

  for (; *hex; hex += 2) {
    unsigned byte;
    assert_int_equal(sscanf(hex, "%2x", &byte), 1);
    bytes[length++] = (uint8_t)byte;
  }
  return length;
}

/* Like assert_true, but names the seed. */
#define check(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      unit_say_seed();                                                                                                 \
      fail_msg("%s", #condition);                                                                                      \
    }                                                                                                                  \
  } while (0)

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_set_death_callback(void (*callback)(void));
#endif

/* Runs a case for each of `count` seeds from 1 on. */
static inline void
run_seeds(unsigned count, void (*run)(struct random *random))
{
  const char *wanted = getenv("SEED");
  uint64_t first = wanted ? strtoull(wanted, NULL, 0) : 1;

  signal(SIGABRT, unit_on_abort);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_set_death_callback(unit_say_seed);
#endif
  unit_is_seeded = true;
  for (uint64_t seed = first; seed < first + (wanted ? 1 : count); seed++) {
    struct random random = { seed };
    unit_seed = seed;
    run(&random);
  }
  unit_is_seeded = false;
  signal(SIGABRT, SIG_DFL);
}

/* Whether the room's own assertions stop this: a caller's mistake must not pass. */
static inline bool
is_asserted(void (*mistake)(void))
{
  pid_t pid = fork();
  int status = 0;

  assert_true(pid >= 0);
  if (pid == 0) {
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGABRT, SIG_DFL);
    if (!freopen("/dev/null", "w", stderr))
      _exit(1);
    mistake();
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
