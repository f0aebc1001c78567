/* SPDX-License-Identifier: MIT */
/* A destination file is written past the page cache where that is possible, and what isn't whole blocks goes through the cache:
 * what its traits say that it can do has to work by either way. */
#include "unit/unit.h"

#include "local/device.c"
#include "local/device_marks.c"
#include "local/disk_use.c"
#include "local/endpoint_file.c"
#include "local/file_carry.c"
#include "local/file_direct.c"
#include "local/file_length.c"
#include "local/file_name.c"
#include "local/file_presence.c"
#include "local/file_requests.c"
#include "local/file_zero.c"
#include "local/overlap.c"
#include "local/sysfs.c"
#include "os/loop.c"
#include "os/outside.h"
#include "os/ring.c"

/* There is no sandbox here. */
int
outside_open(const char *path, int flags)
{
  return open(path, flags | O_CLOEXEC, 0666);
}

#define SIZE (8 * PAGE_BYTES)

static struct endpoint_file file;
static struct chunks chunks;
static _Alignas(PAGE_BYTES) unsigned char content[SIZE], payload[PAGE_BYTES];

/* Carries a request out at once, as an end without a ring does. */
static int
carry(struct request request)
{
  struct endpoint *end = &file.base;
  struct request *answer = NULL;
  struct loop loop = { 0 };

  request.chunks = &chunks;
  end->ops->submit(end, &request);
  while (!(answer = end->ops->take(end)))
    end->ops->serve(end, &loop);
  assert_ptr_equal(answer, &request);
  assert_true(request.errnum || request.kind != REQUEST_READ || request.done == request.length);
  return request.errnum;
}

static void
begin(enum role role)
{
  struct stat found;
  struct fault fault;
  bool is_there = stat("disk", &found) == 0;

  file = (struct endpoint_file){ 0 };
  strcpy(file.base.name, "disk");
  assert_int_equal(endpoint_file_open(&file, "disk", is_there ? &found : NULL, role, 0, NULL, &fault), 0);
  assert_int_equal(file.base.ops->prepare(&file.base, SIZE, &fault), 0);
}

static void
end(void)
{
  struct fault fault;

  assert_int_equal(file.base.ops->close(&file.base, &fault), 0);
}

/* Of what was written past the cache, parts of blocks are read through it. */
static void
what_was_written_can_be_read_back(void **state)
{
  static const enum role roles[] = { ROLE_DESTINATION, ROLE_RESUMED, ROLE_UPDATED };
  struct request whole = { .kind = REQUEST_WRITE, .length = SIZE, .payload = content };
  struct request part = { .kind = REQUEST_READ, .offset = 3 * PAGE_BYTES + 5, .length = 700, .payload = payload };

  (void)state;
  for (size_t i = 0; i < SIZE; i++)
    content[i] = (unsigned char)(1 + i * 31 + i / 251);
  for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
    begin(roles[i]);
    assert_true(file.base.traits.can_read);
    assert_int_equal(carry(whole), 0);
    memset(payload, 0, sizeof payload);
    assert_int_equal(carry(part), 0);
    assert_memory_equal(payload, content + part.offset, part.length);
    end();
  }
  unlink("disk");
}

/* Who has it mounted may hold its pages; then it is done in another way, or as data. */
static void
what_is_busy_is_zeroed_all_the_same(void **state)
{
  struct request whole = { .kind = REQUEST_WRITE, .length = SIZE, .payload = content };
  struct request zero = { .kind = REQUEST_ZERO, .length = SIZE };

  (void)state;
  memset(content, 7, sizeof content);
  begin(ROLE_DESTINATION);
  assert_int_equal(carry(whole), 0);
  file.slow = 1;
  conclude_zero(&file, &zero, -EBUSY);
  assert_ptr_equal(file.base.ops->take(&file.base), &zero);
  assert_int_equal(zero.errnum, 0);
  end();
  unlink("disk");
}

/* The kernel says so of a request before the disk looks gone. */
static void
a_disk_that_the_kernel_calls_gone_is_lost(void **state)
{
  static const int errnums[] = { ENODEV, ENXIO };

  (void)state;
  for (size_t i = 0; i < sizeof errnums / sizeof errnums[0]; i++) {
    begin(ROLE_DESTINATION);
    assert_int_equal(file_presence_judge(&file, EIO), EIO);
    assert_int_equal(file.base.presence, PRESENCE_HERE);
    assert_int_equal(file_presence_judge(&file, errnums[i]), ENOTCONN);
    assert_int_equal(file.base.presence, PRESENCE_LOST);
    assert_string_equal(file.base.last_words, "the disk that it is on has gone");
    file.base.presence = PRESENCE_HERE;
    end();
  }
  unlink("disk");
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_written_can_be_read_back),
                                      cmocka_unit_test(what_is_busy_is_zeroed_all_the_same),
                                      cmocka_unit_test(a_disk_that_the_kernel_calls_gone_is_lost) };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
