/* SPDX-License-Identifier: MIT */
/* A ring does what is queued here, and nothing else, whoever writes its entries: a kernel that knows no restrictions is a skip. */
#include "unit/unit.h"

#include "os/ring.c"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

/* Since Linux 5.10. */
static bool
kernel_restricts(void)
{
  struct utsname kernel;
  int major = 0, minor = 0;

  return uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
         (major > 5 || (major == 5 && minor >= 10));
}

static void
open_or_skip(struct ring *ring)
{
  ring_open(ring);
  if (!ring_is_open(ring) || !kernel_restricts()) {
    print_message("skip: no io_uring here that can be restricted\n");
    skip();
  }
}

static void
close_ring(struct ring *ring)
{
  close(ring->fd);
}

/* What the entry comes to. */
static int
result_of(struct ring *ring, struct io_uring_sqe entry)
{
  struct pollfd answer = { .fd = ring->fd, .events = POLLIN };
  int result = 0;
  void *tag;

  ring_push(ring, &entry);
  assert_true(ring_submit(ring));
  assert_int_equal(poll(&answer, 1, 10000), 1);
  assert_true(ring_take(ring, &tag, &result));
  return result;
}

static int
open_file(void)
{
  char name[] = "ring-XXXXXX";
  int fd = mkstemp(name);

  assert_int_not_equal(fd, -1);
  unlink(name);
  return fd;
}

static void
what_is_queued_here_is_done(void **state)
{
  char bytes[] = "of the ring", back[sizeof bytes] = "";
  struct ring ring;
  int fd = open_file();

  (void)state;
  open_or_skip(&ring);
  for (unsigned i = 0; i < 5; i++) {
    static const int wanted[] = { sizeof bytes, 0, 0, sizeof bytes, sizeof bytes };
    struct pollfd answer = { .fd = ring.fd, .events = POLLIN };
    void *tag;
    int result;
    if (i == 0)
      ring_queue(&ring, RING_WRITE, fd, bytes, sizeof bytes, 0, NULL);
    else if (i == 1)
      ring_queue(&ring, RING_FSYNC, fd, NULL, 0, 0, NULL);
    else if (i == 2)
      ring_queue_fallocate(&ring, fd, 0, 0, 4096, NULL);
    else
      ring_queue(&ring, i == 3 ? RING_READ : RING_READ_ASIDE, fd, back, sizeof back, 0, NULL);
    assert_true(ring_submit(&ring));
    assert_int_equal(poll(&answer, 1, 10000), 1);
    assert_true(ring_take(&ring, &tag, &result));
    if (i != 2 || result != -EOPNOTSUPP) /* a file system's own */
      assert_int_equal(result, wanted[i]);
  }
  assert_string_equal(back, bytes);
  close(fd);
  close_ring(&ring);
}

static void
all_else_is_refused(void **state)
{
  static const uint8_t others[] = { IORING_OP_NOP,    IORING_OP_OPENAT, IORING_OP_OPENAT2, IORING_OP_CONNECT,
                                    IORING_OP_SEND,   IORING_OP_ACCEPT, IORING_OP_CLOSE,   IORING_OP_READV,
                                    IORING_OP_WRITEV, IORING_OP_STATX,  IORING_OP_TIMEOUT, IORING_OP_SPLICE };
  struct ring ring;

  (void)state;
  open_or_skip(&ring);
  for (size_t i = 0; i < sizeof others; i++) {
    int result = result_of(&ring, (struct io_uring_sqe){ .opcode = others[i],
                                                         .fd = AT_FDCWD,
                                                         .addr = (uintptr_t) "/dev/null",
                                                         .len = others[i] == IORING_OP_NOP ? 0 : 1 });
    assert_int_equal(result, -EACCES);
  }
  close_ring(&ring);
}

static void
no_descriptor_is_chosen_by_its_place(void **state)
{
  char byte;
  struct ring ring;

  (void)state;
  open_or_skip(&ring);
  assert_int_equal(result_of(&ring, (struct io_uring_sqe){ .opcode = IORING_OP_READ,
                                                           .flags = IOSQE_FIXED_FILE,
                                                           .addr = (uintptr_t)&byte,
                                                           .len = 1 }),
                   -EACCES);
  close_ring(&ring);
}

static void
nobody_changes_that(void **state)
{
  struct io_uring_restriction more = { .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_OPENAT };
  struct ring ring;
  int fd = open_file();

  (void)state;
  open_or_skip(&ring);
  assert_int_equal(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_RESTRICTIONS, &more, 1), -1);
  assert_int_equal(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1), -1);
  assert_int_equal(errno, EACCES);
  close(fd);
  close_ring(&ring);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_queued_here_is_done),
    cmocka_unit_test(all_else_is_refused),
    cmocka_unit_test(no_descriptor_is_chosen_by_its_place),
    cmocka_unit_test(nobody_changes_that),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
