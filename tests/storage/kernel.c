/* SPDX-License-Identifier: MIT */
/* kernel: see kernel.h. */
#include "storage/kernel.h"

#include "base/limits.h"
#include "base/range.h"
#include "local/disk_use.h"
#include "os/outside.h"
#include "os/ring.h"
#include "sim/check.h"
#include "sim/stage.h"
#include "sim/whole/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

typedef unsigned long long ull;

/* Addresses that nobody touches. */
#define MAPPED_AT UINT64_C(0x600000000000)
#define MAPPED_BYTES (UINT64_C(1) << 32)

struct kernel kernel;

static struct handle {
  bool used;
  bool is_directory;
  char text[32]; /* of an attribute of a disk's; empty: it isn't one */
  struct pipe *pipe;
  bool waits; /* in calls */
  struct storage_view view;
} handles[KERNEL_FDS_MAX];

/* One request of a ring. */
static struct operation {
  enum { OPERATION_NONE, OPERATION_QUEUED, OPERATION_OUT, OPERATION_DONE } state;
  enum { MOVE_READ, MOVE_WRITE, MOVE_ZERO, MOVE_FLUSH } kind;
  struct ring *ring;
  struct storage_view view;
  unsigned char *data;
  unsigned way; /* of zeros */
  uint64_t offset, length;
  void *tag;
  uint64_t number; /* in the order in which they were queued */
  uint64_t due_us;
  int result;
} operations[KERNEL_RINGS_MAX * RING_ENTRIES];
static uint64_t operations_queued;

static struct ring *rings[KERNEL_RINGS_MAX];

/* ---- Chances ---- */

static bool
kernel_happens(unsigned one_in)
{
  return one_in > 0 && random_one_in(&kernel.random, one_in);
}

static int
fails(int errnum)
{
  errno = errnum;
  return -1;
}

static int64_t
tells(int64_t result)
{
  return result < 0 ? fails((int)-result) : result;
}

/* A call that has to wait for the disk. */
static void
take_time(struct storage *storage)
{
  machine_count_call();
  if (storage_happens(storage, storage->manners.slow_one_in))
    stage.now_us += random_between(&storage->random, 0, storage->manners.slow_max_us);
}

static bool
is_interrupted(struct storage *storage)
{
  if (!storage_happens(storage, storage->manners.interrupted_one_in))
    return false;
  errno = EINTR;
  return true;
}

/* ---- Names and descriptors ---- */

static struct handle *
handle_find(int fd)
{
  sim_check(fd >= KERNEL_FD_FIRST && fd < KERNEL_FD_FIRST + KERNEL_FDS_MAX && handles[fd - KERNEL_FD_FIRST].used,
            "descriptor %d isn't open", fd);
  return &handles[fd - KERNEL_FD_FIRST];
}

static struct storage_view *
view_find(int fd)
{
  struct handle *handle = handle_find(fd);

  sim_check(handle->view.storage, "descriptor %d isn't a file's or a device's", fd);
  return &handle->view;
}

static struct storage *
storage_find(const char *path)
{
  for (unsigned i = 0; i < 2; i++)
    if (kernel.storages[i] && strcmp(kernel.storages[i]->path, path) == 0)
      return kernel.storages[i];
  sim_fail("%s is asked for", path);
}

static int
open_handle(struct handle handle)
{
  for (int i = 0; i < KERNEL_FDS_MAX; i++) {
    if (handles[i].used)
      continue;
    handles[i] = handle;
    handles[i].used = true;
    return KERNEL_FD_FIRST + i;
  }
  sim_fail("too many descriptors");
}

int
kernel_open_pipe(unsigned number)
{
  return open_handle((struct handle){ .pipe = kernel.pipes[number], .waits = true });
}

unsigned
kernel_open_count(void)
{
  unsigned count = 0;

  for (int i = 0; i < KERNEL_FDS_MAX; i++)
    count += handles[i].used;
  return count;
}

static bool
has_serial(const struct storage *storage)
{
  return storage->number % 2 == 0;
}

/* What a name says of a disk that is away. */
static int
away_errnum(struct storage *storage)
{
  if (storage->is_device)
    return random_one_in(&storage->random, 2) ? ENOENT : ENXIO;
  return random_one_in(&storage->random, 2) ? ENOENT : EIO;
}

/* In the place of src/os/outside.c. */
int
outside_open(const char *path, int flags)
{
  struct storage *storage = storage_find(path);

  take_time(storage);
  if (storage->is_gone)
    return fails(away_errnum(storage));
  if (!storage->exists && !(flags & O_CREAT))
    return fails(ENOENT);
  if (flags & O_DIRECT && storage->manners.no_direct)
    return fails(EINVAL);
  sim_check((flags & O_ACCMODE) == O_RDONLY || !storage->is_source, "the source is opened to be written to");
  if (!storage->exists) {
    storage->exists = true;
    storage->is_named_for_good = false;
  }
  return open_handle((struct handle){
      .view = { .storage = storage, .generation = storage->generation, .is_direct = flags & O_DIRECT } });
}

/* A descriptor that is open, once more. */
static int
open_again(const char *path, int flags)
{
  int fd;

  sim_check(sscanf(path, "/proc/self/fd/%d", &fd) == 1, "%s is opened", path);
  struct handle *handle = handle_find(fd);
  sim_check(handle->pipe && handle->pipe->kind == PIPE_FIFO, "what isn't a FIFO is opened again");
  if (!handle->pipe->opens_again)
    return fails(EACCES);
  return open_handle((struct handle){ .pipe = handle->pipe, .waits = !(flags & O_NONBLOCK) });
}

/* What sysfs has of a disk that is there: how large it is, and maybe its serial number. */
static int
open_attribute(uint64_t number, const char *name)
{
  struct handle handle = { .is_directory = false };

  for (unsigned i = 0; i < 2; i++) {
    const struct storage *storage = kernel.storages[i];
    if (!storage || storage->number != number || storage->is_gone)
      continue;
    if (strcmp(name, "size") == 0)
      snprintf(handle.text, sizeof handle.text, "%llu\n", (ull)storage->size / 512 + 1);
    if (strcmp(name, "serial") == 0 && has_serial(storage))
      snprintf(handle.text, sizeof handle.text, "%llu-%d\n", (ull)number, storage->is_other && !storage->is_like_it);
  }
  return handle.text[0] ? open_handle(handle) : fails(ENOENT);
}

/* Only directories are opened so, what is open, and what sysfs has. */
int __wrap_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...)
{
  unsigned major, minor;
  int name = 0;

  machine_count_call();
  if (flags & O_DIRECTORY)
    return open_handle((struct handle){ .is_directory = true });
  if (sscanf(path, "/sys/dev/block/%u:%u/%n", &major, &minor, &name) == 2 && name > 0)
    return open_attribute(makedev(major, minor), path + name);
  return open_again(path, flags);
}

/* By how much another disk, or file, is larger. */
static uint64_t
other_bytes(const struct storage *storage)
{
  if (!storage->is_other || (!storage->is_like_it && has_serial(storage)))
    return 0;
  return storage->is_device ? storage->sector : 100 * MIB;
}

static void
fill_stat(struct storage *storage, bool by_name, struct stat *found)
{
  bool is_another = (storage->is_other && !storage->is_like_it) ||
                    (by_name && storage->is_changed && storage->manners.change == CHANGE_REPLACED);

  memset(found, 0, sizeof *found);
  found->st_mode = storage->is_device ? S_IFBLK | 0600 : S_IFREG | 0644;
  found->st_size = storage->is_device ? 0 : (off_t)(storage->size + other_bytes(storage));
  found->st_dev = storage->is_device ? 1 : storage->number;
  found->st_rdev = storage->is_device ? storage->number : 0;
  found->st_ino = storage->number * 10 + is_another;
}

int __wrap_stat(const char *path, struct stat *found);
int
__wrap_stat(const char *path, struct stat *found)
{
  if (strcmp(path, "./") == 0 || strcmp(path, "/dev") == 0) {
    *found = (struct stat){ .st_mode = S_IFDIR | 0755, .st_dev = path[0] == '/' };
    return 0;
  }
  struct storage *storage = storage_find(path);
  take_time(storage);
  if (storage->is_gone)
    return fails(away_errnum(storage));
  if (!storage->exists)
    return fails(ENOENT);
  fill_stat(storage, true, found);
  return 0;
}

static int
stat_pipe(const struct pipe *pipe, struct stat *found)
{
  static const mode_t modes[] = { S_IFIFO | 0600, S_IFSOCK | 0600, S_IFREG | 0600 };

  machine_count_call();
  *found = (struct stat){ .st_mode = modes[pipe->kind],
                          .st_nlink = !pipe->is_removed,
                          .st_dev = 3,
                          .st_ino = 1 + pipe->is_source,
                          .st_size = pipe->kind == PIPE_FILE ? (off_t)pipe_file_bytes(pipe) : 0 };
  return 0;
}

int __wrap_fstat(int fd, struct stat *found);
int
__wrap_fstat(int fd, struct stat *found)
{
  if (handle_find(fd)->pipe)
    return stat_pipe(handle_find(fd)->pipe, found);
  struct storage_view *view = view_find(fd);

  take_time(view->storage);
  if (storage_is_dead(view) && !view->storage->is_device)
    return fails(EIO);
  fill_stat(view->storage, false, found);
  return 0;
}

int __wrap_close(int fd);
int
__wrap_close(int fd)
{
  struct handle *handle = handle_find(fd);
  struct storage *storage = handle->view.storage;

  machine_count_call();
  handle->used = false;
  if (!storage || storage->is_source || !storage_happens(storage, storage->manners.close_fails_one_in))
    return 0;
  storage->faults++;
  storage->close_failed = storage->is_closing;
  return fails(EIO);
}

int __wrap_fcntl(int fd, int command, ...);
int
__wrap_fcntl(int fd, int command, ...)
{
  const struct pipe *pipe = handle_find(fd)->pipe;

  machine_count_call();
  if (pipe && command == F_SETPIPE_SZ)
    return fails(EPERM);
  sim_check(command == F_GETFL, "fcntl() does something else");
  if (pipe)
    return O_RDWR;
  return view_find(fd)->is_direct ? O_DIRECT | O_RDWR : O_RDWR;
}

int __wrap_fstatfs(int fd, struct statfs *found);
int
__wrap_fstatfs(int fd, struct statfs *found)
{
  struct storage_view *view = view_find(fd);

  machine_count_call();
  if (storage_is_dead(view))
    return fails(EIO);
  memset(found, 0, sizeof *found);
  found->f_bsize = (__typeof__(found->f_bsize))view->storage->block;
  return 0;
}

/* ---- What is done to them ---- */

ssize_t __wrap_pread(int fd, void *to, size_t length, off_t offset);
ssize_t
__wrap_pread(int fd, void *to, size_t length, off_t offset)
{
  struct storage_view *view = view_find(fd);

  take_time(view->storage);
  if (is_interrupted(view->storage))
    return -1;
  return tells(storage_read(view, to, length, (uint64_t)offset));
}

ssize_t __wrap_pwrite(int fd, const void *from, size_t length, off_t offset);
ssize_t
__wrap_pwrite(int fd, const void *from, size_t length, off_t offset)
{
  struct storage_view *view = view_find(fd);

  take_time(view->storage);
  if (is_interrupted(view->storage))
    return -1;
  return tells(storage_write(view, from, length, (uint64_t)offset));
}

static unsigned
way_of(int mode)
{
  sim_check(mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) ||
                mode == (FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE),
            "fallocate() with the mode %d", mode);
  return mode & FALLOC_FL_PUNCH_HOLE ? 1 : 2;
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t length);
int
__wrap_fallocate(int fd, int mode, off_t offset, off_t length)
{
  struct storage_view *view = view_find(fd);

  take_time(view->storage);
  if (is_interrupted(view->storage))
    return -1;
  return (int)tells(storage_zero(view, way_of(mode), (uint64_t)offset, (uint64_t)length));
}

int __wrap_ftruncate(int fd, off_t bytes);
int
__wrap_ftruncate(int fd, off_t bytes)
{
  struct storage_view *view = view_find(fd);

  take_time(view->storage);
  return (int)tells(storage_set_length(view, (uint64_t)bytes));
}

/* Of a directory, that of the one file in it that is made. */
static int
flush_names(void)
{
  struct storage *storage = kernel.storages[1];

  if (storage->is_gone)
    return fails(EIO);
  storage->is_named_for_good = storage->exists;
  return 0;
}

int __wrap_fsync(int fd);
int
__wrap_fsync(int fd)
{
  if (handle_find(fd)->is_directory)
    return flush_names();
  if (handle_find(fd)->pipe)
    return handle_find(fd)->pipe->kind == PIPE_FILE ? 0 : fails(EINVAL);
  struct storage_view *view = view_find(fd);

  take_time(view->storage);
  storage_flush_begin(view->storage);
  return (int)tells(storage_flush_end(view));
}

off_t __wrap_lseek(int fd, off_t from, int whence);
off_t
__wrap_lseek(int fd, off_t from, int whence)
{
  const struct pipe *pipe = handle_find(fd)->pipe;

  if (pipe)
    return pipe->kind == PIPE_FILE ? (off_t)pipe->before : fails(ESPIPE);
  struct storage_view *view = view_find(fd);

  take_time(view->storage);
  if (storage_is_dead(view))
    return fails(EIO);
  if (view->storage->manners.no_holes)
    return fails(EINVAL);
  sim_check(whence == SEEK_DATA || whence == SEEK_HOLE, "lseek() does something else");
  if ((uint64_t)from >= view->storage->size)
    return fails(ENXIO);
  uint64_t found = storage_seek(view->storage, (uint64_t)from, whence == SEEK_DATA);
  return found == STORAGE_NEVER ? fails(ENXIO) : (off_t)found;
}

int __wrap_isatty(int fd);
int
__wrap_isatty(int fd)
{
  handle_find(fd);
  return 0;
}

ssize_t __wrap_write(int fd, const void *from, size_t length);
ssize_t
__wrap_write(int fd, const void *from, size_t length)
{
  struct handle *handle = handle_find(fd);

  machine_count_call();
  sim_check(handle->pipe && handle->pipe->kind != PIPE_SOCKET, "what isn't a pipe is written to");
  return tells(pipe_write(handle->pipe, from, length, handle->waits));
}

ssize_t __wrap_send(int fd, const void *from, size_t length, int flags);
ssize_t
__wrap_send(int fd, const void *from, size_t length, int flags)
{
  struct handle *handle = handle_find(fd);

  machine_count_call();
  sim_check(handle->pipe && handle->pipe->kind == PIPE_SOCKET, "what isn't a socket is sent to");
  sim_check(flags & MSG_NOSIGNAL, "a send that may end the program by SIGPIPE");
  return tells(pipe_write(handle->pipe, from, length, handle->waits && !(flags & MSG_DONTWAIT)));
}

static int
zero_out(const struct storage_view *view, const uint64_t range[2])
{
  int result = storage_zero(view, 4, range[0], range[1]);

  return result == -ENODEV ? fails(ENOTTY) : (int)tells(result);
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int
__wrap_ioctl(int fd, unsigned long request, ...)
{
  struct storage_view *view = view_find(fd);
  struct storage *storage = view->storage;
  va_list words;

  va_start(words, request);
  void *argument = va_arg(words, void *);
  va_end(words);
  take_time(storage);
  sim_check(storage->is_device, "ioctl() of a file");
  switch (request) {
  case BLKGETSIZE64:
    *(uint64_t *)argument = storage_is_dead(view) ? 0 : storage->size + other_bytes(storage);
    return 0;
  case BLKROGET:
    *(int *)argument = 0;
    return 0;
  case BLKSSZGET:
  case BLKPBSZGET:
    *(unsigned *)argument = (unsigned)storage->sector;
    return 0;
  case BLKIOOPT:
    return fails(ENOTTY);
  case BLKRRPART:
    return storage_is_dead(view) ? fails(ENXIO) : fails(EINVAL);
  case BLKZEROOUT:
    return is_interrupted(storage) ? -1 : zero_out(view, argument);
  default:
    sim_fail("ioctl() does something else");
  }
}

void *__wrap_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset);
void *
__wrap_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
  struct storage *storage = view_find(fd)->storage;

  (void)at, (void)length, (void)protection, (void)flags, (void)offset;
  machine_count_call();
  if (!storage->manners.sees_cache) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return (void *)(uintptr_t)(MAPPED_AT + (storage == kernel.storages[0] ? 0 : MAPPED_BYTES));
}

int __wrap_munmap(void *at, size_t length);
int
__wrap_munmap(void *at, size_t length)
{
  (void)at, (void)length;
  machine_count_call();
  return 0;
}

int __wrap_mincore(void *at, size_t length, unsigned char *pages);
int
__wrap_mincore(void *at, size_t length, unsigned char *pages)
{
  uint64_t offset = ((uint64_t)(uintptr_t)at - MAPPED_AT) % MAPPED_BYTES;
  struct storage *storage = kernel.storages[((uint64_t)(uintptr_t)at - MAPPED_AT) / MAPPED_BYTES];

  machine_count_call();
  if (!range_is_aligned(offset, STORAGE_PAGE_BYTES))
    return fails(EINVAL);
  if (storage_happens(storage, 20))
    return fails(EAGAIN);
  for (uint64_t i = 0; i < (length + STORAGE_PAGE_BYTES - 1) / STORAGE_PAGE_BYTES; i++)
    pages[i] = (unsigned char)(storage->cached[offset / STORAGE_PAGE_BYTES + i] | (random_next(&kernel.random) & 0xfe));
  return 0;
}

/* ---- In the place of src/local/disk_use.c ---- */

bool
disk_use_of(uint64_t number, char *words, size_t bytes)
{
  (void)number, (void)words, (void)bytes;
  return false;
}

/* ---- Rings: in the place of src/os/ring.c ---- */

void
ring_open(struct ring *ring)
{
  *ring = (struct ring){ .fd = -1 };
  for (int i = 0; i < KERNEL_RINGS_MAX && ring->fd == -1; i++) {
    if (rings[i])
      continue;
    rings[i] = ring;
    ring->fd = KERNEL_RING_FD_FIRST + i;
  }
}

bool
ring_is_open(const struct ring *ring)
{
  return ring->fd != -1;
}

static void
ring_push(struct ring *ring, const struct operation *operation)
{
  sim_check(ring->in_flight < RING_ENTRIES, "a ring holds too much");
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    if (operations[i].state != OPERATION_NONE)
      continue;
    operations[i] = *operation;
    operations[i].state = OPERATION_QUEUED;
    operations[i].ring = ring;
    operations[i].number = operations_queued++;
    ring->queued++;
    ring->in_flight++;
    return;
  }
}

/* A buffer holds rubbish until what is read into it has come. */
void
ring_queue(struct ring *ring, enum ring_operation operation, int fd, void *data, uint32_t length, uint64_t offset,
           void *tag)
{
  struct operation made = { .view = *view_find(fd), .data = data, .offset = offset, .length = length, .tag = tag };

  made.kind = operation == RING_WRITE ? MOVE_WRITE : operation == RING_FSYNC ? MOVE_FLUSH : MOVE_READ;
  if (made.kind == MOVE_READ)
    memset(data, 0xee, length);
  if (made.kind == MOVE_WRITE && made.view.is_direct)
    storage_write_begins(made.view.storage, offset, length);
  ring_push(ring, &made);
}

void
ring_queue_fallocate(struct ring *ring, int fd, int mode, uint64_t offset, uint64_t length, void *tag)
{
  ring_push(ring, &(struct operation){ .kind = MOVE_ZERO,
                                       .view = *view_find(fd),
                                       .way = way_of(mode),
                                       .offset = offset,
                                       .length = length,
                                       .tag = tag });
}

/* The first, or the last, of a ring's that is queued. */
static struct operation *
next_queued(const struct ring *ring, bool is_first)
{
  struct operation *found = NULL;

  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    struct operation *operation = &operations[i];
    if (operation->state == OPERATION_QUEUED && operation->ring == ring &&
        (!found || (operation->number < found->number) == is_first))
      found = operation;
  }
  return found;
}

bool
ring_submit(struct ring *ring)
{
  struct operation *operation;

  machine_count_call();
  while ((operation = next_queued(ring, true))) {
    if (kernel_happens(kernel.ring_full_one_in))
      return false;
    struct storage *storage = operation->view.storage;
    uint64_t most_us = storage->manners.delay_max_us;
    operation->state = OPERATION_OUT;
    operation->due_us = stage.now_us + (most_us > 0 ? random_between(&storage->random, 0, most_us) : 0);
    if (operation->kind == MOVE_FLUSH)
      storage_flush_begin(storage);
    ring->queued--;
  }
  return true;
}

/* It is over, or was never begun. */
static void
operation_ends(struct operation *operation)
{
  if (operation->kind == MOVE_WRITE && operation->view.is_direct)
    storage_write_ends(operation->view.storage, operation->offset, operation->length);
}

bool
ring_take_back(struct ring *ring, void **tag)
{
  struct operation *operation = next_queued(ring, false);

  if (!operation)
    return false;
  *tag = operation->tag;
  operation_ends(operation);
  operation->state = OPERATION_NONE;
  ring->queued--;
  ring->in_flight--;
  return true;
}

static unsigned
unringed_bit(const struct operation *operation)
{
  return operation->kind == MOVE_FLUSH  ? UNRINGED_FLUSHES
         : operation->kind == MOVE_ZERO ? UNRINGED_ZEROS
                                        : UNRINGED_MOVES;
}

static int64_t
operation_result(const struct operation *operation)
{
  const struct storage_view *view = &operation->view;
  struct storage *storage = view->storage;
  const struct storage_manners *manners = &storage->manners;

  if (manners->unringed & unringed_bit(operation))
    return -EINVAL;
  if (storage_happens(storage, manners->interrupted_one_in))
    return -EINTR;
  if (storage_happens(storage, manners->not_now_one_in))
    return -EAGAIN;
  switch (operation->kind) {
  case MOVE_READ:
    return storage_read(view, operation->data, operation->length, operation->offset);
  case MOVE_WRITE:
    return storage_write(view, operation->data, operation->length, operation->offset);
  case MOVE_ZERO:
    return storage_zero(view, operation->way, operation->offset, operation->length);
  case MOVE_FLUSH:
    return storage_flush_end(view);
  }
  return -EOPNOTSUPP;
}

static void
carry_out(struct operation *operation)
{
  static const char *const names[] = { "read", "write", "zero", "flush" };

  operation->state = OPERATION_DONE;
  operation->result = (int)operation_result(operation);
  operation_ends(operation);
  sim_trace("%8llu us %s: %s %llu, %llu long: %d", (ull)stage.now_us, operation->view.storage->path,
            names[operation->kind], (ull)operation->offset, (ull)operation->length, operation->result);
}

static void
rings_advance(void)
{
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (operations[i].state == OPERATION_OUT && operations[i].due_us <= stage.now_us)
      carry_out(&operations[i]);
}

/* Any that is done. */
bool
ring_take(struct ring *ring, void **tag, int *result)
{
  size_t count = sizeof operations / sizeof *operations, first = random_next(&kernel.random) % count;

  rings_advance();
  for (size_t i = 0; i < count; i++) {
    struct operation *operation = &operations[(first + i) % count];
    if (operation->state != OPERATION_DONE || operation->ring != ring)
      continue;
    *tag = operation->tag;
    *result = operation->result;
    operation->state = OPERATION_NONE;
    ring->in_flight--;
    return true;
  }
  return false;
}

unsigned
kernel_requests_out(void)
{
  unsigned count = 0;

  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    count += operations[i].state != OPERATION_NONE;
  return count;
}

/* ---- Time, and what comes with it ---- */

static uint64_t
kernel_next_us(void)
{
  uint64_t next_us = STORAGE_NEVER;

  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (operations[i].state == OPERATION_OUT)
      next_us = range_min(next_us, operations[i].due_us);
  for (unsigned i = 0; i < 2; i++)
    next_us = range_min(next_us, kernel.storages[i] ? storage_next_us(kernel.storages[i]) : STORAGE_NEVER);
  for (unsigned i = 0; i < 2; i++)
    next_us = range_min(next_us, kernel.pipes[i] ? pipe_next_us(kernel.pipes[i]) : STORAGE_NEVER);
  return next_us;
}

static bool
kernel_advance(void)
{
  for (unsigned i = 0; i < 2; i++) {
    if (kernel.storages[i])
      storage_advance(kernel.storages[i], stage.now_us);
    if (kernel.pipes[i])
      pipe_advance(kernel.pipes[i], stage.now_us);
  }
  rings_advance();
  return false;
}

static bool
is_ready(int fd)
{
  if (fd >= KERNEL_FD_FIRST && fd < KERNEL_FD_FIRST + KERNEL_FDS_MAX && handle_find(fd)->pipe)
    return pipe_is_ready(handle_find(fd)->pipe);
  sim_check(fd >= KERNEL_RING_FD_FIRST && fd < KERNEL_RING_FD_FIRST + KERNEL_RINGS_MAX &&
                rings[fd - KERNEL_RING_FD_FIRST],
            "descriptor %d is waited for", fd);
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (operations[i].state == OPERATION_DONE && operations[i].ring == rings[fd - KERNEL_RING_FD_FIRST])
      return true;
  return false;
}

static short
kernel_events(int fd)
{
  return is_ready(fd) ? POLLIN | POLLOUT : 0;
}

void
kernel_begin(uint64_t seed)
{
  memset(&kernel, 0, sizeof kernel);
  memset(handles, 0, sizeof handles);
  memset(operations, 0, sizeof operations);
  memset(rings, 0, sizeof rings);
  operations_queued = 0;
  kernel.random.state = seed * 5 + 3;
  machine_begin(&kernel.random);
  machine.advance = kernel_advance;
  machine.next_us = kernel_next_us;
  machine.events = kernel_events;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int
__wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
  return machine_poll(fds, count, timeout_ms);
}

/* From its front, as it is read once. */
static ssize_t
read_attribute(const struct handle *handle, void *to, size_t length)
{
  length = range_min(length, strlen(handle->text));
  memcpy(to, handle->text, length);
  return (ssize_t)length;
}

ssize_t __wrap_read(int fd, void *to, size_t length);
ssize_t
__wrap_read(int fd, void *to, size_t length)
{
  machine_count_call();
  if (fd == MACHINE_SIGNAL_FD)
    return machine_read_signal(fd, to, length);
  struct handle *handle = handle_find(fd);
  if (handle->pipe)
    return tells(pipe_read(handle->pipe, to, length));
  sim_check(handle->text[0], "descriptor %d is read", fd);
  return read_attribute(handle, to, length);
}
