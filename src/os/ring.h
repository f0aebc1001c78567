/* SPDX-License-Identifier: MIT */
/* ring: reads, writes, zeros and flushes that go on while we do something else, by io_uring.
 *
 * One for each end, opened at the start: its memory is shared with the kernel and
 * counted in docs/MEMORY.md. Operations are queued, handed to the kernel together by
 * ring_submit(), and come back in any order from ring_take(); in between the
 * ring's fd becomes readable, so that the one poll() waits for it too. Where the
 * kernel has no io_uring, or doesn't let us, the ring stays closed, and files are
 * read and written one request at a time.
 *
 * A ring is a way past whatever watches system calls. So it takes nothing but what is queued here: the kernel (since Linux 5.10)
 * answers all else with -EACCES, and lets nobody change that any more.
 */
#ifndef DECANT_RING_H
#define DECANT_RING_H

#include <stdbool.h>
#include <stdint.h>

struct io_uring_sqe;
struct io_uring_cqe;

#define RING_ENTRIES 64 /* a power of two: what may be queued and in flight at once */

struct ring {
  int fd;             /* -1: closed */
  unsigned queued;    /* not handed to the kernel yet */
  unsigned in_flight; /* queued or with the kernel */
  unsigned *sq_tail;  /* shared with the kernel, as are the next */
  unsigned *sq_array;
  unsigned *cq_head;
  unsigned *cq_tail;
  unsigned sq_mask;
  unsigned cq_mask;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
};

/* Opens the ring, or leaves it closed. */
void ring_open(struct ring *ring);

bool ring_is_open(const struct ring *ring);

/* RING_READ_ASIDE is a read that the kernel has another thread of its own for, on another processor if there is one, however soon
 * it could be done. */
enum ring_operation { RING_READ, RING_READ_ASIDE, RING_WRITE, RING_FSYNC };

/* Queues a read or a write of `length` bytes of fd at `offset`, or an fsync, which has
 * neither; fewer than RING_ENTRIES are in flight. `tag` comes back with the answer. The
 * data stays until then. */
void ring_queue(struct ring *ring, enum ring_operation operation, int fd, void *data, uint32_t length, uint64_t offset,
                void *tag);

/* Queues a fallocate() likewise. */
void ring_queue_fallocate(struct ring *ring, int fd, int mode, uint64_t offset, uint64_t length, void *tag);

/* Hands what is queued to the kernel. Returns false when the kernel doesn't take
 * all of it: what it left is to be taken back. */
bool ring_submit(struct ring *ring);

/* The tag of an operation that the kernel didn't take, which is then no longer
 * queued; false when there is none. */
bool ring_take_back(struct ring *ring, void **tag);

/* One answer, if there is any: its tag, and the number of bytes or -errno. */
bool ring_take(struct ring *ring, void **tag, int *result);

#endif
