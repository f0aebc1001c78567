/* SPDX-License-Identifier: MIT */
/* device_marks: see device_marks.h. */
#include "local/device_marks.h"

#include "local/sysfs.h"

#include <stdio.h>
#include <string.h>

/* Where sysfs has them, which differs by the kind of disk. */
static const struct mark {
  const char *what; /* for messages */
  const char *name;
  unsigned skip; /* so many bytes in front are no text */
} marks_known[] = {
  { "serial number", "serial", 0 },                    /* virtio */
  { "serial number", "device/serial", 0 },             /* NVMe, cards */
  { "serial number", "device/vpd_pg80", 4 },           /* SCSI, behind the page's head */
  { "serial number", "device/../../../../serial", 0 }, /* USB, of which the disk is a unit of a target of a host */
  { "identifier", "wwid", 0 },                         /* NVMe */
  { "identifier", "device/wwid", 0 },                  /* SCSI */
  { "identifier", "dm/uuid", 0 },                      /* volumes */
  { "vendor", "device/vendor", 0 },                    /* SCSI */
  { "model", "device/model", 0 },
  { "file", "loop/backing_file", 0 },
};
#define MARKS_KNOWN (sizeof marks_known / sizeof marks_known[0])
_Static_assert(DEVICE_MARKS_OF_ONE < MARKS_KNOWN, "vendors, models and files aren't one disk's");
_Static_assert(MARKS_KNOWN + 1 == DEVICE_MARKS, "one more is the partition's number");

static void
device_marks_read_one(uint64_t number, const char *name, unsigned skip, char mark[DEVICE_MARK_BYTES])
{
  char text[4 + DEVICE_MARK_BYTES];
  size_t length = sysfs_read(number, name, text, skip + DEVICE_MARK_BYTES);

  while (skip < length && text[skip] == ' ')
    skip++;
  while (length > skip && text[length - 1] == ' ')
    length--;
  if (length > skip)
    memcpy(mark, text + skip, length - skip);
  mark[length > skip ? length - skip : 0] = '\0';
}

/* A partition has a number of its own, and the rest of its disk. */
void
device_marks_read(struct device_marks *marks, uint64_t number)
{
  char size[2];
  char *partition = marks->marks[MARKS_KNOWN];

  marks->are_known = sysfs_read(number, "size", size, sizeof size) > 0;
  device_marks_read_one(number, "partition", 0, partition);
  for (unsigned i = 0; i < MARKS_KNOWN; i++) {
    char name[40];
    snprintf(name, sizeof name, "%s%s", partition[0] ? "../" : "", marks_known[i].name);
    device_marks_read_one(number, name, marks_known[i].skip, marks->marks[i]);
  }
}

bool
device_marks_differ(const struct device_marks *before, const struct device_marks *now, char *words, size_t bytes)
{
  for (unsigned i = 0; i < DEVICE_MARKS; i++) {
    const char *was = before->marks[i], *is = now->marks[i];
    if (strcmp(was, is) == 0)
      continue;
    snprintf(words, bytes, "another disk is in its place, whose %s is %s, not %s",
             i < MARKS_KNOWN ? marks_known[i].what : "partition number", is[0] ? is : "unknown",
             was[0] ? was : "unknown");
    return true;
  }
  return false;
}

bool
device_marks_are_gone(const struct device_marks *marks, uint64_t number)
{
  return marks->are_known && sysfs_read_number(number, "size") == 0;
}
