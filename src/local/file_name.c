/* SPDX-License-Identifier: MIT */
/* file_name: see file_name.h. */
#include "local/file_name.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEVICES "/dev"
#define LINKS_MAX 40 /* as many as the kernel follows */

bool
file_name_directory(const char *path, char directory[PATH_MAX])
{
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash - path) + 1 : strlen("./");

  if (length >= PATH_MAX)
    return false;
  memcpy(directory, slash ? path : "./", length);
  directory[length] = '\0';
  return true;
}

/* The directory in which a file would be made that isn't there yet: a link may lead there. */
static bool
find_directory(const char *path, char directory[PATH_MAX])
{
  char name[PATH_MAX], link[PATH_MAX];

  snprintf(name, sizeof name, "%s", path);
  for (int i = 0; i < LINKS_MAX; i++) {
    if (!file_name_directory(name, directory))
      return false;
    ssize_t length = readlink(name, link, sizeof link - 1);
    if (length == -1)
      return true;
    link[length] = '\0';
    if (snprintf(name, sizeof name, "%s%s", link[0] == '/' ? "" : directory, link) >= (int)sizeof name)
      return false;
  }
  return false;
}

/* Whether it is a devtmpfs, which statfs() calls a tmpfs. Without /proc, we don't know of any. */
static bool
is_devtmpfs(dev_t device)
{
  char line[PATH_MAX], number[32];
  FILE *mounts = fopen("/proc/self/mountinfo", "re");
  bool found = false;

  if (!mounts)
    return false;
  /* Spaces in names are written otherwise there. */
  snprintf(number, sizeof number, " %u:%u ", major(device), minor(device));
  while (!found && fgets(line, sizeof line, mounts))
    found = strstr(line, number) && strstr(line, " - devtmpfs ");
  fclose(mounts);
  return found;
}

bool
file_name_is_for_devices(const char *path)
{
  char directory[PATH_MAX], real[PATH_MAX];
  struct stat at, devices;

  if (!find_directory(path, directory) || stat(directory, &at) == -1)
    return false; /* making the file says what is wrong */
  if (is_devtmpfs(at.st_dev))
    return true;
  if (stat(DEVICES, &devices) == -1 || at.st_dev != devices.st_dev || !realpath(directory, real))
    return false;
  const char *behind = real + strlen(DEVICES);
  return strncmp(real, DEVICES, strlen(DEVICES)) == 0 && (*behind == '/' || *behind == '\0');
}

int
file_name_is_of(const char *path, int fd)
{
  struct stat named, open_one;

  if (stat(path, &named) == -1)
    return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  if (fstat(fd, &open_one) == -1)
    return -1;
  return named.st_dev == open_one.st_dev && named.st_ino == open_one.st_ino;
}

int
file_name_flush(const char *path)
{
  char directory[PATH_MAX];
  int result = 0;

  if (!file_name_directory(path, directory))
    return 0;
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1)
    return errno == EACCES ? 0 : errno; /* a directory that we may write to but not read */
  if (fsync(fd) == -1 && errno != EINVAL)
    result = errno;
  close(fd);
  return result;
}
