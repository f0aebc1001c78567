/* SPDX-License-Identifier: MIT */
/* What is there already isn't written, and all else is, whatever shape the requests have: or flash wears for nothing, or a disk is
 * called copied that isn't. */
#include "unit/unit.h"

#include "copy/skip_identical.h"

#include <errno.h>
#include <string.h>

#define DISK_BYTES (1024 * KIB)
#define UNIT (4 * KIB)

/* A destination that does all at once, and tells what: z and w for zeros and data, r for reads, F for flushes, each with the KiB where
 * it begins and how many these are. */
static struct disk {
  struct endpoint base;
  struct endpoint_ops ops;
  struct request_queue answered;
  unsigned char bytes[DISK_BYTES];
  char told[1024];
  uint64_t ends;     /* what is read beyond comes short */
  char fails_at[16]; /* what is told so fails, with... */
  int errnum;
  uint64_t zero_max; /* more isn't made at once */
} disk;

static unsigned char buffers[SKIP_BUFFER_BYTES] __attribute__((aligned(PAGE_BYTES))), data[DISK_BYTES];
static struct skip_identical skip;

/* Also of a read that fails, the buffer holds what is there. */
static void
carry_out(struct request *request)
{
  static const char letters[] = {
    [REQUEST_READ] = 'r', [REQUEST_WRITE] = 'w', [REQUEST_ZERO] = 'z', [REQUEST_FLUSH] = 'F'
  };
  char told[40];

  snprintf(told, sizeof told, "%c%llu+%llu", letters[request->kind], (unsigned long long)(request->offset / KIB),
           (unsigned long long)(request->length / KIB));
  strcat(strcat(disk.told, told), " ");
  request->errnum = strcmp(told, disk.fails_at) == 0 ? disk.errnum : 0;
  if (request->kind == REQUEST_READ) {
    memcpy(request->payload, disk.bytes + request->offset, request->length);
    request->done = request->errnum ? 0 : range_min(request->length, disk.ends - request->offset);
  }
  if (request->errnum)
    return;
  if (request->kind == REQUEST_ZERO)
    request->length = range_min(request->length, disk.zero_max);
  if (request->kind == REQUEST_WRITE)
    memcpy(disk.bytes + request->offset, request->payload, request->length);
  else if (request->kind == REQUEST_ZERO)
    memset(disk.bytes + request->offset, 0, request->length);
}

static void
disk_submit(struct endpoint *endpoint, struct request *request)
{
  (void)endpoint;
  carry_out(request);
  request_queue_push(&disk.answered, request);
}

static struct request *
disk_take(struct endpoint *endpoint)
{
  (void)endpoint;
  return request_queue_pop(&disk.answered);
}

/* A disk that has all of the data. */
static void
set_up(void)
{
  memset(&disk, 0, sizeof disk);
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (unsigned char)(1 + i / KIB % 251);
  memcpy(disk.bytes, data, sizeof data);
  disk.zero_max = disk.ends = DISK_BYTES;
  disk.ops = (struct endpoint_ops){ .submit = disk_submit, .take = disk_take };
  disk.base = (struct endpoint){ .ops = &disk.ops,
                                 .traits = { .size = DISK_BYTES,
                                             .block_min = 512,
                                             .block_preferred = 4096,
                                             .request_max = 100 * KIB,
                                             .can_zero = true,
                                             .can_flush = true,
                                             .can_read = true,
                                             .requests_max = 64 },
                                 .name = "disk" };
  skip_identical_init(&skip, &disk.base, UNIT, buffers);
}

/* Has a request carried out, which must come back as it was asked, and asks for these. Returns its errno. */
static int
ask(enum request_kind kind, uint64_t offset, uint64_t length, const char *expected)
{
  struct request request = { .kind = kind, .offset = offset, .length = length, .payload = data + offset };

  disk.told[0] = '\0';
  skip.front.base.ops->submit(&skip.front.base, &request);
  assert_ptr_equal(skip.front.base.ops->take(&skip.front.base), &request);
  assert_null(skip.front.base.ops->take(&skip.front.base));
  assert_true(request.offset == offset && request.length == length && request.payload == data + offset);
  assert_string_equal(disk.told, expected);
  return request.errnum;
}

static void
what_is_there_stays(void **state)
{
  (void)state;
  set_up();
  assert_int_equal(ask(REQUEST_WRITE, 0, 64 * KIB, "r0+64 "), 0);
  assert_true(skip.written == 0);
  assert_int_equal(ask(REQUEST_FLUSH, 0, 0, "F0+0 "), 0);
}

static void
what_differs_is_written_in_units(void **state)
{
  (void)state;
  set_up();
  disk.bytes[9 * KIB]++;
  disk.bytes[13 * KIB]++;
  disk.bytes[40 * KIB]++;
  assert_int_equal(ask(REQUEST_WRITE, 0, 64 * KIB, "r0+64 w8+8 w40+4 "), 0);
  assert_true(skip.written == 12 * KIB);
  assert_memory_equal(disk.bytes, data, sizeof data);
}

static void
a_write_is_read_in_parts(void **state)
{
  (void)state;
  set_up();
  disk.bytes[99 * KIB]++;
  disk.bytes[193 * KIB]++;
  /* A part begins and ends on a grid, and is no larger than a request. */
  assert_int_equal(ask(REQUEST_WRITE, 33 * KIB, 167 * KIB, "r33+31 r64+64 w96+4 r128+64 r192+8 w192+4 "), 0);
  assert_memory_equal(disk.bytes, data, sizeof data);
}

static void
a_write_ends_anywhere(void **state)
{
  (void)state;
  set_up();
  disk.bytes[5 * KIB + 100]++;
  disk.bytes[10 * KIB + 511]++;
  assert_int_equal(ask(REQUEST_WRITE, 5 * KIB, 5 * KIB + 512, "r5+5 w5+5 "), 0);
  assert_true(skip.written == 5 * KIB + 512);
  assert_memory_equal(disk.bytes, data, sizeof data);
}

static void
zeros_are_compared_too(void **state)
{
  (void)state;
  set_up();
  memset(disk.bytes + 20 * KIB, 0, 80 * KIB);
  disk.bytes[60 * KIB] = 1;
  assert_int_equal(ask(REQUEST_ZERO, 16 * KIB, 48 * KIB, "r16+48 z16+4 z60+4 "), 0);
  assert_int_equal(ask(REQUEST_ZERO, 16 * KIB, 84 * KIB, "r16+48 r64+36 "), 0);
  assert_true(skip.written == 8 * KIB);
}

static void
zeros_may_be_made_in_part(void **state)
{
  (void)state;
  set_up();
  disk.zero_max = 16 * KIB;
  assert_int_equal(ask(REQUEST_ZERO, 0, 40 * KIB, "r0+40 z0+40 z16+24 z32+8 "), 0);
  assert_true(skip.written == 40 * KIB);
}

static void
what_cannot_be_read_is_written(void **state)
{
  (void)state;
  set_up();
  strcpy(disk.fails_at, "r64+64");
  disk.errnum = EIO;
  assert_int_equal(ask(REQUEST_WRITE, 0, 192 * KIB, "r0+64 r64+64 w64+64 r128+64 "), 0);
  disk.fails_at[0] = '\0';
  /* A file is shorter yet. */
  disk.ends = 70 * KIB;
  assert_int_equal(ask(REQUEST_WRITE, 64 * KIB, 64 * KIB, "r64+64 w68+60 "), 0);
}

static void
who_is_gone_has_done_nothing(void **state)
{
  (void)state;
  set_up();
  strcpy(disk.fails_at, "r0+64");
  disk.errnum = ENOTCONN;
  assert_int_equal(ask(REQUEST_WRITE, 0, 64 * KIB, "r0+64 "), ENOTCONN);
}

static void
what_failed_is_done_in_a_second_try(void **state)
{
  (void)state;
  set_up();
  disk.bytes[0]++;
  disk.bytes[8 * KIB]++;
  strcpy(disk.fails_at, "w8+4");
  disk.errnum = EIO;
  assert_int_equal(ask(REQUEST_WRITE, 0, 64 * KIB, "r0+64 w0+4 w8+4 "), EIO);
  disk.fails_at[0] = '\0';
  assert_int_equal(ask(REQUEST_WRITE, 0, 64 * KIB, "r0+64 w8+4 "), 0);
  assert_true(skip.written == 8 * KIB);
  strcpy(disk.fails_at, "z0+4");
  disk.errnum = EOPNOTSUPP;
  assert_int_equal(ask(REQUEST_ZERO, 0, 4 * KIB, "r0+4 z0+4 "), EOPNOTSUPP);
}

static void
so_many_at_once(void **state)
{
  struct request requests[SKIP_LANES];

  (void)state;
  set_up();
  assert_int_equal(skip.front.base.traits.requests_max, SKIP_LANES);
  for (unsigned i = 0; i < SKIP_LANES; i++) {
    disk.bytes[i * UNIT]++;
    requests[i] =
        (struct request){ .kind = REQUEST_WRITE, .offset = i * UNIT, .length = UNIT, .payload = data + i * UNIT };
    skip.front.base.ops->submit(&skip.front.base, &requests[i]);
  }
  for (unsigned i = 0; i < SKIP_LANES; i++)
    assert_ptr_equal(skip.front.base.ops->take(&skip.front.base), &requests[i]);
  assert_memory_equal(disk.bytes, data, sizeof data);
}

static void
some_cannot_be_compared(void **state)
{
  struct fault fault;

  (void)state;
  set_up();
  assert_int_equal(skip_identical_check(&disk.base, &fault), 0);
  disk.base.traits.block_min = 2 * SKIP_PART_BYTES;
  assert_int_equal(skip_identical_check(&disk.base, &fault), -1);
  assert_non_null(strstr(fault.text, "blocks that are too large"));
  disk.base.traits.can_read = false;
  assert_int_equal(skip_identical_check(&disk.base, &fault), -1);
  assert_non_null(strstr(fault.text, "can't be read"));
  disk.base.traits.in_order = true;
  assert_int_equal(skip_identical_check(&disk.base, &fault), -1);
  assert_non_null(strstr(fault.text, "from front to end"));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_there_stays),
    cmocka_unit_test(what_differs_is_written_in_units),
    cmocka_unit_test(a_write_is_read_in_parts),
    cmocka_unit_test(a_write_ends_anywhere),
    cmocka_unit_test(zeros_are_compared_too),
    cmocka_unit_test(zeros_may_be_made_in_part),
    cmocka_unit_test(what_cannot_be_read_is_written),
    cmocka_unit_test(who_is_gone_has_done_nothing),
    cmocka_unit_test(what_failed_is_done_in_a_second_try),
    cmocka_unit_test(so_many_at_once),
    cmocka_unit_test(some_cannot_be_compared),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
