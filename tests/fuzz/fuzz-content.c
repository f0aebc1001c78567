/* SPDX-License-Identifier: MIT */
/* The first bytes of a disk, which may be anything: they are called something that may be shown, and a table at their front becomes larger
 * by one partition alone, or not at all. A case is how many bytes there are, and what of them aren't zeros. */
#include "fuzz/fuzz.h"

#include "disk/gpt.h"
#include "disk/mbr.h"
#include "report/content.h"

#include <stdlib.h>
#include <string.h>

static unsigned char bytes[CONTENT_PROBE_BYTES];

/* Many begin with what tells, and some have that far away. */
static size_t
fill(struct fuzz_case *input)
{
  size_t length = sizeof bytes - fuzz_between(input, 0, sizeof bytes), at = 0;

  memset(bytes, 0, sizeof bytes);
  while (input->left > 0) {
    size_t count = fuzz_between(input, 0, 63);
    for (; count > 0 && input->left > 0 && at < sizeof bytes; count--)
      bytes[at++] = (unsigned char)fuzz_between(input, 0, 255);
    at = fuzz_between(input, 0, sizeof bytes - 1);
  }
  return length;
}

static void
recognise(const unsigned char *copy, size_t length)
{
  char *text = malloc(CONTENT_TEXT_BYTES);

  must(text != NULL);
  memset(text, '#', CONTENT_TEXT_BYTES);
  bool is_known = content_recognise(copy, length, text);
  must(memchr(text, '\0', CONTENT_TEXT_BYTES) && text[0] && fuzz_may_be_shown(text));
  must(is_known != (strcmp(text, "data") == 0 || strcmp(text, "empty") == 0));
  must((length == 0) == (strcmp(text, "empty") == 0));
  unsigned version = content_ext_version(copy, length);
  must(version >= 2 && version <= 4);
  const struct content_wrapping *wrapping = content_wrapping(copy, length);
  must(!wrapping || (wrapping->words && (wrapping->qemu_format || wrapping->unpack || wrapping->words[0])));
  must(!wrapping || content_wrapping(copy, length < CONTENT_HEAD_BYTES ? length : CONTENT_HEAD_BYTES) == wrapping);
  free(text);
}

static void
extend(struct fuzz_case *input, const unsigned char *copy)
{
  static const char *const names[] = { "1", "2", "3", "4", "5", "00000000-01" };
  unsigned char *mbr = fuzz_copy(copy, MBR_BYTES);
  struct mbr_partition partition;
  uint64_t sectors = fuzz_between(input, 0, UINT32_MAX), first, count, first_again, count_again;
  const char *why = mbr_extend(mbr, names[fuzz_between(input, 0, LENGTH_OF(names) - 1)], sectors, 512, &partition);

  if (why)
    must(memcmp(mbr, copy, MBR_BYTES) == 0);
  else
    must(partition.end >= partition.end_before && partition.start <= partition.end_before &&
         (partition.end == partition.end_before || partition.end <= sectors));
  for (unsigned number = 1; number <= MBR_PARTITIONS; number++) {
    bool is_there = mbr_partition(copy, number, &first, &count);
    must(mbr_partition(mbr, number, &first_again, &count_again) == is_there || (!why && number == partition.number));
    if (!is_there || (!why && number == partition.number))
      continue;
    must(first == first_again && count == count_again);
  }
  free(mbr);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  size_t length = fill(input);
  unsigned char *copy = fuzz_copy(bytes, length);

  recognise(copy, length);
  uint64_t end = mbr_end(copy, length);
  must(end == 0 || length >= MBR_BYTES);
  (void)gpt_sector_bytes(copy, length);
  if (length >= MBR_BYTES) {
    *input = (struct fuzz_case){ data, size };
    extend(input, copy);
  }
  free(copy);
  return 0;
}
