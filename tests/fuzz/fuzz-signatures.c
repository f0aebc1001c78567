/* SPDX-License-Identifier: MIT */
/* What lies at the end of a disk of any size: it is looked for on the disk alone, and once it is cleared it is found no more, and nothing
 * but a sector around each mark has changed. */
#include "fuzz/fuzz.h"

#include "disk/signatures.h"

#include <stdlib.h>
#include <string.h>

static unsigned char bytes[SIGNATURE_BYTES_MAX], before[SIGNATURE_BYTES_MAX];

/* A few marks where they may be, whole or nearly. */
static void
fill(struct fuzz_case *input, size_t length)
{
  static const char *const marks[] = { "EFI PART", "\xfc\x4e\x2b\xa9", "Intel Raid ISM Cfg Sig.", "\xde\x11\xde\x11",
                                       "NVIDIA",   "GEOM::",           "\x0c\xb1\xba\0\0\0\0" };

  fuzz_fill(input, bytes, length);
  for (uint64_t i = fuzz_between(input, 0, 4); i > 0; i--) {
    size_t which = fuzz_between(input, 0, LENGTH_OF(marks) - 1), at = 1024 * fuzz_between(input, 0, length / 1024);
    size_t count = which == 6 ? 8 : strlen(marks[which]);
    if (at + count <= length) {
      memcpy(bytes + at, marks[which], count);
      bytes[at + fuzz_between(input, 0, count - 1)] ^= (unsigned char)fuzz_one_in(input, 8);
    }
  }
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  uint64_t disk = fuzz_between(input, 0, 255) << fuzz_between(input, 0, 55);
  struct range place;

  disk += fuzz_between(input, 0, 100000);
  for (unsigned number = 0; signatures_place(number, disk, &place); number++) {
    must(place.start <= place.end && place.end <= disk && range_length(place) <= SIGNATURE_BYTES_MAX);
    if (range_is_empty(place))
      continue;
    size_t length = range_length(place);
    fill(input, length);
    memcpy(before, bytes, length);
    unsigned char *copy = fuzz_copy(bytes, length);
    bool is_there = signatures_find(number, copy) != NULL;
    signatures_clear(number, copy);
    must(!signatures_find(number, copy));
    must(is_there || memcmp(copy, before, length) == 0);
    for (size_t at = 0; at < length; at += 512)
      must(memcmp(copy + at, before + at, 512) == 0 ||
           (at % 1024 == 0 && memcmp(copy + at, (char[512]){ 0 }, 512) == 0));
    free(copy);
  }
  return 0;
}
