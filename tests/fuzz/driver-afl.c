/* SPDX-License-Identifier: MIT */
/* driver-afl: AFL++'s persistent mode, in which a process takes many cases, out of memory that it shares with afl-fuzz. */
#include "fuzz/fuzz.h"

#include <unistd.h>

__AFL_FUZZ_INIT();

int
main(void)
{
  __AFL_INIT();
  const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;
  while (__AFL_LOOP(10000)) {
    size_t size = (size_t)__AFL_FUZZ_TESTCASE_LEN;
    fuzz_one(data, size < CASE_BYTES_MAX ? size : CASE_BYTES_MAX);
  }
  return 0;
}
