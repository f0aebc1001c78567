/* SPDX-License-Identifier: MIT */
/* secret: what is done to bytes that nobody may learn: wiping and comparing them. */
#ifndef DECANT_SECRET_H
#define DECANT_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Overwrites a secret, also where the compiler thinks that nobody looks any more. */
static inline void
secret_wipe(void *secret, size_t length)
{
  memset(secret, 0, length);
  __asm__ volatile("" : : "r"(secret) : "memory");
}

/* Whether two byte strings are equal, in a time that tells nothing about where they
 * differ. */
static inline bool
secret_is_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
  uint8_t difference = 0;

  for (size_t i = 0; i < length; i++)
    difference |= a[i] ^ b[i];
  __asm__("" : "+r"(difference)); /* or the loop might end early */
  return difference == 0;
}

#endif
