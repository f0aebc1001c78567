/* SPDX-License-Identifier: MIT */
/* assemble: see assemble.h. */
#include "assemble.h"

#include "zeros.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

void
assemble_init(struct assemble *assemble, const struct assemble_config *config)
{
  assert(range_is_power_of_two(config->block_bytes) && range_is_power_of_two(config->block_min));
  assert(config->block_min <= config->block_bytes);
  assert(config->write_max > 0 && range_is_aligned(config->write_max, config->block_bytes));
  assert(config->zero_max > 0 && range_is_aligned(config->zero_max, config->block_bytes));
  *assemble = (struct assemble){ .config = *config, .stage = STAGE_NONE };
}

static bool
is_zero_piece(const struct piece *piece)
{
  return piece->data == NULL;
}

/* The bytes at the front of the piece have been taken in. */
static void
advance(struct assemble *assemble, uint64_t length)
{
  struct piece *piece = &assemble->piece;

  piece->offset += length;
  piece->length -= length;
  if (piece->data)
    piece->data += length;
  assemble->position += length;
}

/* Zeros that end at the position become part of those to be asked for. */
static void
add_zeros(struct assemble *assemble, uint64_t length)
{
  if (range_is_empty(assemble->zeros))
    assemble->zeros.start = assemble->position - length;
  else
    assert(assemble->zeros.end == assemble->position - length);
  assemble->zeros.end = assemble->position;
}

/* Zeros are cut on the grid of zero_max, so that wherever a run begins, all but
 * its ends are large and aligned as a destination likes best. */
static uint64_t
zeros_cut(const struct assemble *assemble)
{
  uint64_t start = assemble->zeros.start;
  uint64_t left = assemble->config.zero_max - start % assemble->config.zero_max;

  return range_min(assemble->zeros.end, range_end(start, left));
}

static enum assemble_result
zero_out(struct assemble *assemble, struct action *action)
{
  uint64_t length = zeros_cut(assemble) - assemble->zeros.start;

  *action = (struct action){ .offset = assemble->zeros.start, .length = length, .stage = STAGE_NONE };
  assemble->zeros.start += length;
  return ASSEMBLE_ZERO;
}

/* Writes what was staged, once the zeros before it are on their way. */
static enum assemble_result
stage_out(struct assemble *assemble, struct action *action)
{
  if (!range_is_empty(assemble->zeros))
    return zero_out(assemble, action);
  *action = (struct action){ .offset = assemble->position - assemble->staged,
                             .length = assemble->staged,
                             .data = assemble->stage_data,
                             .stage = assemble->stage };
  assemble->staged = 0;
  assemble->stage_data = NULL;
  assemble->stage = STAGE_NONE;
  return ASSEMBLE_WRITE;
}

/* How many bytes at the front of a data piece, in whole blocks, are all zeros
 * (or, with `zero` false, hold no block of zeros). */
static uint64_t
run_of(const struct assemble *assemble, bool zero, uint64_t limit)
{
  uint64_t block = assemble->config.block_bytes;
  uint64_t run = 0;

  if (!assemble->config.detect_zeros)
    return zero ? 0 : limit;
  while (run < limit && zeros_only(assemble->piece.data + run, block) == zero)
    run += block;
  return run;
}

/* Takes whole blocks from the front of the piece, while nothing is staged.
 * Returns false if that only moved zeros along, or true with *result set. */
static bool
take_blocks(struct assemble *assemble, struct action *action, enum assemble_result *result)
{
  struct piece *piece = &assemble->piece;
  uint64_t whole = range_align_down(piece->length, assemble->config.block_bytes);
  uint64_t run = is_zero_piece(piece) ? whole : 0;

  if (!is_zero_piece(piece) && assemble->data_run == 0) {
    run = run_of(assemble, true, whole);
    if (run == 0)
      assemble->data_run = run_of(assemble, false, range_min(whole, assemble->config.write_max));
  }
  if (run > 0) {
    advance(assemble, run);
    add_zeros(assemble, run);
    return false;
  }
  if (!range_is_empty(assemble->zeros)) {
    *result = zero_out(assemble, action);
    return true;
  }
  *action = (struct action){
    .offset = piece->offset, .length = assemble->data_run, .data = piece->data, .stage = STAGE_NONE
  };
  advance(assemble, assemble->data_run);
  assemble->data_run = 0;
  *result = ASSEMBLE_WRITE;
  return true;
}

/* Moves the front of the piece into the block that is being put together.
 * Returns false when a buffer is needed first. */
static bool
take_part(struct assemble *assemble)
{
  struct piece *piece = &assemble->piece;
  uint64_t length = range_min(piece->length, assemble->config.block_bytes - assemble->staged);
  bool zero = is_zero_piece(piece) || (assemble->config.detect_zeros && zeros_only(piece->data, length));

  if (!zero && !assemble->stage_data)
    return false;
  if (assemble->stage_data) {
    if (zero)
      memset(assemble->stage_data + assemble->staged, 0, length);
    else
      memcpy(assemble->stage_data + assemble->staged, piece->data, length);
  }
  assemble->staged += length;
  advance(assemble, length);
  return true;
}

/* What the block that the source's end cuts has to reach: as far as the
 * destination's smallest block demands, or to the destination's end. */
static uint64_t
edge_end(const struct assemble *assemble)
{
  return range_min(range_align_up(assemble->position, assemble->config.block_min), assemble->config.size);
}

static enum assemble_result
finish(struct assemble *assemble, struct action *action)
{
  if (assemble->staged > 0) {
    if (edge_end(assemble) > assemble->position) {
      if (!assemble->stage_data)
        return ASSEMBLE_WANTS_STAGE;
      action->offset = range_align_down(assemble->position, assemble->config.block_min);
      action->length = edge_end(assemble) - action->offset;
      return ASSEMBLE_WANTS_EDGE;
    }
    if (assemble->stage_data)
      return stage_out(assemble, action);
    add_zeros(assemble, assemble->staged);
    assemble->staged = 0;
  }
  return range_is_empty(assemble->zeros) ? ASSEMBLE_DONE : zero_out(assemble, action);
}

enum assemble_result
assemble_next(struct assemble *assemble, struct action *action)
{
  uint64_t block = assemble->config.block_bytes;
  enum assemble_result result;

  for (;;) {
    if (assemble->zeros.start / assemble->config.zero_max != assemble->zeros.end / assemble->config.zero_max)
      return zero_out(assemble, action);
    if (assemble->staged == block) {
      if (assemble->stage_data)
        return stage_out(assemble, action);
      add_zeros(assemble, block);
      assemble->staged = 0;
      continue;
    }
    if (assemble->piece.length == 0)
      return assemble->ended ? finish(assemble, action) : ASSEMBLE_WANTS_PIECE;
    if (assemble->staged == 0 && assemble->piece.length >= block) {
      if (take_blocks(assemble, action, &result))
        return result;
    } else if (!take_part(assemble)) {
      return ASSEMBLE_WANTS_STAGE;
    }
  }
}

void
assemble_feed(struct assemble *assemble, const struct piece *piece)
{
  assert(assemble->piece.length == 0 && !assemble->ended);
  assert(piece->offset == assemble->position);
  assemble->piece = *piece;
}

void
assemble_stage(struct assemble *assemble, uint8_t *data, uint32_t stage)
{
  assert(!assemble->stage_data);
  assemble->stage_data = data;
  assemble->stage = stage;
  memset(data, 0, assemble->staged);
}

void
assemble_edge(struct assemble *assemble, const uint8_t *data)
{
  uint64_t start = range_align_down(assemble->position, assemble->config.block_min);
  uint64_t kept = edge_end(assemble) - assemble->position;

  memcpy(assemble->stage_data + assemble->staged, data + (assemble->position - start), kept);
  assemble->staged += kept;
  assemble->position += kept;
}

void
assemble_end(struct assemble *assemble)
{
  assert(assemble->piece.length == 0);
  assemble->ended = true;
}

uint64_t
assemble_decided(const struct assemble *assemble)
{
  return range_is_empty(assemble->zeros) ? assemble->position - assemble->staged : assemble->zeros.start;
}
