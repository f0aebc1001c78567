/* SPDX-License-Identifier: MIT */
/* A reply to a read in chunks of any place and length: a read counts as done only where each of its bytes was answered once, and what is
 * called zeros was. Beside a model that has a byte for each byte. */
#include "fuzz/fuzz.h"

#include "disk/chunks.h"

#include <stdlib.h>
#include <string.h>

#define READ_BYTES 256

enum { NOTHING, DATA, ZEROS };

static struct chunks chunks;
static uint8_t model[READ_BYTES];

/* Each byte is noted as what it is, or zeros as data. */
static void
must_agree(void)
{
  uint64_t end = 0, bytes = 0;

  must(chunks.count <= CHUNKS_MAX);
  for (size_t i = 0; i < chunks.count; i++) {
    const struct chunk *chunk = &chunks.list[i];
    must(chunk->length > 0 && chunk->offset >= end && chunk->offset + chunk->length <= READ_BYTES);
    end = chunk->offset + chunk->length;
    bytes += chunk->length;
    for (uint64_t at = chunk->offset; at < end; at++)
      must(chunk->zero ? model[at] == ZEROS : model[at] != NOTHING);
  }
  for (size_t at = 0; at < READ_BYTES; at++)
    bytes -= model[at] != NOTHING;
  must(bytes == 0);
}

static void
add(struct fuzz_case *input)
{
  uint64_t offset = fuzz_between(input, 0, READ_BYTES - 1);
  uint64_t length = fuzz_between(input, 0, fuzz_one_in(input, 4) ? READ_BYTES - offset : 3);
  bool is_zero = fuzz_one_in(input, 2), overlaps = false;

  length = length < READ_BYTES - offset ? length : READ_BYTES - offset;
  for (uint64_t at = offset; at < offset + length; at++)
    overlaps = overlaps || model[at] != NOTHING;
  bool was_full = chunks.count == CHUNKS_MAX, is_noted = chunks_add(&chunks, offset, length, is_zero);
  must(!is_noted || !overlaps);
  must(is_noted || overlaps || was_full);
  if (is_noted)
    memset(model + offset, is_zero ? ZEROS : DATA, length);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  uint64_t front = 0, limit;

  memset(model, NOTHING, sizeof model);
  chunks_clear(&chunks);
  while (input->left > 0) {
    add(input);
    must_agree();
  }
  while (front < READ_BYTES && model[front] != NOTHING)
    front++;
  must(chunks_cover(&chunks, READ_BYTES) == (front == READ_BYTES));
  limit = size * 7 % (READ_BYTES + 1);
  uint64_t kept = chunks_keep_front(&chunks, limit);
  must(kept == (front < limit ? front : limit) && chunks_cover(&chunks, kept));
  memset(model + kept, NOTHING, READ_BYTES - kept);
  must_agree();
  if (chunks.count > 0) {
    chunks_join(&chunks);
    must(chunks.count == 1 && chunks_cover(&chunks, kept));
  }
  return 0;
}
