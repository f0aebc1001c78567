/* SPDX-License-Identifier: MIT */
/* A block map says which part of a disk is written, and by which digests that is believed: so maps of each version have to be understood as
 * bmaptool means them, and one that is damaged, or made to be misunderstood, has to be refused with words. */
#include "unit/unit.h"

#include "disk/bmap_reader.h"

#define SHA1_OF_NOTHING "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct bmap bmap;
static struct bmap_reader reader;
static struct fault fault;

/* From a copy of exactly that length, in parts, for the sanitizer to watch. */
static int
read_parts(const char *text, size_t length, size_t part)
{
  char *copy = malloc(length ? length : 1);
  int result = 0;

  memcpy(copy, text, length);
  fault = (struct fault){ 0 };
  bmap_reader_init(&reader, &bmap, "x.bmap");
  for (size_t at = 0; at < length && result == 0; at += part)
    result = bmap_reader_take(&reader, copy + at, length - at < part ? length - at : part, &fault);
  result = result == 0 ? bmap_reader_end(&reader, &fault) : -1;
  free(copy);
  return result;
}

/* Puts the digest of a text over the zeros that stand for it. */
static void
seal(char *text, enum hash_kind kind)
{
  uint8_t digest[HASH_BYTES_MAX];
  struct hash hash;
  char *digits = strstr(text, strstr(text, "<BmapFileSHA1> ") ? "<BmapFileSHA1> " : "<BmapFileChecksum> ");

  hash_init(&hash, kind, NULL);
  hash_add(&hash, (const uint8_t *)text, strlen(text));
  hash_out(&hash, digest);
  digits = strchr(digits, ' ') + 1;
  for (unsigned i = 0; i < hash_bytes(kind); i++) {
    char hex[3];
    snprintf(hex, sizeof hex, "%02x", digest[i]);
    memcpy(digits + 2 * i, hex, 2);
  }
}

#define HEAD(version, size, block, count)                                                                              \
  "<?xml version=\"1.0\" ?>\n<bmap version=\"" version "\">\n<ImageSize> " size " </ImageSize>\n<BlockSize> " block    \
  " </BlockSize>\n<BlocksCount> " count " </BlocksCount>\n"
#define MAPPED(count) "<MappedBlocksCount> " count " </MappedBlocksCount>\n"
#define ZEROS_40 "0000000000000000000000000000000000000000"
#define ZEROS_64 ZEROS_40 "000000000000000000000000"
#define OWN_SHA1 "<BmapFileSHA1> " ZEROS_40 " </BmapFileSHA1>\n"
#define OWN_SHA256 "<ChecksumType> sha256 </ChecksumType>\n<BmapFileChecksum> " ZEROS_64 " </BmapFileChecksum>\n"
#define MAP(ranges) "<BlockMap>\n" ranges "</BlockMap>\n"
#define END "</bmap>\n"

static void
assert_is_map(const char *text)
{
  for (size_t part = 1; part < strlen(text) + 7; part += 1 + part / 3)
    if (read_parts(text, strlen(text), part) == -1)
      fail_msg("%s: %s", text, fault.text);
}

static void
assert_range(size_t index, uint64_t start, uint64_t end, const char *digest)
{
  uint8_t bytes[HASH_BYTES_MAX] = { 0 };

  assert_int_equal(bmap.list[index].range.start, start);
  assert_int_equal(bmap.list[index].range.end, end);
  assert_int_equal(bmap.list[index].has_digest, digest != NULL);
  if (digest)
    from_hex(bytes, digest);
  assert_memory_equal(bmap.list[index].digest, bytes, BMAP_DIGEST_BYTES);
}

static void
each_version_is_understood(void **state)
{
  char text[1024];

  (void)state;
  assert_is_map(HEAD("1.2", "10000", "4096", "3")
                    MAP("<Range sha1=\"" SHA1_OF_NOTHING "\"> 0 </Range>\n<Range> 2 </Range>\n") MAPPED("2") END);
  assert_int_equal(bmap.size, 10000);
  assert_int_equal(bmap.block_bytes, 4096);
  assert_int_equal(bmap.kind, HASH_SHA1);
  assert_int_equal(bmap.count, 2);
  assert_range(0, 0, 4096, SHA1_OF_NOTHING);
  assert_range(1, 8192, 10000, NULL);

  strcpy(text, HEAD("1.3", "12288", "4096", "3") MAPPED("3 ")
                   OWN_SHA1 MAP("<Range sha1=\"" SHA1_OF_NOTHING "\"> 0-2 </Range>\n") END);
  seal(text, HASH_SHA1);
  assert_is_map(text);
  assert_range(0, 0, 12288, SHA1_OF_NOTHING);

  strcpy(text, HEAD("1.4", "1024", "512", "2") MAPPED("2")
                   OWN_SHA256 MAP("<Range chksum='" SHA256_OF_NOTHING "'> 0 </Range><Range> 1 - 1 </Range>") END);
  seal(text, HASH_SHA256);
  assert_is_map(text);
  assert_int_equal(bmap.kind, HASH_SHA256);
  assert_range(0, 0, 512, SHA256_OF_NOTHING);
  assert_range(1, 512, 1024, NULL);

  strcpy(text, HEAD("2.0", "1", "1", "1") MAPPED("0") OWN_SHA256 MAP("") END);
  seal(text, HASH_SHA256);
  assert_is_map(text);
  assert_int_equal(bmap.count, 0);
}

static void
the_elements_may_come_in_another_order(void **state)
{
  char text[1024];

  (void)state;
  strcpy(text, HEAD("2.0", "4096", "4096", "1") "<ChecksumType> sha256 </ChecksumType>" MAP(
                   "<Range chksum='" SHA256_OF_NOTHING "'> 0 </Range>") MAPPED("1") "<BmapFileChecksum> " ZEROS_64
                                                                                    " </BmapFileChecksum>" END);
  seal(text, HASH_SHA256);
  assert_is_map(text);
}

/* A longer digest is compared in its beginning; a shorter one has zeros behind it. */
static void
each_type_of_digest_is_understood(void **state)
{
  (void)state;
  for (int kind = 0; kind < HASH_KINDS; kind++) {
    char text[2048], digits[2 * HASH_BYTES_MAX + 1] = "", zeros[2 * HASH_BYTES_MAX + 1] = "";
    for (unsigned i = 0; i < hash_bytes((enum hash_kind)kind); i++) {
      strcat(digits, "a7");
      strcat(zeros, "00");
    }
    snprintf(text, sizeof text,
             HEAD("2.0", "4096", "4096", "1") MAPPED("1") "<ChecksumType>%s</ChecksumType>\n<BmapFileChecksum> %s "
                                                          "</BmapFileChecksum>" MAP("<Range chksum=\"%s\"> 0 </Range>")
                                                              END,
             hash_name((enum hash_kind)kind), zeros, digits);
    seal(text, (enum hash_kind)kind);
    assert_is_map(text);
    assert_int_equal(bmap.kind, kind);
    digits[2 * BMAP_DIGEST_BYTES] = '\0';
    assert_range(0, 0, 4096, digits);
  }
}

static void
what_is_no_block_map_is_refused(void **state)
{
  static const struct {
    const char *text, *why;
  } bad[] = {
    { "", "it ends before" },
    { "<bmap></bmap>", "<bmap> should say its version" },
    { "<bmap/>", "<bmap> should say its version" },
    { "<bmap><ImageSize> 1 </ImageSize></bmap>", "<bmap> should say its version" },
    { "<bmap version=\"1.1\"/>", "of version 1.1: 1.2, 1.3, 1.4 and 2.0 are known" },
    { "<bmap version=\"3.0\"/>", "of version 3.0" },
    { "<bmap version='2.0' version='2.0'/>", "an attribute version has no place here, or was here already" },
    { "<bmap version='2.0' other='1'/>", "an attribute other has no place" },
    { "<html/>", "<html> has no place here" },
    { "<ImageSize> 1 </ImageSize>", "<ImageSize> has no place here" },
    { "<bmap version='1.2'><bmap/></bmap>", "<bmap> has no place here" },
    { "<bmap version='1.2'> 1 </bmap>", "there is text where elements should be" },
    { "<bmap version='1.2'><Range> 1 </Range></bmap>", "<Range> has no place here" },
    { "<bmap version='1.2'><ImageSize a='1'> 1 </ImageSize></bmap>", "an attribute a has no place" },
    { "<bmap version='1.2'><ImageSize> 1 </ImageSize><ImageSize> 1 </ImageSize></bmap>", "<ImageSize> comes twice" },
    { "<bmap version='1.2'><ImageSize/></bmap>", "<ImageSize> is empty" },
    { "<bmap version='1.2'><ImageSize> 1 <BlockSize/></ImageSize></bmap>", "<BlockSize> has no place here" },
    { "<bmap version='1.2'><ImageSize> 1<Range/></ImageSize></bmap>", "<Range> has no place here" },
    { "<bmap version='1.2'><ImageSize> 0 </ImageSize></bmap>", "<ImageSize> should be a number from 1" },
    { "<bmap version='1.2'><ImageSize> -1 </ImageSize></bmap>", "<ImageSize> should be a number" },
    { "<bmap version='1.2'><ImageSize> 1 2 </ImageSize></bmap>", "<ImageSize> should be a number" },
    { "<bmap version='1.2'><ImageSize> 0x10 </ImageSize></bmap>", "<ImageSize> should be a number" },
    { "<bmap version='1.2'><ImageSize> 99999999999999999999999 </ImageSize></bmap>", "<ImageSize> should be a number" },
    { "<bmap version='1.2'><ImageSize> 9223372036854775807 </ImageSize></bmap>", "<ImageSize> should be a number" },
    { "<bmap version='1.2'><BlockSize> 1073741825 </BlockSize></bmap>",
      "<BlockSize> should be a number from 1 to 1073741824" },
    { "<bmap version='1.2'><ChecksumType> sha1 </ChecksumType></bmap>",
      "<ChecksumType> isn't in block maps of this version" },
    { "<bmap version='1.2'><BmapFileSHA1> 0 </BmapFileSHA1></bmap>",
      "<BmapFileSHA1> isn't in block maps of this version" },
    { "<bmap version='2.0'><BmapFileSHA1> 0 </BmapFileSHA1></bmap>",
      "<BmapFileSHA1> isn't in block maps of this version" },
    { "<bmap version='1.3'><BmapFileSHA1> 0 </BmapFileSHA1></bmap>", "40 hexadecimal digits should be here" },
    { "<bmap version='2.0'><ChecksumType> crc32 </ChecksumType></bmap>", "digests of type crc32 can't be checked" },
    { "<bmap version='2.0'><BmapFileChecksum> 0 </BmapFileChecksum></bmap>",
      "<BmapFileChecksum> should come behind <ChecksumType>" },
    { "<bmap version='1.2'><BlockMap/></bmap>", "<BlockMap> should come behind <ImageSize>" },
    { HEAD("2.0", "4096", "4096", "1") "<BlockMap/>" END, "<BlockMap> should come behind <ChecksumType>" },
    { HEAD("1.2", "4097", "4096", "1") MAP("") END, "<BlocksCount> is 1, but 4097 bytes are 2 blocks of 4096 bytes" },
    { HEAD("1.2", "4096", "4096", "2") MAP("") END, "<BlocksCount> is 2, but 4096 bytes are 1 blocks" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 2 </Range>") END, "the image ends before block 2" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 0-2 </Range>") END, "the image ends before block 2" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 1-0 </Range>") END, "a range of blocks should be here" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 0-1-1 </Range>") END, "a range of blocks should be here" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 0- </Range>") END, "a range of blocks should be here" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 0 1 </Range>") END, "a range of blocks should be here" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> -1 </Range>") END, "a range of blocks should be here" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range/>") END, "<Range> is empty" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 1 </Range>\n<Range> 0 </Range>") END,
      "the range that begins at block 0 should be behind the one before it" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 0-1 </Range>\n<Range> 1 </Range>") END,
      "the range that begins at block 1 should be behind" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 1 </Range> 0") END, "there is text where elements should be" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range chksum='" SHA1_OF_NOTHING "'> 1 </Range>") END,
      "an attribute chksum has no place" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range sha1='" SHA1_OF_NOTHING "' sha1='" SHA1_OF_NOTHING "'> 1 </Range>")
          END,
      "was here already" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range sha1='DA39A3EE5E6B4B0D3255BFEF95601890AFD80709'> 1 </Range>") END,
      "sha1 should be 40 hexadecimal digits" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range sha1='da39'> 1 </Range>") END,
      "sha1 should be 40 hexadecimal digits" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 1 </Range>") END, "there is no <MappedBlocksCount>" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> 1 </Range>") MAPPED("2") END,
      "<MappedBlocksCount> is 2, but the ranges have 1 blocks" },
    { HEAD("1.2", "8192", "4096", "2") MAP("") MAPPED("x") END, "<MappedBlocksCount> should be a number" },
    { HEAD("1.2", "8192", "4096", "2") MAPPED("0") END, "there is no <BlockMap>" },
    { HEAD("1.3", "8192", "4096", "2") MAP("") MAPPED("0") END, "there is no <BmapFileSHA1>" },
    { HEAD("2.0", "8192", "4096", "2") "<ChecksumType> sha256 </ChecksumType>" MAP("") MAPPED("0") END,
      "there is no <BmapFileChecksum>" },
    { HEAD("1.3", "8192", "4096", "2") OWN_SHA1 MAP("") MAPPED("0") END,
      "x.bmap isn't as it was made: its own digest (sha1)" },
    { HEAD("2.0", "8192", "4096", "2") OWN_SHA256 MAP("") MAPPED("0") END,
      "x.bmap isn't as it was made: its own digest (sha256)" },
    { HEAD("1.2", "8192", "4096", "2") MAP("<Range> &#49; </Range>") MAPPED("1") END, "there is an entity" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(bad); i++)
    for (size_t part = 1; part < 400; part += 133) {
      if (read_parts(bad[i].text, strlen(bad[i].text), part) == 0)
        fail_msg("%s was taken for a block map", bad[i].text);
      assert_int_equal(fault.exit_code, EXIT_FAILED);
      if (strncmp(fault.text, "x.bmap", 6) != 0 || !strstr(fault.text, bad[i].why))
        fail_msg("%s: %s", bad[i].text, fault.text);
    }
}

/* Whatever bit flips, cut or blank is put into a map with a digest of its own, it is never taken for a map. */
static void
any_change_of_a_sealed_map_is_noticed(void **state)
{
  char text[1024], changed[1024];

  (void)state;
  strcpy(text, HEAD("2.0", "12288", "4096", "3") MAPPED("2")
                   OWN_SHA256 MAP("<Range chksum='" SHA256_OF_NOTHING "'> 0-1 </Range>") END);
  seal(text, HASH_SHA256);
  assert_is_map(text);
  for (size_t at = 0; at < strlen(text); at++)
    for (int bit = 0; bit < 8; bit++) {
      strcpy(changed, text);
      changed[at] = (char)(changed[at] ^ 1 << bit);
      assert_int_equal(read_parts(changed, strlen(text), 64), -1);
    }
  for (size_t length = 0; length + 1 < strlen(text); length++) /* but for the newline at its end */
    assert_int_equal(read_parts(text, length, 64), -1);
}

static void
too_many_ranges_are_refused(void **state)
{
  size_t room = BMAP_RANGES_MAX * 40 + 1024, used;
  char *text = malloc(room);

  (void)state;
  for (unsigned more = 0; more < 2; more++) {
    used = (size_t)snprintf(text, room, HEAD("1.2", "1000000", "1", "1000000") MAPPED("%u") "<BlockMap>",
                            BMAP_RANGES_MAX + more);
    for (unsigned i = 0; i < BMAP_RANGES_MAX + more; i++)
      used += (size_t)snprintf(text + used, room - used, "<Range>%u</Range>", 2 * i);
    snprintf(text + used, room - used, "</BlockMap>" END);
    assert_int_equal(read_parts(text, strlen(text), 4096), more ? -1 : 0);
  }
  assert_non_null(strstr(fault.text, "it has more than 65536 ranges, which is more than are kept in memory"));
  free(text);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_version_is_understood),
    cmocka_unit_test(the_elements_may_come_in_another_order),
    cmocka_unit_test(each_type_of_digest_is_understood),
    cmocka_unit_test(what_is_no_block_map_is_refused),
    cmocka_unit_test(any_change_of_a_sealed_map_is_noticed),
    cmocka_unit_test(too_many_ranges_are_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
