/* SPDX-License-Identifier: MIT */
/* selector: see selector.h. */
#include "disk/selector.h"

#include "base/sizes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TERM_BYTES 160

/* ---- What a value says of a disk ---- */

/* Blanks have to be quoted on many a command line, so an underscore stands for one, as in udev's names. */
static bool
is_alike(char wanted, char has)
{
  return wanted == has || (wanted == '_' && has == ' ');
}

static bool
is_in_any_case(const char *a, const char *b)
{
  return strlen(a) == strlen(b) && strncasecmp(a, b, strlen(a)) == 0;
}

static bool
fits_serial(const struct disk *disk, const char *value)
{
  const char *has = disk->serial;

  while (*value && is_alike(*value, *has))
    value++, has++;
  return !*value && !*has;
}

/* Kernel, udev and labels on disks each write another one of these before it. */
static const char *
bare_wwn(const char *wwn)
{
  static const char *const fronts[] = { "0x", "naa.", "eui.", "nvme.", "wwn-0x" };

  for (unsigned i = 0; i < sizeof fronts / sizeof fronts[0]; i++)
    if (strncasecmp(wwn, fronts[i], strlen(fronts[i])) == 0)
      return wwn + strlen(fronts[i]);
  return wwn;
}

static bool
fits_wwn(const struct disk *disk, const char *value)
{
  return disk->wwn[0] && is_in_any_case(bare_wwn(disk->wwn), bare_wwn(value));
}

static bool
begins_alike(const char *has, const char *wanted)
{
  while (*wanted && (is_alike(*wanted, *has) || strncasecmp(wanted, has, 1) == 0))
    wanted++, has++;
  return !*wanted;
}

/* Any part of it: few know all that a disk says of itself. */
static bool
fits_model(const struct disk *disk, const char *value)
{
  for (const char *has = disk->model; *has; has++)
    if (begins_alike(has, value))
      return true;
  return false;
}

/* All of it, or the front: whatever hangs on that card. */
static bool
fits_path(const struct disk *disk, const char *value)
{
  size_t length = strlen(value);

  return strncmp(disk->path, value, length) == 0 && (disk->path[length] == '\0' || disk->path[length] == '-');
}

static bool
fits_label(const struct disk *disk, const char *value)
{
  return strcmp(disk->content.label, value) == 0;
}

static bool
fits_partition_label(const struct disk *disk, const char *value)
{
  return disk->of[0] && strcmp(disk->partition_label, value) == 0;
}

static bool
fits_uuid(const struct disk *disk, const char *value)
{
  return is_in_any_case(disk->content.uuid, value) || is_in_any_case(disk->partition_uuid, value);
}

/* "200G..", "..1T", "200G..1T", both ends included; or one size. */
static bool
parse_range(const char *value, uint64_t *low, uint64_t *high)
{
  const char *dots = strstr(value, "..");
  char front[TERM_BYTES];

  if (!dots)
    return sizes_parse(value, low) && (*high = *low, true);
  *low = 0;
  *high = UINT64_MAX;
  snprintf(front, sizeof front, "%.*s", (int)(dots - value), value);
  return (!front[0] || sizes_parse(front, low)) && (!dots[2] || sizes_parse(dots + 2, high)) && (front[0] || dots[2]) &&
         *low <= *high;
}

static bool
fits_size(const struct disk *disk, const char *value)
{
  uint64_t low, high;

  return parse_range(value, &low, &high) && disk->bytes >= low && disk->bytes <= high;
}

/* ---- The terms ---- */

static const struct key {
  const char *name; /* with its colon */
  bool (*fits)(const struct disk *disk, const char *value);
  bool by_content; /* and so of partitions and of what is made of others, too */
} keys[] = {
  { "serial:", fits_serial, false },
  { "wwn:", fits_wwn, false },
  { "model:", fits_model, false },
  { "path:", fits_path, false },
  { "size:", fits_size, false },
  { "label:", fits_label, true },
  { "partlabel:", fits_partition_label, true },
  { "uuid:", fits_uuid, true },
};

static const char *const orders[] = {
  [SELECTOR_ONLY] = "only",
  [SELECTOR_SMALLEST] = "smallest",
  [SELECTOR_LARGEST] = "largest",
};

static const struct bus {
  const char *name;
  bool is_virtual;
} buses[] = {
  { "ata", false }, { "nvme", false }, { "scsi", false }, { "usb", false }, { "virtio", false },
  { "mmc", false }, { "xen", false },  { "md", true },    { "dm", true },   { "loop", true },
};
#define LENGTH(table) (sizeof(table) / sizeof(table)[0])

static const struct key *
find_key(const char *term)
{
  for (unsigned i = 0; i < LENGTH(keys); i++)
    if (strncmp(term, keys[i].name, strlen(keys[i].name)) == 0)
      return &keys[i];
  return NULL;
}

static bool
find_order(const char *term, enum selector_order *order)
{
  for (unsigned i = 0; i < LENGTH(orders); i++)
    if (strcmp(term, orders[i]) == 0) {
      *order = (enum selector_order)i;
      return true;
    }
  return false;
}

static const struct bus *
find_bus(const char *term)
{
  for (unsigned i = 0; i < LENGTH(buses); i++)
    if (strcmp(term, buses[i].name) == 0)
      return &buses[i];
  return NULL;
}

/* The next term, cut where there is no room for it; NULL behind the last one. Returns where the one after it begins. */
static const char *
next_term(const char *text, char term[TERM_BYTES])
{
  if (!text)
    return NULL;
  size_t length = strcspn(text, ",");
  snprintf(term, TERM_BYTES, "%.*s", (int)length, text);
  return text + length;
}

static const char *
behind_comma(const char *text)
{
  return *text ? text + 1 : NULL;
}

bool
selector_is_one(const char *text)
{
  char term[TERM_BYTES];
  enum selector_order order;

  for (const char *rest = text; (rest = next_term(rest, term)); rest = behind_comma(rest))
    if (find_key(term) || find_order(term, &order))
      return true;
  return false;
}

static int
selector_take(struct selector *selector, const char *term, bool *has_order, struct fault *fault)
{
  const struct key *key = find_key(term);
  const struct bus *bus = find_bus(term);
  uint64_t low, high;

  if (key) {
    const char *value = term + strlen(key->name);
    if (!*value || (key->fits == fits_size && !parse_range(value, &low, &high)))
      return fault_set(fault, EXIT_BAD_USAGE, 0, "%s: %s takes %s", selector->text, key->name,
                       key->fits == fits_size ? "a size or two, such as 200G.. or 100G..500G" : "a value");
    selector->by_content |= key->by_content;
    selector->partitions |= key->by_content || (key->fits == fits_path && strstr(value, "-part"));
    selector->virtuals |= key->by_content;
    return 0;
  }
  if (find_order(term, &selector->order)) {
    if (*has_order)
      return fault_set(fault, EXIT_BAD_USAGE, 0, "%s: smallest, largest and only can't be used together",
                       selector->text);
    *has_order = true;
    return 0;
  }
  if (bus)
    selector->virtuals |= bus->is_virtual;
  if (bus || strcmp(term, "removable") == 0 || strcmp(term, "fixed") == 0)
    return 0;
  return fault_set(fault, EXIT_BAD_USAGE, 0,
                   "%s: %s is not one of serial:, wwn:, model:, path:, size:, label:, partlabel:, uuid:, a bus (nvme, "
                   "ata, scsi, usb, virtio, mmc, xen, md, dm, loop), removable, fixed, smallest, largest, only",
                   selector->text, term[0] ? term : "an empty word");
}

int
selector_parse(struct selector *selector, const char *text, struct fault *fault)
{
  char term[TERM_BYTES];
  bool has_order = false;
  const char *rest;

  *selector = (struct selector){ .text = text };
  for (const char *at = text; (rest = next_term(at, term)); at = behind_comma(rest)) {
    if (rest - at >= TERM_BYTES)
      return fault_set(fault, EXIT_BAD_USAGE, 0, "%s: a word of it is longer than %d bytes", text, TERM_BYTES - 1);
    if (selector_take(selector, term, &has_order, fault) == -1)
      return -1;
  }
  return 0;
}

static bool
term_fits(const struct disk *disk, const char *term)
{
  const struct key *key = find_key(term);
  enum selector_order order;

  if (key)
    return key->fits(disk, term + strlen(key->name));
  if (strcmp(term, "removable") == 0 || strcmp(term, "fixed") == 0)
    return disk->is_removable == (term[0] == 'r');
  return find_order(term, &order) || strcmp(disk->bus, term) == 0;
}

bool
selector_fits(const struct selector *selector, const struct disk *disk)
{
  char term[TERM_BYTES];

  if ((disk->of[0] && !selector->partitions) || (disk->is_virtual && !selector->virtuals))
    return false;
  for (const char *rest = selector->text; (rest = next_term(rest, term)); rest = behind_comma(rest))
    if (!term_fits(disk, term))
      return false;
  return true;
}

void
selector_offer(const struct selector *selector, struct selector_choice *choice, const struct disk *disk)
{
  uint64_t best = choice->disk.bytes;
  bool is_equal = selector->order == SELECTOR_ONLY || disk->bytes == best;
  bool is_better = selector->order == SELECTOR_SMALLEST ? disk->bytes < best : disk->bytes > best;

  if (choice->count > 0 && is_equal)
    choice->count++;
  else if (choice->count == 0 || is_better)
    *choice = (struct selector_choice){ 1, *disk };
}
