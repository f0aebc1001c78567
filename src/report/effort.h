/* SPDX-License-Identifier: MIT */
/* effort: what a run took, for scripts: how long, how fast, how often something had to be asked for again, how much memory. */
#ifndef DECANT_EFFORT_H
#define DECANT_EFFORT_H

#include "base/text.h"

#include <stdint.h>

struct effort {
  uint64_t ms;
  uint64_t moved;      /* bytes of data, of which the rate is */
  uint64_t retries;    /* requests that were asked for again */
  uint64_t reconnects; /* how often an end that was lost came back */
  uint64_t memory;     /* bytes that were reserved for it at the start */
};

/* Adds it to an object of JSON, as members that aren't the first. */
void effort_add_json(const struct effort *effort, struct text *text);

/* Adds a number of seconds, with three digits behind the point. */
void effort_add_seconds(uint64_t ms, struct text *text);

#endif
