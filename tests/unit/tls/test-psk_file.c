/* SPDX-License-Identifier: MIT */
/* A key file is written by hand as often as by psktool, and read where nobody can mend
 * it soon. So what is meant has to be found, and what is wrong has to be told: but never
 * the key. */
#include "unit/unit.h"

#include "tls/psk_file.h"

static uint8_t key[8];
static size_t key_length;
static struct fault fault;

/* From a copy of exactly that length, for the sanitizer to watch. */
static int
find_in(const char *text, size_t length, const char *user)
{
  char *copy = malloc(length ? length : 1);
  int found;

  memcpy(copy, text, length);
  fault = (struct fault){ 0 };
  found = psk_file_find(copy, length, "keys.psk", user, key, sizeof key, &key_length, &fault);
  free(copy);
  return found;
}

static int
find(const char *text, const char *user)
{
  return find_in(text, strlen(text), user);
}

static void
keys_are_found(void **state)
{
  static const struct {
    const char *text, *user;
    uint8_t first;
    size_t length;
  } good[] = {
    { "alice:0102030405060708\n", "alice", 1, 8 },
    { "alice:0A", "alice", 10, 1 },
    { "alice:0a\r\n", "alice", 10, 1 },
    { "bob:01\nalice:02\nalice:03\n", "alice", 2, 1 },
    { "ali:01\nalicea:02\nalice:03\n", "alice", 3, 1 },
    { "\n\n:\nalice\nal:ice\nalice:03", "alice", 3, 1 },
    { "a b#c:fF\n", "a b#c", 255, 1 },
    { "mallory:not for us\nalice:01", "alice", 1, 1 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(good); i++) {
    assert_int_equal(find(good[i].text, good[i].user), 0);
    assert_int_equal(key_length, good[i].length);
    assert_int_equal(key[0], good[i].first);
  }
}

static void
what_is_wrong_is_told_without_the_key(void **state)
{
  static const struct {
    const char *text, *words;
  } bad[] = {
    { "", "keys.psk: there is no key for the user \"alice\"" },
    { "alice", "keys.psk: there is no key for the user \"alice\"" },
    { "Alice:01\nbob:02\n", "keys.psk: there is no key for the user \"alice\"" },
    { "alice:\n", "keys.psk, line 1: the key of the user \"alice\" must be hexadecimal digits, two for each byte" },
    { "b:1\nalice:abc",
      "keys.psk, line 2: the key of the user \"alice\" must be hexadecimal digits, two for each byte" },
    { "alice:0g\n", "keys.psk, line 1: the key of the user \"alice\" must be hexadecimal digits, two for each byte" },
    { "alice: 01\n", "keys.psk, line 1: the key of the user \"alice\" must be hexadecimal digits, two for each byte" },
    { "alice:010203040506070809\n", "keys.psk, line 1: the key of the user \"alice\" is longer than 8 bytes" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(bad); i++) {
    assert_int_equal(find(bad[i].text, "alice"), -1);
    assert_string_equal(fault.text, bad[i].words);
    assert_int_equal(fault.exit_code, EXIT_FAILED);
  }
}

/* Whatever a file holds: nothing is read past its end, or written past the room. */
static void
any_text(struct random *random)
{
  static const char letters[] = "alice:0123456789abcdef\r\n\0#";
  char text[80];
  size_t length = random_between(random, 0, sizeof text);

  for (size_t i = 0; i < length; i++)
    text[i] = letters[random_between(random, 0, sizeof letters - 2)];
  if (random_one_in(random, 2) && length > 6)
    memcpy(text + random_between(random, 0, length - 6), "alice:", 6);
  if (find_in(text, length, random_one_in(random, 8) ? "" : "alice") == 0)
    check(key_length >= 1 && key_length <= sizeof key);
  else
    check(fault.exit_code == EXIT_FAILED);
}

static void
no_text_is_too_odd(void **state)
{
  (void)state;
  run_seeds(20000, any_text);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(keys_are_found),
    cmocka_unit_test(what_is_wrong_is_told_without_the_key),
    cmocka_unit_test(no_text_is_too_odd),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
