/* SPDX-License-Identifier: MIT */
/* sysfs: see sysfs.h. */
#include "local/sysfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

size_t
sysfs_read(uint64_t number, const char *name, char *text, size_t bytes)
{
  char path[128];

  snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s", major(number), minor(number), name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1)
    return 0;
  ssize_t length = read(fd, text, bytes - 1);
  close(fd);
  if (length <= 0)
    return 0;
  if (text[length - 1] == '\n')
    length--;
  text[length] = '\0';
  return (size_t)length;
}

uint64_t
sysfs_read_number(uint64_t number, const char *name)
{
  char text[32];

  return sysfs_read(number, name, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}
