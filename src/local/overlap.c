/* SPDX-License-Identifier: MIT */
/* overlap: see overlap.h. */
#include "local/overlap.h"

#include "base/range.h"
#include "local/endpoint_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Devices that lie upon one another at most. */
#define LAYERS_MAX 8
#define SECTOR_BYTES 512 /* of sysfs, whatever the disk's are */

/* Some of the bytes of a file or device. */
struct stretch {
  struct identity identity;
  struct range range;
};

/* What sysfs says of a device under this name, without the newline. Returns whether it says anything. */
static bool
read_attribute(const struct identity *device, const char *name, char text[PATH_MAX])
{
  char path[128];

  snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s", major(device->number), minor(device->number), name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1)
    return false;
  ssize_t length = read(fd, text, PATH_MAX - 1);
  close(fd);
  if (length <= 0)
    return false;
  text[length] = '\0';
  text[strcspn(text, "\n")] = '\0';
  return true;
}

static uint64_t
read_number(const struct identity *device, const char *name)
{
  char text[PATH_MAX];

  return read_attribute(device, name, text) ? strtoull(text, NULL, 10) : 0;
}

/* The stretch, seen as one of what lies below: from `offset` there, `bytes` long at most; 0: to the end. */
static void
step_down(struct stretch *stretch, struct identity below, uint64_t offset, uint64_t bytes)
{
  uint64_t end = bytes > 0 ? range_min(stretch->range.end, bytes) : stretch->range.end;

  stretch->identity = below;
  stretch->range = (struct range){ range_end(stretch->range.start, offset), range_end(end, offset) };
}

static bool
step_to_disk(struct stretch *stretch)
{
  char text[PATH_MAX], *rest;
  struct identity *device = &stretch->identity;

  if (!read_attribute(device, "partition", text) || !read_attribute(device, "../dev", text))
    return false;
  unsigned number = (unsigned)strtoul(text, &rest, 10);
  if (*rest != ':')
    return false;
  struct identity disk = *device;
  disk.number = makedev(number, (unsigned)strtoul(rest + 1, NULL, 10));
  step_down(stretch, disk, read_number(device, "start") * SECTOR_BYTES, read_number(device, "size") * SECTOR_BYTES);
  return true;
}

static bool
step_to_backing(struct stretch *stretch)
{
  char path[PATH_MAX];
  struct stat found;
  struct identity *device = &stretch->identity;

  if (!read_attribute(device, "loop/backing_file", path) || stat(path, &found) == -1)
    return false;
  step_down(stretch, endpoint_identity(&found), read_number(device, "loop/offset"),
            read_number(device, "loop/sizelimit"));
  return true;
}

static struct stretch
find_bottom(const struct identity *identity)
{
  struct stretch stretch = { *identity, { 0, UINT64_MAX } };

  for (int i = 0; i < LAYERS_MAX && stretch.identity.is_device; i++)
    if (!step_to_disk(&stretch) && !step_to_backing(&stretch))
      break;
  return stretch;
}

bool
overlap_is_there(const struct identity *a, const struct identity *b)
{
  struct stretch one = find_bottom(a), other = find_bottom(b);

  return identity_is_same(&one.identity, &other.identity) && one.range.start < other.range.end &&
         other.range.start < one.range.end;
}
