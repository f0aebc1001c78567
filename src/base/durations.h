/* SPDX-License-Identifier: MIT */
/* durations: how long something may take, as people write it. */
#ifndef DECANT_DURATIONS_H
#define DECANT_DURATIONS_H

#include <stdbool.h>
#include <stdint.h>

#define DURATION_FOREVER UINT64_MAX
/* The longest that isn't for ever, some 30 years: it can be added to any time. */
#define DURATION_MS_MAX (UINT64_C(1000000000) * 1000)

/* Reads seconds, with or without a fraction ("30", "0.5"), or the word "forever". What is less than a
 * millisecond is rounded up, so that only what is zero is none at all.
 * Returns false if it is neither, or longer than DURATION_MS_MAX. */
bool durations_parse(const char *text, uint64_t *ms);

#endif
