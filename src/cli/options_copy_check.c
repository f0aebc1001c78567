/* SPDX-License-Identifier: MIT */
/* options_copy_check: see options_copy_check.h. */
#include "cli/options_copy_check.h"

#include "base/range.h"
#include "cli/options_verb.h"
#include "disk/contexts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char stream_source[] = "a source that is read from front to end, such as -,";
static const char stream_destination[] = "a destination that is written from front to end, such as -,";

/* By which one a part of the source is copied. */
static const char *
part_option(const struct copy_options *copy)
{
  return copy->layer ? "--layer" : "--dirty-bitmap";
}

/* A copy of a part knows neither the whole content nor what the rest of the
 * destination is like. */
static int
check_part(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *with = copy->layer ? " can't be used with --layer" : " can't be used with --dirty-bitmap";

  if (copy->layer && copy->dirty_bitmap)
    return options_usage(options, fault, "--dirty-bitmap", with);
  if (copy->no_extents)
    return options_usage(options, fault, "--no-extents", with);
  if (copy->destination_is_zero)
    return options_usage(options, fault, "--destination-is-zero", with);
  if (copy->sha256 || copy->blkhash || copy->expect)
    return options_usage(options, fault, "a digest is of the whole disk: it", with);
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_destination, with);
  return 0;
}

/* Whether one is computed of all that passes. What --blocks holds is held block by block. */
static bool
asks_for_digest(const struct copy_options *copy)
{
  return copy->sha256 || (!copy->blocks && (copy->blkhash || copy->blkhash_file || copy->expect));
}

/* The list is trusted for what it is expected to make, and for nothing else. */
static int
check_blocks(const struct options *options, struct fault *fault)
{
  static const char blkhash[] = "blkhash:";
  const struct copy_options *copy = &options->copy;

  if (!copy->blocks && copy->delta)
    return options_usage(options, fault, "--delta needs the list of blocks that DESTINATION is held to: --blocks=LIST",
                         "");
  if (!copy->blocks || options->verb != VERB_COPY)
    return 0;
  if (copy->delta && (options->destination.kind == PLACE_STREAM || options->destination.kind == PLACE_NULL))
    return options_usage(options, fault, "--delta is for a destination that has something already", "");
  if (copy->delta && (copy->destination_is_zero || copy->sha256))
    return options_usage(options, fault, "--delta can't be used with ",
                         copy->sha256 ? "--sha256" : "--destination-is-zero");
  if (!copy->expect || strncasecmp(copy->expect, blkhash, sizeof blkhash - 1) != 0)
    return options_usage(options, fault, "--blocks needs to know what the list is trusted by: --expect=blkhash:HEX",
                         "");
  if (copy->blkhash_file)
    return options_usage(options, fault,
                         "with --blocks the blkhash is known, and --blkhash only says how it is computed: ",
                         "no --blkhash-file");
  if (copy->blocks[0] == '\0' || strcmp(copy->blocks, "-") == 0)
    return options_usage(options, fault, "--blocks=LIST: the list is read twice, so it can't be a stream", "");
  if (copy->skips)
    return options_usage(options, fault, "--blocks holds whole blocks: it can't be used with --on-read-error=skip", "");
  if (options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_source, " can't be used with --blocks");
  return 0;
}

/* What lies below must be somewhere, and stay there. */
static int
check_from(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;

  if (copy->from == 0)
    return 0;
  if (asks_for_digest(copy))
    return options_usage(options, fault, "a digest is of the whole disk: it can't be used with --from", "");
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_destination, " can't be used with --from");
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "--from is for a destination that keeps what it was given; null: doesn't", "");
  return 0;
}

/* What maps of areas say is of a disk, and what was done of it stays. */
static int
check_maps(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *with = copy->mapfile  ? " can't be used with --mapfile"
                     : copy->domain ? " can't be used with --domain"
                                    : " can't be used with --bmap";

  if (!copy->mapfile && !copy->domain && !copy->bmap)
    return 0;
  if (asks_for_digest(copy))
    return options_usage(options, fault, "a digest is of the whole disk: it", with);
  if (copy->destination_is_zero)
    return options_usage(options, fault, "--destination-is-zero", with);
  if (options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_source, with);
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_destination, with);
  if (!copy->mapfile)
    return 0;
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "null: keeps nothing that a map could call finished: it", with);
  if (copy->from_is_given)
    return options_usage(options, fault, "the map knows where to go on: --from", with);
  if (copy->part != PART_ALL) /* of it, a map would call finished what was never copied */
    return options_usage(options, fault, part_option(copy), with);
  if (!copy->flush)
    return options_usage(options, fault, "only what was flushed is finished: --no-flush", with);
  return 0;
}

/* Of a block map's ranges all is copied, since only so can they be checked; and it takes the place of the source's extents. */
static int
check_bmap(struct options *options, struct fault *fault)
{
  struct copy_options *copy = &options->copy;
  const char *with = " can't be used with --bmap";

  if (!copy->bmap)
    return 0;
  if (copy->domain)
    return options_usage(options, fault, "--domain", with);
  if (copy->layer || copy->dirty_bitmap)
    return options_usage(options, fault, part_option(copy), with);
  if (copy->blocks)
    return options_usage(options, fault, "--blocks", with);
  if (copy->skips)
    return options_usage(options, fault, "--on-read-error=skip", with);
  copy->no_extents = true;
  return 0;
}

/* What becomes zeros at the beginning must be written in the end, and may be. */
static int
check_hold_back(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *with = " can't be used with --hold-back";

  if (copy->hold_back_bytes == 0)
    return 0;
  if (copy->part != PART_ALL)
    return options_usage(options, fault, part_option(copy), with);
  if (!copy->flush)
    return options_usage(options, fault, "what is written last is so only by flushes: --no-flush", with);
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_destination, with);
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "null: keeps nothing of which a part could come last: it", with);
  return 0;
}

/* What has no label would be called by an empty one. */
static bool
has_empty_name(const char *names)
{
  return names[0] == ',' || names[0] == '\0' || names[strlen(names) - 1] == ',' || strstr(names, ",,");
}

/* What is changed behind the copy is the whole disk's, and lies where it can be read back. */
static int
check_ending(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *with = copy->grow   ? " can't be used with --grow"
                     : copy->kept ? " can't be used with --keep-partitions"
                                  : " can't be used with --wipe-rest";

  if (!copy->grow && !copy->kept && !copy->wipe_rest)
    return 0;
  if (copy->grow_part && !copy->grow_part[0])
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--grow=: must be a partition's number, label or UUID");
  if (copy->kept && has_empty_name(copy->kept))
    return fault_set(fault, EXIT_BAD_USAGE, 0,
                     "--keep-partitions=%s: must be labels, numbers or UUIDs, parted by commas", copy->kept);
  if (copy->part != PART_ALL)
    return options_usage(options, fault, part_option(copy), with);
  if (copy->domain)
    return options_usage(options, fault, "--domain", with);
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_destination, with);
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "null: keeps nothing: it", with);
  if (copy->kept && options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_source, with);
  return 0;
}

/* What can't be read can be left out only where what lies behind it can be read all the same. */
static int
check_skipping(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *without = " is for --on-read-error=skip";

  if (!copy->skips && copy->mark_bad != MARK_BAD_NOT)
    return options_usage(options, fault, "--mark-bad", without);
  if (!copy->skips && copy->errors_max != UINT64_MAX)
    return options_usage(options, fault, "--max-errors", without);
  if (copy->skips && options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, stream_source, " can't be used with --on-read-error=skip");
  return 0;
}

/* What can't be read can't be compared; and what is there stays as it is, be it a hole or not. */
static int
check_skip_identical(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;

  if (!copy->skip_identical)
    return 0;
  if (options->destination.kind == PLACE_NULL || options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "--skip-identical compares with what is there, which can't be done of ",
                         options->destination.text);
  if (copy->destination_is_zero || copy->allocated)
    return options_usage(options, fault, "--skip-identical can't be used with ",
                         copy->allocated ? "--allocated" : "--destination-is-zero");
  return 0;
}

/* What can't be read back can't be verified. */
static int
check_verify(const struct options *options, struct fault *fault)
{
  if (!options->copy.verify)
    return 0;
  if (options->destination.kind == PLACE_NULL || options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "--verify reads back what was written, which can't be done of ",
                         options->destination.text);
  if (options->copy.skips) /* what was left out isn't there to be compared */
    return options_usage(options, fault, "--on-read-error=skip can't be used with --verify", "");
  if (!options->copy.flush)
    return options_usage(options, fault, "--verify is of what was flushed: it can't be used without --flush", "");
  return 0;
}

/* Which part is copied, and which contexts tell it. */
static int
choose_part(struct options *options, struct fault *fault)
{
  struct copy_options *copy = &options->copy;
  char bitmap[CONTEXT_NAME_BYTES];

  copy->part = copy->layer ? PART_LAYER : copy->dirty_bitmap ? PART_DIRTY : PART_ALL;
  if (copy->part != PART_ALL && check_part(options, fault) == -1)
    return -1;
  if (!copy->no_extents)
    contexts_add(&options->wishes.contexts, CONTEXT_ALLOCATION_NAME, false);
  if (copy->layer)
    contexts_add(&options->wishes.contexts, CONTEXT_DEPTH_NAME, true);
  options->wishes.contexts.joint_first = copy->layer;
  if (!copy->dirty_bitmap)
    return 0;
  if (snprintf(bitmap, sizeof bitmap, CONTEXT_DIRTY_PREFIX "%s", copy->dirty_bitmap) >= (int)sizeof bitmap ||
      copy->dirty_bitmap[0] == '\0' || !contexts_add(&options->wishes.contexts, bitmap, true))
    return options_usage(options, fault, "--dirty-bitmap: there can't be a bitmap of that name", "");
  return 0;
}

int
options_copy_check(struct options *options, struct fault *fault)
{
  if (options->copy.json && options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "--json goes to standard output, which is the DESTINATION", "");
  if (options->copy.graph && options->copy.progress_fd != -1)
    return options_usage(options, fault, "--graph is drawn on a terminal: it can't be used with --progress=FD", "");
  if (check_blocks(options, fault) == -1 || check_bmap(options, fault) == -1 || choose_part(options, fault) == -1 ||
      check_from(options, fault) == -1 || check_maps(options, fault) == -1 || check_hold_back(options, fault) == -1 ||
      check_ending(options, fault) == -1 || check_skipping(options, fault) == -1 ||
      check_skip_identical(options, fault) == -1 || check_verify(options, fault) == -1)
    return -1;
  if (!options->copy.payload_is_fixed)
    options->copy.payload_bytes = range_max(options->copy.payload_bytes,
                                            REQUESTS_PER_PAYLOAD * options->copy.request_bytes);
  return 0;
}
