/* SPDX-License-Identifier: MIT */
/* ending: see ending.h. */
#include "job/ending.h"

#include "base/range.h"
#include "job/table.h"

/* What is kept becomes part of a table that reaches to the disk's end. */
static bool
ending_grows(const struct options *options)
{
  return options->copy.grow || options->copy.kept;
}

bool
ending_changes(const struct options *options)
{
  return ending_grows(options) || options->copy.wipe_rest;
}

bool
ending_is_wanted(const struct options *options, const struct endpoint *destination)
{
  return ending_grows(options) || rest_is_wanted(options, destination);
}

/* A file becomes as large as what is copied to it. */
static uint64_t
size_of_disk(const struct endpoint *destination, uint64_t copied)
{
  return destination->traits.grows ? copied : destination->traits.size;
}

/* Divides the ends' buffer. Returns whether it is large enough. */
static bool
ending_lay_out(struct ending *ending, struct endpoint *end, const struct probe_ends *ends, uint64_t copied)
{
  const struct endpoint *disk = ends->destination;
  size_t tables = range_align_up(sizeof(struct gpt), PAGE_BYTES) + GROWING_SECTOR_BYTES;

  if (ends->buffer_bytes < tables + end->traits.block_min)
    return false;
  ending->patch = (struct patch){ .end = end,
                                  .written = end,
                                  .loop = ends->loop,
                                  .buffer = ends->buffer + tables,
                                  .buffer_bytes = ends->buffer_bytes - tables };
  ending->growing = (struct growing){ .patch = &ending->patch,
                                      .gpt = (struct gpt *)(void *)ends->buffer,
                                      .sector = ends->buffer + tables - GROWING_SECTOR_BYTES,
                                      .size = size_of_disk(disk, copied),
                                      .keeping = &ending->keeping,
                                      .mbr_sector_bytes = table_mbr_sector_bytes(disk) };
  return true;
}

/* ---- Before ---- */

static int
check_what_is_changed(struct ending *ending, const struct probe_ends *ends, const struct options *options,
                      struct fault *fault)
{
  const struct endpoint *destination = ends->destination;
  const struct traits *traits = &destination->traits;
  uint64_t size = size_of_disk(destination, ends->source->traits.size);

  if (traits->in_order || !traits->can_read)
    return fault_set(fault, EXIT_FAILED, 0, "%s is written from front to end and can't be read back, as %s has to",
                     destination->name,
                     options->copy.grow   ? "--grow"
                     : options->copy.kept ? "--keep-partitions"
                                          : "--wipe-rest");
  if (size != SIZE_UNKNOWN && size % traits->block_min != 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s isn't whole blocks of its own, so its end can't be changed",
                     destination->name);
  if (!ending_lay_out(ending, ends->source, ends, size) || !ending_lay_out(ending, ends->destination, ends, size))
    return fault_set(fault, EXIT_FAILED, 0, "what is changed behind the copy takes more --memory");
  return 0;
}

static int
check_growing(struct ending *ending, const struct probe_ends *ends, const struct options *options, struct fault *fault)
{
  const struct traits *traits = &ends->source->traits;

  if (!ending_grows(options) || traits->in_order || traits->size == SIZE_UNKNOWN)
    return 0;
  (void)ending_lay_out(ending, ends->source, ends, traits->size);
  return growing_plan(&ending->growing, options->copy.grow_part, fault);
}

static int
note_kept(struct ending *ending, const struct probe_ends *ends, const struct options *options, struct fault *fault)
{
  uint64_t copied = ends->source->traits.size;

  (void)ending_lay_out(ending, ends->destination, ends, copied);
  return keeping_note(&ending->keeping, &ending->patch, ending->growing.gpt, options->copy.kept, copied,
                      ending->growing.size, fault);
}

static int
check_keeping(struct ending *ending, const struct probe_ends *ends, const struct options *options, struct fault *fault)
{
  const struct traits *source = &ends->source->traits, *destination = &ends->destination->traits;

  if (source->in_order || source->size == SIZE_UNKNOWN)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is read from front to end, and --keep-partitions has to see its table first",
                     ends->source->name);
  if (destination->grows || !destination->can_flush)
    return fault_set(fault, EXIT_FAILED, 0, "%s has no partitions that could be kept safely", ends->destination->name);
  return note_kept(ending, ends, options, fault);
}

int
ending_check(struct ending *ending, const struct probe_ends *ends, const struct options *options, struct fault *fault)
{
  struct endpoint *destination = ends->destination;
  int result = ending_changes(options) ? check_what_is_changed(ending, ends, options, fault) : 0;

  if (result == 0 && options->copy.kept)
    result = check_keeping(ending, ends, options, fault);
  if (result == 0)
    result = check_growing(ending, ends, options, fault);
  if (result == 0 && !ends->goes_on && !destination->traits.grows && rest_is_wanted(options, destination) &&
      ending_lay_out(ending, destination, ends, 0))
    result = rest_note(&ending->rest, &ending->patch, ending->growing.gpt, fault);
  if (result == -1)
    fault_add(fault, "; nothing was written");
  return result;
}

int
ending_begin(struct ending *ending, const struct probe_ends *ends, const struct options *options, struct fault *fault)
{
  const struct growing *growing = &ending->growing;

  if (!options->copy.kept)
    return 0;
  if (note_kept(ending, ends, options, fault) == 0 &&
      keeping_begin(&ending->keeping, &ending->patch, growing->gpt, growing->sector, growing->size, fault) == 0)
    return 0;
  fault_add(fault, "; nothing was copied");
  return -1;
}

/* ---- After ---- */

static int
change_table(struct ending *ending, const struct options *options, bool *is_refused, struct fault *fault)
{
  if (!ending_grows(options))
    return 0;
  if (growing_plan(&ending->growing, options->copy.grow_part, fault) == -1) {
    *is_refused = !fault->may_pass && !ending->patch.is_left && !ending->patch.loop->signal_seen;
    return -1;
  }
  return growing_write(&ending->growing, fault);
}

/* A table that is refused is as it was copied: what was held is right, too. */
static int
let_go(struct ending *ending, struct hold_back *hold, struct fault *fault)
{
  struct fault flushing;

  hold_back_wait(hold, false);
  if (patch_flush(&ending->patch, true, &flushing) == 0)
    return 0;
  *fault = flushing;
  return -1;
}

static int
look_behind(struct ending *ending, uint64_t copied, bool is_mute, const struct options *options, struct fault *fault)
{
  const struct growing *growing = &ending->growing;

  return rest_run(&ending->rest, &ending->keeping, &ending->patch, growing->gpt, copied, growing->size, is_mute,
                  options, fault);
}

int
ending_run(struct ending *ending, const struct probe_ends *ends, struct hold_back *hold, uint64_t copied, bool is_mute,
           const struct options *options, struct fault *fault)
{
  bool is_refused = false;

  if (!ending_lay_out(ending, ends->destination, ends, copied))
    return 0; /* then nothing is to be changed */
  if (hold) {
    ending->patch.hold = hold;
    ending->patch.written = &hold->front.base;
  }
  int result = change_table(ending, options, &is_refused, fault);
  if (result == 0 && options->copy.wipe_rest)
    result = look_behind(ending, copied, is_mute, options, fault);
  if (hold && ending_changes(options) && (result == 0 || is_refused) && let_go(ending, hold, fault) == -1)
    result = -1;
  /* What is only looked at comes last: whatever becomes of it, all is there. */
  if (result == 0 && ending_grows(options) && !is_mute)
    growing_tell(&ending->growing, options_program(options));
  if (result == 0 && !options->copy.wipe_rest && !ending->patch.is_left && rest_is_wanted(options, ends->destination))
    result = look_behind(ending, copied, is_mute, options, fault);
  if (result == -1)
    fault_add(fault, "; all is copied");
  return result;
}
