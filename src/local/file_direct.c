/* SPDX-License-Identifier: MIT */
/* file_direct: see file_direct.h. */
#include "local/file_direct.h"

#include "base/range.h"
#include "os/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Blocks of a file system beyond this are only a hint what to write at once. */
#define FILE_BLOCK_BYTES_MAX (64 * KIB)

int
file_direct_open(const char *path, int flags)
{
  int fd = outside_open(path, flags | O_DIRECT);

  return fd == -1 && errno == EINVAL ? outside_open(path, flags) : fd;
}

/* The larger of the page cache's pages and the file system's blocks. */
static uint64_t
direct_bytes(int fd)
{
  uint64_t bytes = range_max((uint64_t)sysconf(_SC_PAGESIZE), PAGE_BYTES);
  struct statfs found;

  if (fstatfs(fd, &found) == -1 || (uint64_t)found.f_bsize > FILE_BLOCK_BYTES_MAX ||
      !range_is_power_of_two((uint64_t)found.f_bsize))
    return bytes;
  return range_max(bytes, (uint64_t)found.f_bsize);
}

void
file_direct_learn(struct endpoint_file *file)
{
  file->is_direct = fcntl(file->fd, F_GETFL) & O_DIRECT;
  file->direct_bytes = direct_bytes(file->fd);
  file->base.traits.requests_max = file_direct_requests_max(file);
}

unsigned
file_direct_requests_max(const struct endpoint_file *file)
{
  return file->ring && file->is_direct ? RING_ENTRIES : 1;
}

void
file_direct_watch_cache(struct endpoint_file *file)
{
  uint64_t size = file->base.traits.size;

  if (!file->is_direct || size == 0 || size > SIZE_MAX / 2)
    return;
  void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, file->cached_fd, 0);
  if (at == MAP_FAILED)
    return;
  file->mapped = at;
  file->mapped_bytes = size;
}

bool
file_direct_takes(const struct endpoint_file *file, const struct request *request)
{
  uint64_t mixed = request->offset | request->length | request->done;

  return file->is_direct && (file->is_device || (range_is_aligned(mixed, file->direct_bytes) &&
                                                 range_is_aligned((uintptr_t)request->payload, PAGE_BYTES)));
}

bool
file_direct_is_cached(const struct endpoint_file *file, const struct request *request)
{
  unsigned char pages[LOCAL_REQUEST_BYTES_MAX / PAGE_BYTES];
  uint64_t count = (request->length + PAGE_BYTES - 1) / PAGE_BYTES;

  if (!file->mapped || request->offset + request->length > file->mapped_bytes || count > sizeof pages ||
      mincore((unsigned char *)file->mapped + request->offset, request->length, pages) == -1)
    return false;
  for (uint64_t i = 0; i < count; i++)
    if (!(pages[i] & 1))
      return false;
  return true;
}

bool
file_direct_forget_cache(struct endpoint *endpoint)
{
  struct endpoint_file *file = file_of(endpoint);

  file->mapped = NULL;
  (void)posix_fadvise(file_direct_cached_fd(file), 0, 0, POSIX_FADV_DONTNEED);
  return file->is_direct;
}
