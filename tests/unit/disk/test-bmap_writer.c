/* SPDX-License-Identifier: MIT */
/* What is written has to be read again, by us and by bmaptool (tests/integration/test-bmap.sh), with the same ranges and digests. */
#include "unit/unit.h"

#include "disk/bmap_reader.h"
#include "disk/bmap_writer.h"

static struct bmap bmap;
static struct bmap_reader reader;
static struct fault fault;

static void
take_text(struct text *text, bool is_last)
{
  check(!text->full && text->used < BMAP_TEXT_BYTES);
  check(bmap_reader_take(&reader, text->bytes, text->used, &fault) == 0);
  check(!is_last || bmap_reader_end(&reader, &fault) == 0);
}

static void
one_random_map(struct random *random)
{
  uint64_t block = random_between(random, 1, 5000), blocks = random_between(random, 1, 400);
  uint64_t size = block * blocks - random_between(random, 0, block - 1), last = 0;
  uint8_t digest[BMAP_DIGEST_BYTES];
  char bytes[BMAP_TEXT_BYTES];
  struct bmap_writer writer;
  struct text text;
  size_t count = 0;

  bmap_reader_init(&reader, &bmap, "x.bmap");
  text_init(&text, bytes, sizeof bytes);
  bmap_writer_begin(&writer, size, block, &text);
  take_text(&text, false);
  for (uint64_t first = random_between(random, 0, 9); first < blocks; first = last + random_between(random, 2, 20)) {
    last = range_min(first + random_between(random, 0, 3), blocks - 1);
    memset(digest, (int)count, sizeof digest);
    text_init(&text, bytes, sizeof bytes);
    bmap_writer_add(&writer, first, last, digest, &text);
    take_text(&text, false);
    check(bmap.count == ++count);
    check(bmap.list[count - 1].range.start == first * block);
    check(bmap.list[count - 1].range.end == range_min((last + 1) * block, size));
    check(bmap.list[count - 1].has_digest && memcmp(bmap.list[count - 1].digest, digest, sizeof digest) == 0);
  }
  text_init(&text, bytes, sizeof bytes);
  bmap_writer_end(&writer, &text);
  take_text(&text, true);
  check(bmap.size == size && bmap.block_bytes == block && bmap.kind == HASH_SHA256 && bmap.count == count);
}

static void
what_is_written_is_read_again(void **state)
{
  (void)state;
  run_seeds(200, one_random_map);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_written_is_read_again),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
