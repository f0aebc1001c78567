/* SPDX-License-Identifier: MIT */
/* device: see device.h. */
#include "local/device.h"

#include "base/range.h"
#include "disk/disk.h"
#include "local/disk_use.h"
#include "os/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* An optimal I/O size, as of a RAID's stripe, beyond this is no block any more. */
#define OPTIMAL_BYTES_MAX (1 * MIB)

bool
device_has_read_only_flag(int fd)
{
  int read_only = 0;

  return ioctl(fd, BLKROGET, &read_only) == 0 && read_only;
}

bool
device_is_read_only(const char *path)
{
  int fd = outside_open(path, O_RDONLY);
  bool read_only = fd != -1 && device_has_read_only_flag(fd);

  if (fd != -1)
    close(fd);
  return read_only;
}

int
device_learn(struct endpoint_file *file, struct fault *fault)
{
  struct traits *traits = &file->base.traits;
  int logical = 512;
  unsigned physical = 512;
  unsigned optimal = 0;

  /* A kernel may let such a device be opened for writing, and fail each write. */
  if (!file->is_source && device_has_read_only_flag(file->fd))
    return fault_set(fault, EXIT_FAILED, 0, "%s is read-only; nothing was written", file->base.name);
  if (ioctl(file->fd, BLKGETSIZE64, &traits->size) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot learn the size of %s", file->base.name);
  if (ioctl(file->fd, BLKSSZGET, &logical) == -1 || ioctl(file->fd, BLKPBSZGET, &physical) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot learn the sector size of %s", file->base.name);
  if (ioctl(file->fd, BLKIOOPT, &optimal) == -1 || !range_is_power_of_two(optimal) || optimal > OPTIMAL_BYTES_MAX)
    optimal = 0;
  traits->block_min = (uint64_t)logical;
  traits->block_preferred = range_max(range_max((uint64_t)logical, physical), BLOCK_BYTES_PREFERRED_DEFAULT);
  traits->block_preferred = range_max(traits->block_preferred, optimal);
  return 0;
}

const char *
device_reread_partitions(const struct endpoint_file *file)
{
  if (ioctl(file->fd, BLKRRPART) == 0)
    return NULL;
  switch (errno) {
  case EINVAL: /* a partition, or a kind of device that has none */
  case ENOTTY:
    return NULL;
  case EBUSY:
    return "the kernel keeps the old partition table, as one of its partitions is in use; afterwards: "
           "blockdev --rereadpt";
  case EACCES:
  case EPERM:
    return "the kernel keeps the old partition table until root says: blockdev --rereadpt";
  default:
    return "the kernel could not read the new partition table; once the cause is found: blockdev --rereadpt";
  }
}

/* What the errnos mean that the kernel makes of what a disk answers. */
static const struct disk_words {
  int errnum;
  const char *words;
} disk_words[] = {
  { ENODATA, "medium error, which is a bad place on the disk" },
  { EILSEQ, "protection error: its data and their checksums differ" },
  { EBADE, "it is reserved for another host" },
  { EREMOTEIO, "the disk reports a fault of its own (target error)" },
};

const char *
device_explain_errno(int errnum)
{
  for (unsigned i = 0; i < sizeof disk_words / sizeof disk_words[0]; i++)
    if (disk_words[i].errnum == errnum)
      return disk_words[i].words;
  return NULL;
}

static int
refuse_use(const struct endpoint_file *file, const char *before, const char *use, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s is in use%s%s: nothing was written (to overwrite it all the same: --force-destination)",
                   file->base.name, before, use);
}

int
device_refuse_used(const struct endpoint_file *file, uint64_t number, struct fault *fault)
{
  char use[DISK_WORDS_BYTES + DISK_NAME_BYTES];

  return disk_use_of(number, use, sizeof use) ? refuse_use(file, ", ", use, fault)
                                              : refuse_use(file, " by another program", "", fault);
}

int
device_check_unused(const struct endpoint_file *file, struct fault *fault)
{
  char use[DISK_WORDS_BYTES + DISK_NAME_BYTES];

  return disk_use_of(file->disk_number, use, sizeof use) ? refuse_use(file, ", ", use, fault) : 0;
}

/* A disk that was pulled has no sectors any more: reads end at once, and writes find no space. */
uint64_t
device_bytes(int fd)
{
  uint64_t bytes = 0;

  return ioctl(fd, BLKGETSIZE64, &bytes) == -1 ? 0 : bytes;
}

const char *
device_explain(const struct endpoint_file *file, int errnum)
{
  if (device_bytes(file->fd) < file->base.traits.size)
    return "the device has become smaller";
  if ((errnum == EPERM || errnum == EROFS) && device_has_read_only_flag(file->fd))
    return "the device has become read-only";
  if (errnum == ENOSPC)
    return "no space is left where the device keeps its data";
  return device_explain_errno(errnum);
}
