/* SPDX-License-Identifier: MIT */
/* digest_file: see digest_file.h. */
#include "job/digest_file.h"

#include "local/endpoint_file.h"
#include "local/overlap.h"
#include "os/say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
cannot_write(const struct digest_file *file, const char *done, int errnum, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, errnum, "%scannot write to --blkhash-file=%.512s", done, file->path);
}

int
digest_file_open(struct digest_file *file, const char *path, struct fault *fault)
{
  struct stat found;

  *file = (struct digest_file){ .path = path, .fd = -1 };
  if (!path)
    return 0;
  file->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  file->is_made = file->fd != -1;
  if (!file->is_made && errno == EEXIST) /* also a link to nowhere */
    file->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (file->fd == -1 || fstat(file->fd, &found) == -1)
    return cannot_write(file, "", errno, fault);
  file->is_regular = S_ISREG(found.st_mode);
  file->identity = overlap_identity(&found);
  return 0;
}

/* The new text over the old one, which is as long as a rule: a disk that is full
 * leaves one or the other. */
static int
replace(const struct digest_file *file, const char *text)
{
  if (say_text(file->fd, text) == -1)
    return -1;
  return file->is_regular ? ftruncate(file->fd, (off_t)strlen(text)) : 0;
}

int
digest_file_write(struct digest_file *file, const char *text, struct fault *fault)
{
  int errnum = replace(file, text) == -1 ? errno : 0;

  if (close(file->fd) == -1 && errnum == 0)
    errnum = errno;
  file->fd = -1;
  return errnum == 0 ? 0 : cannot_write(file, "all is copied, but ", errnum, fault);
}

void
digest_file_abandon(struct digest_file *file)
{
  if (file->fd == -1)
    return;
  close(file->fd);
  file->fd = -1;
  if (file->is_made)
    unlink(file->path);
}
