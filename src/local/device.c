/* SPDX-License-Identifier: MIT */
/* device: see device.h. */
#include "local/device.h"

#include "base/range.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

/* An optimal I/O size, as of a RAID's stripe, beyond this is no block any more. */
#define OPTIMAL_BYTES_MAX (1 * MIB)

int
device_learn(struct endpoint_file *file, struct fault *fault)
{
  struct traits *traits = &file->base.traits;
  int logical = 512;
  unsigned physical = 512;
  unsigned optimal = 0;

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
