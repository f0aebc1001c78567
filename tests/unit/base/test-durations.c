/* SPDX-License-Identifier: MIT */
/* A time that is read wrong gives up on a server that is only slow, or waits for one that never comes. */
#include "unit/unit.h"

#include "base/durations.h"

static void
durations_are_seconds_or_forever(void **state)
{
  static const struct {
    const char *text;
    bool valid;
    uint64_t ms;
  } cases[] = {
    { "0", true, 0 },
    { "0.0", true, 0 },
    { "0.0000", true, 0 },
    { "1", true, 1000 },
    { "007", true, 7000 },
    { "30", true, 30000 },
    { "0.5", true, 500 },
    { "1.25", true, 1250 },
    { "0.001", true, 1 },
    { "0.999", true, 999 },
    { "0.0001", true, 1 },
    { "0.9991", true, 1000 },
    { "2.00000000000000000000000000001", true, 2001 },
    { "1000000000", true, DURATION_MS_MAX },
    { "1000000000.0", true, DURATION_MS_MAX },
    { "1000000000.001", false, 0 },
    { "1000000001", false, 0 },
    { "18446744073709551616", false, 0 },
    { "99999999999999999999999999999", false, 0 },
    { "forever", true, DURATION_FOREVER },
    { "forever ", false, 0 },
    { "for", false, 0 },
    { "", false, 0 },
    { ".", false, 0 },
    { ".5", false, 0 },
    { "5.", false, 0 },
    { "1.2.3", false, 0 },
    { "1,5", false, 0 },
    { "-1", false, 0 },
    { "+1", false, 0 },
    { " 1", false, 0 },
    { "1 ", false, 0 },
    { "1s", false, 0 },
    { "1.5s", false, 0 },
    { "1e3", false, 0 },
    { "0x10", false, 0 },
    { "inf", false, 0 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    uint64_t ms = 0;
    bool valid = durations_parse(cases[i].text, &ms);

    if (valid != cases[i].valid || ms != cases[i].ms)
      fail_msg("\"%s\": %d, %llu ms", cases[i].text, valid, (unsigned long long)ms);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(durations_are_seconds_or_forever),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
