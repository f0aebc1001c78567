/* SPDX-License-Identifier: MIT */
/* random: the one seed that decides everything in a simulation (splitmix64). */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
  uint64_t state;
};

static inline uint64_t
random_next(struct random *random)
{
  uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* From low to high, both included. */
static inline uint64_t
random_between(struct random *random, uint64_t low, uint64_t high)
{
  return low + random_next(random) % (high - low + 1);
}

static inline bool
random_one_in(struct random *random, uint64_t n)
{
  return random_next(random) % n == 0;
}

/* A power of two, from 2^low to 2^high. */
static inline uint64_t
random_power(struct random *random, unsigned low, unsigned high)
{
  return UINT64_C(1) << random_between(random, low, high);
}

#endif
