/* SPDX-License-Identifier: MIT */
/* overlap: see overlap.h. */
#include "local/overlap.h"

#include "base/range.h"
#include "local/sysfs.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Devices that lie upon one another at most. */
#define LAYERS_MAX 8

/* Some of the bytes of a file or device. */
struct stretch {
  struct identity identity;
  struct range range;
};

struct identity
overlap_identity(const struct stat *found)
{
  return (struct identity){ .known = S_ISREG(found->st_mode) || S_ISBLK(found->st_mode),
                            .is_device = S_ISBLK(found->st_mode),
                            .filesystem = S_ISBLK(found->st_mode) ? 0 : found->st_dev,
                            .number = S_ISBLK(found->st_mode) ? found->st_rdev : found->st_ino };
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
  char text[32], *rest;
  struct identity *device = &stretch->identity;

  if (!sysfs_read(device->number, "partition", text, sizeof text) ||
      !sysfs_read(device->number, "../dev", text, sizeof text))
    return false;
  unsigned number = (unsigned)strtoul(text, &rest, 10);
  if (*rest != ':')
    return false;
  struct identity disk = *device;
  disk.number = makedev(number, (unsigned)strtoul(rest + 1, NULL, 10));
  step_down(stretch, disk, sysfs_read_number(device->number, "start") * SYSFS_SECTOR_BYTES,
            sysfs_read_number(device->number, "size") * SYSFS_SECTOR_BYTES);
  return true;
}

static bool
step_to_backing(struct stretch *stretch)
{
  char path[PATH_MAX];
  struct stat found;
  struct identity *device = &stretch->identity;

  if (!sysfs_read(device->number, "loop/backing_file", path, sizeof path) || stat(path, &found) == -1)
    return false;
  step_down(stretch, overlap_identity(&found), sysfs_read_number(device->number, "loop/offset"),
            sysfs_read_number(device->number, "loop/sizelimit"));
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
