/* SPDX-License-Identifier: MIT */
/* bmap_reader: see bmap_reader.h. */
#include "disk/bmap_reader.h"

#include "base/hex.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define VERSION_SHA1 103 /* the one whose digests are sha1, its own included; those before have none of their own */
#define IMAGE_BYTES_MAX (UINT64_C(1) << 62)
#define BLOCK_BYTES_LARGEST (1 * GIB)

enum { ROOT, IMAGE_SIZE, BLOCK_SIZE, BLOCKS_COUNT, MAPPED_COUNT, CHECKSUM_TYPE, CHECKSUM, CHECKSUM_SHA1, MAP, RANGE };

#define BIT(element) (1u << (element))

/* Which elements there are: within which, since which version and up to which; and those that come before them, since they say
 * what these mean. */
static const struct row {
  const char *name;
  unsigned depth, first, last, after;
} rows[BMAP_ELEMENTS] = {
  [ROOT] = { "bmap", 1, 0, UINT32_MAX, 0 },
  [IMAGE_SIZE] = { "ImageSize", 2, 102, 200, 0 },
  [BLOCK_SIZE] = { "BlockSize", 2, 102, 200, 0 },
  [BLOCKS_COUNT] = { "BlocksCount", 2, 102, 200, 0 },
  [MAPPED_COUNT] = { "MappedBlocksCount", 2, 102, 200, 0 },
  [CHECKSUM_TYPE] = { "ChecksumType", 2, 104, 200, 0 },
  [CHECKSUM] = { "BmapFileChecksum", 2, 104, 200, BIT(CHECKSUM_TYPE) },
  [CHECKSUM_SHA1] = { "BmapFileSHA1", 2, VERSION_SHA1, VERSION_SHA1, 0 },
  [MAP] = { "BlockMap", 2, 102, 200, BIT(IMAGE_SIZE) | BIT(BLOCK_SIZE) | BIT(BLOCKS_COUNT) },
  [RANGE] = { "Range", 3, 102, 200, 0 },
};

/* ---- Numbers and digests ---- */

static const char hex_digits[] = "0123456789abcdef";

static const char *
skip_blank(const char *text)
{
  return text + (*text == ' ');
}

/* Reads a number, and what blank follows it. Returns what is behind, or NULL where there was none, or too large a one. */
static const char *
take_digits(const char *text, uint64_t *value)
{
  const char *p = text;

  *value = 0;
  for (; *p >= '0' && *p <= '9'; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (*value > (UINT64_MAX - digit) / 10)
      return NULL;
    *value = *value * 10 + digit;
  }
  return p > text ? skip_blank(p) : NULL;
}

static bool
is_number(const char *text, uint64_t *value)
{
  const char *end = take_digits(text, value);

  return end && *end == '\0';
}

/* So many bytes in lower case, and nothing else. */
static bool
is_digest(const char *text, unsigned bytes, uint8_t *digest)
{
  return strlen(text) == 2 * bytes && strspn(text, hex_digits) == 2 * bytes && hex_read(text, digest, bytes);
}

/* ---- Values ---- */

static struct bmap_reader *
reader_of(struct xml *xml)
{
  return (struct bmap_reader *)xml;
}
_Static_assert(offsetof(struct bmap_reader, xml) == 0, "a reader is found by its xml");

static int
take_version(struct bmap_reader *reader, struct fault *fault)
{
  static const struct {
    const char *text;
    unsigned number;
  } known[] = { { "1.2", 102 }, { "1.3", VERSION_SHA1 }, { "1.4", 104 }, { "2.0", 200 } };

  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(reader->xml.text, known[i].text) == 0)
      reader->version = known[i].number;
  if (reader->version == 0)
    return xml_refuse(&reader->xml, fault, "it is a block map of version %s: 1.2, 1.3, 1.4 and 2.0 are known",
                      reader->xml.text);
  reader->has_kind = reader->version <= VERSION_SHA1;
  reader->bmap->kind = HASH_SHA1;
  return 0;
}

static int
take_kind(struct bmap_reader *reader, struct fault *fault)
{
  for (int kind = 0; kind < HASH_KINDS; kind++)
    if (strcmp(reader->xml.text, hash_name((enum hash_kind)kind)) == 0) {
      reader->has_kind = true;
      reader->bmap->kind = (enum hash_kind)kind;
      return 0;
    }
  return xml_refuse(&reader->xml, fault,
                    "digests of type %s can't be checked: md5, sha1, sha224, sha256, sha384 and sha512 can",
                    reader->xml.text);
}

static int
take_positive(const struct bmap_reader *reader, uint64_t *value, uint64_t most, struct fault *fault)
{
  if (is_number(reader->xml.text, value) && *value > 0 && *value <= most)
    return 0;
  return xml_refuse(&reader->xml, fault, "<%s> should be a number from 1 to %" PRIu64, rows[reader->element].name,
                    most);
}

/* "FIRST-LAST", or one block alone. */
static int
take_range(struct bmap_reader *reader, struct fault *fault)
{
  struct bmap *bmap = reader->bmap;
  uint64_t first, last;
  const char *end = take_digits(reader->xml.text, &first);

  last = first;
  if (end && *end == '-')
    end = take_digits(skip_blank(end + 1), &last);
  if (!end || *end || last < first)
    return xml_refuse(&reader->xml, fault, "a range of blocks should be here, such as 3-5, or a block");
  if (last >= reader->blocks)
    return xml_refuse(&reader->xml, fault, "the image ends before block %" PRIu64, last);
  if (first < reader->blocks_used)
    return xml_refuse(&reader->xml, fault,
                      "the range that begins at block %" PRIu64 " should be behind the one before it", first);
  reader->blocks_used = last + 1;
  reader->ranges += last - first + 1;
  reader->range.range = (struct range){ first * bmap->block_bytes,
                                        range_min(reader->blocks_used * bmap->block_bytes, bmap->size) };
  return 0;
}

static int
take_text(struct bmap_reader *reader, struct fault *fault)
{
  struct bmap *bmap = reader->bmap;

  reader->has_text = true;
  switch (reader->element) {
  case IMAGE_SIZE:
    return take_positive(reader, &bmap->size, IMAGE_BYTES_MAX, fault);
  case BLOCK_SIZE:
    return take_positive(reader, &bmap->block_bytes, BLOCK_BYTES_LARGEST, fault);
  case BLOCKS_COUNT:
    return take_positive(reader, &reader->blocks, IMAGE_BYTES_MAX, fault);
  case MAPPED_COUNT:
    if (is_number(reader->xml.text, &reader->mapped))
      return 0;
    return xml_refuse(&reader->xml, fault, "<MappedBlocksCount> should be a number");
  case CHECKSUM_TYPE:
    return take_kind(reader, fault);
  case CHECKSUM:
  case CHECKSUM_SHA1:
    if (is_digest(reader->xml.text, hash_bytes(bmap->kind), reader->digest))
      return 0;
    return xml_refuse(&reader->xml, fault, "%u hexadecimal digits should be here, in lower case",
                      2 * hash_bytes(bmap->kind));
  case RANGE:
    return take_range(reader, fault);
  }
  return xml_refuse(&reader->xml, fault, "there is text where elements should be");
}

static int
take_attribute(struct bmap_reader *reader, struct fault *fault)
{
  const struct xml *xml = &reader->xml;
  const char *digests = reader->version <= VERSION_SHA1 ? "sha1" : "chksum";
  uint8_t digest[HASH_BYTES_MAX] = { 0 };

  if (reader->element == ROOT && reader->version == 0 && strcmp(xml->name, "version") == 0)
    return take_version(reader, fault);
  if (reader->element != RANGE || reader->range.has_digest || strcmp(xml->name, digests) != 0)
    return xml_refuse(xml, fault, "an attribute %s has no place here, or was here already", xml->name);
  if (!is_digest(xml->text, hash_bytes(reader->bmap->kind), digest))
    return xml_refuse(xml, fault, "%s should be %u hexadecimal digits, in lower case", digests,
                      2 * hash_bytes(reader->bmap->kind));
  memcpy(reader->range.digest, digest, sizeof reader->range.digest);
  reader->range.has_digest = true;
  return 0;
}

/* ---- Elements ---- */

/* The image must have as many blocks as are said before these can mean anything. */
static int
begin_map(const struct bmap_reader *reader, struct fault *fault)
{
  const struct bmap *bmap = reader->bmap;
  uint64_t blocks = range_pieces(bmap->size, bmap->block_bytes);

  if (!reader->has_kind)
    return xml_refuse(&reader->xml, fault, "<BlockMap> should come behind <ChecksumType>");
  if (blocks == reader->blocks)
    return 0;
  return xml_refuse(&reader->xml, fault,
                    "<BlocksCount> is %" PRIu64 ", but %" PRIu64 " bytes are %" PRIu64 " blocks of %" PRIu64 " bytes",
                    reader->blocks, bmap->size, blocks, bmap->block_bytes);
}

static int
begin_range(struct bmap_reader *reader, struct fault *fault)
{
  reader->range = (struct bmap_range){ .has_digest = false };
  if (reader->bmap->count < BMAP_RANGES_MAX)
    return 0;
  return xml_refuse(&reader->xml, fault,
                    "it has more than %d ranges, which is more than are kept in memory: copy without --bmap",
                    BMAP_RANGES_MAX);
}

static int
open_row(struct bmap_reader *reader, struct fault *fault)
{
  const struct xml *xml = &reader->xml;
  int element = 0;

  while (element < BMAP_ELEMENTS && strcmp(rows[element].name, xml->name) != 0)
    element++;
  if (element == BMAP_ELEMENTS || rows[element].depth != xml->depth || (xml->depth == 3 && reader->element != MAP))
    return xml_refuse(xml, fault, "<%s> has no place here in a block map", xml->name);
  if (element != ROOT && reader->version == 0)
    return xml_refuse(xml, fault, "<bmap> should say its version");
  if (reader->version < rows[element].first || (reader->version > rows[element].last))
    return xml_refuse(xml, fault, "<%s> isn't in block maps of this version", xml->name);
  if (element != RANGE && reader->seen & BIT(element))
    return xml_refuse(xml, fault, "<%s> comes twice", xml->name);
  for (int other = 0; other < BMAP_ELEMENTS; other++)
    if (rows[element].after & ~reader->seen & BIT(other))
      return xml_refuse(xml, fault, "<%s> should come behind <%s>", xml->name, rows[other].name);
  reader->seen |= BIT(element);
  reader->element = element;
  reader->has_text = false;
  return element == MAP ? begin_map(reader, fault) : element == RANGE ? begin_range(reader, fault) : 0;
}

static int
close_row(struct bmap_reader *reader, struct fault *fault)
{
  bool has_text = reader->has_text, takes_none = reader->element == ROOT || reader->element == MAP;

  if (!has_text && !takes_none)
    return xml_refuse(&reader->xml, fault, "<%s> is empty", reader->xml.name);
  if (reader->element == RANGE)
    reader->bmap->list[reader->bmap->count++] = reader->range;
  reader->element = reader->xml.depth == 3 ? MAP : ROOT;
  reader->has_text = false;
  return 0;
}

static int
take_event(struct xml *xml, enum xml_event event, struct fault *fault)
{
  struct bmap_reader *reader = reader_of(xml);

  switch (event) {
  case XML_OPENS:
    return open_row(reader, fault);
  case XML_ATTRIBUTE:
    return take_attribute(reader, fault);
  case XML_TEXT:
    return take_text(reader, fault);
  case XML_CLOSES:
    break;
  }
  return close_row(reader, fault);
}

/* ---- The whole ---- */

void
bmap_reader_init(struct bmap_reader *reader, struct bmap *bmap, const char *file)
{
  memset(reader, 0, sizeof *reader);
  bmap->size = bmap->block_bytes = bmap->count = 0;
  reader->bmap = bmap;
  xml_init(&reader->xml, file, take_event);
  for (int kind = 0; kind < HASH_KINDS; kind++)
    hash_init(&reader->hashes[kind], (enum hash_kind)kind, hash_best_engine((enum hash_kind)kind));
}

static void
add_to_hashes(struct bmap_reader *reader, const char *bytes, size_t length)
{
  for (int kind = 0; kind < HASH_KINDS; kind++)
    if (!reader->has_kind || reader->bmap->kind == (enum hash_kind)kind)
      hash_add(&reader->hashes[kind], (const uint8_t *)bytes, length);
}

/* Whether what comes next is of the digest of the file itself, which counts as zeros. */
static bool
is_in_checksum(const struct bmap_reader *reader)
{
  return (reader->element == CHECKSUM || reader->element == CHECKSUM_SHA1) && reader->xml.state == XML_IN_TEXT;
}

int
bmap_reader_take(struct bmap_reader *reader, const char *bytes, size_t length, struct fault *fault)
{
  size_t hashed = 0;

  for (size_t i = 0; i < length; i++) {
    if (is_in_checksum(reader) && bytes[i] && strchr(hex_digits, bytes[i])) {
      add_to_hashes(reader, bytes + hashed, i - hashed);
      add_to_hashes(reader, "0", 1);
      hashed = i + 1;
    }
    if (xml_take(&reader->xml, bytes[i], fault) == -1)
      return -1;
  }
  add_to_hashes(reader, bytes + hashed, length - hashed);
  return 0;
}

static int
check_own_digest(struct bmap_reader *reader, struct fault *fault)
{
  enum hash_kind kind = reader->bmap->kind;
  uint8_t digest[HASH_BYTES_MAX];

  hash_out(&reader->hashes[kind], digest);
  if (memcmp(digest, reader->digest, hash_bytes(kind)) == 0)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "%.256s isn't as it was made: its own digest (%s) isn't the one that it says. Get it again",
                   reader->xml.file, hash_name(kind));
}

int
bmap_reader_end(struct bmap_reader *reader, struct fault *fault)
{
  if (xml_end(&reader->xml, fault) == -1)
    return -1;
  if (reader->version == 0)
    return xml_refuse(&reader->xml, fault, "<bmap> should say its version");
  for (int element = 0; element < RANGE; element++)
    if (reader->version >= rows[element].first && reader->version <= rows[element].last &&
        !(reader->seen & BIT(element)))
      return xml_refuse(&reader->xml, fault, "there is no <%s>", rows[element].name);
  if (reader->mapped != reader->ranges)
    return xml_refuse(&reader->xml, fault, "<MappedBlocksCount> is %" PRIu64 ", but the ranges have %" PRIu64 " blocks",
                      reader->mapped, reader->ranges);
  return reader->version < VERSION_SHA1 ? 0 : check_own_digest(reader, fault);
}
