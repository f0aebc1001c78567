/* SPDX-License-Identifier: MIT */
/* What an operator reads when a request failed: whoever knows most about it has the word, and nobody is left
 * with a bare errno of a connection that is gone. */
#include "unit/unit.h"

#include "disk/endpoint.h"

#include <errno.h>

static const char *
explain_medium(const struct endpoint *endpoint, int errnum)
{
  (void)endpoint;
  return errnum == ENODATA ? "medium error" : NULL;
}

static void
errnos_have_their_own_words(void **state)
{
  static const struct endpoint_ops ops = { .take = NULL };
  struct endpoint endpoint = { .ops = &ops };

  (void)state;
  assert_string_equal(endpoint_why(&endpoint, EIO), strerror(EIO));
}

static void
an_end_explains_what_it_knows(void **state)
{
  static const struct endpoint_ops ops = { .explain = explain_medium };
  struct endpoint endpoint = { .ops = &ops };

  (void)state;
  assert_string_equal(endpoint_why(&endpoint, ENODATA), "medium error");
  assert_string_equal(endpoint_why(&endpoint, EIO), strerror(EIO));
}

static void
a_lost_connection_has_last_words_or_ours(void **state)
{
  static const struct endpoint_ops ops = { .take = NULL };
  struct endpoint endpoint = { .ops = &ops };

  (void)state;
  assert_string_equal(endpoint_why(&endpoint, ENOTCONN), "the connection was lost");
  endpoint.last_words = "";
  assert_string_equal(endpoint_why(&endpoint, ENOTCONN), "the connection was lost");
  endpoint.last_words = "what came is no reply";
  assert_string_equal(endpoint_why(&endpoint, ENOTCONN), "what came is no reply");
}

static void
a_bad_sector_is_no_loss(void **state)
{
  static const int losses[] = { ENOTCONN, ESHUTDOWN, ENODEV, ENXIO, ENOMEDIUM };
  static const int others[] = { 0, EIO, ENODATA, EBADMSG, ETIMEDOUT, EINVAL };

  (void)state;
  for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
    assert_true(endpoint_errnum_is_loss(losses[i]));
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    assert_false(endpoint_errnum_is_loss(others[i]));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(errnos_have_their_own_words),
    cmocka_unit_test(an_end_explains_what_it_knows),
    cmocka_unit_test(a_lost_connection_has_last_words_or_ours),
    cmocka_unit_test(a_bad_sector_is_no_loss),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
