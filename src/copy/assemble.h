/* SPDX-License-Identifier: MIT */
/* assemble: turns ordered pieces into whole, aligned blocks of the destination.
 *
 * The caller feeds pieces in ascending order without gaps and asks what to do
 * next, until it is done. Whole blocks inside one piece are to be written from
 * the buffer where they lie, many at once; a block made of several pieces is put
 * together in a staging buffer, its holes as zeros; a block that is all zeros
 * joins the zeros before it, which are to be zeroed in few large requests. The
 * block that the source's end cuts is written short, where the destination takes
 * that, and otherwise completed with what the destination holds there. So are
 * blocks of which a part is to be kept as it is; where all of it is, no byte of a
 * block is touched, and what lies beside it is written short too. Every byte is
 * decided exactly once, and in order: written, zeroed or kept.
 *
 * Offsets, lengths and sizes are bytes. Nothing here fails.
 */
#ifndef DECANT_ASSEMBLE_H
#define DECANT_ASSEMBLE_H

#include "base/range.h"
#include "copy/reorder.h"

#include <stdbool.h>
#include <stdint.h>

#define STAGE_NONE UINT32_MAX

struct assemble_config {
  uint64_t block_bytes; /* writes and zeros start and end on multiples of this, but at the end and beside the kept */
  uint64_t block_min;   /* there too, they are multiples of this: a power of two <= block_bytes */
  uint64_t write_max;   /* the largest write, a multiple of block_bytes */
  uint64_t zero_max;    /* the largest zero, a multiple of block_bytes; zeros don't cross its multiples */
  uint64_t size;        /* the destination's; SIZE_UNKNOWN where it grows */
  bool detect_zeros;    /* whether to look for blocks of zeros in data */
};

enum assemble_result {
  ASSEMBLE_WANTS_PIECE, /* give the next with assemble_feed(), or call assemble_end() */
  ASSEMBLE_WANTS_STAGE, /* give a buffer of block_bytes with assemble_stage() */
  ASSEMBLE_WANTS_EDGE,  /* read the destination's action.offset, length; give it with assemble_edge() */
  ASSEMBLE_WRITE,       /* write action.data; it stays valid until the caller reuses its slot or stage */
  ASSEMBLE_ZERO,
  ASSEMBLE_KEEP, /* nothing is to be done here */
  ASSEMBLE_DONE,
};

struct action {
  uint64_t offset;
  uint64_t length;
  const uint8_t *data;
  uint32_t stage; /* the staging buffer that this write gives back, or STAGE_NONE */
};

struct assemble {
  struct assemble_config config;
  struct piece piece;  /* what remains of the piece being taken apart; length 0: none */
  uint64_t data_run;   /* bytes at the piece's front known to hold no block of zeros */
  uint64_t position;   /* every byte below has been taken in */
  uint64_t kept;       /* of these, bytes at the end to be kept, as far as blocks allow */
  struct range zeros;  /* whole blocks of zeros, not yet asked for */
  uint64_t staged;     /* bytes of the block being put together; they end where the kept ones begin */
  uint8_t *stage_data; /* its buffer; NULL while all of it is zeros */
  uint32_t stage;      /* the buffer's number, the caller's */
  struct range edge;   /* bytes that the block needs of what the destination holds */
  bool ended;
};

/* Begins at `start`, a multiple of block_min; what lies below it is none of its business. */
void assemble_init(struct assemble *assemble, const struct assemble_config *config, uint64_t start);

/* Says what to do next; what else it needs stands in *action. The piece that was
 * fed is used up when it asks for another, or says that it is done. */
enum assemble_result assemble_next(struct assemble *assemble, struct action *action);

void assemble_feed(struct assemble *assemble, const struct piece *piece);
void assemble_stage(struct assemble *assemble, uint8_t *data, uint32_t stage);
/* `data` holds what the destination has at the action's offset. */
void assemble_edge(struct assemble *assemble, const uint8_t *data);
/* No piece follows. */
void assemble_end(struct assemble *assemble);

/* Every byte below has been handed out: in a write, as a zero, or to be kept. */
uint64_t assemble_decided(const struct assemble *assemble);

#endif
