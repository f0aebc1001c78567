/* SPDX-License-Identifier: MIT */
/* device_marks: what tells one disk from another, whatever number the kernel gives it: serial number, identifier, model,
 * and of a partition its number, by sysfs.
 *
 * Not every disk has any: a card reader has its own and tells nothing of the card. Those that look alike have to be told
 * apart otherwise.
 */
#ifndef DECANT_DEVICE_MARKS_H
#define DECANT_DEVICE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_MARKS 11
#define DEVICE_MARKS_OF_ONE 7 /* the first of them: no other disk has the same */
#define DEVICE_MARK_BYTES 64  /* of a longer one, the front */

struct device_marks {
  bool are_known; /* sysfs knows a block device of this number */
  char marks[DEVICE_MARKS][DEVICE_MARK_BYTES];
};

/* Reads the marks of the device that has this number now. */
void device_marks_read(struct device_marks *marks, uint64_t number);

/* The same of one that has this directory in sysfs. */
void device_marks_read_from(struct device_marks *marks, const char *directory);

/* The first of a kind; "": there is none. */
enum device_mark_kind {
  DEVICE_MARK_SERIAL,
  DEVICE_MARK_IDENTIFIER,
  DEVICE_MARK_VENDOR,
  DEVICE_MARK_MODEL,
  DEVICE_MARK_FILE
};
const char *device_marks_find(const struct device_marks *marks, enum device_mark_kind kind);

/* Whether they are those of different disks; then `words`, of `bytes`, say in what they differ. */
bool device_marks_differ(const struct device_marks *before, const struct device_marks *now, char *words, size_t bytes);

/* Whether a device that sysfs knew is gone from there, or has no sectors any more. */
bool device_marks_are_gone(const struct device_marks *marks, uint64_t number);

#endif
