/* SPDX-License-Identifier: MIT */
/* dates: a moment as people write it, in UTC. */
#ifndef DECANT_DATES_H
#define DECANT_DATES_H

#include <stdint.h>

#define DATES_WORDS_BYTES 32

/* The second, counted from 1970 on, as ISO 8601 has it: "2026-11-27T07:11:04Z". What lies beyond the year 9999 is told as its
 * last second. */
void dates_words(uint64_t second, char words[DATES_WORDS_BYTES]);

#endif
