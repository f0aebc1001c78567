/* SPDX-License-Identifier: MIT */
/* rest: see rest.h. */
#include "job/rest.h"

#include "base/range.h"
#include "disk/mbr.h"
#include "disk/signatures.h"
#include "job/table.h"
#include "os/say.h"
#include "report/content.h"
#include "report/labels.h"
#include "report/partitions.h"

#include <string.h>

/* What is wiped of what a partition began with: all that tells what it is. */
#define BEGINNING_BYTES (128 * KIB)

#define ROOM_BYTES (sizeof((struct gpt *)NULL)->entries)
_Static_assert(BEGINNING_BYTES >= CONTENT_PROBE_BYTES && BEGINNING_BYTES <= ROOM_BYTES,
               "the buffer for entries has room for what is wiped");
_Static_assert(SIGNATURE_BYTES_MAX <= ROOM_BYTES, "... and for what is looked at behind it");

bool
rest_is_wanted(const struct options *options, const struct endpoint *destination)
{
  const struct identity *identity = &destination->identity;

  return options->copy.wipe_rest || (options->persona != PERSONA_NBDCOPY && options->copy.part == PART_ALL &&
                                     !options->copy.domain && identity->known && identity->is_device);
}

/* ---- Where partitions were ---- */

static void
note_partition(struct rest *rest, uint64_t first, uint64_t end, unsigned sector_bytes, uint64_t size)
{
  if (end > first && end <= size / sector_bytes && rest->count < REST_PARTITIONS_MAX)
    rest->old[rest->count++] = (struct range){ first * sector_bytes, end * sector_bytes };
}

static int
note_gpt(struct rest *rest, struct patch *patch, struct gpt *gpt, struct fault *fault)
{
  struct gpt_partition partition;
  const char *why;

  if (table_read(patch, gpt, 1, &why, fault) == -1)
    return -1;
  if (why)
    return 0;
  for (unsigned number = 1; number <= gpt->count; number++)
    if (gpt_partition(gpt, number, &partition))
      note_partition(rest, partition.first, partition.last + 1, gpt->sector_bytes, patch->end->traits.size);
  return 0;
}

static void
note_mbr(struct rest *rest, const struct patch *patch, const unsigned char *mbr)
{
  const struct endpoint *disk = patch->end;
  unsigned sector_bytes = table_mbr_sector_bytes(disk);
  uint64_t first, length;

  for (unsigned number = 1; number <= MBR_PARTITIONS; number++)
    if (mbr_partition(mbr, number, &first, &length))
      note_partition(rest, first, first + length, sector_bytes, disk->traits.size);
}

int
rest_note(struct rest *rest, struct patch *patch, struct gpt *gpt, struct fault *fault)
{
  struct fault unread;
  int result = 0;

  rest->count = 0;
  if (table_read_head(patch, gpt, patch->end->traits.size, &unread) == -1)
    result = -1;
  else if (gpt_is_there(gpt))
    result = note_gpt(rest, patch, gpt, &unread);
  else if (partitions_are_there(gpt->head, sizeof gpt->head))
    note_mbr(rest, patch, gpt->head);
  if (result == 0 || !patch->is_left)
    return 0;
  *fault = unread;
  return -1;
}

/* ---- What there is ---- */

/* A search under way. */
struct search {
  struct patch *patch;
  const struct keeping *keeping;
  uint64_t copied;
  uint64_t own; /* where the second header of the table at the front lies ... */
  uint64_t end; /* ... and where, on a disk to whose end it reaches, its second copy begins */
  unsigned char *buffer;
  const char *program; /* NULL: nothing is to be said */
  bool wipes;
};

/* One is found; what is to be there instead lies in the buffer. */
static int
found(const struct search *search, struct range place, const char *words, const char *label, struct fault *fault)
{
  if (search->wipes && patch_write(search->patch, place.start, range_length(place), search->buffer, fault) == -1)
    return -1;
  if (search->program)
    (void)say_line(search->program, "%s: at offset %llu, behind what was copied, there %s %s%s%s%s",
                   search->patch->end->name, (unsigned long long)place.start, search->wipes ? "was" : "still is", words,
                   label[0] ? " " : "", label, search->wipes ? ": wiped" : " (--wipe-rest wipes it)");
  return 0;
}

/* What a partition begins with that others would take over, or join; less telling is what was merely written there. */
static bool
is_taken_for_something(const struct disk_content *content)
{
  static const char *const types[] = { "LVM2 member", "RAID member", "LUKS", "swap" };

  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(content->type, types[i]) == 0)
      return true;
  return labels_is_filesystem(content);
}

/* What lies at the end of a disk or partition. */
static int
search_end(const struct search *search, struct range of, struct fault *fault)
{
  struct range place;

  for (unsigned number = 0; signatures_place(number, range_length(of), &place); number++) {
    place.start += of.start;
    place.end += of.start;
    if (range_is_empty(place) || place.start < search->copied || place.start == search->own ||
        keeping_has(search->keeping, place))
      continue;
    if (patch_read(search->patch, place.start, range_length(place), search->buffer, fault) == -1)
      return -1;
    const char *words = signatures_find(number, search->buffer);
    signatures_clear(number, search->buffer);
    if (words && found(search, place, words, "", fault) == -1)
      return -1;
  }
  return 0;
}

/* What a partition began with. */
static int
search_beginning(const struct search *search, struct range of, struct fault *fault)
{
  struct range place = { of.start, range_min(range_end(of.start, BEGINNING_BYTES), range_min(of.end, search->end)) };
  struct disk_content content;

  if (place.start < search->copied || place.start >= place.end || keeping_has(search->keeping, place))
    return 0;
  if (patch_read(search->patch, place.start, range_length(place), search->buffer, fault) == -1)
    return -1;
  labels_find(search->buffer, range_length(place), &content);
  if (!is_taken_for_something(&content))
    return 0;
  memset(search->buffer, 0, range_length(place));
  return found(search, place, content.type, content.label, fault);
}

static int
search_all(const struct rest *rest, const struct search *search, uint64_t size, struct fault *fault)
{
  for (unsigned i = 0; i < rest->count; i++)
    if (search_beginning(search, rest->old[i], fault) == -1 || search_end(search, rest->old[i], fault) == -1)
      return -1;
  return search_end(search, (struct range){ 0, size }, fault);
}

static int
look_at_table(struct search *search, struct gpt *gpt, struct fault *fault)
{
  struct patch *patch = search->patch;

  if (table_read_head(patch, gpt, patch->end->traits.size, fault) == -1)
    return -1;
  if (!gpt_is_there(gpt) || gpt_read_header(gpt, 1))
    return 0;
  search->own = gpt->second_at * gpt->sector_bytes;
  if (search->own >= search->copied)
    search->end = (gpt->last_usable + 1) * gpt->sector_bytes;
  return 0;
}

int
rest_run(const struct rest *rest, const struct keeping *keeping, struct patch *patch, struct gpt *gpt, uint64_t copied,
         uint64_t size, bool is_mute, const struct options *options, struct fault *fault)
{
  bool wipes = options->copy.wipe_rest;
  struct search search = { .patch = patch,
                           .keeping = keeping,
                           .copied = copied,
                           .own = UINT64_MAX,
                           .end = size,
                           .buffer = gpt->entries,
                           .program = is_mute ? NULL : options_program(options),
                           .wipes = wipes };
  struct fault unread;

  if (size <= copied)
    return 0;
  int result = look_at_table(&search, gpt, wipes ? fault : &unread);
  if (result == 0)
    result = search_all(rest, &search, size, wipes ? fault : &unread);
  if (result == 0 && wipes)
    return patch_flush(patch, false, fault);
  return wipes ? result : 0;
}
