/* SPDX-License-Identifier: MIT */
/* sysfs: see sysfs.h. */
#include "local/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

size_t
sysfs_read_from(const char *directory, const char *name, char *text, size_t bytes)
{
  char path[1024];

  errno = 0;
  if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
    return 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1)
    return 0;
  ssize_t length;
  do
    length = read(fd, text, bytes - 1);
  while (length == -1 && errno == EINTR);
  int errnum = length == -1 ? errno : 0;
  close(fd);
  errno = errnum;
  if (length <= 0)
    return 0;
  if (text[length - 1] == '\n')
    length--;
  text[length] = '\0';
  return (size_t)length;
}

bool
sysfs_is_unread(void)
{
  return errno != 0 && errno != ENOENT && errno != ENOTDIR && errno != ENODEV && errno != ENXIO;
}

void
sysfs_directory(uint64_t number, char directory[SYSFS_DIRECTORY_BYTES])
{
  snprintf(directory, SYSFS_DIRECTORY_BYTES, "/sys/dev/block/%u:%u", major(number), minor(number));
}

size_t
sysfs_read(uint64_t number, const char *name, char *text, size_t bytes)
{
  char directory[SYSFS_DIRECTORY_BYTES];

  sysfs_directory(number, directory);
  return sysfs_read_from(directory, name, text, bytes);
}

uint64_t
sysfs_read_number(uint64_t number, const char *name)
{
  char text[32];

  return sysfs_read(number, name, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}
