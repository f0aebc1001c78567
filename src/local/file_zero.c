/* SPDX-License-Identifier: MIT */
/* file_zero: see file_zero.h. */
#include "local/file_zero.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

static int
punch_hole(struct endpoint_file *file, const struct request *request)
{
  int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

  return fallocate(file->fd, mode, (off_t)request->offset, (off_t)request->length) == -1 ? errno : 0;
}

static int
zero_range(struct endpoint_file *file, const struct request *request)
{
  int mode = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

  return fallocate(file->fd, mode, (off_t)request->offset, (off_t)request->length) == -1 ? errno : 0;
}

static int
zero_out_device(struct endpoint_file *file, const struct request *request)
{
  uint64_t start_and_length[2] = { request->offset, request->length };

  return ioctl(file->fd, BLKZEROOUT, start_and_length) == -1 ? errno : 0;
}

/* Ways to make zeros, the best first. */
static const struct zero_way {
  int (*zero)(struct endpoint_file *file, const struct request *request);
  bool makes_hole;
  bool for_devices_only;
} zero_ways[] = {
  { punch_hole, true, false },
  { zero_range, false, false },
  { zero_out_device, false, true },
};
#define ZERO_WAYS (sizeof zero_ways / sizeof zero_ways[0])

/* What a kernel, a file system or a device (a thin volume, say) answers when it
 * doesn't know a way at all. */
static bool
is_unknown_way(int errnum)
{
  return errnum == EOPNOTSUPP || errnum == ENOTTY || errnum == ENOSYS || errnum == ENODEV;
}

int
file_zero(struct endpoint_file *file, const struct request *request)
{
  int errnum = EOPNOTSUPP;

  for (unsigned i = 0; i < ZERO_WAYS; i++) {
    const struct zero_way *way = &zero_ways[i];
    if (file->zero_ways_unknown & 1u << i || (way->makes_hole && request->no_hole) ||
        (way->for_devices_only && !file->is_device))
      continue;
    do
      errnum = way->zero(file, request);
    while (errnum == EINTR);
    if (is_unknown_way(errnum))
      file->zero_ways_unknown |= 1u << i;
    else if (errnum != EINVAL) /* which may be about this range alone */
      return errnum;
  }
  return EOPNOTSUPP;
}
