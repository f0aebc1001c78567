/* SPDX-License-Identifier: MIT */
/* local: the end of a copy that isn't a server: a disk of the other simulators' (sim/disk.h), which can't be included beside
 * what knows places.
 */
#ifndef EDGES_LOCAL_H
#define EDGES_LOCAL_H

#include "disk/endpoint.h"
#include "sim/random.h"

/* Readies it over this content; nothing is wrong with it. A destination brings as much memory for what is flushed. */
struct endpoint *
local_open(struct random *random, enum role role, uint64_t bytes, uint8_t *content, uint8_t *stable, bool flushes);

/* Nobody uses it any more. */
void local_forget(void);

uint64_t local_next_us(void);
void local_advance(uint64_t now_us);

/* It loses what isn't flushed. */
void local_lose_power(void);

#endif
