/* SPDX-License-Identifier: MIT */
/* disks_text: see disks_text.h. */
#include "report/disks_text.h"

#include "base/sizes.h"

#include <stdio.h>
#include <string.h>

/* As wide as what most disks say; what is longer moves the rest of its row. */
#define COLUMNS "%-11s %10s %-7s %-22s %-20s %-26s %s"

#define ROW_BYTES 1024 /* of a row before what may not be shown is taken out of it */

/* ---- For people ---- */

void
disks_text_head(struct text *text)
{
  text_add(text, COLUMNS, "NAME", "SIZE", "BUS", "MODEL", "SERIAL", "HOLDS", "USED");
}

/* One word of several in the last column. */
static void
add_word(char *words, size_t bytes, const char *word)
{
  size_t used = strlen(words);

  snprintf(words + used, bytes - used, "%s%s", used ? ", " : "", word);
}

static void
describe_content(const struct disk *disk, char *words, size_t bytes)
{
  const struct disk_content *content = &disk->content;
  const char *label = content->label[0] ? content->label : disk->partition_label;

  snprintf(words, bytes, "%s%s%s%s", content->is_known ? content->type : "(can't be read)", label[0] ? " \"" : "",
           label, label[0] ? "\"" : "");
}

void
disks_text_row(struct text *text, const struct disk *disk)
{
  char name[DISK_NAME_BYTES + 2], size[SIZES_TEXT_BYTES], holds[2 * DISK_WORDS_BYTES], used[2 * DISK_WORDS_BYTES] = "";
  bool is_disk = !disk->of[0];
  char row[ROW_BYTES];

  snprintf(name, sizeof name, "%s%s", is_disk ? "" : "  ", disk->name);
  sizes_rounded_text(size, (double)disk->bytes);
  describe_content(disk, holds, sizeof holds);
  if (disk->is_removable && is_disk)
    add_word(used, sizeof used, "removable");
  if (disk->is_read_only)
    add_word(used, sizeof used, "read-only");
  if (disk->use[0])
    add_word(used, sizeof used, disk->use);
  int length = snprintf(row, sizeof row, COLUMNS, name, size, is_disk ? disk->bus : "", is_disk ? disk->model : "",
                        is_disk ? disk->serial : "", holds, used);
  while (length > 0 && row[length - 1] == ' ')
    row[--length] = '\0';
  text_add_words(text, row);
}

/* ---- For programs ---- */

static void
add_string(struct text *text, const char *name, const char *value)
{
  if (!value[0])
    return;
  text_add(text, ", \"%s\": ", name);
  text_add_json(text, value);
}

void
disks_text_json(struct text *text, const struct disk *disk)
{
  text_add(text, "{ \"name\": ");
  text_add_json(text, disk->name);
  text_add(text, ", \"size\": %llu", (unsigned long long)disk->bytes);
  if (disk->sector_bytes > 0)
    text_add(text, ", \"sector-size\": %u", disk->sector_bytes);
  text_add(text, ", \"removable\": %s, \"read-only\": %s", disk->is_removable ? "true" : "false",
           disk->is_read_only ? "true" : "false");
  add_string(text, "partition-of", disk->of);
  add_string(text, "bus", disk->bus);
  add_string(text, "model", disk->model);
  add_string(text, "serial", disk->serial);
  add_string(text, "wwn", disk->wwn);
  add_string(text, "path", disk->path);
  add_string(text, "partition-label", disk->partition_label);
  add_string(text, "partition-uuid", disk->partition_uuid);
  add_string(text, "holds", disk->content.type);
  add_string(text, "label", disk->content.label);
  add_string(text, "uuid", disk->content.uuid);
  add_string(text, "used", disk->use);
  text_add(text, " }");
}
