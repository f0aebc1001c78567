/* SPDX-License-Identifier: MIT */
/* disk_use: see disk_use.h. */
#include "local/disk_use.h"

#include "disk/disk.h"
#include "local/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define PATH_BYTES 512  /* of what sysfs and /proc have */
#define LINE_BYTES 1024 /* of a longer one, the front says enough */

/* What is asked about. */
struct used {
  const char *root;
  const char *directory;
  const char *name;
  uint64_t number;
  char *words;
  size_t bytes;
};

/* What isn't there has nothing; of all else it isn't known. Nobody's disk is taken for free because of that. */
static bool
may_be_used(const struct used *used, const char *list)
{
  if (!sysfs_is_unread())
    return false;
  snprintf(used->words, used->bytes, "maybe (cannot read %s: %s)", list, strerror(errno));
  return true;
}

/* Whether one of the lines in /proc tells of a use. */
static bool
is_in_list(const struct used *used, const char *list, bool (*tells)(const struct used *used, char *line))
{
  char path[PATH_BYTES], line[LINE_BYTES];
  bool found = false;

  snprintf(path, sizeof path, "%s/proc/%s", used->root, list);
  FILE *lines = fopen(path, "re");
  if (!lines)
    return may_be_used(used, path);
  errno = 0;
  while (!found && fgets(line, sizeof line, lines))
    found = tells(used, line);
  if (!found && ferror(lines))
    found = may_be_used(used, path);
  fclose(lines);
  return found;
}

/* Whether one of the names in a directory tells of a use. */
static bool
is_in_directory(const struct used *used, const char *path,
                bool (*tells)(const struct used *used, const char *path, const char *name))
{
  bool found = false;
  DIR *directory = opendir(path);

  if (!directory)
    return may_be_used(used, path);
  for (struct dirent *entry; !found && (errno = 0, entry = readdir(directory));)
    found = entry->d_name[0] != '.' && tells(used, path, entry->d_name);
  if (!found)
    found = may_be_used(used, path);
  closedir(directory);
  return found;
}

/* The number stands third, but for file systems of several disks, which name one of them; the place is the fifth word. */
static bool
is_mount_of(const struct used *used, char *line, const char **place)
{
  char number[32], device[DISK_NAME_BYTES + sizeof " /dev/ "], *words[5], *rest;

  snprintf(number, sizeof number, "%u:%u", major(used->number), minor(used->number));
  snprintf(device, sizeof device, " /dev/%s ", used->name);
  char *source = strstr(line, " - ");
  bool is_named = source && strstr(source, device);
  for (int i = 0; i < 5; i++)
    if (!(words[i] = strtok_r(i == 0 ? line : NULL, " ", &rest)))
      return false;
  *place = words[4];
  return is_named || strcmp(words[2], number) == 0;
}

static bool
tells_mount(const struct used *used, char *line)
{
  const char *place;

  if (!is_mount_of(used, line, &place))
    return false;
  snprintf(used->words, used->bytes, "mounted at %s", place);
  return true;
}

static bool
tells_swap(const struct used *used, char *line)
{
  char device[DISK_NAME_BYTES + sizeof "/dev/ "];
  int length = snprintf(device, sizeof device, "/dev/%s", used->name);

  if (strncmp(line, device, (size_t)length) != 0 || !strchr(" \t", line[length]))
    return false;
  snprintf(used->words, used->bytes, "used for swap");
  return true;
}

/* A volume by the name that people gave it. */
static bool
tells_holder(const struct used *used, const char *holders, const char *holder)
{
  char name[64], attribute[NAME_MAX + sizeof "/dm/name"];

  snprintf(attribute, sizeof attribute, "%s/dm/name", holder);
  if (sysfs_read_from(holders, attribute, name, sizeof name))
    snprintf(used->words, used->bytes, "part of %s (%s)", holder, name);
  else
    snprintf(used->words, used->bytes, "part of %s", holder);
  return true;
}

/* The kernel doesn't mind who else writes to what a loop device lies on. */
static bool
tells_loop(const struct used *used, const char *disks, const char *name)
{
  char device[DISK_NAME_BYTES + sizeof "/dev/"], file[sizeof device], attribute[NAME_MAX + sizeof "/loop/backing_file"];

  if (strncmp(name, "loop", 4) != 0)
    return false;
  snprintf(device, sizeof device, "/dev/%s", used->name);
  snprintf(attribute, sizeof attribute, "%s/loop/backing_file", name);
  if (sysfs_read_from(disks, attribute, file, sizeof file) == 0)
    return may_be_used(used, attribute);
  if (strcmp(file, device) != 0)
    return false;
  snprintf(used->words, used->bytes, "used by %s", name);
  return true;
}

bool
disk_use_find(const char *root, const char *directory, const char *name, uint64_t number, char *words, size_t bytes)
{
  struct used used = { root, directory, name, number, words, bytes };
  char holders[PATH_BYTES], disks[PATH_BYTES];

  words[0] = '\0';
  snprintf(holders, sizeof holders, "%s/holders", directory);
  snprintf(disks, sizeof disks, "%s/sys/block", root);
  return is_in_list(&used, "self/mountinfo", tells_mount) || is_in_list(&used, "swaps", tells_swap) ||
         is_in_directory(&used, holders, tells_holder) || is_in_directory(&used, disks, tells_loop);
}

static bool
tells_partition(const struct used *used, const char *disk, const char *name)
{
  char attribute[NAME_MAX + sizeof "/partition"], number[32];

  snprintf(attribute, sizeof attribute, "%s/partition", name);
  return sysfs_read_from(disk, attribute, number, sizeof number) || may_be_used(used, attribute);
}

static bool
tells_used_partition(const struct used *used, const char *disk, const char *name)
{
  char path[PATH_BYTES], number[32], use[DISK_WORDS_BYTES], *rest;

  if (snprintf(path, sizeof path, "%s/%s", disk, name) >= (int)sizeof path)
    return false;
  if (!sysfs_read_from(path, "partition", number, sizeof number) ||
      !sysfs_read_from(path, "dev", number, sizeof number))
    return may_be_used(used, path);
  unsigned first = (unsigned)strtoul(number, &rest, 10);
  if (*rest != ':' ||
      !disk_use_find("", path, name, makedev(first, (unsigned)strtoul(rest + 1, NULL, 10)), use, sizeof use))
    return false;
  snprintf(used->words, used->bytes, "%s is %s", name, use);
  return true;
}

bool
disk_use_of(uint64_t number, char *words, size_t bytes)
{
  char path[SYSFS_DIRECTORY_BYTES], directory[PATH_MAX];
  struct used used = { .words = words, .bytes = bytes };

  words[0] = '\0';
  sysfs_directory(number, path);
  if (!realpath(path, directory))
    return may_be_used(&used, path);
  return disk_use_find("", directory, strrchr(directory, '/') + 1, number, words, bytes) ||
         is_in_directory(&used, directory, tells_used_partition);
}

bool
disk_use_has_partitions(uint64_t number)
{
  char directory[SYSFS_DIRECTORY_BYTES];
  struct used unsaid = { .words = NULL };

  sysfs_directory(number, directory);
  return is_in_directory(&unsaid, directory, tells_partition);
}
