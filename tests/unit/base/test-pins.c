/* SPDX-License-Identifier: MIT */
/* A pin read wrongly lets in a server that the operator doesn't know: only the whole
 * of a SHA-256 in the written form is one. */
#include "unit/unit.h"

#include "base/pins.h"

#define HEX "00112233445566778899aabbccddeeff0123456789ABCDEFabcdef0123456789"

static void
a_pin_is_read_and_written(void **state)
{
  struct pins pins = { 0 };
  char text[PIN_TEXT_BYTES];

  (void)state;
  assert_true(pins_add(&pins, "sha256:" HEX));
  assert_int_equal(pins.count, 1);
  assert_int_equal(pins.digests[0][1], 0x11);
  assert_int_equal(pins.digests[0][31], 0x89);
  pins_text(pins.digests[0], text);
  assert_int_equal(strcasecmp(text, "sha256:" HEX), 0);
}

static void
what_is_no_pin_is_refused(void **state)
{
  static const char *const wrong[] = { "",
                                       HEX,
                                       "sha256:",
                                       "sha1:" HEX,
                                       "sha256:" HEX "0",
                                       "SHA256:" HEX,
                                       "sha256:g0112233445566778899aabbccddeeff0123456789ABCDEFabcdef0123456789",
                                       "sha256:0112233445566778899aabbccddeeff0123456789ABCDEFabcdef0123456789",
                                       "sha256:00:12233445566778899aabbccddeeff0123456789ABCDEFabcdef0123456789" };
  struct pins pins = { 0 };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(wrong); i++)
    if (pins_add(&pins, wrong[i]))
      fail_msg("\"%s\" is no pin", wrong[i]);
  assert_int_equal(pins.count, 0);
}

static void
a_digest_is_found_among_them_and_no_other(void **state)
{
  struct pins pins = { 0 };
  uint8_t digest[PIN_BYTES];

  (void)state;
  memset(digest, 0, sizeof digest);
  assert_false(pins_have(&pins, digest));
  for (unsigned i = 0; i < PINS_MAX; i++) {
    char text[] = "sha256:" HEX;
    text[7] = (char)('1' + i);
    assert_true(pins_add(&pins, text));
  }
  assert_false(pins_add(&pins, "sha256:" HEX)); /* one too many */
  for (unsigned i = 0; i < PINS_MAX; i++)
    assert_true(pins_have(&pins, pins.digests[i]));
  memcpy(digest, pins.digests[2], sizeof digest);
  digest[31] ^= 1;
  assert_false(pins_have(&pins, digest));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_pin_is_read_and_written),
    cmocka_unit_test(what_is_no_pin_is_refused),
    cmocka_unit_test(a_digest_is_found_among_them_and_no_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
