/* SPDX-License-Identifier: MIT */
/* What is asked for again at once, or for ever, wears out who is asked; what isn't asked for again ends a copy for a moment's error. */
#include "unit/unit.h"

#include "copy/retry.h"

#include <errno.h>

#define LIMIT_MS 5000

static struct endpoint here = { .presence = PRESENCE_HERE }, lost = { .presence = PRESENCE_LOST };

static void
what_says_what_is_so_does_not_pass(void **state)
{
  (void)state;
  assert_true(retry_may_pass(EIO) && retry_may_pass(ENOTCONN) && retry_may_pass(ETIMEDOUT));
  assert_false(retry_may_pass(ENOSPC) || retry_may_pass(EPERM) || retry_may_pass(EINVAL) || retry_may_pass(EOPNOTSUPP));
}

static void
pauses_grow(void **state)
{
  struct retry retry = { 0 };

  (void)state;
  retry_later(&retry, 1000);
  assert_true(retry.waits);
  assert_int_equal(retry.failures, 1);
  assert_int_equal(retry.again_ms, 1000 + RETRY_PAUSE_MS);
  retry_later(&retry, 2000);
  assert_int_equal(retry.failures, 2);
  assert_int_equal(retry.again_ms, 2000 + 4 * RETRY_PAUSE_MS);
}

static void
another_connection_is_tried_soon_and_then_less_so(void **state)
{
  struct retry retry = { 0 };

  (void)state;
  assert_true(retry_elsewhere(&retry, &here, LIMIT_MS, 1000));
  assert_true(retry.waits);
  assert_in_range(retry.again_ms, 1001, 1000 + RETRY_PAUSE_MS / 2);
  assert_true(retry_elsewhere(&retry, &here, LIMIT_MS, 1100));
  assert_int_equal(retry.again_ms, 1100 + RETRY_PAUSE_MS);
  assert_int_equal(retry.failures, 0);
}

static void
who_is_the_reason_for_losses_is_given_up(void **state)
{
  struct retry retry = { 0 };

  (void)state;
  assert_true(retry_elsewhere(&retry, &here, LIMIT_MS, 1000));
  assert_true(retry_elsewhere(&retry, &here, LIMIT_MS, 1000 + LIMIT_MS));
  assert_false(retry_elsewhere(&retry, &here, LIMIT_MS, 1001 + LIMIT_MS));
  assert_false(retry.waits);
}

static void
an_end_that_is_away_is_waited_for_by_others(void **state)
{
  struct retry retry = { 0 };

  (void)state;
  assert_true(retry_elsewhere(&retry, &lost, LIMIT_MS, 1000));
  assert_int_equal(retry.again_ms, 1000);
  assert_true(retry_elsewhere(&retry, &lost, LIMIT_MS, 1000000));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_says_what_is_so_does_not_pass),
    cmocka_unit_test(pauses_grow),
    cmocka_unit_test(another_connection_is_tried_soon_and_then_less_so),
    cmocka_unit_test(who_is_the_reason_for_losses_is_given_up),
    cmocka_unit_test(an_end_that_is_away_is_waited_for_by_others),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
