/* SPDX-License-Identifier: MIT */
/* check: what simulators say and demand. In stage.c. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

/* A failed check: says so with the seed, and ends the program. */
void sim_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A line of the trace, when a single seed is replayed. */
void sim_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define sim_check(condition, ...)                                                                                      \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      sim_fail(__VA_ARGS__);                                                                                           \
  } while (0)

#endif
