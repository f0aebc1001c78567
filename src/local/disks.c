/* SPDX-License-Identifier: MIT */
/* disks: see disks.h. */
#include "local/disks.h"

#include "local/device_marks.h"
#include "local/disk_path.h"
#include "local/disk_use.h"
#include "local/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define DIRECTORY_BYTES 256 /* below /sys/block, whose names are short */

void
disks_begin(struct disks *disks, const char *root)
{
  *disks = (struct disks){ .root = root };
}

/* What there is and can't be read hides a disk, or what it is. */
static void
note_unread(struct disks *disks)
{
  if (sysfs_is_unread())
    disks->errnum = errno;
}

static size_t
read_attribute(struct disks *disks, const char *directory, const char *name, char *text, size_t bytes)
{
  size_t length = sysfs_read_from(directory, name, text, bytes);

  if (length == 0)
    note_unread(disks);
  return length;
}

/* Whether a disk's directory has this one as a partition of it. */
static bool
is_partition(struct disks *disks, const char *directory, const char *name)
{
  char attribute[NAME_MAX + sizeof "/partition"], text[8];

  snprintf(attribute, sizeof attribute, "%s/partition", name);
  return read_attribute(disks, directory, attribute, text, sizeof text) > 0;
}

/* The least name in `directory` that comes behind `name`, into `name`, numbers by their size. Returns false where there is none. */
static bool
next_name(struct disks *disks, const char *directory, bool partitions, char name[DISK_NAME_BYTES])
{
  char next[DISK_NAME_BYTES] = "";
  DIR *entries = opendir(directory);

  if (!entries) {
    note_unread(disks);
    return false;
  }
  for (struct dirent *entry; errno = 0, (entry = readdir(entries));) {
    const char *found = entry->d_name;
    if (found[0] == '.' || strlen(found) >= DISK_NAME_BYTES || (partitions && !is_partition(disks, directory, found)))
      continue;
    if ((!name[0] || strverscmp(found, name) > 0) && (!next[0] || strverscmp(found, next) < 0))
      memcpy(next, found, strlen(found) + 1);
  }
  note_unread(disks);
  closedir(entries);
  snprintf(name, DISK_NAME_BYTES, "%s", next);
  return next[0];
}

static uint64_t
read_number(struct disks *disks, const char *directory, const char *name)
{
  char text[32];

  return read_attribute(disks, directory, name, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}

/* What only a partition has; its name by a line of its uevent. */
static void
read_partition(struct disks *disks, const char *directory, struct disk *disk)
{
  char text[512], *rest;

  disk->partition = (unsigned)read_number(disks, directory, "partition");
  if (!read_attribute(disks, directory, "uevent", text, sizeof text))
    return;
  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
    if (strncmp(line, "PARTNAME=", strlen("PARTNAME=")) == 0)
      snprintf(disk->partition_label, sizeof disk->partition_label, "%s", line + strlen("PARTNAME="));
}

static void
read_marks(const char *directory, struct disk *disk)
{
  struct device_marks marks;
  const char *vendor, *model;

  device_marks_read_from(&marks, directory);
  vendor = device_marks_find(&marks, DEVICE_MARK_VENDOR);
  model = device_marks_find(&marks, DEVICE_MARK_MODEL);
  snprintf(disk->serial, sizeof disk->serial, "%s", device_marks_find(&marks, DEVICE_MARK_SERIAL));
  snprintf(disk->wwn, sizeof disk->wwn, "%s", device_marks_find(&marks, DEVICE_MARK_IDENTIFIER));
  /* Where SCSI has the vendor, ATA says that it is ATA. */
  bool has_vendor = vendor[0] && model[0] && strcmp(vendor, "ATA") != 0;
  snprintf(disk->model, sizeof disk->model, "%s%s%s", has_vendor ? vendor : "", has_vendor ? " " : "", model);
  if (!model[0]) /* a card's */
    sysfs_read_from(directory, disk->of[0] ? "../device/name" : "device/name", disk->model, sizeof disk->model);
}

/* The directory is the disk's, or its partition's. */
static void
describe_disk(struct disks *disks, const char *directory, struct disk *disk)
{
  const char *up = disk->of[0] ? "../" : "";
  char text[32], name[64], *rest;

  if (read_attribute(disks, directory, "dev", text, sizeof text)) {
    unsigned number = (unsigned)strtoul(text, &rest, 10);
    disk->number = makedev(number, *rest ? (unsigned)strtoul(rest + 1, NULL, 10) : 0);
  }
  snprintf(name, sizeof name, "%squeue/logical_block_size", up);
  disk->sector_bytes = (unsigned)read_number(disks, directory, name);
  snprintf(name, sizeof name, "%sremovable", up);
  disk->is_removable = read_number(disks, directory, name);
  disk->is_read_only = read_number(disks, directory, "ro");
  read_marks(directory, disk);
  disk_path_find(disks->root, directory, disk);
  read_partition(disks, directory, disk);
  disk_use_find(disks->root, directory, disk->name, disk->number, disk->use, sizeof disk->use);
}

/* Fills in the disk if it has a size: a card reader without a card has none. */
static bool
look_at(struct disks *disks, const char *directory, const char *name, const char *of, struct disk *disk)
{
  *disk = (struct disk){ .bytes = read_number(disks, directory, "size") * SYSFS_SECTOR_BYTES };
  if (disk->bytes == 0)
    return false;
  snprintf(disk->name, sizeof disk->name, "%s", name);
  snprintf(disk->of, sizeof disk->of, "%s", of);
  describe_disk(disks, directory, disk);
  return true;
}

static bool
next_partition(struct disks *disks, struct disk *disk)
{
  char directory[DIRECTORY_BYTES];

  snprintf(directory, sizeof directory, "%s/sys/block/%s", disks->root, disks->disk);
  while (next_name(disks, directory, true, disks->partition)) {
    char part[DIRECTORY_BYTES];
    if (snprintf(part, sizeof part, "%s/%s", directory, disks->partition) < (int)sizeof part &&
        look_at(disks, part, disks->partition, disks->disk, disk))
      return true;
  }
  return false;
}

bool
disks_next(struct disks *disks, struct disk *disk)
{
  char directory[DIRECTORY_BYTES];

  if (disks->disk[0] && next_partition(disks, disk))
    return true;
  snprintf(directory, sizeof directory, "%s/sys/block", disks->root);
  while (next_name(disks, directory, false, disks->disk)) {
    char found[DIRECTORY_BYTES];
    disks->partition[0] = '\0';
    if (strncmp(disks->disk, "ram", 3) != 0 &&
        snprintf(found, sizeof found, "%s/%s", directory, disks->disk) < (int)sizeof found &&
        look_at(disks, found, disks->disk, "", disk))
      return true;
  }
  return false;
}

int
disks_check(const struct disks *disks, struct fault *fault)
{
  return disks->errnum == 0 ? 0
                            : fault_set(fault, EXIT_FAILED, disks->errnum, "cannot read all that /sys tells of disks");
}

void
disks_device(const char *name, char path[DISK_DEVICE_BYTES])
{
  snprintf(path, DISK_DEVICE_BYTES, "/dev/%s", name);
  for (char *mark = path; (mark = strchr(mark, '!'));)
    *mark = '/';
}
