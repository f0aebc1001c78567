/* SPDX-License-Identifier: MIT */
/* compare_stages: what the files of a comparison's loop share. compare.c has the table that they run in, compare_read.c what reads
 * both ends, compare_recovery.c what goes on after a loss, compare_units.c what compares.
 *
 * Each stage does one step and returns whether there was one to do.
 */
#ifndef DECANT_COMPARE_STAGES_H
#define DECANT_COMPARE_STAGES_H

#include "copy/compare.h"

/* ---- compare_read.c ---- */

bool compare_take_answer(struct compare *compare);
bool compare_survey(struct compare *compare);
/* Plans the next part, and submits its reads. */
bool compare_read_next(struct compare *compare);
/* Submits what is left of a read. */
void compare_submit(struct compare *compare, struct compare_read *read);
/* Whether an end takes one more request now. */
bool compare_has_room(const struct compare_side *side);

/* ---- compare_recovery.c ---- */

bool compare_recover(struct compare *compare);
bool compare_ask_again(struct compare *compare);
/* Whether a request that was answered with an error is to be asked for again: then `retry` says when. */
bool compare_asks_again(struct compare *compare, const struct compare_side *side, int errnum, struct retry *retry);
void compare_set_recovery_alarms(const struct compare *compare);

/* ---- compare_units.c ---- */

/* Compares a part that is there. */
bool compare_a_unit(struct compare *compare);
/* Where a read's bytes lie in memory: as on the disk, since direct I/O wants it so. */
unsigned char *compare_payload(const struct compare *compare, const struct compare_read *read, uint64_t offset);
/* A part of a read couldn't be read. */
void compare_note_unreadable(struct compare *compare, const struct compare_read *read, struct range range, int errnum);

/* ---- compare.c ---- */

uint64_t compare_now_ms(const struct compare *compare);
/* What begins at `offset` decides nothing any more. */
bool compare_is_needless(const struct compare *compare, uint64_t offset);
/* Whether they are the same can't be known from `below` on, since this failed. */
void compare_fail(struct compare *compare, const struct compare_failure *failure, uint64_t below);

#endif
