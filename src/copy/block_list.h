/* SPDX-License-Identifier: MIT */
/* block_list: what each block of the source has to be, by a list of digests that lies somewhere else.
 *
 * The list has the digest of each block of the disk, one behind the other; it is what a blkhash is the digest of, but for the
 * size. It is as long as it likes, so it is read in parts of BLOCK_LIST_PART_BLOCKS: once as a whole, from front to end, while
 * its reader hashes it (block_list_next), and then, when that was found to be the right one, alongside the copy, two parts at a
 * time. Who serves it may serve something else by then: so of each part a digest is kept, which it must have again.
 *
 * The questions are its own; whoever submits one owns it until it is answered. Offsets and lengths are bytes of the disk, unless
 * they are said to be the list's. The memory is the caller's. Makes no call but for digests, never fails.
 */
#ifndef DECANT_BLOCK_LIST_H
#define DECANT_BLOCK_LIST_H

#include "base/limits.h"
#include "copy/retry.h"
#include "disk/endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How digests are computed. */
struct block_hash {
  /* Those of `count` blocks that follow one another. */
  void (*take)(const struct block_hash *hash, const uint8_t *data, uint64_t block_bytes, uint64_t count,
               uint8_t *digests);
  unsigned digest_bytes; /* at most BLOCK_DIGEST_BYTES_MAX */
};

struct block_list_config {
  const struct block_hash *hash;
  uint64_t size;              /* the disk's */
  uint64_t block_bytes;       /* a power of two; the last block may be shorter */
  const uint8_t *zero_digest; /* of a whole block of zeros */
  unsigned char *windows;     /* BLOCK_LIST_WINDOWS * BLOCK_LIST_PART_BYTES(digest_bytes), aligned to pages */
  uint8_t *marks;             /* BLOCK_LIST_PARTS_MAX * digest_bytes */
  struct traits list;         /* of the end where it lies */
};

/* A part of the list that is here, or on its way. */
struct block_window {
  struct request request;
  struct chunks chunks;
  bool is_used;       /* else it is nobody's */
  bool is_out;        /* its question is */
  struct retry retry; /* of its question, which isn't asked while it waits: its owner's */
  bool is_whole;      /* all of it is here, and is what it was at first */
  uint64_t part;      /* which one */
  uint64_t filled;    /* bytes of the list that are here */
};

struct block_list {
  struct block_list_config config;
  uint64_t blocks; /* of the disk */
  uint64_t parts;
  uint64_t noted; /* parts that were handed out for the first time, and of which there are marks */
  struct block_window windows[BLOCK_LIST_WINDOWS];
};

/* Whether a list is too long, for a disk of `size` bytes. */
bool block_list_is_too_long(uint64_t size, uint64_t block_bytes);

/* Readies a list, which isn't too long; `list` may be uninitialised memory. What the end where it lies is like has been checked:
 * it has all of the list (block_list_bytes), and BLOCK_LIST_GRAIN_BYTES are whole blocks there. */
void block_list_init(struct block_list *list, const struct block_list_config *config);

/* How long the list of a disk is. */
uint64_t block_list_bytes(uint64_t size, uint64_t block_bytes, unsigned digest_bytes);

/* The next question, which is to be submitted now, about the part that a block at `offset` is in, or the one behind it; NULL:
 * there is none now. `offset` is below the disk's size. */
struct request *block_list_ask(struct block_list *list, uint64_t offset);

/* An answer that isn't a success; or that is, and what it brought. What differs from what it was is to be asked for again. */
enum block_answer { BLOCK_ANSWER_FAILED, BLOCK_ANSWER_TAKEN, BLOCK_ANSWER_DIFFERS };
enum block_answer block_list_learn(struct block_list *list, struct request *request);

/* Who keeps when a question that failed is to be asked again. */
struct retry *block_list_retry(struct request *request);

/* How many questions are out. */
unsigned block_list_out(const struct block_list *list);

/* At first: the next part in order, if it is here, which it is marked by from then on; `length` bytes of the list. NULL: it isn't. */
const uint8_t *block_list_next(struct block_list *list, uint64_t *length);

/* Whether all was handed out so. */
bool block_list_is_noted(const struct block_list *list);

/* Whether the part is here that has the block at `offset`, a multiple of the blocks' size below the disk's. */
bool block_list_has(const struct block_list *list, uint64_t offset);

/* The same is here: where the blocks end that are of zeros, or those that aren't, from there on; at the latest, where its part ends.
 * Of blocks that aren't zeros, only those that begin below `limit` are looked at. */
uint64_t block_list_run(const struct block_list *list, uint64_t offset, uint64_t limit, bool *is_zero);

/* Takes the digests of the blocks in [offset, end) out of it, both as above. */
void block_list_take(const struct block_list *list, uint64_t offset, uint64_t end, uint8_t *digests);

/* How much of `data` is as these digests say, in whole blocks from its front on. Its `length` is whole blocks, but for the disk's last. */
uint64_t block_list_good(const struct block_list *list, const uint8_t *digests, const uint8_t *data, uint64_t length);

#endif
