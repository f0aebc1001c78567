/* SPDX-License-Identifier: MIT */
/* device_marks: see device_marks.h. */
#include "local/device_marks.h"

#include "local/sysfs.h"

#include <stdio.h>
#include <string.h>

static const char *const mark_words[] = {
  /* for messages */
  [DEVICE_MARK_SERIAL] = "serial number",
  [DEVICE_MARK_IDENTIFIER] = "identifier",
  [DEVICE_MARK_VENDOR] = "vendor",
  [DEVICE_MARK_MODEL] = "model",
  [DEVICE_MARK_FILE] = "file",
};

/* Where sysfs has them, which differs by the kind of disk. */
static const struct mark {
  const char *name;
  enum device_mark_kind kind;
  unsigned skip; /* so many bytes in front are no text */
} marks_known[] = {
  { "serial", DEVICE_MARK_SERIAL, 0 },                    /* virtio */
  { "device/serial", DEVICE_MARK_SERIAL, 0 },             /* NVMe, cards */
  { "device/vpd_pg80", DEVICE_MARK_SERIAL, 4 },           /* SCSI, behind the page's head */
  { "device/../../../../serial", DEVICE_MARK_SERIAL, 0 }, /* USB, of which the disk is a unit of a target of a host */
  { "wwid", DEVICE_MARK_IDENTIFIER, 0 },                  /* NVMe */
  { "device/wwid", DEVICE_MARK_IDENTIFIER, 0 },           /* SCSI */
  { "dm/uuid", DEVICE_MARK_IDENTIFIER, 0 },               /* volumes */
  { "device/vendor", DEVICE_MARK_VENDOR, 0 },             /* SCSI */
  { "device/model", DEVICE_MARK_MODEL, 0 },
  { "loop/backing_file", DEVICE_MARK_FILE, 0 },
};
#define MARKS_KNOWN (sizeof marks_known / sizeof marks_known[0])
_Static_assert(DEVICE_MARKS_OF_ONE < MARKS_KNOWN, "vendors, models and files aren't one disk's");
_Static_assert(MARKS_KNOWN + 1 == DEVICE_MARKS, "one more is the partition's number");

static void
device_marks_read_one(const char *directory, const char *name, unsigned skip, char mark[DEVICE_MARK_BYTES])
{
  char text[4 + DEVICE_MARK_BYTES];
  size_t length = sysfs_read_from(directory, name, text, skip + DEVICE_MARK_BYTES);

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
device_marks_read_from(struct device_marks *marks, const char *directory)
{
  char size[2];

  *marks = (struct device_marks){ .are_known = sysfs_read_from(directory, "size", size, sizeof size) > 0 };
  char *partition = marks->marks[MARKS_KNOWN];
  device_marks_read_one(directory, "partition", 0, partition);
  for (unsigned i = 0; i < MARKS_KNOWN; i++) {
    char name[40];
    snprintf(name, sizeof name, "%s%s", partition[0] ? "../" : "", marks_known[i].name);
    device_marks_read_one(directory, name, marks_known[i].skip, marks->marks[i]);
  }
}

void
device_marks_read(struct device_marks *marks, uint64_t number)
{
  char directory[SYSFS_DIRECTORY_BYTES];

  sysfs_directory(number, directory);
  device_marks_read_from(marks, directory);
}

const char *
device_marks_find(const struct device_marks *marks, enum device_mark_kind kind)
{
  for (unsigned i = 0; i < MARKS_KNOWN; i++)
    if (marks_known[i].kind == kind && marks->marks[i][0])
      return marks->marks[i];
  return "";
}

bool
device_marks_differ(const struct device_marks *before, const struct device_marks *now, char *words, size_t bytes)
{
  for (unsigned i = 0; i < DEVICE_MARKS; i++) {
    const char *was = before->marks[i], *is = now->marks[i];
    if (strcmp(was, is) == 0)
      continue;
    snprintf(words, bytes, "another disk is in its place, whose %s is %s, not %s",
             i < MARKS_KNOWN ? mark_words[marks_known[i].kind] : "partition number", is[0] ? is : "unknown",
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
