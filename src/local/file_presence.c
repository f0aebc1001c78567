/* SPDX-License-Identifier: MIT */
/* file_presence: see file_presence.h. */
#include "local/file_presence.h"

#include "local/device.h"
#include "local/file_direct.h"
#include "local/file_length.h"
#include "local/file_zero.h"
#include "local/overlap.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What is read to learn whether a device answers: a block of any device's, in memory as direct I/O wants it. */
#define SAMPLE_BYTES 4096

static uint64_t
disk_number(const struct stat *opened)
{
  return S_ISBLK(opened->st_mode) ? opened->st_rdev : opened->st_dev;
}

void
file_presence_begin(struct endpoint_file *file, const struct stat *opened)
{
  file->base.last_words = file->last_words;
  file->base.identity = overlap_identity(opened);
  file->disk_number = disk_number(opened);
  device_marks_read(&file->marks, file->disk_number);
}

/* The kernel's ways to say that a disk, or what a file system is on, is out of reach. */
static bool
means_out_of_reach(int errnum)
{
  switch (errnum) {
  case ENODEV:
  case ENOLINK:
  case ENOMEDIUM:
  case ENOTCONN:
  case ENXIO:
    return true;
  default:
    return false;
  }
}

/* A disk that was pulled is told so at once, and looks gone only a little later. */
static bool
means_gone(int errnum)
{
  return errnum == ENODEV || errnum == ENXIO;
}

static bool
is_visibly_gone(const struct endpoint_file *file)
{
  struct stat now;

  return (file->is_device ? device_bytes(file->fd) == 0 : fstat(file->fd, &now) == -1) ||
         device_marks_are_gone(&file->marks, file->disk_number);
}

static const char *
words_of_loss(const struct endpoint_file *file)
{
  return file->is_device ? "the device has gone" : "the disk that it is on has gone";
}

int
file_presence_judge(struct endpoint_file *file, int errnum)
{
  if (errnum == 0)
    return 0;
  if (file->base.presence != PRESENCE_HERE)
    return ENOTCONN;
  bool is_gone = is_visibly_gone(file) || means_gone(errnum);
  if (!is_gone && !means_out_of_reach(errnum))
    return errnum;
  snprintf(file->last_words, sizeof file->last_words, "%s", is_gone ? words_of_loss(file) : strerror(errnum));
  file->base.presence = PRESENCE_LOST;
  return ENOTCONN;
}

static void
close_all(struct endpoint_file *file)
{
  if (file->mapped)
    munmap(file->mapped, file->mapped_bytes);
  if (file->cached_fd != -1)
    close(file->cached_fd);
  if (file->fd != -1)
    close(file->fd);
  file->mapped = NULL;
  file->fd = file->cached_fd = -1;
}

void
file_presence_settle(struct endpoint_file *file)
{
  if (file->base.presence == PRESENCE_LOST && (!file->ring || file->ring->in_flight == 0))
    close_all(file);
}

void
file_presence_away(struct endpoint_file *file, int errnum)
{
  if (errnum == EBUSY)
    snprintf(file->last_words, sizeof file->last_words, "it is back, but in use (mounted?): unmount it");
  else if (errnum == ENOENT || means_out_of_reach(errnum))
    snprintf(file->last_words, sizeof file->last_words, "%s", words_of_loss(file));
  else
    snprintf(file->last_words, sizeof file->last_words, "it can't be opened again: %s", strerror(errnum));
  close_all(file);
}

void
file_presence_other(struct endpoint_file *file, const char *words)
{
  snprintf(file->last_words, sizeof file->last_words, "%s", words);
  file->base.presence = PRESENCE_OTHER;
  close_all(file);
}

/* Whether an open device reads: 0 or an errno. A bad place is an answer too. */
static int
read_sample(const struct endpoint_file *file)
{
  _Alignas(SAMPLE_BYTES) unsigned char sample[SAMPLE_BYTES];

  if (file->base.traits.block_min > sizeof sample)
    return 0;
  ssize_t n = pread(file->fd, sample, sizeof sample, 0);
  if (n == 0)
    return ENXIO;
  return n > 0 || errno == ENODATA ? 0 : errno;
}

/* Whether another file has the same name now, by its number; some file systems make up new ones with each mount. */
static bool
is_another_file(const struct endpoint_file *file, const struct stat *opened)
{
  struct statfs found;

  return !file->is_device && opened->st_ino != file->base.identity.number && fstatfs(file->fd, &found) == 0 &&
         found.f_type != MSDOS_SUPER_MAGIC && found.f_type != EXFAT_SUPER_MAGIC;
}

/* A disk of another size, or another file, is never taken for the same. */
static bool
has_changed(struct endpoint_file *file, const struct traits *before, const struct stat *opened, char *words,
            size_t bytes)
{
  struct device_marks now;
  uint64_t size = file->is_device ? file->base.traits.size : (uint64_t)opened->st_size;
  uint64_t was = file->is_device ? before->size : file->length_bytes;

  device_marks_read(&now, disk_number(opened));
  if (device_marks_differ(&file->marks, &now, words, bytes))
    return true;
  if (is_another_file(file, opened))
    snprintf(words, bytes, "another file is in its place");
  else if (file->is_device ? size != was : !file_length_fits(file, size))
    snprintf(words, bytes, "it has %llu bytes now, not %llu", (unsigned long long)size, (unsigned long long)was);
  else if (!traits_are_equal(before, &file->base.traits))
    snprintf(words, bytes, "its block sizes have changed");
  else
    return false;
  return true;
}

/* Why it can't be gone on with, for now: an errno, or 0. */
static int
why_not_yet(struct endpoint_file *file)
{
  struct fault ignored;

  if (!file->is_device)
    return 0;
  if (device_bytes(file->fd) == 0 || (!file->is_source && device_has_read_only_flag(file->fd)))
    return device_bytes(file->fd) == 0 ? ENXIO : EROFS;
  return device_learn(file, &ignored) == -1 ? errno : read_sample(file);
}

void
file_presence_look(struct endpoint_file *file)
{
  struct traits before = file->base.traits;
  char words[ENDPOINT_WORDS_BYTES];
  struct stat opened;

  int errnum = fstat(file->fd, &opened) == -1 ? errno : why_not_yet(file);
  if (errnum == 0 && has_changed(file, &before, &opened, words, sizeof words)) {
    file->base.traits = before;
    file_presence_other(file, words);
    return;
  }
  if (errnum == 0 && !file->is_device)
    errnum = file_length_go_on(file, (uint64_t)opened.st_size);
  if (errnum) {
    file->base.traits = before;
    file_presence_away(file, errnum);
    return;
  }
  file->disk_number = disk_number(&opened);
  file->base.identity = overlap_identity(&opened);
  file->base.presence = PRESENCE_HERE;
  file_zero_begin(file);
  if (file->is_source)
    file_direct_watch_cache(file);
}
