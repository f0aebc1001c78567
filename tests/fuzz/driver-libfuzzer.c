/* SPDX-License-Identifier: MIT */
/* driver-libfuzzer: clang's libFuzzer calls this, and has a main() of its own. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  return fuzz_one(data, size);
}
