/* SPDX-License-Identifier: MIT */
/* What stands before a destination shows it as it is now, or a copy waits for one that is gone, and gives one more than it takes. */
#include "unit/unit.h"

#include "copy/front.h"

#include <errno.h>
#include <string.h>

/* A destination that notes what it is asked for. */
static struct disk {
  struct endpoint base;
  struct endpoint_ops ops;
  char told[64];
} disk;

static struct front front;

static void
disk_submit(struct endpoint *endpoint, struct request *request)
{
  (void)request;
  endpoint->traits.requests_max = 1; /* it takes its time now */
  strcat(disk.told, "submit ");
}

static void
disk_watch(struct endpoint *endpoint, struct loop *loop)
{
  (void)endpoint, (void)loop;
  strcat(disk.told, "watch ");
}

static void
disk_serve(struct endpoint *endpoint, struct loop *loop)
{
  (void)loop;
  endpoint->presence = PRESENCE_LOST;
  endpoint->last_words = "it went";
  strcat(disk.told, "serve ");
}

static void
disk_reopen(struct endpoint *endpoint)
{
  endpoint->presence = PRESENCE_COMING;
  strcat(disk.told, "reopen ");
}

static const char *
disk_explain(const struct endpoint *endpoint, int errnum)
{
  (void)endpoint;
  return errnum == ENOSPC ? "it is full" : NULL;
}

static void
own_submit(struct endpoint *endpoint, struct request *request)
{
  front_pass_on((struct front *)endpoint, request);
}

static struct request *
own_take(struct endpoint *endpoint)
{
  (void)endpoint;
  return NULL;
}

static void
set_up(struct endpoint_ops ops)
{
  disk = (struct disk){ .ops = ops };
  disk.base = (struct endpoint){
    .ops = &disk.ops, .traits = { .size = 5000, .block_min = 512, .requests_max = 8 }, .kind = "file", .name = "disk"
  };
  front_init(&front, &disk.base, own_submit, own_take);
}

static void
it_shows_what_is_behind(void **state)
{
  struct endpoint *end = &front.base;
  struct request request = { 0 };

  (void)state;
  set_up((struct endpoint_ops){ .submit = disk_submit,
                                .watch = disk_watch,
                                .serve = disk_serve,
                                .reopen = disk_reopen,
                                .explain = disk_explain });
  assert_true(traits_are_equal(&end->traits, &disk.base.traits));
  assert_string_equal(end->name, "disk");
  assert_int_equal(end->traits.requests_max, 8);
  end->ops->submit(end, &request);
  assert_int_equal(end->traits.requests_max, 1);
  end->ops->watch(end, NULL);
  assert_int_equal(end->presence, PRESENCE_HERE);
  end->ops->serve(end, NULL);
  assert_int_equal(end->presence, PRESENCE_LOST);
  assert_string_equal(end->last_words, "it went");
  end->ops->reopen(end);
  assert_int_equal(end->presence, PRESENCE_COMING);
  assert_string_equal(endpoint_why(end, ENOSPC), "it is full");
  assert_string_equal(disk.told, "submit watch serve reopen ");
}

static void
it_takes_no_more_than_both_do(void **state)
{
  (void)state;
  set_up((struct endpoint_ops){ .submit = disk_submit });
  front.requests_most = 3;
  front_mirror(&front);
  assert_int_equal(front.base.traits.requests_max, 3);
  disk.base.traits.requests_max = 2;
  front_mirror(&front);
  assert_int_equal(front.base.traits.requests_max, 2);
}

static void
it_can_do_no_more(void **state)
{
  (void)state;
  set_up((struct endpoint_ops){ .submit = disk_submit });
  assert_null(front.ops.reopen);
  assert_null(front.ops.explain);
  assert_null(front.ops.has_sent);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_shows_what_is_behind),
    cmocka_unit_test(it_takes_no_more_than_both_do),
    cmocka_unit_test(it_can_do_no_more),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
