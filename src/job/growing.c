/* SPDX-License-Identifier: MIT */
/* growing: see growing.h. */
#include "job/growing.h"

#include "base/range.h"
#include "disk/mbr.h"
#include "job/table.h"
#include "os/say.h"
#include "report/content.h"
#include "report/labels.h"
#include "report/partitions.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull;

/* ---- What there is ---- */

static int
refuse_growing(const struct growing *growing, const char *why, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, 0, "the partition table of %s can't be made to reach to a larger disk's end: %s",
                   growing->patch->end->name, why);
}

/* What is there already, since all was done before, is nothing new. */
static const char *
add_kept(struct growing *growing)
{
  struct gpt *gpt = growing->gpt;
  unsigned before = gpt_used(gpt);
  const char *why = keeping_add(growing->keeping, gpt);

  growing->has_more = gpt_used(gpt) > before;
  return why;
}

/* The table as it is, and as it is to be. Returns 0, or -1 with the fault set. */
static int
plan_gpt(struct growing *growing, const char *part, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  struct gpt_partition partition = { 0 };
  const char *why;

  if (table_read(growing->patch, gpt, 1, &why, fault) == -1)
    return -1;
  if (!why && part)
    why = gpt_find(gpt, part, &partition);
  uint64_t last = partition.last;
  growing->second_was = gpt->second_at;
  if (!why)
    why = gpt_reach(gpt, growing->size / gpt->sector_bytes);
  if (!why && part)
    why = gpt_extend(gpt, &partition, growing->keeping->count > 0 ? growing->keeping->first : UINT64_MAX);
  if (!why)
    why = add_kept(growing);
  if (why)
    return refuse_growing(growing, why, fault);
  growing->grown = (struct grown){ .number = partition.number,
                                   .start = partition.first * gpt->sector_bytes,
                                   .length = (partition.last + 1 - partition.first) * gpt->sector_bytes,
                                   .more = (partition.last - last) * gpt->sector_bytes };
  memcpy(growing->grown.label, partition.label, sizeof partition.label);
  return 0;
}

static int
plan_mbr(struct growing *growing, const char *part, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  struct mbr_partition partition;

  gpt->sector_bytes = growing->mbr_sector_bytes;
  if (!partitions_are_there(gpt->head, GPT_HEAD_BYTES))
    return refuse_growing(growing, "it has none", fault);
  if (growing->keeping->count > 0)
    return refuse_growing(growing, "it is an MBR, and partitions are kept in a GPT", fault);
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

int
growing_plan(struct growing *growing, const char *part, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  uint64_t there = range_min(growing->size, growing->patch->end->traits.size);

  growing->grown = (struct grown){ 0 };
  if (table_read_head(growing->patch, gpt, there, fault) == -1)
    return -1;
  growing->is_gpt = gpt_is_there(gpt);
  return growing->is_gpt ? plan_gpt(growing, part, fault) : plan_mbr(growing, part, fault);
}

/* ---- What is written ---- */

/* What of the entries lies within the head goes with it: most partitions have theirs in the same block of the disk as the header. */
static int
write_first(struct growing *growing, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  uint64_t at = gpt->entries_at * gpt->sector_bytes;

  if ((growing->grown.more > 0 || growing->has_more) &&
      patch_write(growing->patch, at, gpt->entries_bytes, gpt->entries, fault) == -1)
    return -1;
  if (at < GPT_HEAD_BYTES)
    memcpy(gpt->head + at, gpt->entries, range_min(GPT_HEAD_BYTES - at, gpt->entries_bytes));
  return patch_write(growing->patch, 0, GPT_HEAD_BYTES, gpt->head, fault) == -1
             ? -1
             : patch_flush(growing->patch, false, fault);
}

/* Where it was, it isn't looked for any more, but some tools find it all the same. What has become the partition's isn't in use yet. */
static int
wipe_second(struct growing *growing, struct fault *fault)
{
  struct gpt *gpt = growing->gpt;
  uint64_t sector = gpt->sector_bytes, at = growing->second_was;

  if (at >= gpt->second_entries_at || at <= gpt->entries_at ||
      keeping_has(growing->keeping, range_make(at * sector, sector)))
    return 0;
  if (patch_read(growing->patch, at * sector, sector, growing->sector, fault) == -1)
    return -1;
  if (!gpt_is_header(growing->sector, gpt->sector_bytes, at))
    return 0;
  memset(growing->sector, 0, sector);
  return patch_write(growing->patch, at * sector, sector, growing->sector, fault) == -1
             ? -1
             : patch_flush(growing->patch, false, fault);
}

static int
write_gpt(struct growing *growing, struct fault *fault)
{
  if (growing->second_was == growing->gpt->second_at && growing->grown.more == 0 && !growing->has_more)
    return 0;
  gpt_seal(growing->gpt);
  return table_write_second(growing->patch, growing->gpt, growing->sector, fault) == -1 ||
                 write_first(growing, fault) == -1
             ? -1
             : wipe_second(growing, fault);
}

static int
write_mbr(struct growing *growing, struct fault *fault)
{
  if (growing->grown.more == 0)
    return 0;
  return patch_write(growing->patch, 0, MBR_BYTES, growing->gpt->head, fault) == -1
             ? -1
             : patch_flush(growing->patch, false, fault);
}

int
growing_write(struct growing *growing, struct fault *fault)
{
  return growing->is_gpt ? write_gpt(growing, fault) : write_mbr(growing, fault);
}

/* ---- What is said ---- */

/* The partition by the name that it has here, or in words. */
static void
name_partition(const struct growing *growing, char name[NAME_BYTES_MAX])
{
  const struct endpoint *disk = growing->patch->end;
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

  say_line(program, "%s: partition %u%s%s has %llu bytes now, %llu more", growing->patch->end->name, grown->number,
           grown->label[0] ? " " : "", grown->label, (ull)grown->length, (ull)grown->more);
  name_partition(growing, name);
  for (size_t i = 0; i < sizeof enlargings / sizeof enlargings[0]; i++)
    if (strcmp(content->type, enlargings[i].type) == 0)
      say_line(program, "what is in it (%s) grows by: %s%s%s", content->type, enlargings[i].before, name,
               enlargings[i].behind);
}

/* Where it can't be read, it is grown all the same. */
void
growing_tell(struct growing *growing, const char *program)
{
  const struct grown *grown = &growing->grown;
  unsigned char *begin = growing->gpt->entries;
  uint64_t length = range_min(CONTENT_PROBE_BYTES, grown->length);
  struct disk_content content = { .type = "" };
  struct fault fault;

  if (growing->is_gpt && growing->second_was != growing->gpt->second_at)
    say_line(program, "%s: the partition table reaches to the disk's end now", growing->patch->end->name);
  for (unsigned i = 0; i < growing->keeping->count; i++)
    say_line(program, "%s: the partition from offset %llu on is kept, as number %u", growing->patch->end->name,
             (ull)growing->keeping->kept[i].first * growing->keeping->sector_bytes, growing->keeping->kept[i].number);
  if (!growing->is_gpt && grown->number == 0)
    say_line(program, "%s has an MBR, which has nothing at the disk's end: --grow changes nothing",
             growing->patch->end->name);
  if (grown->more == 0)
    return;
  if (patch_read(growing->patch, grown->start, length, begin, &fault) == 0)
    labels_find(begin, length, &content);
  say_partition(growing, &content, program);
}
_Static_assert(CONTENT_PROBE_BYTES <= GPT_ENTRIES_BYTES_MAX, "what a partition begins with is read over the entries");
