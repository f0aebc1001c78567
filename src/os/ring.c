/* SPDX-License-Identifier: MIT */
/* ring: see ring.h. The memory shared with the kernel is laid out as in
 * io_uring_setup(2). */
#include "os/ring.h"

#include <assert.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *
map(int fd, size_t bytes, off_t what)
{
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);

  if (at == MAP_FAILED)
    return NULL;
  madvise(at, bytes, MADV_DONTFORK); /* a child would keep the ring, and what it is at work on, open */
  return at;
}

static bool
lay_out(struct ring *ring, int fd, const struct io_uring_params *params)
{
  size_t sq_bytes = params->sq_off.array + params->sq_entries * sizeof(unsigned);
  size_t cq_bytes = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
  unsigned char *rings = map(fd, sq_bytes > cq_bytes ? sq_bytes : cq_bytes, IORING_OFF_SQ_RING);

  ring->sqes = map(fd, params->sq_entries * sizeof(struct io_uring_sqe), (off_t)IORING_OFF_SQES);
  if (!rings || !ring->sqes)
    return false;
  ring->sq_tail = (unsigned *)(void *)(rings + params->sq_off.tail);
  ring->sq_array = (unsigned *)(void *)(rings + params->sq_off.array);
  ring->sq_mask = params->sq_entries - 1;
  ring->cq_head = (unsigned *)(void *)(rings + params->cq_off.head);
  ring->cq_tail = (unsigned *)(void *)(rings + params->cq_off.tail);
  ring->cq_mask = params->cq_entries - 1;
  ring->cqes = (struct io_uring_cqe *)(void *)(rings + params->cq_off.cqes);
  return true;
}

/* Of a ring that takes nothing yet. */
static bool
restrict_and_enable(int fd)
{
  static const struct io_uring_restriction only[] = {
    { .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_READ },
    { .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_WRITE },
    { .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_FSYNC },
    { .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_FALLOCATE },
    { .opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_ASYNC },
  };

  return syscall(SYS_io_uring_register, fd, IORING_REGISTER_RESTRICTIONS, only, sizeof only / sizeof only[0]) == 0 &&
         syscall(SYS_io_uring_register, fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) == 0;
}

static int
set_up(struct io_uring_params *params)
{
  *params = (struct io_uring_params){ .flags = IORING_SETUP_R_DISABLED };
  int fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, params);
  if (fd == -1 && errno == EINVAL) { /* a kernel that knows of no restrictions */
    *params = (struct io_uring_params){ .flags = 0 };
    fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, params);
  }
  return fd;
}

void
ring_open(struct ring *ring)
{
  struct io_uring_params params;

  *ring = (struct ring){ .fd = -1 };
  int fd = set_up(&params);
  if (fd == -1)
    return;
  /* Kernels before 5.4 map the two rings apart; they do without. */
  if (!(params.features & IORING_FEAT_SINGLE_MMAP) || !lay_out(ring, fd, &params) ||
      (params.flags & IORING_SETUP_R_DISABLED && !restrict_and_enable(fd))) {
    close(fd);
    return;
  }
  ring->fd = fd;
}

bool
ring_is_open(const struct ring *ring)
{
  return ring->fd != -1;
}

/* The next free entry; it is the kernel's once it is handed over. */
static void
ring_push(struct ring *ring, const struct io_uring_sqe *sqe)
{
  unsigned tail = *ring->sq_tail; /* only we move it */
  unsigned index = tail & ring->sq_mask;

  assert(ring->in_flight < RING_ENTRIES);
  ring->sqes[index] = *sqe;
  ring->sq_array[index] = index;
  __atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
  ring->queued++;
  ring->in_flight++;
}

void
ring_queue(struct ring *ring, enum ring_operation operation, int fd, void *data, uint32_t length, uint64_t offset,
           void *tag)
{
  static const uint8_t codes[] = { [RING_READ] = IORING_OP_READ,
                                   [RING_READ_ASIDE] = IORING_OP_READ,
                                   [RING_WRITE] = IORING_OP_WRITE,
                                   [RING_FSYNC] = IORING_OP_FSYNC };

  ring_push(ring, &(struct io_uring_sqe){ .opcode = codes[operation],
                                          .flags = operation == RING_READ_ASIDE ? IOSQE_ASYNC : 0,
                                          .fd = fd,
                                          .addr = (uintptr_t)data,
                                          .len = length,
                                          .off = offset,
                                          .user_data = (uintptr_t)tag });
}

void
ring_queue_fallocate(struct ring *ring, int fd, int mode, uint64_t offset, uint64_t length, void *tag)
{
  ring_push(ring, &(struct io_uring_sqe){ .opcode = IORING_OP_FALLOCATE,
                                          .fd = fd,
                                          .addr = length,
                                          .len = (uint32_t)mode,
                                          .off = offset,
                                          .user_data = (uintptr_t)tag });
}

bool
ring_submit(struct ring *ring)
{
  while (ring->queued > 0) {
    int taken = (int)syscall(SYS_io_uring_enter, ring->fd, ring->queued, 0, 0, NULL, 0);
    if (taken == 0 || (taken == -1 && errno != EINTR))
      return false; /* the kernel is short of something */
    if (taken > 0)
      ring->queued -= (unsigned)taken;
  }
  return true;
}

bool
ring_take_back(struct ring *ring, void **tag)
{
  if (ring->queued == 0)
    return false;
  unsigned tail = *ring->sq_tail - 1; /* the kernel looks at it only when it is told to */
  *tag = (void *)(uintptr_t)ring->sqes[tail & ring->sq_mask].user_data;
  __atomic_store_n(ring->sq_tail, tail, __ATOMIC_RELEASE);
  ring->queued--;
  ring->in_flight--;
  return true;
}

bool
ring_take(struct ring *ring, void **tag, int *result)
{
  unsigned head = *ring->cq_head; /* only we move it */

  if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
    return false;
  const struct io_uring_cqe *cqe = &ring->cqes[head & ring->cq_mask];
  *tag = (void *)(uintptr_t)cqe->user_data;
  *result = cqe->res;
  __atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
  ring->in_flight--;
  return true;
}
