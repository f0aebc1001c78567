/* SPDX-License-Identifier: MIT */
/* Here it is decided what is written where: the destination must become the
 * source, in whole blocks, each byte once, and nothing beyond may change. */
#include "unit/unit.h"

#include "base/limits.h"
#include "copy/assemble.h"

/* ---- Small disks, as pictures ----
 *
 * A source is drawn with a letter for each byte: D is data, 0 a zero that was
 * read, . a zero that needed no read, - a byte to be kept; | ends a piece.
 * What happens is written as W1-5 (write bytes 1 to 4 from where they lie), S
 * (write from a stage), Z (zero), K (keep) and E (read what the destination
 * holds). */

#define PICTURE_BYTES_MAX 64

static void
play(const struct assemble_config *config, const char *picture, char *story, size_t story_bytes)
{
  static uint8_t stages[4][PICTURE_BYTES_MAX];
  uint8_t bytes[PICTURE_BYTES_MAX], held[PICTURE_BYTES_MAX] = { 0 };
  struct assemble assemble;
  struct action action;
  uint64_t offset = 0;
  uint32_t stage = 0;
  size_t used = 0;

  assemble_init(&assemble, config, 0);
  story[0] = '\0';
  for (;;) {
    const char *name = NULL;
    switch (assemble_next(&assemble, &action)) {
    case ASSEMBLE_WANTS_PIECE: {
      struct piece piece = { .offset = offset, .slot = SLOT_NONE };
      const char *end = picture + strcspn(picture, "|");
      for (const char *p = picture; p < end; p++, piece.length++)
        bytes[offset + piece.length] = *p == 'D' ? 'D' : 0;
      piece.kept = *picture == '-';
      if (*picture != '.' && !piece.kept)
        piece.data = bytes + offset;
      picture = *end ? end + 1 : end;
      offset += piece.length;
      if (piece.length > 0)
        assemble_feed(&assemble, &piece);
      else
        assemble_end(&assemble);
      continue;
    }
    case ASSEMBLE_WANTS_STAGE:
      assemble_stage(&assemble, stages[stage], stage);
      stage = (stage + 1) % LENGTH_OF(stages);
      continue;
    case ASSEMBLE_WANTS_EDGE:
      assemble_edge(&assemble, held);
      name = "E";
      break;
    case ASSEMBLE_WRITE:
      name = action.stage == STAGE_NONE ? "W" : "S";
      break;
    case ASSEMBLE_ZERO:
      name = "Z";
      break;
    case ASSEMBLE_KEEP:
      name = "K";
      break;
    case ASSEMBLE_DONE:
      return;
    }
    used += (size_t)snprintf(story + used, story_bytes - used, "%s%s%u-%u", used ? " " : "", name,
                             (unsigned)action.offset, (unsigned)(action.offset + action.length));
    assert_true(used < story_bytes);
  }
}

static void
pictures_become_the_actions_beside_them(void **state)
{
  /* Blocks of 4 that may end on any byte; a destination as large as the source. */
  static const struct assemble_config plain = { 4, 1, 16, 16, SIZE_UNKNOWN, true };
  static const struct assemble_config blind = { 4, 1, 16, 16, SIZE_UNKNOWN, false };
  static const struct assemble_config small = { 4, 1, 8, 8, SIZE_UNKNOWN, true };
  static const struct assemble_config sectors = { 4, 2, 16, 16, SIZE_UNKNOWN, true };
  static const struct assemble_config whole = { 4, 4, 16, 16, 100, true };
  static const struct assemble_config tight = { 4, 4, 16, 16, 6, true };
  static const struct assemble_config bytes = { 1, 1, 16, 16, SIZE_UNKNOWN, true };
  static const struct {
    const char *name;
    const struct assemble_config *config;
    const char *picture, *story;
  } cases[] = {
    { "nothing", &plain, "", "" },
    { "a block", &plain, "DDDD", "W0-4" },
    { "blocks of one piece go at once", &plain, "DDDDDDDDDDDD", "W0-12" },
    { "blocks of two pieces go one by one", &plain, "DDDD|DDDD", "W0-4 W4-8" },
    { "a block of two pieces is put together", &plain, "DD|DD", "S0-4" },
    { "whole blocks behind it lie where they are", &plain, "DD|DDDDDDDDDD", "S0-4 W4-12" },
    { "many pieces of a block", &plain, "D|D|D|D|D", "S0-4 S4-5" },
    { "zeros", &plain, "....", "Z0-4" },
    { "zeros of two pieces are one", &plain, "....|........", "Z0-12" },
    { "zeros of parts are one", &plain, "...|..|...", "Z0-8" },
    { "zeros between data", &plain, "DDDD|....|DDDD", "W0-4 Z4-8 W8-12" },
    { "zeros that were read", &plain, "DDDD00000000DDDD", "W0-4 Z4-12 W12-16" },
    { "zeros that were read, and others", &plain, "DDDD0000|....|0000DDDD", "W0-4 Z4-16 W16-20" },
    { "a block half zeros is data", &plain, "00DD", "W0-4" },
    { "one byte makes a block data", &plain, "000D|D000", "W0-4 W4-8" },
    { "half a block of zeros, half of data", &plain, "..|DD", "S0-4" },
    { "and the other way round", &plain, "DD|..", "S0-4" },
    { "zeros in parts that were read", &plain, "00|..|0|...", "Z0-8" },
    { "zeros that don't begin on a block", &plain, "DD|..........|DD", "S0-4 Z4-12 S12-14" },
    { "a short end", &plain, "DDDDDD", "W0-4 S4-6" },
    { "a short end of zeros", &plain, "DDDD|..", "W0-4 Z4-6" },
    { "a short end joins the zeros before it", &plain, "......", "Z0-6" },
    { "zeros before a short end", &plain, "....|DD", "Z0-4 S4-6" },
    { "without looking, what was read is data", &blind, "0000DDDD|....|0000", "W0-8 Z8-12 W12-16" },
    { "without looking, in parts", &blind, "00|..|....", "S0-4 Z4-8" },
    { "large writes are cut", &small, "DDDDDDDDDDDDDDDDDDDD", "W0-8 W8-16 W16-20" },
    { "large zeros are cut", &small, "....................", "Z0-8 Z8-16 Z16-20" },
    { "zeros are cut across pieces", &small, "....|....|....|DDDD", "Z0-8 Z8-12 W12-16" },
    { "zeros of exactly the largest size", &small, "........|DDDD", "Z0-8 W8-12" },
    { "the end lies on a sector", &sectors, "DDDDDD", "W0-4 S4-6" },
    { "the end cuts a sector", &sectors, "DDDDDDD", "W0-4 E6-8 S4-8" },
    { "the end cuts a sector in its first half", &sectors, "DDDDD", "W0-4 E4-6 S4-6" },
    { "zeros cannot cut a sector", &sectors, ".....", "E4-6 Z0-4 S4-6" },
    { "the destination goes on behind the end", &whole, "DDDDDD", "W0-4 E4-8 S4-8" },
    { "zeros, and the destination goes on", &whole, "......", "E4-8 Z0-4 S4-8" },
    { "zeros of whole blocks", &whole, "........", "Z0-8" },
    { "the destination's end needs no alignment", &tight, "DDDDDD", "W0-4 S4-6" },
    { "the destination ends between", &tight, "DDDDD", "W0-4 E4-6 S4-6" },
    { "blocks of a byte", &bytes, "D0D|.|D|D", "W0-1 Z1-2 W2-3 Z3-4 W4-5 W5-6" },
    { "nothing but what is kept", &plain, "----|-----", "K0-4 K4-9" },
    { "a block between", &plain, "----|DDDD|----", "K0-4 W4-8 K8-12" },
    { "what is kept ends inside a block", &plain, "------|DD", "K0-6 S6-8" },
    { "what is kept begins inside a block", &plain, "DDDDDD|------", "W0-4 S4-6 K6-12" },
    { "a part is kept in a block", &plain, "D|--|D", "S0-1 K1-3 S3-4" },
    { "zeros beside what is kept", &plain, "......|----|......", "Z0-6 K6-10 Z10-16" },
    { "zeros that were read beside it", &plain, "000000|----|000000", "Z0-6 K6-10 Z10-16" },
    { "what is kept cuts a sector", &sectors, "DDD|---", "E2-4 S0-4 K4-6" },
    { "or begins one", &sectors, "---|DDD", "K0-2 E2-4 S2-4 S4-6" },
    { "a byte is kept in a sector", &sectors, "DD|-|D", "E2-4 S0-4" },
    { "a byte is written in a sector", &sectors, "-|D|--", "E0-2 S0-2 K2-4" },
    { "two bytes are kept in a sector, one by one", &sectors, "-|-|DD", "K0-2 S2-4" },
    { "a block is kept in two parts", &whole, "--|--|DDDD", "K0-4 W4-8" },
    { "a block is kept in part, twice", &whole, "-|D|-|D", "E0-4 E0-4 S0-4" },
    { "what is kept goes on over two blocks", &whole, "D|---|----|--|DD", "E0-4 S0-4 K4-8 E8-12 S8-12" },
    { "the end cuts what is kept", &whole, "DDDD|--", "W0-4 K4-6" },
    { "the end cuts a block of which a part is kept", &whole, "D|--", "E0-4 E0-4 S0-4" },
    { "zeros of a block of which a part is kept", &whole, "..|--", "E0-4 S0-4" },
    { "the destination's end cuts a block that is kept in part", &tight, "DDDD|D|-", "W0-4 E4-6 S4-6" },
    { "and one that is kept", &tight, "DDDD|-|-", "W0-4 K4-6" },
  };
  char story[256];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    play(cases[i].config, cases[i].picture, story, sizeof story);
    if (strcmp(story, cases[i].story) != 0)
      fail_msg("%s: %s became %s, not %s", cases[i].name, cases[i].picture, story, cases[i].story);
  }
}

static void
asking_again_changes_nothing(void **state)
{
  struct assemble_config config = { 4, 4, 16, 16, 100, true };
  uint8_t data[3] = { 1, 2, 3 }, held[4] = { 9, 9, 9, 8 }, stage[4];
  struct assemble assemble;
  struct action action;

  (void)state;
  assemble_init(&assemble, &config, 0);
  for (int i = 0; i < 3; i++)
    assert_int_equal(assemble_next(&assemble, &action), ASSEMBLE_WANTS_PIECE);
  assemble_feed(&assemble, &(struct piece){ .length = 3, .data = data });
  for (int i = 0; i < 3; i++)
    assert_int_equal(assemble_next(&assemble, &action), ASSEMBLE_WANTS_STAGE);
  assemble_stage(&assemble, stage, 5);
  assert_int_equal(assemble_next(&assemble, &action), ASSEMBLE_WANTS_PIECE);
  assemble_end(&assemble);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(assemble_next(&assemble, &action), ASSEMBLE_WANTS_EDGE);
    assert_int_equal(action.offset, 0);
    assert_int_equal(action.length, 4);
    assert_int_equal(assemble_decided(&assemble), 0);
  }
  assemble_edge(&assemble, held);
  assert_int_equal(assemble_next(&assemble, &action), ASSEMBLE_WRITE);
  assert_int_equal(action.stage, 5);
  assert_ptr_equal(action.data, stage);
  assert_memory_equal(stage, "\1\2\3\10", 4);
  for (int i = 0; i < 3; i++)
    assert_int_equal(assemble_next(&assemble, &action), ASSEMBLE_DONE);
  assert_int_equal(assemble_decided(&assemble), 4);
}

/* ---- Mistakes ---- */

static void
init_with(uint64_t block_bytes, uint64_t block_min, uint64_t write_max, uint64_t zero_max)
{
  struct assemble_config config = { block_bytes, block_min, write_max, zero_max, 100, true };
  struct assemble assemble;

  assemble_init(&assemble, &config, 0);
}

static void
uneven_block(void)
{
  init_with(12, 4, 24, 24);
}

static void
min_above_block(void)
{
  init_with(4, 8, 16, 16);
}

static void
uneven_write_max(void)
{
  init_with(4, 4, 18, 16);
}

static void
no_zero_max(void)
{
  init_with(4, 4, 16, 0);
}

static void
feed_at(uint64_t first, uint64_t second, bool asked)
{
  struct assemble_config config = { 4, 4, 16, 16, 100, true };
  struct assemble assemble;
  struct action action;

  assemble_init(&assemble, &config, 0);
  assemble_feed(&assemble, &(struct piece){ .offset = first, .length = 4 });
  if (asked)
    assemble_next(&assemble, &action);
  assemble_feed(&assemble, &(struct piece){ .offset = second, .length = 4 });
}

static void
begin_with_a_gap(void)
{
  feed_at(4, 8, true);
}

static void
leave_a_gap(void)
{
  feed_at(0, 8, true);
}

static void
go_back(void)
{
  feed_at(0, 0, true);
}

static void
feed_unasked(void)
{
  feed_at(0, 4, false);
}

static void
feed_well(void)
{
  feed_at(0, 4, true);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(uneven_block));
  assert_true(is_asserted(min_above_block));
  assert_true(is_asserted(uneven_write_max));
  assert_true(is_asserted(no_zero_max));
  assert_true(is_asserted(begin_with_a_gap));
  assert_true(is_asserted(leave_a_gap));
  assert_true(is_asserted(go_back));
  assert_true(is_asserted(feed_unasked));
  assert_false(is_asserted(feed_well));
}

/* ---- Random disks ----
 *
 * The caller is played as badly as it may behave: stages are few and come late,
 * writes are confirmed late and in any order, and every buffer is given back as
 * soon as the header says that it may be. */

#define FLIGHTS_MAX 8

enum { IS_PIECE_START = 1, IS_KNOWN_ZERO = 2, IS_KEPT = 4 }; /* of a byte of the source */

/* The bytes of a piece, held by the assembler and by writes. */
struct buffer {
  uint8_t *bytes;
  unsigned holders;
};

struct flight {
  struct action action;
  uint8_t *copy; /* of what it was to write when it was asked for */
  struct buffer *buffer;
};

struct world {
  struct random *random;
  struct assemble_config config;
  struct assemble assemble;
  uint64_t source_size;
  uint64_t end;  /* where the destination's last changed block ends */
  uint64_t room; /* bytes in each array below */
  uint8_t *source;
  uint8_t *destination;
  uint8_t *wanted; /* what the destination has to become */
  uint8_t *marks;  /* IS_* */
  uint64_t piece_max;
  bool partial; /* some of it is to be kept */

  uint64_t fed;
  uint64_t handed_out;
  struct buffer *poured; /* of the piece that the assembler has */
  struct action last;
  enum assemble_result last_result;
  struct flight flights[FLIGHTS_MAX];
  unsigned flight_count;
  uint8_t *stages[STAGES_MAX];
  bool stage_is_out[STAGES_MAX];
  unsigned stage_count;
  uint32_t stage_held; /* the one that the assembler has */
};

static void *
take_memory(size_t bytes)
{
  void *memory = malloc(bytes ? bytes : 1);

  assert_non_null(memory);
  return memory;
}

static void
fill_random(struct random *random, uint8_t *bytes, uint64_t length)
{
  for (uint64_t i = 0; i < length; i++)
    bytes[i] = (uint8_t)random_between(random, 1, 255);
}

/* Runs of zeros and of data; some of the data is one byte among zeros. */
static void
draw_source(struct world *world)
{
  uint64_t run_max = world->config.block_bytes * random_between(world->random, 1, 6);

  for (uint64_t at = 0, length; at < world->source_size; at += length) {
    length = range_min(random_between(world->random, 1, run_max), world->source_size - at);
    memset(world->source + at, 0, length);
    if (random_one_in(world->random, 2))
      fill_random(world->random, world->source + at, length);
    else if (random_one_in(world->random, 4))
      world->source[at + random_between(world->random, 0, length - 1)] = 1;
  }
}

static void
begin_world(struct world *world, unsigned block_low, unsigned block_high)
{
  struct random *random = world->random;
  struct assemble_config *config = &world->config;
  uint64_t block = config->block_bytes = random_power(random, block_low, block_high);

  config->block_min = random_one_in(random, 2) ? 1 : range_min(block, random_power(random, 0, block_high));
  config->write_max = block * random_between(random, 1, 8);
  config->zero_max = block * random_between(random, 1, 8);
  config->detect_zeros = !random_one_in(random, 3);
  world->source_size = random_between(random, 0, block * random_between(random, 1, 24));
  if (random_one_in(random, 3))
    world->source_size = range_align_down(world->source_size, config->block_min);
  uint64_t beyond = random_between(random, 0, random_one_in(random, 2) ? 3 * block : block / 2);
  config->size = random_one_in(random, 4)   ? SIZE_UNKNOWN
                 : random_one_in(random, 3) ? world->source_size
                                            : world->source_size + beyond;
  world->end = range_min(range_align_up(world->source_size, config->block_min), config->size);
  world->room = world->source_size + 4 * block;
  world->partial = random_one_in(random, 2);
  world->piece_max = block * random_between(random, 1, 8) / random_between(random, 1, 8) + 1;
  world->source = take_memory(world->room);
  world->destination = take_memory(world->room);
  world->wanted = take_memory(world->room);
  world->marks = calloc(1, world->room);
  draw_source(world);
  fill_random(random, world->destination, world->room);
  memcpy(world->wanted, world->destination, world->room);
  memcpy(world->wanted, world->source, world->source_size);
  world->stage_count = (unsigned)random_between(random, STAGES_MIN, 4);
  for (unsigned i = 0; i < world->stage_count; i++)
    world->stages[i] = take_memory(block);
  world->stage_held = STAGE_NONE;
  assemble_init(&world->assemble, config, 0);
}

static void
end_world(struct world *world)
{
  for (unsigned i = 0; i < world->stage_count; i++)
    free(world->stages[i]);
  free(world->source);
  free(world->destination);
  free(world->wanted);
  free(world->marks);
}

/* A use of it after this is found by the address sanitizer. */
static void
let_go(struct buffer *buffer)
{
  if (buffer && --buffer->holders == 0) {
    free(buffer->bytes);
    free(buffer);
  }
}

/* A write is confirmed: only now its bytes are looked at. */
static void
land_one(struct world *world)
{
  unsigned at = (unsigned)random_between(world->random, 0, world->flight_count - 1);
  struct flight flight = world->flights[at];

  world->flights[at] = world->flights[--world->flight_count];
  check(memcmp(flight.action.data, flight.copy, flight.action.length) == 0);
  memcpy(world->destination + flight.action.offset, flight.action.data, flight.action.length);
  if (flight.action.stage != STAGE_NONE)
    world->stage_is_out[flight.action.stage] = false;
  let_go(flight.buffer);
  free(flight.copy);
}

static void
feed(struct world *world)
{
  uint64_t offset = world->fed, rest = world->source_size - offset;
  uint64_t length = range_min(random_between(world->random, 1, world->piece_max), rest), zeros = 0;
  struct piece piece = { .offset = offset, .slot = SLOT_NONE };

  let_go(world->poured);
  world->poured = NULL;
  if (rest == 0) {
    assemble_end(&world->assemble);
    return;
  }
  while (zeros < rest && world->source[offset + zeros] == 0)
    zeros++;
  if (world->partial && random_one_in(world->random, 3)) {
    piece.kept = true;
    memset(world->marks + offset, IS_KEPT, length);
    memcpy(world->wanted + offset, world->destination + offset, length); /* nothing is written there yet */
  } else if (zeros > 0 && !random_one_in(world->random, 4)) {
    /* Known zeros may be long: they come without a read. */
    length = random_one_in(world->random, 2) ? zeros : range_min(zeros, length);
    memset(world->marks + offset, IS_KNOWN_ZERO, length);
  } else {
    world->poured = take_memory(sizeof *world->poured);
    *world->poured = (struct buffer){ take_memory(length), 1 };
    memcpy(world->poured->bytes, world->source + offset, length);
    piece.data = world->poured->bytes;
  }
  piece.length = length;
  world->marks[offset] |= IS_PIECE_START;
  world->fed += length;
  assemble_feed(&world->assemble, &piece);
}

static void
give_stage(struct world *world)
{
  check(world->stage_held == STAGE_NONE);
  for (uint32_t i = 0; i < world->stage_count; i++)
    if (!world->stage_is_out[i]) {
      world->stage_is_out[i] = true;
      world->stage_held = i;
      memset(world->stages[i], 0xee, world->config.block_bytes);
      assemble_stage(&world->assemble, world->stages[i], i);
      return;
    }
  check(world->flight_count > 0); /* else it would wait for ever */
  land_one(world);
}

static void
give_edge(struct world *world, const struct action *action)
{
  uint64_t end = action->offset + action->length;
  uint8_t *held = take_memory(action->length);

  check(range_is_aligned(action->offset, world->config.block_min) && action->length <= world->config.block_min);
  check(range_is_aligned(end, world->config.block_min) || end == world->config.size);
  /* What the source has is stale by now: it must not be used. */
  memset(held, 0xdd, action->length);
  unsigned kept = 0;
  for (uint64_t at = action->offset; at < end; at++)
    if (at >= world->source_size || world->marks[at] & IS_KEPT) {
      held[at - action->offset] = world->destination[at];
      kept++;
    }
  check(kept > 0);
  assemble_edge(&world->assemble, held);
  free(held);
}

static bool
is_left(const struct world *world, uint64_t at)
{
  return at < world->source_size && world->marks[at] & IS_KEPT;
}

/* Whether a request may begin or end here, which is inside a block: beside what
 * stays as it is. */
static bool
is_beside_left(const struct world *world, uint64_t at)
{
  return range_is_aligned(at, world->config.block_min) && (is_left(world, at) || (at > 0 && is_left(world, at - 1)));
}

/* Each of the destination's smallest blocks that is written has something to be written. */
static void
check_need(const struct world *world, const struct action *action)
{
  uint64_t end = range_min(action->offset + action->length, world->source_size), at = action->offset;

  while (at < end) {
    uint64_t block_end = range_min(at + world->config.block_min, end);
    bool needed = false;
    for (; at < block_end; at++)
      needed = needed || !is_left(world, at);
    check(needed);
  }
}

/* Left whole: the blocks beside it are not this one's. */
static void
check_left(const struct world *world, const struct action *action)
{
  uint64_t end = action->offset + action->length;

  check(action->offset == world->handed_out && action->length > 0);
  check(range_is_aligned(action->offset, world->config.block_min));
  check(range_is_aligned(end, world->config.block_min) || end == world->source_size);
  for (uint64_t at = action->offset; at < end; at++)
    check(is_left(world, at));
}

static void
check_place(const struct world *world, enum assemble_result result, const struct action *action)
{
  const struct assemble_config *config = &world->config;
  uint64_t end = action->offset + action->length;

  check(action->offset == world->handed_out && action->length > 0);
  check(action->offset % config->block_bytes == 0 || is_beside_left(world, action->offset));
  check(end % config->block_bytes == 0 || end == world->end || is_beside_left(world, end));
  check(end <= world->end);
  check(action->length <= (result == ASSEMBLE_WRITE ? config->write_max : config->zero_max));
}

static void
check_zeros(const struct world *world, const struct action *action)
{
  for (uint64_t at = action->offset; at < action->offset + action->length; at++) {
    check(at < world->source_size && world->source[at] == 0 && !is_left(world, at));
    check(world->config.detect_zeros || world->marks[at] & IS_KNOWN_ZERO);
  }
  if (world->last_result == ASSEMBLE_ZERO)
    check((world->last.offset + world->last.length) % world->config.zero_max == 0);
}

/* Blocks of zeros are no writes, but where the destination's own bytes follow. */
static void
check_write(const struct world *world, const struct action *action)
{
  uint64_t end = action->offset + action->length, block = world->config.block_bytes;

  check(memcmp(action->data, world->wanted + action->offset, action->length) == 0);
  for (uint64_t start = action->offset; start < end; start += block) {
    bool is_zero = start + block <= world->source_size || end <= world->source_size;
    for (uint64_t at = start; is_zero && at < range_min(start + block, end); at++)
      is_zero = !is_left(world, at) &&
                (world->config.detect_zeros ? world->source[at] == 0 : (world->marks[at] & IS_KNOWN_ZERO) != 0);
    check(!is_zero);
  }
}

/* From the piece where it lies, as much as can be; staged only what has to be. */
static void
check_origin(const struct world *world, const struct action *action)
{
  uint64_t end = action->offset + action->length;
  bool lies_whole = action->length == world->config.block_bytes && end <= world->source_size;

  if (action->stage == STAGE_NONE) {
    check(world->poured && action->data >= world->poured->bytes);
    if (world->last_result == ASSEMBLE_WRITE && world->last.stage == STAGE_NONE &&
        !(world->marks[action->offset] & IS_PIECE_START))
      check(world->last.length == world->config.write_max);
    return;
  }
  check(action->stage == world->stage_held && action->data == world->stages[action->stage]);
  for (uint64_t at = action->offset + 1; lies_whole && at < end; at++)
    lies_whole = !(world->marks[at] & IS_PIECE_START);
  check(!lies_whole);
}

static void
carry_out(struct world *world, enum assemble_result result, const struct action *action)
{
  if (result == ASSEMBLE_KEEP) {
    check_left(world, action);
  } else {
    check_place(world, result, action);
    check_need(world, action);
  }
  if (result == ASSEMBLE_ZERO) {
    check_zeros(world, action);
    memset(world->destination + action->offset, 0, action->length);
  } else if (result == ASSEMBLE_WRITE) {
    struct flight flight = { .action = *action, .copy = take_memory(action->length) };
    check_write(world, action);
    check_origin(world, action);
    memcpy(flight.copy, action->data, action->length);
    if (action->stage == STAGE_NONE) {
      flight.buffer = world->poured;
      flight.buffer->holders++;
    } else {
      world->stage_held = STAGE_NONE;
    }
    if (world->flight_count == FLIGHTS_MAX)
      land_one(world);
    world->flights[world->flight_count++] = flight;
  }
  world->last = *action;
  world->last_result = result;
  world->handed_out += action->length;
}

/* Until it is done; the bound is far above what any disk here takes. */
static void
run_world(struct world *world)
{
  enum assemble_result result = ASSEMBLE_WANTS_PIECE;
  struct action action;

  for (unsigned turns = 0; result != ASSEMBLE_DONE; turns++) {
    check(turns < 10000000);
    if (world->flight_count > 0 && random_one_in(world->random, 4))
      land_one(world);
    uint64_t asked_at = world->fed;
    result = assemble_next(&world->assemble, &action);
    if (result == ASSEMBLE_WANTS_PIECE)
      feed(world);
    else if (result == ASSEMBLE_WANTS_STAGE && !random_one_in(world->random, 4))
      give_stage(world);
    else if (result == ASSEMBLE_WANTS_EDGE && !random_one_in(world->random, 4))
      give_edge(world, &action);
    else if (result == ASSEMBLE_WRITE || result == ASSEMBLE_ZERO || result == ASSEMBLE_KEEP)
      carry_out(world, result, &action);
    check(assemble_decided(&world->assemble) == world->handed_out);
    /* Zeros are kept back only as long as more of them may join. */
    uint64_t kept_back = asked_at - world->handed_out;
    check(result != ASSEMBLE_WANTS_PIECE || kept_back < world->config.zero_max + 2 * world->config.block_bytes);
  }
  while (world->flight_count > 0)
    land_one(world);
}

static void
copy_random_disk(struct random *random, unsigned block_low, unsigned block_high)
{
  struct world world = { .random = random, .last_result = ASSEMBLE_DONE };

  begin_world(&world, block_low, block_high);
  run_world(&world);
  check(world.fed == world.source_size);
  check(world.handed_out == world.end ||
        (is_left(&world, world.source_size - 1) && world.handed_out == world.source_size));
  check(world.stage_held == STAGE_NONE && !world.poured);
  check(memcmp(world.destination, world.wanted, world.room) == 0);
  end_world(&world);
}

static void
copy_small_blocks(struct random *random)
{
  copy_random_disk(random, 0, 5);
}

static void
copy_blocks(struct random *random)
{
  copy_random_disk(random, 6, 12);
}

static void
copy_large_blocks(struct random *random)
{
  copy_random_disk(random, 16, 21);
}

static void
disks_of_small_blocks_become_the_source(void **state)
{
  (void)state;
  run_seeds(8000, copy_small_blocks);
}

static void
disks_of_common_blocks_become_the_source(void **state)
{
  (void)state;
  run_seeds(120, copy_blocks);
}

static void
disks_of_large_blocks_become_the_source(void **state)
{
  (void)state;
  run_seeds(5, copy_large_blocks);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(pictures_become_the_actions_beside_them),
    cmocka_unit_test(asking_again_changes_nothing),
    cmocka_unit_test(mistakes_are_asserted),
    cmocka_unit_test(disks_of_small_blocks_become_the_source),
    cmocka_unit_test(disks_of_common_blocks_become_the_source),
    cmocka_unit_test(disks_of_large_blocks_become_the_source),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
