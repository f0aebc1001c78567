/* SPDX-License-Identifier: MIT */
/* blocks: the list of digests that a copy's blocks are held to (--blocks), from the option to the end.
 *
 * What is trusted are the digits of --expect. The list comes from anywhere: it is read as a whole first, and hashed with the
 * source's size. If that isn't what is trusted, nothing is written. From then on it is the copies' (copy_blocks), over the
 * same connection.
 */
#ifndef DECANT_BLOCKS_H
#define DECANT_BLOCKS_H

#include "cli/options.h"
#include "copy/copy.h"
#include "job/endpoints.h"
#include "job/status_line.h"
#include "os/arena.h"
#include "report/digest.h"

#include <stdbool.h>

/* In an arena; begins as zeros. */
struct blocks {
  struct block_hash hash; /* as the list's digests are computed ... */
  struct hash one;        /* ... one at a time */
  struct block_list list;
  struct digest_config config; /* of the blkhash */
  struct digest_expected expected;
  uint8_t zero_digest[HASH_BYTES_MAX];
  unsigned char *windows; /* likewise in the arena */
  uint8_t *marks;
  uint8_t *slot_digests;
  struct place place;
  union any_endpoint end; /* where the list lies */
  bool is_open;
  struct wishes wishes;
  struct loop *loop;
  struct recovery recovery; /* of it, while it is read first */
  struct hash whole;
  struct status_line line;
  bool is_mute; /* what is said would become part of the disk */
};

/* How much of an arena it takes; 0 where the options ask for nothing. How many sessions of TLS it has. */
size_t blocks_bytes(const struct options *options);
unsigned blocks_sessions(const struct options *options);

/* Takes its memory, and readies what the options ask for. NULL where that is nothing. Returns 0, or -1 with the fault set. */
int blocks_init(struct blocks **blocks, const struct options *options, bool is_mute, struct arena *arena,
                struct fault *fault);

/* Reads the list, for the source that is open. `blocks` may be NULL here and below. Returns 0, or -1 with the fault set: it can't be
 * had, or isn't the one that makes what is expected. */
int blocks_read(struct blocks *blocks, const struct endpoint *source, struct loop *loop, struct tls_pool *tls,
                struct fault *fault);

/* Has the part of the list come that the block at `offset` is in, before the copy takes over. Returns whether something was done, or
 * -1 with the fault set; where nothing was, what comes is waited for. */
int blocks_fetch(struct blocks *blocks, uint64_t offset, struct fault *fault);

/* Whether an end that is lost is to be reached again; and whether it has to be, before anything more is asked of it. One that isn't waited
 * for is asked all the same, and its answer says that it is gone. */
bool blocks_can_return(const struct endpoint *end, const struct recovery *recovery);
bool blocks_is_away(const struct endpoint *end, const struct recovery *recovery);

/* Has an end that is lost be reached again, which is asked before the copy takes over. Returns whether something was done, or -1:
 * nothing is left to try. */
int blocks_tend(struct blocks *blocks, struct endpoint *end, struct recovery *recovery);

/* Waits for what comes of the list, and of another end that is asked beside it; NULL: of none. Returns 0, or -1 with the fault set. */
int blocks_wait(struct blocks *blocks, struct endpoint *other, const struct recovery *recovery, struct fault *fault);

/* Refuses a destination that is the list, or lies where that does. Returns 0, or -1 with the fault set. */
int blocks_check(const struct blocks *blocks, const struct endpoint *destination, struct fault *fault);

/* Has a copy of the source be held to the list. */
void blocks_hold(struct blocks *blocks, struct copy_config *config);

/* Closes the list's end. */
void blocks_close(struct blocks *blocks);

#endif
