/* SPDX-License-Identifier: MIT */
/* disk_use: see disk_use.h. */
#include "local/disk_use.h"

#include "disk/disk.h"
#include "local/sysfs.h"

#include <dirent.h>
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

static FILE *
open_list(const struct used *used, const char *name)
{
  char path[PATH_BYTES];

  snprintf(path, sizeof path, "%s/proc/%s", used->root, name);
  return fopen(path, "re");
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
is_mounted(const struct used *used)
{
  char line[LINE_BYTES];
  const char *place;
  bool found = false;
  FILE *mounts = open_list(used, "self/mountinfo");

  while (mounts && !found && fgets(line, sizeof line, mounts))
    if ((found = is_mount_of(used, line, &place)))
      snprintf(used->words, used->bytes, "mounted at %s", place);
  if (mounts)
    fclose(mounts);
  return found;
}

static bool
is_swap(const struct used *used)
{
  char line[LINE_BYTES], device[DISK_NAME_BYTES + sizeof "/dev/ "];
  bool found = false;
  FILE *swaps = open_list(used, "swaps");

  int length = snprintf(device, sizeof device, "/dev/%s", used->name);
  while (swaps && !found && fgets(line, sizeof line, swaps))
    found = strncmp(line, device, (size_t)length) == 0 && strchr(" \t", line[length]);
  if (swaps)
    fclose(swaps);
  if (found)
    snprintf(used->words, used->bytes, "used for swap");
  return found;
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
  for (struct dirent *entry; holders && !found && (entry = readdir(holders));)
    if ((found = entry->d_name[0] != '.'))
      name_holder(used, entry->d_name);
  if (holders)
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
  for (struct dirent *entry; disks && !found && (entry = readdir(disks));) {
    char attribute[NAME_MAX + sizeof "/loop/backing_file"], file[DISK_NAME_BYTES + sizeof "/dev/"];
    snprintf(attribute, sizeof attribute, "%s/loop/backing_file", entry->d_name);
    found = strncmp(entry->d_name, "loop", 4) == 0 && sysfs_read_from(path, attribute, file, sizeof file) &&
            strcmp(file, device) == 0;
    if (found)
      snprintf(used->words, used->bytes, "used by %s", entry->d_name);
  }
  if (disks)
    closedir(disks);
  return found;
}

bool
disk_use_find(const char *root, const char *directory, const char *name, uint64_t number, char *words, size_t bytes)
{
  struct used used = { root, directory, name, number, words, bytes };

  words[0] = '\0';
  return is_mounted(&used) || is_swap(&used) || is_held(&used) || is_below_loop(&used);
}

/* Calls `look` for the directory of each partition, with `taken`, until one returns true, which is returned. */
static bool
look_at_partitions(const char *directory, bool (*look)(const char *path, const char *name, struct used *taken),
                   struct used *taken)
{
  char path[PATH_BYTES], number[32];
  bool found = false;
  DIR *entries = opendir(directory);

  for (struct dirent *entry; entries && !found && (entry = readdir(entries));)
    found = entry->d_name[0] != '.' &&
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) < (int)sizeof path &&
            sysfs_read_from(path, "partition", number, sizeof number) && look(path, entry->d_name, taken);
  if (entries)
    closedir(entries);
  return found;
}

static bool
is_used(const char *path, const char *name, struct used *taken)
{
  char number[32], use[DISK_WORDS_BYTES], *rest;

  if (!sysfs_read_from(path, "dev", number, sizeof number))
    return false;
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
    return false;
  return disk_use_find("", directory, strrchr(directory, '/') + 1, number, words, bytes) ||
         look_at_partitions(directory, is_used, &used);
}

bool
disk_use_has_partitions(uint64_t number)
{
  char directory[SYSFS_DIRECTORY_BYTES];

  sysfs_directory(number, directory);
  return look_at_partitions(directory, is_there, NULL);
}
