/* SPDX-License-Identifier: MIT */
/* info_file: see info_file.h. */
#include "job/info_file.h"

#include "report/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is allocated of a device is its own business. */
static int
learn_sizes(struct facts *facts, int fd, const struct stat *found)
{
  facts->size = lseek(fd, 0, SEEK_END);
  facts->has_allocated = S_ISREG(found->st_mode);
  facts->allocated = (int64_t)found->st_blocks * 512; /* stat's unit, whatever the file system's */
  return facts->size == -1 ? -1 : 0;
}

int
info_file_read_head(int fd, unsigned char *content, size_t *length)
{
  for (*length = 0; *length < CONTENT_PROBE_BYTES;) {
    ssize_t n = pread(fd, content + *length, CONTENT_PROBE_BYTES - *length, (off_t)*length);
    if (n == -1 && errno != EINTR)
      return -1;
    if (n == 0)
      break;
    *length += n > 0 ? (size_t)n : 0;
  }
  return 0;
}

static int
learn_content(struct facts *facts, int fd, unsigned char *content)
{
  size_t length;

  if (info_file_read_head(fd, content, &length) == -1)
    return -1;
  (void)content_recognise(content, length, facts->content);
  return 0;
}

int
info_file_learn(struct facts *facts, const char *path, unsigned char *content, struct fault *fault)
{
  struct stat found;
  int errnum = 0;

  for (int i = 0; i < FACTS; i++)
    facts->is[i] = FACT_UNKNOWN;
  snprintf(facts->name, sizeof facts->name, "%s", path);
  if (stat(path, &found) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot open %s", path);
  if (!S_ISREG(found.st_mode) && !S_ISBLK(found.st_mode)) /* a FIFO would wait for its other end */
    return fault_set(fault, EXIT_FAILED, 0, "%s is neither a file nor a block device", path);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot open %s", path);
  if (learn_sizes(facts, fd, &found) == -1 || (content && learn_content(facts, fd, content) == -1))
    errnum = errno;
  close(fd);
  return errnum == 0 ? 0 : fault_set(fault, EXIT_FAILED, errnum, "cannot read %s", path);
}
