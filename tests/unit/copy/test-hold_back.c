/* SPDX-License-Identifier: MIT */
/* What is held back comes last, whatever shape the requests have, and whatever of it fails: or a machine boots half a system. */
#include "unit/unit.h"

#include "base/limits.h"
#include "copy/hold_back.h"

#include <errno.h>
#include <string.h>

#define DISK_BYTES (64 * KIB)
#define HELD (8 * KIB)
#define TAIL (DISK_BYTES - HELD)

/* A destination that does all at once, and tells what: z and w for zeros and data, r for reads, F for flushes, each with the KiB where
 * it begins. */
static struct disk {
  struct endpoint base;
  struct endpoint_ops ops;
  struct request_queue answered;
  unsigned char bytes[DISK_BYTES];
  char told[1024];
  unsigned fails_after; /* requests that are done; then one fails, with... */
  int errnum;
  uint64_t zero_max; /* more isn't made at once */
} disk;

static unsigned char buffer[2 * 80 * KIB] __attribute__((aligned(PAGE_BYTES))), zeros[4 * KIB], data[DISK_BYTES];
static struct hold_back hold;
static struct areas domain;
static const struct selection in_domain = { .lists = { { &domain, 1u << AREA_FINISHED } }, .count = 1 };

static void
carry_out(struct request *request)
{
  static const char letters[] = {
    [REQUEST_READ] = 'r', [REQUEST_WRITE] = 'w', [REQUEST_ZERO] = 'z', [REQUEST_FLUSH] = 'F'
  };
  size_t used = strlen(disk.told);

  if (request->kind == REQUEST_FLUSH)
    snprintf(disk.told + used, sizeof disk.told - used, "F ");
  else
    snprintf(disk.told + used, sizeof disk.told - used, "%c%llu+%llu ", letters[request->kind],
             (unsigned long long)(request->offset / KIB), (unsigned long long)(request->length / KIB));
  request->errnum = disk.errnum && disk.fails_after-- == 0 ? disk.errnum : 0;
  if (request->errnum) {
    disk.errnum = 0;
    return;
  }
  request->length = request->kind == REQUEST_ZERO ? range_min(request->length, disk.zero_max) : request->length;
  request->done = request->length;
  if (request->kind == REQUEST_READ)
    memcpy(request->payload, disk.bytes + request->offset, request->length);
  else if (request->kind == REQUEST_WRITE)
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

static bool
disk_has_sent(struct endpoint *endpoint, const struct request *request)
{
  (void)endpoint, (void)request;
  return true;
}

static void
begin(uint64_t size, const struct selection *wanted)
{
  memset(&disk, 0, sizeof disk);
  memset(disk.bytes, 0xaa, sizeof disk.bytes);
  memset(buffer, 0, sizeof buffer);
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (unsigned char)(1 + i / KIB);
  disk.zero_max = DISK_BYTES;
  disk.ops = (struct endpoint_ops){ .submit = disk_submit, .take = disk_take, .has_sent = disk_has_sent };
  disk.base = (struct endpoint){ .ops = &disk.ops,
                                 .traits = { .size = DISK_BYTES,
                                             .block_min = 1,
                                             .block_preferred = 4096,
                                             .request_max = DISK_BYTES,
                                             .can_zero = true,
                                             .can_flush = true,
                                             .can_read = true,
                                             .requests_max = 8 } };
  struct hold_back_config config = { .destination = &disk.base,
                                     .bytes = HELD,
                                     .size = size,
                                     .wanted = wanted,
                                     .zeros = zeros,
                                     .zero_bytes = sizeof zeros,
                                     .buffer = buffer };
  assert_true(hold_back_bytes(HELD) <= sizeof buffer);
  hold_back_init(&hold, &config);
}

/* Has a request carried out, which must come back as it was asked, but for zeros that are made in part. Returns its errno. */
static int
ask(struct request request)
{
  struct request asked = request;

  hold.front.base.ops->submit(&hold.front.base, &request);
  assert_ptr_equal(hold.front.base.ops->take(&hold.front.base), &request);
  assert_null(hold.front.base.ops->take(&hold.front.base));
  assert_int_equal(request.offset, asked.offset);
  assert_ptr_equal(request.payload, asked.payload);
  if (request.kind != REQUEST_ZERO)
    assert_int_equal(request.length, asked.length);
  return request.errnum;
}

static int
write_kib(unsigned at, unsigned kib)
{
  return ask(
      (struct request){ .kind = REQUEST_WRITE, .offset = at * KIB, .length = kib * KIB, .payload = data + at * KIB });
}

static int
flush(bool is_final)
{
  return ask((struct request){ .kind = REQUEST_FLUSH, .is_midway = !is_final, .is_final = is_final });
}

static void
assert_told(const char *told)
{
  assert_string_equal(disk.told, told);
  disk.told[0] = '\0';
}

static void
both_ends_are_zeroed_first_and_written_last(void **state)
{
  (void)state;
  begin(DISK_BYTES, NULL);
  assert_told("");
  assert_int_equal(hold.front.base.traits.requests_max, 1);
  assert_int_equal(write_kib(0, 4), 0);
  assert_told("z0+8 z56+8 F ");
  assert_int_equal(hold.front.base.traits.requests_max, 8);
  assert_int_equal(write_kib(4, 16), 0);
  assert_told("w8+12 ");
  assert_int_equal(write_kib(20, 44), 0);
  assert_told("w20+36 ");
  assert_int_equal(flush(false), 0);
  assert_told("F ");
  assert_false(hold_back_is_done(&hold));
  assert_int_equal(flush(true), 0);
  assert_told("F w4+4 w56+4 F w0+4 w60+4 F ");
  assert_true(hold_back_is_done(&hold));
  assert_memory_equal(disk.bytes, data, DISK_BYTES);
}

static void
a_flush_that_is_not_the_last_one_changes_nothing(void **state)
{
  (void)state;
  begin(DISK_BYTES, NULL);
  assert_int_equal(flush(false), 0);
  assert_int_equal(ask((struct request){ .kind = REQUEST_FLUSH }), 0); /* as after a failure */
  assert_told("F F ");
  assert_false(hold.is_touched);
}

static void
a_disk_that_is_all_held(void **state)
{
  (void)state;
  begin(DISK_BYTES, NULL);
  disk.base.traits.size = 12 * KIB + 5;
  hold_back_init(&hold, &(struct hold_back_config){ .destination = &disk.base,
                                                    .bytes = HELD,
                                                    .size = 12 * KIB + 5,
                                                    .zeros = zeros,
                                                    .zero_bytes = sizeof zeros,
                                                    .buffer = buffer });
  assert_int_equal(ask((struct request){ .kind = REQUEST_WRITE, .length = 12 * KIB + 5, .payload = data }), 0);
  assert_told("z0+12 F ");
  assert_int_equal(flush(true), 0);
  assert_told("F w4+8 F w0+4 w12+0 F ");
  assert_memory_equal(disk.bytes, data, 12 * KIB + 5);
  assert_int_equal(disk.bytes[12 * KIB + 5], 0xaa);
}

static void
zeros_are_held_and_cut_too(void **state)
{
  struct request request = { .kind = REQUEST_ZERO, .length = DISK_BYTES };

  (void)state;
  begin(DISK_BYTES, NULL);
  assert_int_equal(write_kib(0, 64), 0);
  assert_told("z0+8 z56+8 F w8+48 ");
  disk.zero_max = 16 * KIB;
  hold.front.base.ops->submit(&hold.front.base, &request);
  assert_ptr_equal(hold.front.base.ops->take(&hold.front.base), &request);
  assert_told("z8+48 ");
  assert_int_equal(request.length, 24 * KIB); /* up to where zeros were made */
  request = (struct request){ .kind = REQUEST_ZERO, .offset = 24 * KIB, .length = 40 * KIB };
  disk.zero_max = DISK_BYTES;
  assert_int_equal(ask(request), 0);
  assert_told("z24+32 ");
  assert_int_equal(flush(true), 0);
  assert_told("F F F "); /* what was zeroed needn't be written */
  memset(data, 0, sizeof data);
  assert_memory_equal(disk.bytes, data, DISK_BYTES);
}

static void
a_beginning_that_fails_begins_anew(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 3; i++) {
    begin(DISK_BYTES, NULL);
    disk.fails_after = i;
    disk.errnum = i == 1 ? ENOTCONN : EIO;
    assert_int_equal(write_kib(0, 16), i == 1 ? ENOTCONN : EIO);
    disk.told[0] = '\0';
    assert_int_equal(write_kib(0, 16), 0);
    assert_told("z0+8 z56+8 F w8+8 ");
  }
}

static void
an_end_that_fails_is_done_anew_as_a_whole(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 7; i++) {
    begin(DISK_BYTES, NULL);
    assert_int_equal(write_kib(0, 64), 0);
    disk.fails_after = i;
    disk.errnum = ENOTCONN;
    assert_int_equal(flush(true), ENOTCONN);
    assert_false(hold_back_is_done(&hold));
    assert_int_equal(hold.is_ending, i > 0);
    assert_int_equal(write_kib(40, 24), 0); /* gone back over */
    disk.told[0] = '\0';
    assert_int_equal(flush(true), 0);
    assert_told("F w4+4 w56+4 F w0+4 w60+4 F ");
    assert_memory_equal(disk.bytes, data, DISK_BYTES);
  }
}

static void
zeros_that_are_refused_are_written(void **state)
{
  (void)state;
  begin(DISK_BYTES, NULL);
  disk.errnum = EOPNOTSUPP;
  assert_int_equal(write_kib(0, 16), 0);
  assert_told("z0+8 w0+4 w4+4 w56+4 w60+4 F w8+8 ");
}

/* Whether bytes are all one. */
static bool
is_all(uint64_t start, uint64_t end, unsigned char byte)
{
  while (start < end && disk.bytes[start] == byte)
    start++;
  return start == end;
}

static void
what_a_domain_does_not_want_stays(void **state)
{
  (void)state;
  areas_init(&domain, DISK_BYTES, true);
  areas_set(&domain, (struct range){ 2 * KIB, 3 * KIB }, AREA_FINISHED);
  areas_set(&domain, (struct range){ 5 * KIB, 60 * KIB }, AREA_FINISHED);
  begin(DISK_BYTES, &in_domain);
  assert_int_equal(write_kib(2, 1), 0);
  assert_told("r0+8 r56+8 z2+1 z5+3 z56+4 F ");
  assert_int_equal(write_kib(5, 55), 0);
  assert_true(is_all(0, 2 * KIB, 0xaa) && is_all(3 * KIB, 5 * KIB, 0xaa) && is_all(60 * KIB, DISK_BYTES, 0xaa));
  assert_int_equal(flush(true), 0);
  assert_true(is_all(0, 2 * KIB, 0xaa) && is_all(3 * KIB, 5 * KIB, 0xaa) && is_all(60 * KIB, DISK_BYTES, 0xaa));
  assert_memory_equal(disk.bytes + 2 * KIB, data + 2 * KIB, KIB);
  assert_memory_equal(disk.bytes + 5 * KIB, data + 5 * KIB, 55 * KIB);
}

static void
a_larger_destination_ends_with_zeros(void **state)
{
  (void)state;
  begin(58 * KIB, NULL);
  assert_int_equal(write_kib(0, 58), 0);
  assert_told("z0+8 z56+8 F w8+48 ");
  assert_int_equal(flush(true), 0);
  assert_told("F w4+4 w56+2 F w0+4 F "); /* its last block isn't the destination's */
  assert_memory_equal(disk.bytes, data, 58 * KIB);
  assert_true(is_all(58 * KIB, DISK_BYTES, 0));
}

static void
what_is_there_is_passed(void **state)
{
  (void)state;
  begin(DISK_BYTES, NULL);
  hold.passed_below = 28 * KIB;
  assert_int_equal(write_kib(0, 20), 0);
  assert_told("z0+8 z56+8 F ");
  assert_int_equal(write_kib(20, 44), 0);
  assert_told("w28+28 ");
}

/* As a partition table does, which is changed once all else is there. */
static void
what_follows_the_copy_is_shown_and_held(void **state)
{
  unsigned char bytes[DISK_BYTES];

  (void)state;
  begin(48 * KIB, NULL);
  hold_back_wait(&hold, true);
  assert_int_equal(write_kib(0, 48), 0);
  assert_told("z0+8 z56+8 F w8+40 ");
  assert_int_equal(flush(true), 0);
  assert_told("F ");
  assert_false(hold_back_is_done(&hold));
  memset(bytes, 0xcc, sizeof bytes);
  hold_back_show(&hold, (struct range){ 2 * KIB, 60 * KIB }, bytes + 2 * KIB);
  assert_memory_equal(bytes + 2 * KIB, data + 2 * KIB, 6 * KIB);
  assert_int_equal(bytes[2 * KIB - 1], 0xcc);
  assert_int_equal(bytes[8 * KIB], 0xcc);
  assert_int_equal(bytes[56 * KIB - 1], 0xcc);
  assert_int_equal(bytes[56 * KIB], 0);
  assert_int_equal(bytes[60 * KIB - 1], 0);
  assert_int_equal(bytes[60 * KIB], 0xcc);
  data[1] = (unsigned char)~data[1];
  assert_int_equal(write_kib(0, 1), 0);
  assert_int_equal(write_kib(60, 4), 0);
  hold_back_show(&hold, (struct range){ 0, KIB }, bytes);
  assert_memory_equal(bytes, data, KIB);
  assert_told("");
  hold_back_wait(&hold, false);
  assert_int_equal(flush(true), 0);
  assert_told("F w4+4 F w0+4 w60+4 F ");
  assert_true(hold_back_is_done(&hold));
  assert_memory_equal(disk.bytes, data, 48 * KIB);
  assert_memory_equal(disk.bytes + 60 * KIB, data + 60 * KIB, 4 * KIB);
}

/* Of partitions that a disk is to keep not a byte may be zeroed, however much is held. */
static void
what_lies_behind_the_source_can_stay(void **state)
{
  (void)state;
  begin(13 * KIB, NULL);
  struct hold_back_config config = hold.config;
  config.bytes = 16 * KIB;
  config.keeps_rest = true;
  hold_back_init(&hold, &config);
  assert_int_equal(write_kib(0, 13), 0);
  assert_told("z0+12 F w12+1 ");
  assert_int_equal(flush(true), 0);
  assert_told("F w4+8 F w0+4 F ");
  assert_memory_equal(disk.bytes, data, 13 * KIB);
  assert_true(is_all(13 * KIB, DISK_BYTES, 0xaa));
}

static void
what_waits_has_not_been_sent(void **state)
{
  struct request request = { .kind = REQUEST_WRITE, .length = 16 * KIB, .payload = data };

  (void)state;
  begin(DISK_BYTES, NULL);
  hold.front.base.ops->submit(&hold.front.base, &request);
  assert_false(hold.front.base.ops->has_sent(&hold.front.base, &request));
  assert_ptr_equal(hold.front.base.ops->take(&hold.front.base), &request);
}

static void
only_what_can_be_rewritten_and_flushed_is_taken(void **state)
{
  static const struct {
    struct traits traits;
    bool has_domain;
    const char *words;
  } cases[] = {
    { { .in_order = true, .can_flush = true, .block_min = 1 }, false, "is written from front to end" },
    { { .block_min = 1 }, false, "can't be told to bring what it has to stable storage" },
    { { .can_flush = true, .block_min = 1 }, true, "can't be read" },
    { { .can_flush = true, .block_min = 2 * MIB }, false, "takes blocks that are too large" },
    { { .can_flush = true, .block_min = 64 * KIB }, false, NULL },
    { { .can_flush = true, .can_read = true, .block_min = 1 }, true, NULL },
  };

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct endpoint end = { .traits = cases[i].traits, .name = "end" };
    struct fault fault = { .text = "" };
    assert_int_equal(hold_back_check(&end, HELD, cases[i].has_domain, &fault), cases[i].words ? -1 : 0);
    if (cases[i].words)
      assert_non_null(strstr(fault.text, cases[i].words));
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(both_ends_are_zeroed_first_and_written_last),
    cmocka_unit_test(a_flush_that_is_not_the_last_one_changes_nothing),
    cmocka_unit_test(a_disk_that_is_all_held),
    cmocka_unit_test(zeros_are_held_and_cut_too),
    cmocka_unit_test(a_beginning_that_fails_begins_anew),
    cmocka_unit_test(an_end_that_fails_is_done_anew_as_a_whole),
    cmocka_unit_test(zeros_that_are_refused_are_written),
    cmocka_unit_test(what_a_domain_does_not_want_stays),
    cmocka_unit_test(a_larger_destination_ends_with_zeros),
    cmocka_unit_test(what_is_there_is_passed),
    cmocka_unit_test(what_follows_the_copy_is_shown_and_held),
    cmocka_unit_test(what_lies_behind_the_source_can_stay),
    cmocka_unit_test(what_waits_has_not_been_sent),
    cmocka_unit_test(only_what_can_be_rewritten_and_flushed_is_taken),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
