/* SPDX-License-Identifier: MIT */
/* copy_stages: what the files that make up `copy` share, and nobody else needs.
 *
 * A stage is a function that does one step of its work, if there is one to be done
 * now, and returns whether there was. copy.c has their table and the turns;
 * copy_source.c has those that bring the source in, copy_destination.c,
 * copy_zeros.c and copy_pour.c those that pour it out, copy_recovery.c those that go on after a loss; copy_unreadable.c
 * has what is done about parts of the source that can't be read, copy_blocks.c what holds it to a list of its blocks.
 */
#ifndef DECANT_COPY_STAGES_H
#define DECANT_COPY_STAGES_H

#include "copy/copy.h"

/* Takes an answer of the source: reads become pieces in the reorder queue, surveys
 * become known extents. */
bool copy_take_source_answer(struct copy *copy);
/* Asks for extents, ahead of the reads. */
bool copy_survey(struct copy *copy);
/* The same of the list of blocks, which is asked for where the reads are. */
bool copy_take_list_answer(struct copy *copy);
bool copy_ask_list(struct copy *copy);
/* Submits the next read, or lets the next run of zeros pass. */
bool copy_read(struct copy *copy);

/* Takes an answer of the destination: buffers come home. */
bool copy_take_destination_answer(struct copy *copy);
/* Reaches lost ends again, and goes back over the destination where that was lost. */
bool copy_recover(struct copy *copy);
/* Asks again for what failed. */
bool copy_ask_again(struct copy *copy);

/* Takes back the buffer of a write that has been sent. Only when one is wanted: until
 * then it could be written from again. */
bool copy_reclaim(struct copy *copy);
/* Asks the destination for the next part of the zeros that wait, in ascending order
 * and before anything else is poured. */
bool copy_zero(struct copy *copy);
/* Carries what is in order from the reorder queue through the assembler to the
 * destination. */
bool copy_pour(struct copy *copy);
/* Flushes now and then, so that going back over the destination repeats little. */
bool copy_flush_midway(struct copy *copy);
/* The end, good or bad: flushes, and finishes. */
bool copy_end(struct copy *copy);

/* Whether all that was to be written has been, and is confirmed: also where a signal came. */
bool copy_is_all_confirmed(const struct copy *copy);

/* Whether the list of blocks is asked now, where there is something to ask. */
bool copy_asks_list(const struct copy *copy);

/* Whether an answer about the list of blocks is still to come, or a question is to be asked again. */
bool copy_waits_for_list(const struct copy *copy);

/* Whether what comes next can't be planned yet, since the list of blocks isn't here. */
bool copy_lacks_blocks(const struct copy *copy);

/* The next step, as the list of blocks has it. */
struct step copy_next_step(struct copy *copy);

/* Notes what a read's blocks have to be, at its start; and cuts what was read to what is that. */
void copy_note_blocks(struct copy *copy, struct slot *slot);
void copy_check_blocks(struct copy *copy, struct slot *slot);

/* Whether something went wrong already. */
bool copy_has_failed(const struct copy *copy);

/* Notes that `doing` something at an endpoint failed at an offset. The first
 * fault is kept, since what comes after is mostly its consequence; of requests
 * that fail at the same end, as when a server dies with many in flight, the one
 * with the lowest offset. */
void copy_fail(struct copy *copy, const struct endpoint *endpoint, const char *doing, uint64_t offset, int errnum);

/* Begins to copy at an offset, or begins anew: all is home, or forgotten by this. */
void copy_begin(struct copy *copy, uint64_t start);

/* Whether an end can come back that is lost; and whether it is, and is waited for. */
bool copy_can_return(const struct copy *copy, const struct endpoint *end);
bool copy_is_away(const struct copy *copy, const struct endpoint *end);

/* Whether a request that `end` has answered with an error is to be asked for again: then `retry` says when. */
bool copy_asks_again(struct copy *copy, const struct endpoint *end, const struct request *request, struct retry *retry);

/* Whether such an error counts, however much time there is. */
bool copy_is_final(const struct copy *copy, const struct request *request, const struct retry *retry);

/* The destination is to be gone back over, from where it was flushed: whatever comes back from now on is dropped. One
 * that was lost flushes before it is written to again. */
void copy_rewind(struct copy *copy, bool is_lost);

/* The destination is back, and has answered a flush: goes on from there. */
void copy_return(struct copy *copy);

/* Until when the loop may wait, for what is to be tried again. */
void copy_set_recovery_alarms(const struct copy *copy);

/* How much of what failed twice is asked for at a time. */
uint64_t copy_part_bytes(const struct copy *copy, uint64_t block_bytes);

/* Whether nothing more is sent to the destination: after a signal, or a fault of its own. */
bool copy_is_over(const struct copy *copy);

/* Whether the tap has refused what it was shown last. */
bool copy_is_refused(const struct copy *copy);

/* Whether the destination may be sent something now. */
bool copy_takes_more(const struct copy *copy);

/* An unused transfer for a range; the caller knows that there is one. */
struct transfer *copy_take_transfer(struct copy *copy, struct range range);

/* Sends a transfer's request. */
void copy_submit_transfer(struct copy *copy, struct transfer *transfer);

/* What of a transfer is to be zeroed has to wait until those below it are on their way. */
void copy_zero_later(struct copy *copy, struct transfer *transfer);

/* Whether an answered request is a zero that was refused, which isn't a fault: a server
 * may announce zeros and still not have them everywhere, or not so large. */
bool copy_zero_was_refused(const struct request *request);

/* Whether an answered transfer is a large zero that is being proved, and so isn't done yet. */
bool copy_proves(struct copy *copy, struct transfer *transfer);

/* Concludes the answer to what was read for the proof. Returns the transfer whose zeros
 * are there now and which is to be concluded, or NULL. */
struct transfer *copy_conclude_proof(struct copy *copy);

/* Has such a one done in another way. */
void copy_zero_otherwise(struct copy *copy, struct transfer *transfer);

/* A staging buffer that is home, or STAGE_NONE; and where it lies. */
uint32_t copy_find_free_stage(const struct copy *copy);
unsigned char *copy_stage_buffer(const struct copy *copy, uint32_t stage);

void copy_submit_to_destination(struct copy *copy, struct request *request);

enum content { CONTENT_DATA, CONTENT_ZERO, CONTENT_KEPT };

/* What of a read's payload is part of the copy becomes a piece, if any is. */
void copy_push_piece(struct copy *copy, struct slot *slot, struct range part, enum content content);

/* So much at the front of a read is done: what is left is asked for when the time has come. */
void copy_go_on_reading(struct copy *copy, struct slot *slot, uint64_t bytes);

/* Whether a read that came back for want of a source is the reason for that, as far as a copy wants to know that leaves out
 * what can't be read: it was lost before, and then alone. If not, it is from now on asked for alone. */
bool copy_is_blamed(struct copy *copy, struct slot *slot);

/* A read failed for good. Where that means that something in it can't be read, it is asked for in ever smaller parts, and what
 * is known to the sector is left out, if that is wanted; else returns false: then it is a fault, at the front of what is left
 * of the request. */
bool copy_narrow_down(struct copy *copy, struct slot *slot);

/* How much couldn't be read below an offset. */
uint64_t copy_unreadable_below(const struct copy *copy, uint64_t below);

/* Where the copy's part of what is still to be read begins: blocks of the source may reach further. */
uint64_t copy_reads_from(const struct slot *slot);

/* Whether a read that is narrowed down has to wait until all before it is on its way: so failing reads are made one at a time,
 * none beyond one that ends the copy, and what the many parts bring needs no room in the queue. */
bool copy_waits_for_turn(const struct copy *copy, const struct slot *slot);

/* The least that is read by itself. */
uint64_t copy_unit_bytes(const struct copy *copy);

/* Sends a read that waits; ends one that came to nothing, which `copy_fail` has been told. */
void copy_read_again(struct copy *copy, struct slot *slot);
void copy_end_read(struct copy *copy, struct slot *slot);

/* Sends a transfer that waits; ends one that came to nothing. */
void copy_transfer_again(struct copy *copy, struct transfer *transfer);
void copy_fail_transfer(struct copy *copy, struct transfer *transfer);
void copy_edge_again(struct copy *copy);
void copy_end_edge(struct copy *copy);

/* Whether it is flushed at all; asks the destination to. */
bool copy_flushes(const struct copy *copy);
void copy_flush(struct copy *copy, enum flush_reason reason);

/* A slot that is home, or SLOT_NONE. */
uint32_t copy_find_free_slot(const struct copy *copy);

/* One holder less of a slot's buffer; SLOT_NONE is nobody's. */
void copy_release_slot(struct copy *copy, uint32_t slot);

#endif
