/* SPDX-License-Identifier: MIT */
/* fitting: see fitting.h. */
#include "job/fitting.h"

#include "local/disk_use.h"
#include "local/sysfs.h"
#include "os/say.h"
#include "report/labels.h"
#include "report/partitions.h"

static int
check_sectors(const struct probe_ends *ends, uint64_t length, const struct options *options, struct fault *fault)
{
  uint64_t sector = ends->destination->traits.block_min;
  unsigned made_for = partitions_sector_bytes(ends->buffer, length, ends->source->traits.size);

  /* Others, as of a DVD, have tables of their own. */
  if (made_for == 0 || made_for == sector || (sector != 512 && sector != 4096) || options->copy.any_sector_size)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s has a partition table for sectors of %u bytes, and %s has sectors of %llu, where its "
                   "partitions would not be found; to write it all the same: --any-sector-size",
                   ends->source->name, made_for, ends->destination->name, (unsigned long long)sector);
}

static int
check_whole(const struct probe_ends *ends, uint64_t length, const struct options *options, struct fault *fault)
{
  uint64_t number = ends->destination->identity.number;
  struct disk_content content;
  char text[8];

  if (options->wishes.force)
    return 0;
  labels_find(ends->buffer, length, &content);
  bool has_table = partitions_are_there(ends->buffer, length);
  if (has_table && sysfs_read(number, "partition", text, sizeof text))
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is a whole disk, with a partition table, and %s is a partition; to write it all the same: "
                     "--force-destination",
                     ends->source->name, ends->destination->name);
  if (!has_table && labels_is_filesystem(&content) && disk_use_has_partitions(number))
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is one filesystem (%s), and %s is a disk with partitions, all of which would be lost; to "
                     "write it all the same: --force-destination",
                     ends->source->name, content.type, ends->destination->name);
  return 0;
}

int
fitting_check(const struct probe_ends *ends, uint64_t length, const struct options *options, struct fault *fault)
{
  if (check_sectors(ends, length, options, fault) == 0 && check_whole(ends, length, options, fault) == 0)
    return 0;
  if (options->persona != PERSONA_NBDCOPY) {
    fault_add(fault, "; nothing was written");
    return -1;
  }
  (void)say_line("nbdcopy", "warning: %s", fault->text);
  *fault = (struct fault){ .exit_code = EXIT_DONE };
  return 0;
}
