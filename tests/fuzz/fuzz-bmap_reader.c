/* SPDX-License-Identifier: MIT */
/* A block map with anything in it: either it is refused with words, or its ranges are in order and on the image, in whatever parts it
 * comes, and it comes back when it is written. A case is whether its digest of itself is put right, so that what lies behind that is looked
 * at, too, the size of the parts, and the file. */
#include "fuzz/fuzz.h"

#include "disk/bmap_reader.h"
#include "disk/bmap_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bmap one, other;

/* In parts of that size. Returns whether it is a map. */
static bool
read_map(const char *text, size_t length, size_t part, struct bmap *bmap, struct bmap_reader *reader,
         struct fault *fault)
{
  int result = 0;

  bmap_reader_init(reader, bmap, "x.bmap");
  for (size_t at = 0; at < length && result == 0; at += part)
    result = bmap_reader_take(reader, text + at, length - at < part ? length - at : part, fault);
  result = result == 0 ? bmap_reader_end(reader, fault) : result;
  must((result == 0) == (fault->exit_code == EXIT_DONE));
  return result == 0;
}

/* Puts the file's own digest where it says that it is. What the reader has computed is still there. */
static void
seal(char *text, size_t length)
{
  static const char *const before[] = { "<BmapFileChecksum> ", "<BmapFileSHA1> " };
  struct bmap_reader reader;
  struct fault fault = { 0 };
  char hex[3];

  if (read_map(text, length, length, &one, &reader, &fault) || !strstr(fault.text, "its own digest"))
    return;
  unsigned bytes = hash_bytes(one.kind);
  for (size_t i = 0; i < 2; i++) {
    char *digits = memmem(text, length, before[i], strlen(before[i]));
    if (!digits || digits + strlen(before[i]) + 2 * bytes > text + length)
      continue;
    for (unsigned byte = 0; byte < bytes; byte++) {
      snprintf(hex, sizeof hex, "%02x", reader.hashes[one.kind].state[byte]);
      memcpy(digits + strlen(before[i]) + 2 * byte, hex, 2);
    }
  }
}

static void
must_be_in_order(const struct bmap *bmap)
{
  uint64_t end = 0;

  must(bmap->size > 0 && bmap->block_bytes > 0 && bmap->count <= BMAP_RANGES_MAX && bmap->kind < HASH_KINDS);
  for (size_t i = 0; i < bmap->count; i++) {
    struct range range = bmap->list[i].range;
    must(range.start >= end && range.start < range.end && range.end <= bmap->size);
    must(range.start % bmap->block_bytes == 0 && (range.end % bmap->block_bytes == 0 || range.end == bmap->size));
    end = range.end;
  }
}

static void
must_be_same(void)
{
  must(one.size == other.size && one.block_bytes == other.block_bytes && one.kind == other.kind &&
       one.count == other.count);
  for (size_t i = 0; i < one.count; i++) {
    must(one.list[i].range.start == other.list[i].range.start && one.list[i].range.end == other.list[i].range.end);
    must(one.list[i].has_digest == other.list[i].has_digest);
    must(memcmp(one.list[i].digest, other.list[i].digest, BMAP_DIGEST_BYTES) == 0);
  }
}

/* What was read comes back where it is written anew, if it can be: in blocks, with the digest of each range. */
static void
must_come_back(void)
{
  struct bmap_writer writer;
  struct bmap_reader reader;
  struct text text;
  struct fault fault = { 0 };
  size_t room = BMAP_TEXT_BYTES * (one.count + 2);
  char *bytes = malloc(room);

  must(bytes != NULL);
  text_init(&text, bytes, room);
  bmap_writer_begin(&writer, one.size, one.block_bytes, &text);
  for (size_t i = 0; i < one.count; i++)
    bmap_writer_add(&writer, one.list[i].range.start / one.block_bytes, (one.list[i].range.end - 1) / one.block_bytes,
                    one.list[i].digest, &text);
  bmap_writer_end(&writer, &text);
  must(!text.full && read_map(bytes, text.used, text.used, &other, &reader, &fault));
  free(bytes);
  must_be_same();
}

static bool
is_as_written(const struct bmap *bmap)
{
  for (size_t i = 0; i < bmap->count; i++)
    if (!bmap->list[i].has_digest)
      return false;
  return bmap->kind == HASH_SHA256;
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  bool is_sealed = !fuzz_one_in(input, 2);
  size_t part = fuzz_between(input, 1, 200), length = input->left;
  char *text = (char *)fuzz_copy(input->bytes, length);
  struct bmap_reader reader, reader_again;
  struct fault fault = { 0 }, fault_again = { 0 };

  if (is_sealed)
    seal(text, length);
  bool is_map = read_map(text, length, length ? length : 1, &one, &reader, &fault);
  must(is_map == read_map(text, length, part, &other, &reader_again, &fault_again));
  free(text);
  must(strcmp(fault.text, fault_again.text) == 0 && (is_map || strncmp(fault.text, "x.bmap", 6) == 0));
  if (!is_map)
    return 0;
  must_be_in_order(&one);
  must_be_same();
  if (is_as_written(&one))
    must_come_back();
  return 0;
}
