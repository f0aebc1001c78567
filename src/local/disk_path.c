/* SPDX-License-Identifier: MIT */
/* disk_path: see disk_path.h. */
#include "local/disk_path.h"

#include "local/sysfs.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a step of the way that begins so says of the bus; the last one that does counts. */
static const struct step {
  const char *begins;
  const char *bus;
} steps[] = {
  { "virtio", "virtio" }, { "ata", "ata" },  { "usb", "usb" },   { "nvme", "nvme" },
  { "mmc_host", "mmc" },  { "vbd-", "xen" }, { "host", "scsi" }, { "target", "scsi" },
};

static void
add_part(struct disk *disk, const char *word, const char *value)
{
  size_t used = strlen(disk->path);

  snprintf(disk->path + used, sizeof disk->path - used, "%s%s-%s", used ? "-" : "", word, value);
}

/* Hosts are counted for the whole machine as they come; of their card, this is the first, second... */
static int
count_host(const char *way, const char *host)
{
  int number = atoi(host + strlen("host")), first = number;
  DIR *entries = opendir(way);

  for (struct dirent *entry; entries && (entry = readdir(entries));)
    if (strncmp(entry->d_name, "host", 4) == 0 && atoi(entry->d_name + 4) < first)
      first = atoi(entry->d_name + 4);
  if (entries)
    closedir(entries);
  return number - first;
}

/* A step 0:0:1:0 below a host: the unit's address there. */
static void
add_unit(struct disk *disk, int host, const char *step)
{
  char unit[64];

  snprintf(unit, sizeof unit, "%d%s", host, strchr(step, ':'));
  add_part(disk, "scsi", unit);
}

/* The port's number on its card, which isn't the one in its name. */
static void
add_ata(struct disk *disk, const char *way, const char *step)
{
  char name[64], port[16];

  snprintf(name, sizeof name, "%.20s/ata_port/%.20s/port_no", step, step);
  if (sysfs_read_from(way, name, port, sizeof port))
    add_part(disk, "ata", port);
}

/* 1-4.2:1.0: of the bus's port 4 its port 2, configuration 1, interface 0. */
static void
add_usb(struct disk *disk, const char *step)
{
  char place[64];

  snprintf(place, sizeof place, "0:%s", strchr(step, '-') + 1);
  add_part(disk, "usb", place);
}

static bool
is_unit(const char *step)
{
  return step[0] >= '0' && step[0] <= '9' && strspn(step, "0123456789:") == strlen(step) && strchr(step, ':');
}

/* Whether it has the pattern's length and marks, and digits where that has an x. */
static bool
is_like(const char *step, const char *pattern)
{
  for (; *pattern; step++, pattern++)
    if (*pattern == 'x' ? !isxdigit((unsigned char)*step) : *step != *pattern)
      return false;
  return !*step;
}

struct walk {
  bool is_below_ata;
  int host; /* -1: none so far */
};

/* `way` is what leads to the step. */
static void
follow_step(struct disk *disk, struct walk *walk, const char *way, const char *step)
{
  if (is_like(step, "xxxx:xx:xx.x")) {
    disk->path[0] = '\0'; /* behind bridges, the last one is the card */
    add_part(disk, "pci", step);
  } else if (strncmp(step, "ata", 3) == 0 && step[3] >= '0' && step[3] <= '9') {
    walk->is_below_ata = true;
    add_ata(disk, way, step);
  } else if (strchr(step, '-') && strchr(step, ':') && step[0] >= '0' && step[0] <= '9') {
    add_usb(disk, step);
  } else if (strncmp(step, "host", 4) == 0 && step[4] >= '0' && step[4] <= '9') {
    walk->host = count_host(way, step);
  } else if (is_unit(step) && walk->host >= 0 && !walk->is_below_ata) {
    add_unit(disk, walk->host, step);
  }
}

static void
take_bus(struct disk *disk, const struct walk *walk, const char *step)
{
  for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++)
    if (strncmp(step, steps[i].begins, strlen(steps[i].begins)) == 0 &&
        !(strcmp(steps[i].bus, "scsi") == 0 && (walk->is_below_ata || strcmp(disk->bus, "usb") == 0)))
      snprintf(disk->bus, sizeof disk->bus, "%s", steps[i].bus);
}

/* What isn't plugged in anywhere goes by what it is: md0 is an md. */
static void
name_virtual(struct disk *disk, const char *name)
{
  size_t length = strcspn(name, "-0123456789");

  disk->is_virtual = true;
  snprintf(disk->bus, sizeof disk->bus, "%.*s", (int)length, name);
}

void
disk_path_find(const char *root, const char *directory, struct disk *disk)
{
  char way[PATH_MAX];
  struct walk walk = { .host = -1 };
  size_t front = strlen(root);
  char attribute[16];

  if (!realpath(directory, way) || strlen(way) <= front)
    return;
  if (strstr(way + front, "/devices/virtual/block/")) {
    name_virtual(disk, disk->of[0] ? disk->of : disk->name);
    return;
  }
  for (char *step = way + front + 1, *end; (end = strchr(step, '/')); step = end + 1) {
    *end = '\0';
    step[-1] = '\0';
    follow_step(disk, &walk, way, step);
    take_bus(disk, &walk, step);
    step[-1] = *end = '/';
  }
  if (strcmp(disk->bus, "nvme") == 0 &&
      sysfs_read_from(directory, disk->of[0] ? "../nsid" : "nsid", attribute, sizeof attribute))
    add_part(disk, "nvme", attribute);
  if (disk->path[0] && disk->of[0] && sysfs_read_from(directory, "partition", attribute, sizeof attribute))
    add_part(disk, "part", attribute);
  /* udev writes a partition's number right behind the word. */
  char *part = strstr(disk->path, "-part-");
  if (part)
    memmove(part + strlen("-part"), part + strlen("-part-"), strlen(part + strlen("-part-")) + 1);
}
