/* SPDX-License-Identifier: MIT */
/* rescue_stages: what the files of a rescue's loop share. rescue_run.c has the table that they run in, rescue_read.c the source's side,
 * rescue_write.c the destination's.
 *
 * Each stage does one step and returns whether there was one to do.
 */
#ifndef DECANT_RESCUE_STAGES_H
#define DECANT_RESCUE_STAGES_H

#include "copy/rescue_run.h"

/* ---- rescue_read.c ---- */

bool rescue_take_source_answer(struct rescue_run *run);
bool rescue_recover(struct rescue_run *run);
/* What was lost is asked for again, one by one: the one that does it again is the reason. */
bool rescue_ask_again(struct rescue_run *run);
bool rescue_read_next(struct rescue_run *run);
/* Tells `rescue` of a read whose good bytes are where they belong. */
bool rescue_answer_reads(struct rescue_run *run);

/* Where a slot's first sector lies in memory: as on the disk, since direct I/O wants it so. */
unsigned char *rescue_payload(const struct rescue_slot *slot);

/* ---- rescue_write.c ---- */

bool rescue_take_destination_answer(struct rescue_run *run);
bool rescue_write(struct rescue_run *run);
/* Keeps the map, when that is due and once the destination is flushed. */
bool rescue_keep(struct rescue_run *run);
/* Whether there is room for the flush that comes before it. */
bool rescue_can_keep(const struct rescue_run *run);

/* ---- rescue_run.c ---- */

uint64_t rescue_now_ms(const struct rescue_run *run);

/* Ends the rescue in good order, unless it ends already: what is on its way is still written, and the map kept. */
void rescue_stop_for(struct rescue_run *run, enum rescue_stop stop);

/* ... because a request failed. */
void rescue_fail(struct rescue_run *run, const struct endpoint *end, const char *doing, uint64_t offset, int errnum);

#endif
