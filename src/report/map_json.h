/* SPDX-License-Identifier: MIT */
/* map_json: a map for programs, an object for each extent or sum.
 *
 * The objects alone: what stands between them is the caller's. Text goes to the end
 * of the caller's.
 */
#ifndef DECANT_MAP_JSON_H
#define DECANT_MAP_JSON_H

#include "base/text.h"
#include "disk/contexts.h"
#include "disk/survey.h"
#include "report/map_totals.h"

#include <stdint.h>

/* An extent that begins at an offset: what each context says, as nbdinfo writes it. */
void map_json_extent(struct text *text, const struct contexts *contexts, uint64_t offset, const struct extent *extent);

/* The same, as oVirt's tools read it: zero, hole, and dirty where a bitmap is shown. */
void map_json_imageio(struct text *text, const struct contexts *contexts, uint64_t offset, const struct extent *extent);

/* A sum, and which share of the whole it is. */
void map_json_total(struct text *text, const struct contexts *contexts, const struct map_total *total, double percent);

#endif
