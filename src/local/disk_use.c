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

/* The next name that a directory has; NULL: there is none. */
static const char *
next_entry(DIR *directory)
{
  errno = 0;
  struct dirent *entry = directory ? readdir(directory) : NULL;
  return entry ? entry->d_name : NULL;
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
static void
name_holder(const struct used *used, const char *holder)
{
  char name[64], attribute[NAME_MAX + sizeof "holders//dm/name"];

  snprintf(attribute, sizeof attribute, "holders/%s/dm/name", holder);
  if (sysfs_read_from(used->directory, attribute, name, sizeof name))
    snprintf(used->words, used->bytes, "part of %s (%s)", holder, name);
  else
    snprintf(used->words, used->bytes, "part of %s", holder);
}

static bool
is_held(const struct used *used)
{
  char path[PATH_BYTES];
  bool found = false;

  snprintf(path, sizeof path, "%s/holders", used->directory);
  DIR *holders = opendir(path);
  if (!holders)
    return may_be_used(used, path);
  for (const char *name; !found && (name = next_entry(holders));)
    if ((found = name[0] != '.'))
      name_holder(used, name);
  if (!found)
    found = may_be_used(used, path);
  closedir(holders);
  return found;
}

/* The kernel doesn't mind who else writes to what a loop device lies on. */
static bool
is_below_loop(const struct used *used)
{
  char path[PATH_BYTES], device[DISK_NAME_BYTES + sizeof "/dev/"];
  bool found = false;

  snprintf(device, sizeof device, "/dev/%s", used->name);
  snprintf(path, sizeof path, "%s/sys/block", used->root);
  DIR *disks = opendir(path);
  if (!disks)
    return may_be_used(used, path);
  for (const char *name; !found && (name = next_entry(disks));) {
    char attribute[NAME_MAX + sizeof "/loop/backing_file"], file[DISK_NAME_BYTES + sizeof "/dev/"];
    snprintf(attribute, sizeof attribute, "%s/loop/backing_file", name);
    if (strncmp(name, "loop", 4) != 0)
      continue;
    if (sysfs_read_from(path, attribute, file, sizeof file) == 0)
      found = may_be_used(used, attribute);
    else if ((found = strcmp(file, device) == 0))
      snprintf(used->words, used->bytes, "used by %s", name);
  }
  if (!found)
    found = may_be_used(used, path);
  closedir(disks);
  return found;
}

bool
disk_use_find(const char *root, const char *directory, const char *name, uint64_t number, char *words, size_t bytes)
{
  struct used used = { root, directory, name, number, words, bytes };

  words[0] = '\0';
  return is_in_list(&used, "self/mountinfo", tells_mount) || is_in_list(&used, "swaps", tells_swap) || is_held(&used) ||
         is_below_loop(&used);
}

/* Calls `look` for the directory of each partition, with `taken`, until one returns true, which is returned. */
static bool
look_at_partitions(const char *directory, bool (*look)(const char *path, const char *name, struct used *taken),
                   struct used *taken)
{
  char path[PATH_BYTES], number[32];
  bool found = false;
  DIR *entries = opendir(directory);

  if (!entries)
    return may_be_used(taken, directory);
  for (const char *name; !found && (name = next_entry(entries));) {
    if (name[0] == '.' || snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
      continue;
    found = sysfs_read_from(path, "partition", number, sizeof number) ? look(path, name, taken)
                                                                      : may_be_used(taken, path);
  }
  if (!found)
    found = may_be_used(taken, directory);
  closedir(entries);
  return found;
}

static bool
is_used(const char *path, const char *name, struct used *taken)
{
  char number[32], use[DISK_WORDS_BYTES], *rest;

  if (!sysfs_read_from(path, "dev", number, sizeof number))
    return may_be_used(taken, path);
  unsigned first = (unsigned)strtoul(number, &rest, 10);
  if (*rest != ':' ||
      !disk_use_find("", path, name, makedev(first, (unsigned)strtoul(rest + 1, NULL, 10)), use, sizeof use))
    return false;
  snprintf(taken->words, taken->bytes, "%s is %s", name, use);
  return true;
}

static bool
is_there(const char *path, const char *name, struct used *taken)
{
  (void)path, (void)name, (void)taken;
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
         look_at_partitions(directory, is_used, &used);
}

bool
disk_use_has_partitions(uint64_t number)
{
  char directory[SYSFS_DIRECTORY_BYTES], words[DISK_WORDS_BYTES];
  struct used unused = { .words = words, .bytes = sizeof words };

  sysfs_directory(number, directory);
  return look_at_partitions(directory, is_there, &unused);
}
