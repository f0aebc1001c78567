/* SPDX-License-Identifier: MIT */
/* file_zero: see file_zero.h. */
#include "local/file_zero.h"

#include "base/range.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

/* The least and the most that is zeroed at once, and how long that may take. */
#define PART_BYTES_MIN (1 * MIB)
#define PART_BYTES_MAX ZERO_BYTES_MAX
#define PART_US 200000
/* Zeros of this size are made within submit, unless one of the last so many wasn't quick. */
#define SMALL_BYTES (1 * MIB)
#define DISTRUST 64
/* A part that takes less than a share of that grows by as much. */
#define GROWTH 4

/* Ways to make zeros, the best first. */
static const struct zero_way {
  int mode; /* of fallocate(); 0: BLKZEROOUT */
  bool makes_hole;
  bool for_devices_only;
} zero_ways[] = {
  { FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, true, false },
  { FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, false, false },
  { 0, false, true },
};
#define ZERO_WAYS (sizeof zero_ways / sizeof zero_ways[0])

void
file_zero_begin(struct endpoint_file *file)
{
  file->zeros_distrusted = 1;
  file->zero_ways_unknown = 0;
  /* A file system only notes most zeros, and gives a file that comes in parts its place in parts too. */
  file->zero_part_bytes = file->is_device ? PART_BYTES_MIN : PART_BYTES_MAX;
}

static int
go(const struct zero_way *way, struct endpoint_file *file, const struct request *request)
{
  uint64_t start_and_length[2] = { request->offset, request->length };
  int result = way->mode ? fallocate(file->fd, way->mode, (off_t)request->offset, (off_t)request->length)
                         : ioctl(file->fd, BLKZEROOUT, start_and_length);

  return result == -1 ? errno : 0;
}

static bool
can_go(const struct endpoint_file *file, const struct request *request, unsigned i)
{
  const struct zero_way *way = &zero_ways[i];

  return !(file->zero_ways_unknown & 1u << i) && !(way->makes_hole && request->no_hole) &&
         !(way->for_devices_only && !file->is_device);
}

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
    if (!can_go(file, request, i))
      continue;
    do
      errnum = go(&zero_ways[i], file, request);
    while (errnum == EINTR);
    if (is_unknown_way(errnum))
      file->zero_ways_unknown |= 1u << i;
    else if (errnum != EINVAL && errnum != EBUSY) /* which may be about this range alone, or its pages in the cache */
      return errnum;
  }
  return EOPNOTSUPP;
}

int
file_zero_mode(const struct endpoint_file *file, const struct request *request)
{
  for (unsigned i = 0; i < ZERO_WAYS; i++)
    if (can_go(file, request, i))
      return zero_ways[i].mode;
  return 0;
}

bool
file_zero_wants_ring(const struct endpoint_file *file, const struct request *request)
{
  return (request->length > SMALL_BYTES || file->zeros_distrusted > 0) && file_zero_mode(file, request);
}

bool
file_zero_is_unknown(struct endpoint_file *file, int mode, int errnum)
{
  if (!is_unknown_way(errnum))
    return false;
  for (unsigned i = 0; i < ZERO_WAYS; i++)
    if (zero_ways[i].mode == mode)
      file->zero_ways_unknown |= 1u << i;
  return true;
}

uint64_t
file_zero_part(const struct endpoint_file *file, const struct request *request)
{
  uint64_t part = file->zero_part_bytes;

  if (request->length <= part)
    return request->length;
  return range_align_down(request->offset + part, part) - request->offset;
}

void
file_zero_took(struct endpoint_file *file, uint64_t length, uint64_t us)
{
  uint64_t part = file->zero_part_bytes;

  if (us > FILE_QUICK_US)
    file->zeros_distrusted = DISTRUST;
  else if (file->zeros_distrusted > 0)
    file->zeros_distrusted--;
  if (length == part && us < PART_US / GROWTH)
    part = range_min(part * GROWTH, PART_BYTES_MAX);
  while (us > PART_US && part > PART_BYTES_MIN && part / KIB * us > length / KIB * PART_US)
    part /= 2;
  file->zero_part_bytes = part;
}
