/* SPDX-License-Identifier: MIT */
/* endpoint_file: see endpoint_file.h. */
#include "local/endpoint_file.h"

#include "base/range.h"
#include "os/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

/* An optimal I/O size, as of a RAID's stripe, beyond this is no block any more. */
#define OPTIMAL_BYTES_MAX (1 * MIB)

/* By how much a file is grown ahead of what is written to it. */
#define GROWTH_BYTES (64 * MIB)

/* Blocks of a file system beyond this are only a hint what to write at once. */
#define FILE_BLOCK_BYTES_MAX (64 * KIB)

/* Longest path whose directory we can name, to flush a new entry in it. */
#define DIRECTORY_BYTES 4096

struct identity
endpoint_identity(const struct stat *found)
{
  return (struct identity){ .known = S_ISREG(found->st_mode) || S_ISBLK(found->st_mode),
                            .is_device = S_ISBLK(found->st_mode),
                            .filesystem = S_ISBLK(found->st_mode) ? 0 : found->st_dev,
                            .number = S_ISBLK(found->st_mode) ? found->st_rdev : found->st_ino };
}

static struct endpoint_file *
file_of(struct endpoint *endpoint)
{
  return (struct endpoint_file *)endpoint;
}

/* ---- Requests ---- */

static int
cached_fd(const struct endpoint_file *file)
{
  return file->cached_fd == -1 ? file->fd : file->cached_fd;
}

/* What of a read came is data. */
static int
tell_what_was_read(struct request *request, int errnum)
{
  chunks_clear(request->chunks);
  chunks_add(request->chunks, 0, request->done, false);
  return errnum;
}

/* What is left of a read, at once. */
static int
read_rest(struct endpoint_file *file, struct request *request)
{
  int errnum = 0;

  while (errnum == 0 && request->done < request->length) {
    ssize_t n = pread(cached_fd(file), request->payload + request->done, request->length - request->done,
                      (off_t)(request->offset + request->done));
    if (n > 0)
      request->done += (uint64_t)n;
    else if (n == 0)
      errnum = EIO; /* the file became shorter while we read it */
    else if (errno != EINTR)
      errnum = errno;
  }
  return tell_what_was_read(request, errnum);
}

/* Whether the page cache holds all of a read: then it costs no more than moving it.
 * Of files that aren't ours the kernel may say so without meaning it; they are
 * read through the cache then. */
static bool
is_cached(const struct endpoint_file *file, const struct request *request)
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

/* Direct I/O wants whole blocks, in memory too. A device has the assembler see to
 * that; a file gets what isn't whole blocks of its file system, or whole pages, through
 * the page cache. Within one of those, the two would get into each other's way. */
static bool
goes_direct(const struct endpoint_file *file, const struct request *request)
{
  uint64_t mixed = request->offset | request->length | request->done;

  return file->is_direct && (file->is_device || (range_is_aligned(mixed, file->direct_bytes) &&
                                                 range_is_aligned((uintptr_t)request->payload, PAGE_BYTES)));
}

/* What is left of a write, at once. */
static int
write_rest(struct endpoint_file *file, struct request *request)
{
  while (request->done < request->length) {
    int fd = goes_direct(file, request) ? file->fd : cached_fd(file);
    ssize_t n = pwrite(fd, request->payload + request->done, request->length - request->done,
                       (off_t)(request->offset + request->done));
    if (n > 0)
      request->done += (uint64_t)n;
    else if (n == 0)
      return ENOSPC;
    else if (errno == EINVAL && fd == file->fd && file->cached_fd != -1)
      file->is_direct = false; /* a file system that wants more than it says */
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

/* ---- The length of a file ----
 *
 * Of a file that a stream is copied to, the length is known only at the end. No write ever extends it: it is grown ahead of
 * what is written, and cut to what was written by each flush and at the end. A write on its way beyond the end, past the page
 * cache, is lost by some file systems (XFS) when the length changes meanwhile. */

static int
set_length(struct endpoint_file *file, uint64_t bytes)
{
  if (ftruncate(file->fd, (off_t)bytes) == -1)
    return errno;
  file->length_bytes = bytes;
  return 0;
}

/* Before what reaches up to `end` is written, or is to read as zeros. */
static int
grow_to(struct endpoint_file *file, uint64_t end)
{
  if (file->is_device)
    return 0;
  file->content_bytes = range_max(file->content_bytes, end);
  if (end <= file->length_bytes)
    return 0;
  /* There may be a bound to its length, or no holes and little space. */
  return set_length(file, end + GROWTH_BYTES) == 0 ? 0 : set_length(file, end);
}

/* What is still being written lies below its content's end, so that this is safe any time. */
static int
cut_to_content(struct endpoint_file *file)
{
  return file->content_bytes < file->length_bytes ? set_length(file, file->content_bytes) : 0;
}

/* The name of a new file is part of what must survive. */
static int
flush_directory(const struct endpoint_file *file)
{
  char directory[DIRECTORY_BYTES];
  const char *slash = strrchr(file->path, '/');
  size_t length = slash ? (size_t)(slash - file->path) + 1 : 0;
  int result = 0;

  if (length >= sizeof directory)
    return 0;
  memcpy(directory, slash ? file->path : ".", slash ? length : 1);
  directory[slash ? length : 1] = '\0';
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1)
    return 0; /* a directory that we may write to but not read */
  if (fsync(fd) == -1 && errno != EINVAL)
    result = errno;
  close(fd);
  return result;
}

static int
flush_name(const struct endpoint_file *file)
{
  return file->is_device ? 0 : flush_directory(file);
}

static int
flush_file(struct endpoint_file *file)
{
  return fsync(file->fd) == -1 ? errno : flush_name(file);
}

static int
punch_hole(struct endpoint_file *file, const struct request *request)
{
  int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

  return fallocate(file->fd, mode, (off_t)request->offset, (off_t)request->length) == -1 ? errno : 0;
}

static int
zero_range(struct endpoint_file *file, const struct request *request)
{
  int mode = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

  return fallocate(file->fd, mode, (off_t)request->offset, (off_t)request->length) == -1 ? errno : 0;
}

static int
zero_out_device(struct endpoint_file *file, const struct request *request)
{
  uint64_t start_and_length[2] = { request->offset, request->length };

  return ioctl(file->fd, BLKZEROOUT, start_and_length) == -1 ? errno : 0;
}

/* Ways to make zeros, the best first. */
static const struct zero_way {
  int (*zero)(struct endpoint_file *file, const struct request *request);
  bool makes_hole;
  bool for_devices_only;
} zero_ways[] = {
  { punch_hole, true, false },
  { zero_range, false, false },
  { zero_out_device, false, true },
};
#define ZERO_WAYS (sizeof zero_ways / sizeof zero_ways[0])

/* What a kernel, a file system or a device (a thin volume, say) answers when it
 * doesn't know a way at all. */
static bool
is_unknown_way(int errnum)
{
  return errnum == EOPNOTSUPP || errnum == ENOTTY || errnum == ENOSYS || errnum == ENODEV;
}

static int
zero_all(struct endpoint_file *file, const struct request *request)
{
  int errnum = EOPNOTSUPP;

  for (unsigned i = 0; i < ZERO_WAYS; i++) {
    const struct zero_way *way = &zero_ways[i];
    if (file->zero_ways_unknown & 1u << i || (way->makes_hole && request->no_hole) ||
        (way->for_devices_only && !file->is_device))
      continue;
    do
      errnum = way->zero(file, request);
    while (errnum == EINTR);
    if (is_unknown_way(errnum))
      file->zero_ways_unknown |= 1u << i;
    else if (errnum != EINVAL) /* which may be about this range alone */
      return errnum;
  }
  return EOPNOTSUPP;
}

static int
survey_file(struct endpoint_file *file, const struct request *request)
{
  struct survey *survey = request->survey;
  uint64_t end = range_end(request->offset, request->length);
  uint64_t at = request->offset;

  survey_begin(survey, file->base.contexts.count);
  survey_reply(survey, 0);
  while (at < end && survey->count < SURVEY_EXTENTS_MAX) {
    off_t data = lseek(file->fd, (off_t)at, SEEK_DATA);
    if (data == -1 && errno == ENXIO) /* no data from here to the end */
      data = (off_t)end;
    if (data == -1)
      return errno;
    bool zero = (uint64_t)data > at;
    off_t next = zero ? data : lseek(file->fd, data, SEEK_HOLE);
    if (next == -1 || (uint64_t)next <= at)
      return next == -1 ? errno : EIO;
    survey_add(survey, (uint64_t)next - at, zero ? EXTENT_HOLE | EXTENT_ZERO : 0);
    at = (uint64_t)next;
  }
  return 0;
}

/* All of a request, or what is left of it, past the ring. */
static int
carry_out(struct endpoint_file *file, struct request *request)
{
  switch (request->kind) {
  case REQUEST_READ:
    return read_rest(file, request);
  case REQUEST_WRITE:
    return write_rest(file, request);
  case REQUEST_ZERO:
    return zero_all(file, request);
  case REQUEST_SURVEY:
    return survey_file(file, request);
  case REQUEST_FLUSH:
    return flush_file(file);
  }
  return EOPNOTSUPP;
}

static void
queue(struct endpoint_file *file, struct request *request)
{
  if (request->kind == REQUEST_FLUSH)
    ring_queue(file->ring, RING_FSYNC, file->fd, NULL, 0, 0, request);
  else
    ring_queue(file->ring, request->kind == REQUEST_READ ? RING_READ : RING_WRITE, file->fd,
               request->payload + request->done, (uint32_t)(request->length - request->done),
               request->offset + request->done, request);
}

static void
answer(struct endpoint_file *file, struct request *request, int errnum)
{
  request->errnum = errnum;
  request_queue_push(&file->answered, request);
}

/* Whether the kernel can't do it in the ring, or not now. */
static bool
is_for_us(int result)
{
  return result == -EINVAL || result == -EINTR || result == -EAGAIN;
}

static void
conclude_flush(struct endpoint_file *file, struct request *request, int result)
{
  if (is_for_us(result))
    answer(file, request, carry_out(file, request));
  else
    answer(file, request, result < 0 ? -result : flush_name(file));
}

/* The ring's answer: all of a read or a write, a part of it, or an errno. */
static void
conclude_move(struct endpoint_file *file, struct request *request, int result)
{
  if (result > 0)
    request->done += (uint64_t)result;
  if (request->done < request->length && (result > 0 || result == -EINTR || result == -EAGAIN) &&
      goes_direct(file, request)) {
    queue(file, request);
    return;
  }
  int errnum = 0;
  if (request->done < request->length && (result >= 0 || is_for_us(result)))
    errnum = carry_out(file, request);
  else if (request->done < request->length)
    errnum = -result;
  answer(file, request, request->kind == REQUEST_READ ? tell_what_was_read(request, errnum) : errnum);
}

/* Through the page cache, a read is done at once where that has it all, and a write
 * as long as there is room; only flushing it all takes its time. */
static bool
goes_by_ring(const struct endpoint_file *file, const struct request *request)
{
  switch (request->kind) {
  case REQUEST_READ:
    return goes_direct(file, request) && !is_cached(file, request);
  case REQUEST_WRITE:
    return goes_direct(file, request);
  case REQUEST_FLUSH:
    return true;
  case REQUEST_ZERO:
  case REQUEST_SURVEY:
    break;
  }
  return false;
}

/* What of a request is about the file's length, before the rest of it. */
static int
make_length(struct endpoint_file *file, const struct request *request)
{
  switch (request->kind) {
  case REQUEST_WRITE:
  case REQUEST_ZERO:
    return grow_to(file, request->offset + request->length);
  case REQUEST_FLUSH:
    return cut_to_content(file);
  case REQUEST_READ:
  case REQUEST_SURVEY:
    break;
  }
  return 0;
}

static void
file_submit(struct endpoint *endpoint, struct request *request)
{
  struct endpoint_file *file = file_of(endpoint);

  int errnum = make_length(file, request);

  request->done = 0;
  if (errnum)
    answer(file, request, errnum);
  else if (file->ring && goes_by_ring(file, request))
    queue(file, request);
  else
    answer(file, request, carry_out(file, request));
}

static void
reap(struct endpoint_file *file)
{
  void *tag;
  int result;

  while (file->ring && ring_take(file->ring, &tag, &result)) {
    struct request *request = tag;
    if (request->kind == REQUEST_FLUSH)
      conclude_flush(file, request, result);
    else
      conclude_move(file, request, result);
  }
}

static struct request *
file_take(struct endpoint *endpoint)
{
  struct endpoint_file *file = file_of(endpoint);

  if (!file->answered.head)
    reap(file);
  return request_queue_pop(&file->answered);
}

static void
file_watch(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_file *file = file_of(endpoint);
  void *tag;

  if (!file->ring)
    return;
  if (!ring_submit(file->ring))
    while (ring_take_back(file->ring, &tag))
      answer(file, tag, carry_out(file, tag));
  /* What has been answered by now must not be waited for. */
  loop_watch(loop, file->ring->fd, POLLIN | (file->answered.head ? POLLOUT : 0));
}

static void
file_serve(struct endpoint *endpoint, struct loop *loop)
{
  (void)loop;
  reap(file_of(endpoint));
}

/* ---- Opening and closing ---- */

static int
cannot(const struct endpoint_file *file, const char *what, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, errno, "cannot %s %s", what, file->base.name);
}

/* Directly if the file system allows that, which it may only say now. */
static int
open_directly(const char *path, int flags)
{
  int fd = open(path, flags | O_DIRECT | O_CLOEXEC, 0666);

  return fd == -1 && errno == EINVAL ? open(path, flags | O_CLOEXEC, 0666) : fd;
}

/* The larger of the page cache's pages and the file system's blocks. */
static uint64_t
direct_bytes(int fd)
{
  uint64_t bytes = range_max((uint64_t)sysconf(_SC_PAGESIZE), PAGE_BYTES);
  struct statfs found;

  if (fstatfs(fd, &found) == -1 || found.f_bsize > FILE_BLOCK_BYTES_MAX ||
      !range_is_power_of_two((uint64_t)found.f_bsize))
    return bytes;
  return range_max(bytes, (uint64_t)found.f_bsize);
}

static void
learn_whether_direct(struct endpoint_file *file)
{
  file->is_direct = fcntl(file->fd, F_GETFL) & O_DIRECT;
  file->direct_bytes = direct_bytes(file->fd);
  if (file->ring && file->is_direct)
    file->base.traits.requests_max = RING_ENTRIES;
}

/* A file that reads as zeros, all of it. */
static int
empty(struct endpoint_file *file, uint64_t size)
{
  file->content_bytes = size == SIZE_UNKNOWN ? 0 : size;
  errno = set_length(file, 0);
  if (errno == 0)
    errno = set_length(file, file->content_bytes);
  return errno ? -1 : 0;
}

static int
file_prepare(struct endpoint *endpoint, uint64_t size, struct fault *fault)
{
  struct endpoint_file *file = file_of(endpoint);

  if (file->is_device)
    return 0;
  if (file->fd == -1) {
    file->fd = open_directly(file->path, O_RDWR | O_CREAT);
    if (file->fd == -1)
      return cannot(file, "create", fault);
    learn_whether_direct(file);
  }
  if (!file->keeps && empty(file, size) == -1)
    return cannot(file, "set the size of", fault);
  if (file->is_direct)
    file->cached_fd = open(file->path, O_WRONLY | O_CLOEXEC);
  return file->is_direct && file->cached_fd == -1 ? cannot(file, "open", fault) : 0;
}

static int
file_close(struct endpoint *endpoint, struct fault *fault)
{
  struct endpoint_file *file = file_of(endpoint);
  int fds[] = { file->fd, file->cached_fd };
  int result = 0;

  errno = cut_to_content(file);
  if (errno)
    result = cannot(file, "set the size of", fault);
  for (int i = 0; i < 2; i++)
    if (fds[i] != -1 && close(fds[i]) == -1)
      result = cannot(file, "close", fault);
  file->fd = file->cached_fd = -1;
  return result;
}

static const struct endpoint_ops file_ops = {
  .prepare = file_prepare,
  .submit = file_submit,
  .take = file_take,
  .watch = file_watch,
  .serve = file_serve,
  .close = file_close,
};

static int
learn_device(struct endpoint_file *file, struct fault *fault)
{
  struct traits *traits = &file->base.traits;
  int logical = 512;
  unsigned physical = 512;
  unsigned optimal = 0;

  if (ioctl(file->fd, BLKGETSIZE64, &traits->size) == -1)
    return cannot(file, "learn the size of", fault);
  if (ioctl(file->fd, BLKSSZGET, &logical) == -1 || ioctl(file->fd, BLKPBSZGET, &physical) == -1)
    return cannot(file, "learn the sector size of", fault);
  if (ioctl(file->fd, BLKIOOPT, &optimal) == -1 || !range_is_power_of_two(optimal) || optimal > OPTIMAL_BYTES_MAX)
    optimal = 0;
  traits->block_min = (uint64_t)logical;
  traits->block_preferred = range_max(range_max((uint64_t)logical, physical), BLOCK_BYTES_PREFERRED_DEFAULT);
  traits->block_preferred = range_max(traits->block_preferred, optimal);
  return 0;
}

static int
learn_file(struct endpoint_file *file, const struct stat *opened, enum role role)
{
  struct traits *traits = &file->base.traits;

  if (role == ROLE_DESTINATION) {
    traits->grows = true;
    traits->reads_zero = true; /* prepare empties it */
    return 0;
  }
  traits->size = file->content_bytes = file->length_bytes = (uint64_t)opened->st_size;
  if (role == ROLE_UPDATED)
    return 0;
  /* ENXIO: there is no data at all, which is an answer too. */
  traits->can_extents = lseek(file->fd, 0, SEEK_DATA) != -1 || errno == ENXIO;
  if (traits->can_extents)
    contexts_add(&file->base.contexts, CONTEXT_ALLOCATION_NAME, false);
  return 0;
}

/* Without a ring there is nothing to gain: the page cache reads ahead. */
static void
open_source(struct endpoint_file *file)
{
  if (!file->ring) {
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    return;
  }
  file->fd = open_directly(file->path, O_RDONLY);
  if (file->fd == -1)
    return;
  learn_whether_direct(file);
  if (!file->is_direct)
    return;
  file->cached_fd = open(file->path, O_RDONLY | O_CLOEXEC);
  if (file->cached_fd == -1) {
    int why = errno;
    close(file->fd);
    file->fd = -1;
    errno = why;
  }
}

/* Addresses alone: no memory is taken, nor given back before the program ends. */
static void
map_source(struct endpoint_file *file)
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

/* O_EXCL on a device: not while it is mounted, or part of something that is. */
static void
open_existing(struct endpoint_file *file, enum role role)
{
  if (role == ROLE_SOURCE) {
    open_source(file);
    return;
  }
  file->fd = open_directly(file->path, O_RDWR | (file->is_device ? O_EXCL : 0));
  if (file->fd != -1)
    learn_whether_direct(file);
}

int
endpoint_file_open(struct endpoint_file *file, const char *path, const struct stat *found, enum role role,
                   struct ring *ring, struct fault *fault)
{
  struct stat opened;

  file->base.ops = &file_ops;
  file->base.kind = "file";
  file->base.traits = (struct traits){ .size = SIZE_UNKNOWN,
                                       .block_min = 1,
                                       .block_preferred = BLOCK_BYTES_PREFERRED_DEFAULT,
                                       .request_max = LOCAL_REQUEST_BYTES_MAX,
                                       .can_zero = true,
                                       .can_flush = true,
                                       .can_read = true,
                                       .requests_max = 1 };
  file->path = path;
  file->fd = file->cached_fd = -1;
  file->keeps = role == ROLE_UPDATED;
  file->ring = ring && ring_is_open(ring) ? ring : NULL;
  if (!found)
    return learn_file(file, NULL, role);
  file->is_device = S_ISBLK(found->st_mode);
  open_existing(file, role);
  if (file->fd == -1 && errno == EBUSY)
    return fault_set(fault, EXIT_FAILED, 0, "%s is in use (mounted?): unmount it first", file->base.name);
  if (file->fd == -1 || fstat(file->fd, &opened) == -1)
    return cannot(file, "open", fault);
  file->base.identity = endpoint_identity(&opened);
  if ((file->is_device ? learn_device(file, fault) : learn_file(file, &opened, role)) == -1)
    return -1;
  if (role == ROLE_SOURCE)
    map_source(file);
  return 0;
}
