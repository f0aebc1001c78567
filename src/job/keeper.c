/* SPDX-License-Identifier: MIT */
/* keeper: see keeper.h. */
#include "job/keeper.h"

#include "base/hex.h"
#include "base/range.h"
#include "hash/hash.h"
#include "job/ask.h"
#include "job/bmap_file.h"
#include "local/file_mark.h"
#include "os/say.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* What is looked at of a source, at its beginning, in its middle and at its end. */
#define MARK_BLOCK_BYTES (4 * KIB)

#define UNFINISHED (AREA_STATUSES_ALL & ~(1u << AREA_FINISHED))

/* ---- Reading ---- */

size_t
keeper_bytes(const struct options *options)
{
  size_t each = range_align_up(sizeof(struct areas), PAGE_BYTES);

  return (options->copy.mapfile ? each : 0) + (options->copy.domain ? each : 0) + (options->copy.skips ? each : 0) +
         (options->copy.bmap ? range_align_up(sizeof(struct bmap), PAGE_BYTES) : 0);
}

int
keeper_open(struct keeper *keeper, const struct options *options, bool is_mute, struct arena *arena, struct loop *loop,
            struct fault *fault)
{
  keeper->options = options;
  keeper->is_mute = is_mute;
  keeper->loop = loop;
  if (options->copy.domain)
    keeper->domain = arena_take(arena, sizeof *keeper->domain, PAGE_BYTES);
  if (options->copy.bmap)
    keeper->bmap = arena_take(arena, sizeof *keeper->bmap, PAGE_BYTES);
  if (options->copy.skips)
    keeper->unreadable = arena_take(arena, sizeof *keeper->unreadable, PAGE_BYTES);
  if (!options->copy.mapfile)
    return 0;
  keeper->areas = arena_take(arena, sizeof *keeper->areas, PAGE_BYTES);
  return mapfile_store_open(&keeper->store, options->copy.mapfile, fault);
}

/* What had to be joined is wanted in any case, though it may be copied again. */
static void
say_set_back(const struct keeper *keeper, const struct areas *areas, const char *path)
{
  if (areas->set_back > 0 && !keeper->is_mute)
    (void)say_line(options_program(keeper->options),
                   "%.512s has more areas than can be told apart: %llu bytes more are copied", path,
                   (unsigned long long)areas->set_back);
}

static void
select_areas_of(struct selection *selection, const struct areas *areas, unsigned statuses)
{
  selection->lists[selection->count].areas = areas;
  selection->lists[selection->count++].statuses = statuses;
}

static int
read_domain(struct keeper *keeper, uint64_t size, struct fault *fault)
{
  const char *path = keeper->options->copy.domain;

  areas_init(keeper->domain, size, true);
  if (mapfile_store_load(path, &keeper->map, keeper->domain, fault) == -1)
    return -1;
  say_set_back(keeper, keeper->domain, path);
  select_areas_of(&keeper->wanted, keeper->domain, 1u << AREA_FINISHED);
  return 0;
}

static int
read_bmap(struct keeper *keeper, const struct endpoint *source, struct fault *fault)
{
  if (bmap_file_load(keeper->options->copy.bmap, keeper->bmap, source, fault) == -1)
    return -1;
  keeper->wanted.bmap = keeper->bmap;
  return 0;
}

/* A range that is finished in part is copied again as a whole, since only so can it be checked. */
static void
set_back_cut_ranges(struct keeper *keeper)
{
  struct area area;

  for (size_t i = 0; i < keeper->bmap->count; i++) {
    struct range range = keeper->bmap->list[i].range;
    if (areas_find(keeper->areas, range, UNFINISHED, false, &area))
      areas_set(keeper->areas, range, AREA_NON_TRIED);
  }
}

static int
read_own(struct keeper *keeper, uint64_t size, struct fault *fault)
{
  struct area last;

  areas_init(keeper->areas, size, false);
  keeper->map =
      (struct mapfile){ .phase = '?', .pass = 1, .source.size = SIZE_UNKNOWN, .destination.size = SIZE_UNKNOWN };
  if (keeper->store.is_there && mapfile_store_read(&keeper->store, &keeper->map, keeper->areas, fault) == -1)
    return -1;
  say_set_back(keeper, keeper->areas, keeper->store.path);
  if (keeper->bmap)
    set_back_cut_ranges(keeper);
  if (!areas_find(keeper->areas, (struct range){ 0, size }, 1u << AREA_FINISHED, true, &last))
    return 0;
  keeper->kept_below = last.range.end;
  select_areas_of(&keeper->selection, keeper->areas, UNFINISHED);
  return 0;
}

static int
check_lives_elsewhere(const struct keeper *keeper, const struct endpoint *end, struct fault *fault)
{
  if (!mapfile_store_is_on(&keeper->store, &end->identity))
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "the mapfile %.512s (with its .new and .bak) is %s itself, or lies on it: keep it elsewhere",
                   keeper->store.path, end->name);
}

/* What was asked for that is kept here. */
static const char *
name_of_map(const struct keeper *keeper)
{
  return keeper->areas ? "--mapfile" : keeper->domain ? "--domain" : keeper->bmap ? "--bmap" : "--on-read-error=skip";
}

int
keeper_read(struct keeper *keeper, const struct endpoint *source, struct fault *fault)
{
  uint64_t size = source->traits.size;

  if (!keeper->areas && !keeper->domain && !keeper->bmap && !keeper->unreadable)
    return 0;
  if (source->traits.in_order || size == SIZE_UNKNOWN)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is read from front to end, and no part of it can be left out: %s is for disks", source->name,
                     name_of_map(keeper));
  if (keeper->unreadable) {
    areas_init(keeper->unreadable, size, false);
    areas_set(keeper->unreadable, (struct range){ 0, size }, AREA_FINISHED);
  }
  if ((keeper->areas && check_lives_elsewhere(keeper, source, fault) == -1) ||
      (keeper->domain && read_domain(keeper, size, fault) == -1) ||
      (keeper->bmap && read_bmap(keeper, source, fault) == -1))
    return -1;
  keeper->selection = keeper->wanted;
  return keeper->areas ? read_own(keeper, size, fault) : 0;
}

bool
keeper_keeps(const struct keeper *keeper)
{
  return !selection_is_all(&keeper->selection);
}

/* ---- What it is about ---- */

/* Adds a block of the source. Returns 0, or -1 with the fault set; what can't be read the copy has to say. */
static int
hash_source_block(struct keeper *keeper, struct endpoint *source, struct range block, unsigned char *buffer,
                  struct hash *hash, bool *is_read, struct fault *fault)
{
  struct request *request = &keeper->request;

  *request = (struct request){ .kind = REQUEST_READ,
                               .offset = block.start,
                               .length = range_length(block),
                               .payload = buffer,
                               .chunks = &keeper->chunks };
  if (ask(source, keeper->loop, request, fault) == -1) {
    fault_add(fault, "; nothing was written");
    return -1;
  }
  *is_read = *is_read && !request->errnum && request->done == request->length;
  hash_add(hash, buffer, request->length);
  return 0;
}

/* By three blocks of its content: servers have no serial numbers, and a file may be another one by the same name. */
static int
mark_source(struct keeper *keeper, struct endpoint *source, unsigned char *buffer, struct mapfile_end *end,
            struct fault *fault)
{
  uint64_t size = source->traits.size, block = range_max(MARK_BLOCK_BYTES, source->traits.block_min);
  const uint64_t offsets[] = { 0, size / 2, size - 1 };
  bool is_read = size > 0;
  uint8_t digest[HASH_BYTES_MAX];
  struct hash hash;

  *end = (struct mapfile_end){ .size = size };
  snprintf(end->name, sizeof end->name, "%s", source->name);
  hash_init(&hash, HASH_SHA256, hash_best_engine(HASH_SHA256));
  for (size_t i = 0; is_read && i < sizeof offsets / sizeof offsets[0]; i++) {
    uint64_t start = range_align_down(offsets[i], block);
    struct range range = { start, range_min(range_end(start, block), size) };
    if (hash_source_block(keeper, source, range, buffer, &hash, &is_read, fault) == -1)
      return -1;
  }
  hash_out(&hash, digest);
  if (is_read)
    hex_write(digest, hash_bytes(HASH_SHA256), end->mark);
  return 0;
}

static void
mark_destination(const struct keeper *keeper, const struct endpoint *destination, struct mapfile_end *end)
{
  const struct place *place = &keeper->options->destination;
  bool grows = destination->traits.grows;

  *end = (struct mapfile_end){ .size = grows ? keeper->areas->size : destination->traits.size };
  snprintf(end->name, sizeof end->name, "%s", destination->name);
  if (place->kind == PLACE_PATH)
    file_mark_find(place->text, end->mark);
}

/* What its mapfile needs. */
static int
check_ends(struct keeper *keeper, struct endpoint *source, const struct endpoint *destination, unsigned char *buffer,
           struct fault *fault)
{
  struct mapfile_end from, to;

  if (check_lives_elsewhere(keeper, destination, fault) == -1)
    return -1;
  if (!destination->traits.can_flush)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s can't be told to bring what it has to stable storage, so nothing could be called finished: "
                     "copy without --mapfile; nothing was written",
                     destination->name);
  mark_destination(keeper, destination, &to);
  if (mark_source(keeper, source, buffer, &from, fault) == -1 ||
      (keeper->store.is_there && mapfile_check_ends(&keeper->map, &from, &to, keeper->store.path, fault) == -1))
    return -1;
  if (!from.mark[0]) /* what can't be read now was read once */
    strcpy(from.mark, keeper->map.source.mark);
  keeper->map.source = from;
  return 0;
}

int
keeper_check(struct keeper *keeper, struct endpoint *source, const struct endpoint *destination, unsigned char *buffer,
             uint64_t buffer_bytes, struct fault *fault)
{
  if (!keeper->areas && !keeper->domain && !keeper->bmap)
    return 0;
  assert(buffer_bytes >= range_max(MARK_BLOCK_BYTES, source->traits.block_min));
  if (destination->traits.in_order)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is written from front to end, and no part of it can be left out: %s is for disks",
                     destination->name, name_of_map(keeper));
  return keeper->areas ? check_ends(keeper, source, destination, buffer, fault) : 0;
}

/* Where what is left to be copied begins; the disk's size if nothing is. */
static uint64_t
first_unfinished(const struct keeper *keeper)
{
  struct selection left = keeper->wanted;
  uint64_t size = keeper->areas->size;
  bool is_wanted = false;

  select_areas_of(&left, keeper->areas, UNFINISHED);
  uint64_t end = size > 0 ? selection_run(&left, 0, size, 1, &is_wanted) : 0;

  return is_wanted ? 0 : end;
}

bool
keeper_is_done(const struct keeper *keeper)
{
  return keeper->areas && keeper->store.is_there && first_unfinished(keeper) == keeper->areas->size;
}

/* ---- Writing ---- */

int
keeper_write(struct keeper *keeper, struct fault *fault)
{
  struct mapfile *map = &keeper->map;
  uint64_t began_ms = loop_now_ms(keeper->loop);

  if (!keeper->is_rescue) {
    map->position = first_unfinished(keeper);
    map->phase = map->position == keeper->areas->size ? '+' : '?';
    map->pass = 1;
  }
  int result = mapfile_store_write(&keeper->store, map, keeper->areas, fault);
  keeper->written_ms = loop_now_ms(keeper->loop);
  keeper->write_ms = keeper->written_ms - began_ms;
  keeper->has_failed = result == -1;
  return result;
}

/* One that can't be written now stays as it was, which is true, too: at the end it is tried again. */
static void
write_midway(struct keeper *keeper)
{
  struct fault fault;
  bool had_failed = keeper->has_failed;

  if (keeper_write(keeper, &fault) == -1 && !had_failed && !keeper->is_mute)
    (void)say_line(options_program(keeper->options), "%s; the copy goes on", fault.text);
}

/* What couldn't be read is never finished. */
static void
set_areas(struct keeper *keeper, struct range range, enum area_status status)
{
  if (status == AREA_FINISHED)
    areas_finish(keeper->areas, range, keeper->unreadable);
  else
    areas_set(keeper->areas, range, status);
}

/* Of what was wanted there. */
static void
keeper_set(struct keeper *keeper, struct range range, enum area_status status)
{
  struct range wanted = { 0, range.start };

  while (selection_find(&keeper->wanted, (struct range){ wanted.end, range.end }, &wanted))
    set_areas(keeper, wanted, status);
}

/* What is held is zeros on the destination, or on its way there. */
static void
set_back_held(struct keeper *keeper)
{
  const struct range held[] = { keeper->hold->head, keeper->hold->tail };
  uint64_t size = keeper->areas->size;

  for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
    if (held[i].start < size)
      keeper_set(keeper, (struct range){ held[i].start, range_min(held[i].end, size) }, AREA_NON_TRIED);
}

void
keeper_hold(struct keeper *keeper, const struct hold_back *hold)
{
  keeper->hold = hold;
  if (keeper->areas)
    set_back_held(keeper);
}

/* What was wanted below is finished, but for what couldn't be read, and with the last flush what was held. */
static void
finish_below(struct keeper *keeper, uint64_t below)
{
  bool is_held = keeper->hold && !hold_back_is_done(keeper->hold);
  bool is_last = keeper->hold && !is_held;

  keeper_set(keeper, (struct range){ is_last ? 0 : keeper->marked_below, below }, AREA_FINISHED);
  if (is_held)
    set_back_held(keeper);
  keeper->marked_below = below;
}

/* When all is flushed, the end writes the map, once the destination has its length. */
static void
note_flushed(struct copy_witness *witness, uint64_t below)
{
  struct keeper *keeper = (struct keeper *)witness;

  if (keeper->checker)
    below = checker_whole_below(keeper->checker, below);
  finish_below(keeper, below);
  if (below < keeper->areas->size &&
      loop_now_ms(keeper->loop) - keeper->written_ms >= MAPFILE_SHARE_MAX * keeper->write_ms)
    write_midway(keeper);
}
_Static_assert(offsetof(struct keeper, witness) == 0, "the keeper is found by its witness");

void
keeper_narrow(struct keeper *keeper, const struct areas *areas)
{
  select_areas_of(&keeper->selection, areas, 1u << AREA_FINISHED);
}

const struct selection *
keeper_selection(const struct keeper *keeper)
{
  return keeper_keeps(keeper) ? &keeper->selection : NULL;
}

const struct selection *
keeper_wanted(const struct keeper *keeper)
{
  return selection_is_all(&keeper->wanted) ? NULL : &keeper->wanted;
}

void
keeper_check_ranges(struct keeper *keeper, const struct checker *checker)
{
  keeper->checker = checker;
}

struct copy_witness *
keeper_witness(struct keeper *keeper)
{
  keeper->witness.flushed = note_flushed;
  return keeper->areas ? &keeper->witness : NULL;
}

int
keeper_begin(struct keeper *keeper, const struct endpoint *destination, struct fault *fault)
{
  struct text command;

  if (!keeper->areas)
    return 0;
  if (check_lives_elsewhere(keeper, destination, fault) == -1) /* it may have been made just now */
    return -1;
  mark_destination(keeper, destination, &keeper->map.destination);
  text_init(&command, keeper->map.command, sizeof keeper->map.command);
  options_command_add(&keeper->options->command, 0, &command);
  keeper->has_begun = true;
  return keeper_write(keeper, fault);
}

bool
keeper_was_full(const struct keeper *keeper, char text[KEEPER_TEXT_BYTES])
{
  uint64_t bytes = keeper->areas ? keeper->areas->set_back : 0;

  snprintf(
      text, KEEPER_TEXT_BYTES,
      "%.512s is full with %d areas: %llu bytes are joined to areas that are less far, and may be read again; what "
      "it calls finished is",
      keeper->store.path, AREAS_MAX, (unsigned long long)bytes);
  return bytes > 0;
}

void
keeper_say_full(const struct keeper *keeper)
{
  char text[KEEPER_TEXT_BYTES];

  if (keeper->has_begun && !keeper->is_mute && keeper_was_full(keeper, text))
    (void)say_line(options_program(keeper->options), "%s", text);
}

void
keeper_set_back(struct keeper *keeper, struct range range)
{
  if (keeper->areas)
    keeper_set(keeper, range, AREA_NON_TRIED);
}

int
keeper_end(struct keeper *keeper, bool is_spoilt, int result, struct fault *fault)
{
  struct fault writing;

  if (!keeper->has_begun)
    return result;
  keeper_say_full(keeper);
  if (is_spoilt) {
    areas_init(keeper->areas, keeper->areas->size, false);
    keeper->map.destination = (struct mapfile_end){ .size = SIZE_UNKNOWN };
  }
  if (keeper_write(keeper, &writing) == 0)
    return result;
  if (result == 0)
    return fault_set(fault, EXIT_FAILED, 0, "all is copied, but %s", writing.text);
  fault_add(fault, "; and %s", writing.text);
  return -1;
}

void
keeper_close(struct keeper *keeper)
{
  if (keeper->areas)
    mapfile_store_close(&keeper->store);
}
