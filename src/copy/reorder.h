/* SPDX-License-Identifier: MIT */
/* reorder: the priority queue that puts the source back in order.
 *
 * Pieces are pushed in whatever order the reads complete and are popped in
 * ascending order without a gap: a piece is popped only when it starts at the
 * *frontier*, the offset up to which everything was popped already. A min-heap
 * keyed by offset, of fixed capacity. Since reads are scheduled in ascending
 * order and each keeps its slot until its pieces are popped, the piece that the
 * frontier waits for always has its place: no deadlock.
 *
 * Pieces don't overlap and none is pushed below the frontier; that is asserted.
 */
#ifndef DECANT_REORDER_H
#define DECANT_REORDER_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_NONE UINT32_MAX

struct piece {
  uint64_t offset;     /* bytes, in the source */
  uint64_t length;     /* bytes; at least 1 */
  const uint8_t *data; /* the bytes, in the slot's buffer; NULL: zeros, or kept */
  uint32_t slot;       /* the slot that holds the bytes, or SLOT_NONE */
  bool kept;           /* there are no bytes: the destination keeps its own */
};

struct reorder {
  struct piece heap[PIECES_MAX];
  size_t count;
  uint64_t frontier; /* everything below has been popped */
};

void reorder_init(struct reorder *reorder, uint64_t frontier);

/* How many more pieces fit. */
size_t reorder_room(const struct reorder *reorder);

/* Takes in a piece; there is room for it. */
void reorder_push(struct reorder *reorder, struct piece piece);

/* Whether the piece at the frontier has arrived. */
bool reorder_is_ready(const struct reorder *reorder);

/* Hands out the piece at the frontier, which moves to the piece's end. Returns
 * false when that piece hasn't arrived. */
bool reorder_pop(struct reorder *reorder, struct piece *piece);

#endif
