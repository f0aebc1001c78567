/* SPDX-License-Identifier: MIT */
/* A block map with anything in it: either it is refused with words, or its ranges are in order and on the image, in whatever parts it
 * comes. Its digest of itself is put right half of the time, so that what lies behind that is looked at, too. */
#include "fuzz/fuzz.h"

#include "disk/bmap_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA1 "da39a3ee5e6b4b0d3255bfef95601890afd80709"

static const char *const seeds[] = {
  "<?xml version=\"1.0\" ?>\n<!-- a - b -->\n\n<bmap version=\"2.0\">\n    <ImageSize> 821752 </ImageSize>\n"
  "    <BlockSize> 4096 </BlockSize>\n    <BlocksCount> 201 </BlocksCount>\n"
  "    <MappedBlocksCount> 6    </MappedBlocksCount>\n    <ChecksumType> sha256 </ChecksumType>\n"
  "    <BmapFileChecksum> " SHA256 " </BmapFileChecksum>\n    <BlockMap>\n"
  "        <Range chksum=\"" SHA256 "\"> 0-1 </Range>\n        <Range> 3-5 </Range>\n"
  "        <Range chksum=\"" SHA256 "\"> 200 </Range>\n    </BlockMap>\n</bmap>\n",
  "<?xml version=\"1.0\" ?>\n<bmap version=\"1.3\"><ImageSize> 8192 </ImageSize><BlockSize> 1024 </BlockSize>\n"
  "<BlocksCount> 8 </BlocksCount><MappedBlocksCount> 3 </MappedBlocksCount><BmapFileSHA1> " SHA1 " </BmapFileSHA1>\n"
  "<BlockMap><Range sha1='" SHA1 "'> 0-1 </Range><Range> 7 </Range></BlockMap></bmap>",
  "<bmap version=\"1.2\"><ImageSize>10000</ImageSize><BlockSize>4096</BlockSize><BlocksCount>3</BlocksCount>\n"
  "<BlockMap><Range sha1='" SHA1 "'>0</Range><Range>1 - 2</Range></BlockMap>\n"
  "<MappedBlocksCount>3</MappedBlocksCount><!-- & --></bmap>\n",
};

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

void
fuzz_one(struct random *random)
{
  const char *seed = seeds[random_between(random, 0, sizeof seeds / sizeof seeds[0] - 1)];
  uint8_t text[1500], *copy;
  size_t length = strlen(seed);
  struct bmap_reader reader, reader_again;
  struct fault fault = { 0 }, fault_again = { 0 };

  memcpy(text, seed, length);
  length = fuzz_mutate(random, text, length, sizeof text);
  copy = fuzz_copy(text, length);
  if (random_one_in(random, 2))
    seal((char *)copy, length);
  bool is_map = read_map((const char *)copy, length, length ? length : 1, &one, &reader, &fault);
  must(is_map ==
       read_map((const char *)copy, length, random_between(random, 1, 200), &other, &reader_again, &fault_again));
  free(copy);
  must(strcmp(fault.text, fault_again.text) == 0 && (is_map || strncmp(fault.text, "x.bmap", 6) == 0));
  if (!is_map)
    return;
  must_be_in_order(&one);
  must_be_same();
}
