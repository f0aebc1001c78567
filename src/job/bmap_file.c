/* SPDX-License-Identifier: MIT */
/* bmap_file: see bmap_file.h. */
#include "job/bmap_file.h"

#include "disk/bmap_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What is read at once. */
#define PART_BYTES (4 * KIB)

typedef unsigned long long ull;

static int
cannot_read_bmap(const char *path, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, errno, "cannot read the block map %.512s", path);
}

static int
read_parts(int fd, const char *path, struct bmap *bmap, struct fault *fault)
{
  struct bmap_reader reader;
  char part[PART_BYTES];
  ssize_t got;

  bmap_reader_init(&reader, bmap, path);
  do {
    got = read(fd, part, sizeof part);
    if (got == -1 && errno != EINTR)
      return cannot_read_bmap(path, fault);
    if (got > 0 && bmap_reader_take(&reader, part, (size_t)got, fault) == -1)
      return -1;
  } while (got != 0);
  return bmap_reader_end(&reader, fault);
}

/* Blocks that the source can't be read in would be copied together with what the map doesn't have. */
static int
check_bmap_source(const char *path, const struct bmap *bmap, const struct endpoint *source, struct fault *fault)
{
  const struct traits *traits = &source->traits;

  if (bmap->size != traits->size)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%.512s is the block map of an image of %llu bytes, but %s has %llu; nothing was written", path,
                     (ull)bmap->size, source->name, (ull)traits->size);
  if (bmap->block_bytes % traits->block_min == 0)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "%.512s is a map of blocks of %llu bytes, but %s can only be read in blocks of %llu, so its ranges "
                   "can't be read alone; nothing was written",
                   path, (ull)bmap->block_bytes, source->name, (ull)traits->block_min);
}

int
bmap_file_load(const char *path, struct bmap *bmap, const struct endpoint *source, struct fault *fault)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);

  if (fd == -1)
    return cannot_read_bmap(path, fault);
  int result = read_parts(fd, path, bmap, fault);
  close(fd);
  return result == 0 ? check_bmap_source(path, bmap, source, fault) : -1;
}
