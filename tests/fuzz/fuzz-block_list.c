/* SPDX-License-Identifier: MIT */
/* A file of blocks' digests that comes in pieces of any length, fails in between, and says something else the second time: what is handed
 * out is what came first, whole and in order, and no part of it is ever had that differs from that. A case is the disk, the file's
 * beginning, and what happens. */
#include "fuzz/fuzz.h"

#include "copy/block_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/range.h"

#define BYTES 2
#define BLOCKS_MAX (3 * BLOCK_LIST_PART_BLOCKS)
#define BLOCK_BYTES 512
#define STEPS_MAX 300

static unsigned char windows[BLOCK_LIST_WINDOWS * BLOCK_LIST_PART_BYTES(BYTES)];
static uint8_t marks[BLOCK_LIST_PARTS_MAX * BYTES];
static uint8_t file[BLOCKS_MAX * BYTES + BLOCK_LIST_GRAIN_BYTES], had[BLOCKS_MAX * BYTES];
static struct block_list list;
static struct request *out[BLOCK_LIST_WINDOWS];
static uint64_t seen; /* bytes of the file that were handed out */

/* No two parts of a file here that differ have the same. */
static void
sum(const struct block_hash *hash, const uint8_t *data, uint64_t block_bytes, uint64_t count, uint8_t *digests)
{
  for (; count > 0; count--, data += block_bytes, digests += hash->digest_bytes) {
    uint16_t digest = 0;
    for (uint64_t i = 0; i < block_bytes; i++)
      digest = (uint16_t)(digest + data[i]);
    memcpy(digests, &digest, BYTES);
  }
}

static const struct block_hash hash = { sum, BYTES };

static uint64_t
start(struct fuzz_case *input)
{
  static const uint8_t zero_digest[BYTES] = { 0 };
  uint64_t size = BLOCK_BYTES * (uint64_t)fuzz_between(input, 1, BLOCKS_MAX) - fuzz_between(input, 0, BLOCK_BYTES - 1);
  uint64_t bytes = block_list_bytes(size, BLOCK_BYTES, BYTES);
  struct block_list_config config = { .hash = &hash,
                                      .size = size,
                                      .block_bytes = BLOCK_BYTES,
                                      .zero_digest = zero_digest,
                                      .windows = windows,
                                      .marks = marks };

  config.list = (struct traits){ .block_min = fuzz_power(input, 0, 12), .request_max = fuzz_power(input, 12, 16) };
  config.list.size = range_align_up(bytes, config.list.block_min);
  must(!block_list_is_too_long(size, BLOCK_BYTES));
  memset(file, 0, sizeof file);
  for (uint64_t runs = fuzz_between(input, 0, 4); runs > 0; runs--) {
    uint64_t at = fuzz_between(input, 0, bytes - 1);
    fuzz_fill(input, file + at, range_min(fuzz_between(input, 0, 1000), bytes - at));
  }
  block_list_init(&list, &config);
  memset(out, 0, sizeof out);
  seen = 0;
  return size;
}

static void
ask(uint64_t offset)
{
  const struct traits *traits = &list.config.list;
  struct request *question = block_list_ask(&list, offset);
  unsigned place = 0;

  if (!question)
    return;
  must(question->kind == REQUEST_READ && question->length > 0 && question->length <= traits->request_max);
  must(question->offset % traits->block_min == 0 && question->length % traits->block_min == 0);
  must(question->offset + question->length <= traits->size);
  must(question->payload >= windows && question->payload + question->length <= windows + sizeof windows);
  while (place < BLOCK_LIST_WINDOWS && out[place])
    must(out[place++] != question);
  must(place < BLOCK_LIST_WINDOWS);
  out[place] = question;
}

/* One of the questions that are out fails, or brings what the file says now. */
static void
answer(struct fuzz_case *input)
{
  unsigned place = (unsigned)fuzz_between(input, 0, BLOCK_LIST_WINDOWS - 1);
  struct request *question = out[place];
  bool fails = fuzz_one_in(input, 8), is_short = fuzz_one_in(input, 8);

  if (!question)
    return;
  out[place] = NULL;
  memcpy(question->payload, file + question->offset, question->length);
  question->errnum = fails ? EIO : 0;
  question->done = question->length - is_short;
  enum block_answer said = block_list_learn(&list, question);
  must((said == BLOCK_ANSWER_FAILED) == (fails || is_short));
}

static void
hand_out(void)
{
  uint64_t length;
  const uint8_t *part = block_list_next(&list, &length);

  if (!part)
    return;
  must(length <= sizeof had - seen);
  memcpy(had + seen, part, length);
  seen += length;
  must(block_list_is_noted(&list) == (seen == block_list_bytes(list.config.size, BLOCK_BYTES, BYTES)));
}

/* What it says of the blocks from an offset on; sums of a part are equal only where it is what it was, or cunning. */
static void
look(uint64_t offset)
{
  static uint8_t digests[BLOCK_LIST_PART_BYTES(BYTES)];
  uint64_t part = offset / BLOCK_BYTES / BLOCK_LIST_PART_BLOCKS, line = offset / BLOCK_BYTES * BYTES;
  bool is_zero;

  if (!block_list_has(&list, offset) || part >= list.noted)
    return;
  uint64_t end = block_list_run(&list, offset, UINT64_MAX, &is_zero);
  must(end > offset && end <= list.config.size);
  block_list_take(&list, offset, end, digests);
  uint64_t length = range_pieces(end - offset, BLOCK_BYTES) * BYTES;
  must(memcmp(digests, had + line, length) == 0);
  for (uint64_t at = 0; at < length && is_zero; at++)
    must(digests[at] == 0);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  uint64_t disk = start(input);

  for (unsigned step = 0; step < STEPS_MAX && input->left > 0; step++) {
    uint64_t offset = range_align_down(fuzz_between(input, 0, disk - 1), BLOCK_BYTES);
    if (!block_list_is_noted(&list))
      offset = list.noted * BLOCK_LIST_PART_BLOCKS * BLOCK_BYTES;
    switch (fuzz_between(input, 0, 15)) {
    case 13:
      hand_out();
      break;
    case 14:
      look(offset);
      break;
    case 15: /* the file becomes another one: by the same bytes in another place, the sum would not notice */
      file[fuzz_between(input, 0, seen ? seen - 1 : 0)]++;
      break;
    default:
      ask(offset);
      answer(input);
      hand_out();
      look(offset);
    }
    unsigned count = 0;
    for (unsigned i = 0; i < BLOCK_LIST_WINDOWS; i++)
      count += out[i] != NULL;
    must(block_list_out(&list) == count);
  }
  return 0;
}
