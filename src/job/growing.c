/* SPDX-License-Identifier: MIT */
/* growing: see growing.h. */
#include "job/growing.h"

#include "base/range.h"
#include "disk/mbr.h"
#include "os/say.h"
#include "report/content.h"
#include "report/labels.h"
#include "report/partitions.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SECTOR_BYTES_MAX 4096

typedef unsigned long long ull;

bool
growing_is_wanted(const struct options *options)
{
  return options->copy.grow;
}

/* ---- What there is ---- */

static int
refuse_growing(const struct growing *growing, const char *why, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, 0, "the partition table of %s can't be made to reach to a larger disk's end: %s",
                   growing->patch.end->name, why);
}

/* Divides the ends' buffer. */
static int
begin_growing(struct growing *growing, struct endpoint *end, const struct probe_ends *ends, uint64_t size,
              struct fault *fault)
{
  size_t tables = range_align_up(sizeof(struct gpt), PAGE_BYTES) + SECTOR_BYTES_MAX;

  if (ends->buffer_bytes < tables + range_max(end->traits.block_min, GPT_ENTRIES_BYTES_MAX))
    return fault_set(fault, EXIT_FAILED, 0, "--grow takes %llu bytes of --memory more",
                     (ull)(tables + end->traits.block_min));
  growing->gpt = (struct gpt *)(void *)ends->buffer;
  growing->sector = ends->buffer + tables - SECTOR_BYTES_MAX;
  growing->size = size;
  growing->grown = (struct grown){ 0 };
  growing->patch = (struct patch){ .end = end,
                                   .written = end,
                                   .loop = ends->loop,
                                   .buffer = ends->buffer + tables,
                                   .buffer_bytes = ends->buffer_bytes - tables };
  memset(growing->gpt->head, 0, GPT_HEAD_BYTES);
  return 0;
}

/* The table as it is, and as it is to be. Returns 0, or -1 with the fault set. */
static int
plan_gpt(struct growing *growing, const char *part, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  struct gpt_partition partition = { 0 };
  const char *why = gpt_read_header(gpt);

  if (why)
    return refuse_growing(growing, why, fault);
  if (patch_read(&growing->patch, gpt->entries_at * gpt->sector_bytes, gpt->entries_bytes, gpt->entries, fault) == -1)
    return -1;
  why = gpt_read_entries(gpt);
  if (!why && part)
    why = gpt_find(gpt, part, &partition);
  uint64_t last = partition.last;
  growing->second_was = gpt->second_at;
  if (!why)
    why = gpt_reach(gpt, growing->size / gpt->sector_bytes);
  if (!why && part)
    why = gpt_extend(gpt, &partition);
  if (why)
    return refuse_growing(growing, why, fault);
  growing->grown = (struct grown){ .number = partition.number,
                                   .start = partition.first * gpt->sector_bytes,
                                   .length = (partition.last + 1 - partition.first) * gpt->sector_bytes,
                                   .more = (partition.last - last) * gpt->sector_bytes };
  memcpy(growing->grown.label, partition.label, sizeof partition.label);
  return 0;
}

/* For servers and files, an MBR's sectors are the usual ones. */
static int
plan_mbr(struct growing *growing, const struct probe_ends *ends, const char *part, struct fault *fault)
{
  const struct endpoint *disk = ends->destination;
  struct gpt *gpt = growing->gpt;
  struct mbr_partition partition;

  gpt->sector_bytes = disk->identity.known && disk->identity.is_device ? (unsigned)disk->traits.block_min : 512;
  if (!partitions_are_there(gpt->head, GPT_HEAD_BYTES))
    return refuse_growing(growing, "it has none", fault);
  if (!part)
    return 0;
  const char *why = mbr_extend(gpt->head, part, growing->size / gpt->sector_bytes, gpt->sector_bytes, &partition);
  if (why)
    return refuse_growing(growing, why, fault);
  growing->grown = (struct grown){ .number = partition.number,
                                   .start = partition.start * gpt->sector_bytes,
                                   .length = (partition.end - partition.start) * gpt->sector_bytes,
                                   .more = (partition.end - partition.end_before) * gpt->sector_bytes };
  return 0;
}

static int
plan_growing(struct growing *growing, const struct probe_ends *ends, const char *part, struct fault *fault)
{
  uint64_t there = range_min(GPT_HEAD_BYTES, range_min(growing->size, growing->patch.end->traits.size));

  if (growing->size % ends->destination->traits.block_min != 0)
    return refuse_growing(growing, "the disk's size isn't whole blocks of its own", fault);
  if (patch_read(&growing->patch, 0, there, growing->gpt->head, fault) == -1)
    return -1;
  growing->is_gpt = gpt_is_there(growing->gpt);
  return growing->is_gpt ? plan_gpt(growing, part, fault) : plan_mbr(growing, ends, part, fault);
}

/* A file becomes as large as what is copied to it. */
static uint64_t
size_of_disk(const struct endpoint *destination, uint64_t copied)
{
  return destination->traits.grows ? copied : destination->traits.size;
}

int
growing_check(struct growing *growing, const struct probe_ends *ends, const struct options *options,
              struct fault *fault)
{
  const struct endpoint *source = ends->source, *destination = ends->destination;
  uint64_t size = size_of_disk(destination, source->traits.size);

  if (!growing_is_wanted(options))
    return 0;
  if (destination->traits.in_order || !destination->traits.can_read)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is written from front to end and can't be read back, as --grow has to; nothing was written",
                     destination->name);
  if (source->traits.in_order || source->traits.size == SIZE_UNKNOWN)
    return 0;
  if (begin_growing(growing, ends->source, ends, size, fault) == 0 &&
      plan_growing(growing, ends, options->copy.grow_part, fault) == 0)
    return 0;
  fault_add(fault, "; nothing was written");
  return -1;
}

/* ---- What is written ---- */

static int
write_second(struct growing *growing, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  uint64_t sector = gpt->sector_bytes;

  gpt_make_second(gpt, growing->sector);
  return patch_write(&growing->patch, gpt->second_entries_at * sector, gpt->entries_bytes, gpt->entries, fault) ||
                 patch_write(&growing->patch, gpt->second_at * sector, sector, growing->sector, fault)
             ? -1
             : patch_flush(&growing->patch, false, fault);
}

/* What of the entries lies within the head goes with it: most partitions have theirs in the same block of the disk as the header. */
static int
write_first(struct growing *growing, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  uint64_t at = gpt->entries_at * gpt->sector_bytes;

  if (growing->grown.more > 0 && patch_write(&growing->patch, at, gpt->entries_bytes, gpt->entries, fault) == -1)
    return -1;
  if (at < GPT_HEAD_BYTES)
    memcpy(gpt->head + at, gpt->entries, range_min(GPT_HEAD_BYTES - at, gpt->entries_bytes));
  return patch_write(&growing->patch, 0, GPT_HEAD_BYTES, gpt->head, fault) == -1
             ? -1
             : patch_flush(&growing->patch, false, fault);
}

/* Where it was, it isn't looked for any more, but some tools find it all the same. What has become the partition's isn't in use yet. */
static int
wipe_second(struct growing *growing, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  uint64_t sector = gpt->sector_bytes, at = growing->second_was;

  if (at >= gpt->second_entries_at || at <= gpt->entries_at)
    return 0;
  if (patch_read(&growing->patch, at * sector, sector, growing->sector, fault) == -1)
    return -1;
  if (!gpt_is_header(growing->sector, gpt->sector_bytes, at))
    return 0;
  memset(growing->sector, 0, sector);
  return patch_write(&growing->patch, at * sector, sector, growing->sector, fault) == -1
             ? -1
             : patch_flush(&growing->patch, false, fault);
}

static int
write_gpt(struct growing *growing, struct fault *fault)
{
  if (growing->second_was == growing->gpt->second_at && growing->grown.more == 0)
    return 0;
  gpt_seal(growing->gpt);
  return write_second(growing, fault) == -1 || write_first(growing, fault) == -1 ? -1 : wipe_second(growing, fault);
}

static int
write_mbr(struct growing *growing, struct fault *fault)
{
  if (growing->grown.more == 0)
    return 0;
  return patch_write(&growing->patch, 0, MBR_BYTES, growing->gpt->head, fault) == -1
             ? -1
             : patch_flush(&growing->patch, false, fault);
}

/* ---- What is said ---- */

/* The partition by the name that it has here, or in words. */
static void
name_partition(const struct growing *growing, char name[NAME_BYTES_MAX])
{
  const struct endpoint *disk = growing->patch.end;
  size_t length = strlen(disk->name);
  bool ends_in_digit = length > 0 && isdigit((unsigned char)disk->name[length - 1]);

  if (disk->identity.known && disk->identity.is_device)
    snprintf(name, NAME_BYTES_MAX, "%.*s%s%u", NAME_BYTES_MAX - 16, disk->name, ends_in_digit ? "p" : "",
             growing->grown.number);
  else
    snprintf(name, NAME_BYTES_MAX, "PARTITION");
}

/* What makes that larger which lies in it. */
static const struct enlarging {
  const char *type;
  const char *before, *behind; /* the partition's name */
} enlargings[] = {
  { "ext2", "resize2fs ", "" },
  { "ext3", "resize2fs ", "" },
  { "ext4", "resize2fs ", "" },
  { "xfs", "mount ", " /mnt && xfs_growfs /mnt" },
  { "btrfs", "mount ", " /mnt && btrfs filesystem resize max /mnt" },
  { "LVM2 member", "pvresize ", "" },
};

static void
say_partition(const struct growing *growing, const struct disk_content *content, const char *program)
{
  const struct grown *grown = &growing->grown;
  char name[NAME_BYTES_MAX];

  say_line(program, "%s: partition %u%s%s has %llu bytes now, %llu more", growing->patch.end->name, grown->number,
           grown->label[0] ? " " : "", grown->label, (ull)grown->length, (ull)grown->more);
  name_partition(growing, name);
  for (size_t i = 0; i < sizeof enlargings / sizeof enlargings[0]; i++)
    if (strcmp(content->type, enlargings[i].type) == 0)
      say_line(program, "what is in it (%s) grows by: %s%s%s", content->type, enlargings[i].before, name,
               enlargings[i].behind);
}

/* Where it can't be read, it is grown all the same. */
static void
tell_growing(struct growing *growing, const char *program)
{
  const struct grown *grown = &growing->grown;
  unsigned char *begin = growing->gpt->entries;
  uint64_t length = range_min(CONTENT_PROBE_BYTES, grown->length);
  struct disk_content content = { .type = "" };
  struct fault fault;

  if (growing->is_gpt && growing->second_was != growing->gpt->second_at)
    say_line(program, "%s: the partition table reaches to the disk's end now", growing->patch.end->name);
  if (!growing->is_gpt && grown->number == 0)
    say_line(program, "%s has an MBR, which has nothing at the disk's end: --grow changes nothing",
             growing->patch.end->name);
  if (grown->more == 0)
    return;
  if (patch_read(&growing->patch, grown->start, length, begin, &fault) == 0)
    labels_find(begin, length, &content);
  say_partition(growing, &content, program);
}
_Static_assert(CONTENT_PROBE_BYTES <= GPT_ENTRIES_BYTES_MAX, "what a partition begins with is read over the entries");

/* ---- All of it ---- */

static int
grow(struct growing *growing, const struct probe_ends *ends, const struct options *options, bool *is_refused,
     struct fault *fault)
{
  *is_refused = false;
  if (plan_growing(growing, ends, options->copy.grow_part, fault) == -1) {
    *is_refused = !fault->may_pass && !ends->loop->signal_seen;
    return -1;
  }
  return growing->is_gpt ? write_gpt(growing, fault) : write_mbr(growing, fault);
}

/* A table that is refused is as it was copied: what was held is right, too. */
static int
let_go(struct growing *growing, struct hold_back *hold, struct fault *fault)
{
  struct fault flushing;

  hold_back_wait(hold, false);
  if (patch_flush(&growing->patch, true, &flushing) == 0)
    return 0;
  *fault = flushing;
  return -1;
}

int
growing_run(struct growing *growing, const struct probe_ends *ends, struct hold_back *hold, uint64_t copied,
            bool is_mute, const struct options *options, struct fault *fault)
{
  uint64_t size = size_of_disk(ends->destination, copied);
  bool is_refused;

  if (begin_growing(growing, ends->destination, ends, size, fault) == -1)
    return -1;
  if (hold) {
    growing->patch.hold = hold;
    growing->patch.written = &hold->front.base;
  }
  int result = grow(growing, ends, options, &is_refused, fault);
  if (hold && (result == 0 || is_refused) && let_go(growing, hold, fault) == -1)
    result = -1;
  if (result == -1)
    fault_add(fault, "; all is copied");
  else if (!is_mute)
    tell_growing(growing, options_program(options));
  return result;
}
