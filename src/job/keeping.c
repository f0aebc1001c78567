/* SPDX-License-Identifier: MIT */
/* keeping: see keeping.h. */
#include "job/keeping.h"

#include "base/range.h"
#include "job/table.h"

#include <stdio.h>
#include <string.h>

/* ---- Which they are ---- */

static const char *
note_one(struct keeping *keeping, const struct gpt *gpt, const char *name, uint64_t copied)
{
  struct kept *kept = &keeping->kept[keeping->count];
  struct gpt_partition partition;
  const char *why = gpt_find(gpt, name, &partition);

  if (why)
    return why;
  if (keeping->count == KEPT_MAX)
    return "it can keep 16 of them at most";
  if (partition.first < (copied + gpt->sector_bytes - 1) / gpt->sector_bytes)
    return "it lies where the copy is to be";
  *kept = (struct kept){ .number = partition.number, .first = partition.first, .last = partition.last };
  memcpy(kept->entry, gpt_entry(gpt, partition.number), GPT_ENTRY_BYTES);
  if (keeping->count == 0 || partition.first < keeping->first)
    keeping->first = partition.first;
  keeping->count++;
  return NULL;
}

/* Where their entries lie while the copy runs. */
static uint64_t
kept_entries_at(const struct keeping *keeping, const struct gpt *gpt)
{
  return keeping->first - range_min(keeping->first, gpt->entries_bytes / gpt->sector_bytes);
}

/* All that are named, of the table whose header is that of sector `at`. Returns NULL, or why not, with the name that it is about. */
static const char *
note_names(struct keeping *keeping, const struct gpt *gpt, const char *names, uint64_t copied,
           char name[GPT_LABEL_BYTES])
{
  keeping->count = 0;
  keeping->sector_bytes = gpt->sector_bytes;
  for (const char *next = names; next; next = strchr(next, ',')) {
    next += next != names;
    int written = snprintf(name, GPT_LABEL_BYTES, "%.*s", (int)strcspn(next, ","), next);
    const char *why = written >= GPT_LABEL_BYTES ? "no partition is called so" : note_one(keeping, gpt, name, copied);
    if (why)
      return why;
  }
  name[0] = '\0';
  if (kept_entries_at(keeping, gpt) * gpt->sector_bytes < copied)
    return "the copy leaves no room before them for their entries";
  return NULL;
}

static int
note_first(struct keeping *keeping, struct patch *patch, struct gpt *gpt, const char *names, uint64_t copied,
           const char **why, char name[GPT_LABEL_BYTES], struct fault *fault)
{
  *why = "it has no GPT";
  if (table_read_head(patch, gpt, patch->end->traits.size, fault) == -1)
    return -1;
  if (!gpt_is_there(gpt))
    return 0;
  if (table_read(patch, gpt, 1, why, fault) == -1)
    return -1;
  if (!*why)
    *why = note_names(keeping, gpt, names, copied, name);
  return 0;
}

/* Of a copy that was cut short. */
static int
note_second(struct keeping *keeping, struct patch *patch, struct gpt *gpt, const char *names, uint64_t copied,
            uint64_t size, const char **why, struct fault *fault)
{
  char name[GPT_LABEL_BYTES];

  for (unsigned sector = 512; sector <= 4096 && *why; sector *= 8) {
    uint64_t at = size / sector - 1;
    const char *why_not;
    gpt->sector_bytes = sector;
    if (patch_read(patch, at * sector, sector, gpt->head + sector, fault) == -1 ||
        table_read(patch, gpt, at, &why_not, fault) == -1)
      return -1;
    if (!why_not)
      why_not = note_names(keeping, gpt, names, copied, name);
    if (!why_not) {
      keeping->is_safe = true;
      *why = NULL;
    }
  }
  return 0;
}

int
keeping_note(struct keeping *keeping, struct patch *patch, struct gpt *gpt, const char *names, uint64_t copied,
             uint64_t size, struct fault *fault)
{
  char name[GPT_LABEL_BYTES] = "";
  const char *why;

  *keeping = (struct keeping){ 0 };
  if (note_first(keeping, patch, gpt, names, copied, &why, name, fault) == -1 ||
      (why && size >= GPT_HEAD_BYTES && note_second(keeping, patch, gpt, names, copied, size, &why, fault) == -1))
    return -1;
  if (!why)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "cannot keep %s%s of %s: %s", name[0] ? "partition " : "partitions", name,
                   patch->end->name, why);
}

/* ---- What is written ---- */

int
keeping_begin(const struct keeping *keeping, struct patch *patch, struct gpt *gpt, unsigned char *sector, uint64_t size,
              struct fault *fault)
{
  struct keeping only = *keeping;

  if (keeping->is_safe)
    return 0;
  memset(gpt->entries, 0, gpt->entries_bytes);
  (void)keeping_add(&only, gpt); /* of what was in this table, and is alone in it now */
  gpt->second_at = size / gpt->sector_bytes - 1;
  gpt->second_entries_at = kept_entries_at(keeping, gpt);
  gpt_seal(gpt);
  return table_write_second(patch, gpt, sector, fault);
}

const char *
keeping_add(struct keeping *keeping, struct gpt *gpt)
{
  if (keeping->count > 0 && gpt->sector_bytes != keeping->sector_bytes)
    return "its sectors are of another size than those of the partitions that are to be kept";
  for (unsigned i = 0; i < keeping->count; i++) {
    const char *why = gpt_add(gpt, keeping->kept[i].entry, &keeping->kept[i].number);
    if (why)
      return why;
  }
  return NULL;
}

bool
keeping_has(const struct keeping *keeping, struct range range)
{
  for (unsigned i = 0; i < keeping->count; i++) {
    const struct kept *kept = &keeping->kept[i];
    if (range.start < (kept->last + 1) * keeping->sector_bytes && range.end > kept->first * keeping->sector_bytes)
      return true;
  }
  return false;
}
