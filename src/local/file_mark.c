/* SPDX-License-Identifier: MIT */
/* file_mark: see file_mark.h. */
#include "local/file_mark.h"

/* Before fcntl.h, which has some of the same; musl's sys/stat.h has no statx(). */
#include <linux/stat.h>

#include "local/device_marks.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void
make_word(char *text)
{
  for (; *text; text++)
    if (*text <= ' ' || *text > '~' || *text == '#')
      *text = '_';
}

static void
mark_device(uint64_t number, char mark[MAPFILE_MARK_BYTES])
{
  struct device_marks marks;

  device_marks_read(&marks, number);
  const char *partition = marks.marks[DEVICE_MARKS - 1];
  for (unsigned i = 0; i < DEVICE_MARKS_OF_ONE; i++) {
    if (!marks.marks[i][0])
      continue;
    snprintf(mark, MAPFILE_MARK_BYTES, "%s%.5s-%.54s", partition[0] ? "part" : "disk", partition, marks.marks[i]);
    make_word(mark);
    return;
  }
}

void
file_mark_find(const char *path, char mark[MAPFILE_MARK_BYTES])
{
  struct statx found;

  mark[0] = '\0';
  if (syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &found) == -1)
    return;
  if ((found.stx_mode & S_IFMT) == S_IFBLK)
    mark_device(makedev(found.stx_rdev_major, found.stx_rdev_minor), mark);
  else if ((found.stx_mode & S_IFMT) == S_IFREG && found.stx_mask & STATX_BTIME)
    snprintf(mark, MAPFILE_MARK_BYTES, "file-%llu-%lld.%09u", (unsigned long long)found.stx_ino,
             (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
  else if ((found.stx_mode & S_IFMT) == S_IFREG)
    snprintf(mark, MAPFILE_MARK_BYTES, "file-%llu", (unsigned long long)found.stx_ino);
}
