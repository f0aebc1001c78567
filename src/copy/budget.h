/* SPDX-License-Identifier: MIT */
/* budget: how the payload memory is divided, before anything is reserved.
 *
 * Slots (one read each), staging buffers (one block of the destination each) and
 * one block of zeros, out of --memory; and spare slots out of what the machine has
 * besides. The block sizes of both ends decide. All
 * sizes are bytes.
 */
#ifndef DECANT_BUDGET_H
#define DECANT_BUDGET_H

#include "base/error.h"
#include "disk/endpoint.h"

#include <stdint.h>

/* What of the two ends matters here; see struct traits. */
struct budget_needs {
  uint64_t payload_bytes;
  uint64_t spare_bytes;   /* beside it, for long lines */
  uint64_t request_bytes; /* of a read, wanted by the operator; 0: a share of the payload */
  uint64_t sparse_bytes;  /* granularity wanted for zeros found in data; 0: none */
  uint64_t zero_max;      /* the largest zero wanted, a multiple of BLOCK_BYTES_MAX */
  uint64_t source_block_min;
  uint64_t source_request_max;
  uint64_t destination_block_min;
  uint64_t destination_block_preferred;
  uint64_t destination_request_max;
};

struct budget {
  uint64_t slot_bytes; /* the largest read; a power of two, a multiple of the source's block */
  unsigned slots;
  unsigned spare_slots; /* likewise, out of the spare memory; with the others at most SLOTS_MAX */
  uint64_t block_bytes; /* the unit of writes and zeros; a power of two, a multiple of the destination's block */
  unsigned stages;      /* staging buffers, of block_bytes each */
  uint64_t zero_bytes;  /* the block of zeros; a multiple of block_bytes */
  uint64_t write_max;   /* the largest write; a multiple of block_bytes */
  uint64_t zero_max;    /* the largest zero request; a multiple of block_bytes */
  uint64_t zero_sure;   /* one of at most this is done right by every server; likewise, <= zero_max */
};

/* What two ends need; the first five are the caller's. */
struct budget_needs budget_needs_of(const struct traits *source, const struct traits *destination);

/* All slots, the spare ones too. */
static inline uint64_t
budget_slots(const struct budget *budget)
{
  return (uint64_t)budget->slots + budget->spare_slots;
}

/* Divides the memory. Returns 0, or -1 with a fault that says how much it takes
 * when the ends' blocks don't fit. */
int budget_plan(struct budget *budget, const struct budget_needs *needs, struct fault *fault);

#endif
