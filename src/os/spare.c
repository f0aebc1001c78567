/* SPDX-License-Identifier: MIT */
/* spare: see spare.h. */
#include "os/spare.h"

#include "base/limits.h"
#include "base/range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 512

/* Of a file of one number, or of a word that says that there is no limit; 0: it can't be read. */
static uint64_t
read_limit(const char *path)
{
  FILE *file = fopen(path, "re");
  char line[32];
  uint64_t bytes = 0;

  if (!file)
    return 0;
  if (fgets(line, sizeof line, file))
    bytes = line[0] >= '0' && line[0] <= '9' ? strtoull(line, NULL, 10) : UINT64_MAX;
  fclose(file);
  return bytes;
}

/* The least of the limits of a group and of those that it lies in; their root needn't have one. `group` is cut short. */
static uint64_t
limit_of_groups(const char *directory, char *group, const char *name)
{
  char path[LINE_BYTES + 64];
  uint64_t least = UINT64_MAX;

  for (char *last; (last = strrchr(group, '/')); *last = '\0') {
    if (!last[1])
      continue;
    snprintf(path, sizeof path, "%s%s/%s", directory, group, name);
    least = range_min(least, read_limit(path));
  }
  snprintf(path, sizeof path, "%s/%s", directory, name);
  uint64_t root = read_limit(path);
  return root > 0 ? range_min(least, root) : least;
}

/* A line of ours for each hierarchy: its number, what it is of, our group. */
static uint64_t
limit_of_line(char *line)
{
  char *group = strstr(line, ":/");

  line[strcspn(line, "\n")] = '\0';
  if (!group)
    return UINT64_MAX;
  *group++ = '\0';
  if (strcmp(line, "0:") == 0)
    return limit_of_groups("/sys/fs/cgroup", group, "memory.max");
  return strstr(line, ":memory") ? limit_of_groups("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes")
                                 : UINT64_MAX;
}

static uint64_t
limit(void)
{
  FILE *file = fopen("/proc/self/cgroup", "re");
  char line[LINE_BYTES];
  uint64_t least = UINT64_MAX;

  if (!file)
    return UINT64_MAX; /* a kernel without them */
  while (fgets(line, sizeof line, file))
    least = range_min(least, limit_of_line(line));
  fclose(file);
  return least;
}

static uint64_t
available(void)
{
  FILE *file = fopen("/proc/meminfo", "re");
  static const char name[] = "MemAvailable:";
  char line[128];
  uint64_t kib = 0;

  if (!file)
    return 0;
  while (kib == 0 && fgets(line, sizeof line, file))
    if (strncmp(line, name, sizeof name - 1) == 0)
      kib = strtoull(line + sizeof name - 1, NULL, 10);
  fclose(file);
  return kib * KIB;
}

uint64_t
spare_memory(void)
{
  uint64_t bytes = available();

  return bytes > 0 ? range_min(bytes, limit()) : 0;
}
