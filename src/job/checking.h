/* SPDX-License-Identifier: MIT */
/* checking: --bmap for a copy: its ranges held to their digests as they pass, and what is told of that. */
#ifndef DECANT_CHECKING_H
#define DECANT_CHECKING_H

#include "base/text.h"
#include "cli/options.h"
#include "copy/checker.h"

#include <stdbool.h>

/* Begins as zeros; the map is the keeper's. */
struct checking {
  struct checker checker;    /* checker.map is NULL where nothing is checked */
  const struct endpoint *of; /* the end whose content passes */
};

/* The tap for a copy from this end that carries the map's image from its beginning on, before `next`, which may be NULL; that one
 * alone where there is no map. */
struct copy_tap *
checking_tap(struct checking *checking, const struct bmap *map, const struct endpoint *of, struct copy_tap *next);

/* Where a copy can go on below an offset without leaving a range unchecked. */
uint64_t checking_from(const struct checking *checking, uint64_t offset);

/* Whether a range was refused. Then the fault of the copy, which failed, becomes one that says so. */
bool checking_tell(const struct checking *checking, const struct options *options, const struct copy *copy,
                   struct fault *fault);

/* All is copied: says what couldn't be checked. */
void checking_say(const struct checking *checking, const struct options *options, bool is_mute);

/* Adds what was checked to an object of JSON. */
void checking_add_json(const struct checking *checking, struct text *text);

#endif
