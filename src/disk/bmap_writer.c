/* SPDX-License-Identifier: MIT */
/* bmap_writer: see bmap_writer.h. */
#include "disk/bmap_writer.h"

#include "base/hex.h"

#include <inttypes.h>

static const char zero_digits[] = "0000000000000000000000000000000000000000000000000000000000000000";
static const char tail[] = " </BmapFileChecksum>\n</bmap>\n";

_Static_assert(sizeof zero_digits == 2 * BMAP_DIGEST_BYTES + 1, "as many as the digest has");

/* What was added to the text from there on is part of the map. */
static void
take_in_text(struct bmap_writer *writer, const struct text *text, size_t from)
{
  hash_add(&writer->hash, (const uint8_t *)text->bytes + from, text->used - from);
}

static void
add_digest(const uint8_t *digest, struct text *text)
{
  char digits[2 * BMAP_DIGEST_BYTES + 1];

  hex_write(digest, BMAP_DIGEST_BYTES, digits);
  text_add(text, "%s", digits);
}

void
bmap_writer_begin(struct bmap_writer *writer, uint64_t size, uint64_t block_bytes, struct text *text)
{
  size_t from = text->used;

  writer->mapped = 0;
  hash_init(&writer->hash, HASH_SHA256, hash_best_engine(HASH_SHA256));
  text_add(text,
           "<?xml version=\"1.0\" ?>\n"
           "<!-- A block map of an image: its ranges have to be copied, the rest does not matter.\n"
           "     Made by decant " DECANT_VERSION "; for decant copy with the option bmap, and for bmaptool. -->\n"
           "<bmap version=\"2.0\">\n"
           "    <ImageSize> %" PRIu64 " </ImageSize>\n"
           "    <BlockSize> %" PRIu64 " </BlockSize>\n"
           "    <BlocksCount> %" PRIu64 " </BlocksCount>\n"
           "    <ChecksumType> sha256 </ChecksumType>\n"
           "    <BlockMap>\n",
           size, block_bytes, range_pieces(size, block_bytes));
  take_in_text(writer, text, from);
}

void
bmap_writer_add(struct bmap_writer *writer, uint64_t first, uint64_t last, const uint8_t *digest, struct text *text)
{
  size_t from = text->used;

  writer->mapped += last - first + 1;
  text_add(text, "        <Range chksum=\"");
  add_digest(digest, text);
  text_add(text, "\"> %" PRIu64, first);
  if (last > first)
    text_add(text, "-%" PRIu64, last);
  text_add(text, " </Range>\n");
  take_in_text(writer, text, from);
}

void
bmap_writer_end(struct bmap_writer *writer, struct text *text)
{
  uint8_t digest[HASH_BYTES_MAX];
  size_t from = text->used;

  text_add(text,
           "    </BlockMap>\n"
           "    <MappedBlocksCount> %" PRIu64 " </MappedBlocksCount>\n"
           "    <!-- Of this file, with zeros in the place of its digits. -->\n"
           "    <BmapFileChecksum> ",
           writer->mapped);
  take_in_text(writer, text, from);
  hash_add(&writer->hash, (const uint8_t *)zero_digits, sizeof zero_digits - 1);
  hash_add(&writer->hash, (const uint8_t *)tail, sizeof tail - 1);
  hash_out(&writer->hash, digest);
  add_digest(digest, text);
  text_add(text, "%s", tail);
}
