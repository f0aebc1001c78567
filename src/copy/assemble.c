/* SPDX-License-Identifier: MIT */
/* assemble: see assemble.h. */
#include "copy/assemble.h"

#include "base/zeros.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

void
assemble_init(struct assemble *assemble, const struct assemble_config *config, uint64_t start)
{
  assert(range_is_power_of_two(config->block_bytes) && range_is_power_of_two(config->block_min));
  assert(config->block_min <= config->block_bytes);
  assert(config->write_max > 0 && range_is_aligned(config->write_max, config->block_bytes));
  assert(config->zero_max > 0 && range_is_aligned(config->zero_max, config->block_bytes));
  assert(range_is_aligned(start, config->block_min));
  *assemble = (struct assemble){ .config = *config, .position = start, .stage = STAGE_NONE };
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

/* Where the bytes end that are in the block being put together, or before it. */
static uint64_t
filled(const struct assemble *assemble)
{
  return assemble->position - assemble->kept;
}

/* Zeros that end there become part of those to be asked for. */
static void
add_zeros(struct assemble *assemble, uint64_t length)
{
  uint64_t end = filled(assemble);

  if (range_is_empty(assemble->zeros))
    assemble->zeros.start = end - length;
  else
    assert(assemble->zeros.end == end - length);
  assemble->zeros.end = end;
}

/* The block being put together turned out to be zeros. */
static void
unstage_zeros(struct assemble *assemble)
{
  add_zeros(assemble, assemble->staged);
  assemble->staged = 0;
}

/* Zeros are cut on the grid of zero_max, so that wherever a run begins, all but
 * its ends are large and aligned as a destination likes best. */
static uint64_t
zeros_cut(const struct assemble *assemble)
{
  uint64_t start = assemble->zeros.start;
  uint64_t room = assemble->config.zero_max - start % assemble->config.zero_max;

  return range_min(assemble->zeros.end, range_end(start, room));
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
  *action = (struct action){ .offset = filled(assemble) - assemble->staged,
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
  uint64_t block = assemble->config.block_bytes;
  uint64_t length = range_min(piece->length, block - assemble->position % block);
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

/* ---- Edges ---- */

/* Where the destination's smallest block ends that `offset` lies in or before. */
static uint64_t
edge_end(const struct assemble *assemble, uint64_t offset)
{
  return range_min(range_align_up(offset, assemble->config.block_min), assemble->config.size);
}

/* Completes the block being put together, up to `end`, with what the destination
 * holds: needs a buffer, and then those bytes. */
static enum assemble_result
want_edge(struct assemble *assemble, uint64_t end, struct action *action)
{
  uint64_t start = filled(assemble);

  if (!assemble->stage_data)
    return ASSEMBLE_WANTS_STAGE;
  assemble->edge = (struct range){ start, end };
  action->offset = range_align_down(start, assemble->config.block_min);
  action->length = edge_end(assemble, end) - action->offset;
  return ASSEMBLE_WANTS_EDGE;
}

/* Keeps the first `length` of the bytes to be kept, once all before them is on its way. */
static enum assemble_result
keep(struct assemble *assemble, uint64_t length, struct action *action)
{
  if (assemble->stage_data)
    return stage_out(assemble, action);
  if (assemble->staged > 0)
    unstage_zeros(assemble);
  if (!range_is_empty(assemble->zeros))
    return zero_out(assemble, action);
  *action = (struct action){ .offset = filled(assemble), .length = length, .stage = STAGE_NONE };
  assemble->kept -= length;
  return ASSEMBLE_KEEP;
}

/* Decides on the bytes to be kept, as far as that can be known: whole blocks of them are
 * kept; those in a block with others are completed from the destination, for which
 * the next piece must be there, or be known not to come. */
static enum assemble_result
assemble_settle(struct assemble *assemble, struct action *action)
{
  uint64_t start = filled(assemble), end = assemble->position;
  bool is_open = assemble->piece.length == 0 && !assemble->ended; /* more to be kept may follow */
  uint64_t head_end = edge_end(assemble, start);
  uint64_t whole_end = assemble->ended ? end : range_align_down(end, assemble->config.block_min);

  if (start < head_end && (end >= head_end || !is_open))
    return want_edge(assemble, range_min(end, head_end), action);
  if (start >= head_end && start < whole_end)
    return keep(assemble, whole_end - start, action);
  return is_open ? ASSEMBLE_WANTS_PIECE : want_edge(assemble, end, action);
}

static enum assemble_result
assemble_finish(struct assemble *assemble, struct action *action)
{
  if (assemble->staged > 0) {
    uint64_t end = edge_end(assemble, assemble->position);
    if (end > assemble->position)
      return want_edge(assemble, end, action);
    if (assemble->stage_data)
      return stage_out(assemble, action);
    unstage_zeros(assemble);
  }
  return range_is_empty(assemble->zeros) ? ASSEMBLE_DONE : zero_out(assemble, action);
}

static bool
is_block_complete(const struct assemble *assemble)
{
  return assemble->staged > 0 && range_is_aligned(filled(assemble), assemble->config.block_bytes);
}

static bool
begins_with_a_block(const struct assemble *assemble)
{
  uint64_t block = assemble->config.block_bytes;

  return assemble->staged == 0 && range_is_aligned(assemble->position, block) && assemble->piece.length >= block;
}

enum assemble_result
assemble_next(struct assemble *assemble, struct action *action)
{
  struct piece *piece = &assemble->piece;
  enum assemble_result result;

  for (;;) {
    if (assemble->zeros.start / assemble->config.zero_max != assemble->zeros.end / assemble->config.zero_max)
      return zero_out(assemble, action);
    if (is_block_complete(assemble)) {
      if (assemble->stage_data)
        return stage_out(assemble, action);
      unstage_zeros(assemble);
      continue;
    }
    if (piece->kept) {
      assemble->kept += piece->length;
      advance(assemble, piece->length);
      piece->kept = false;
    }
    if (assemble->kept > 0)
      return assemble_settle(assemble, action);
    if (piece->length == 0)
      return assemble->ended ? assemble_finish(assemble, action) : ASSEMBLE_WANTS_PIECE;
    if (begins_with_a_block(assemble)) {
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
  struct range edge = assemble->edge;
  uint64_t length = range_length(edge);

  assert(edge.start == filled(assemble) && assemble->stage_data);
  memcpy(assemble->stage_data + assemble->staged, data + (edge.start & (assemble->config.block_min - 1)), length);
  assemble->staged += length;
  if (assemble->kept > 0)
    assemble->kept -= length;
  else
    assemble->position += length; /* beyond the source's end */
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
  return range_is_empty(assemble->zeros) ? filled(assemble) - assemble->staged : assemble->zeros.start;
}
