/* SPDX-License-Identifier: MIT */
/* Every message names the disk that it is about: by these names the operator tells one
 * end from the other. */
#include "unit/unit.h"

#include "disk/place.h"

static void
places_are_called_as_they_were_written(void **state)
{
  static const struct {
    enum place_kind kind;
    const char *text, *as_source, *as_destination;
  } cases[] = {
    { PLACE_PATH, "/dev/sda", "/dev/sda", "/dev/sda" },
    { PLACE_PATH, "-%s", "-%s", "-%s" },
    { PLACE_URI, "nbd://h/%25", "nbd://h/%25", "nbd://h/%25" },
    { PLACE_STREAM, "-", "standard input", "standard output" },
    { PLACE_NULL, "null:", "null:", "null:" },
    { PLACE_COMMAND, "qemu-nbd", "[ qemu-nbd ]", "[ qemu-nbd ]" },
  };
  char name[NAME_BYTES_MAX];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct place place = { .kind = cases[i].kind, .text = cases[i].text };
    place_name(&place, true, name);
    assert_string_equal(name, cases[i].as_source);
    place_name(&place, false, name);
    assert_string_equal(name, cases[i].as_destination);
  }
}

static void
long_names_are_cut(void **state)
{
  char text[2 * NAME_BYTES_MAX], name[NAME_BYTES_MAX];
  struct place place = { .kind = PLACE_PATH, .text = text };

  (void)state;
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  place_name(&place, true, name);
  assert_int_equal(strlen(name), NAME_BYTES_MAX - 1);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(places_are_called_as_they_were_written),
    cmocka_unit_test(long_names_are_cut),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
