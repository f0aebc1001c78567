/* SPDX-License-Identifier: MIT */
/* A mapfile with anything in it: either it is refused with words, or it is a map whose areas are in order, which is the same in
 * whatever parts it comes, and comes back when it is written. A case is whether it is a domain, the size of the parts, and the file. */
#include "fuzz/fuzz.h"

#include "disk/mapfile.h"

#include <stdlib.h>
#include <string.h>

static struct areas one, other;

/* In parts of that size. Returns whether it is a map. */
static bool
read_map(const char *text, size_t length, size_t part, struct areas *areas, struct mapfile *map, struct fault *fault)
{
  struct mapfile_reader reader;
  int result = 0;

  mapfile_reader_init(&reader, map, areas, "x.map");
  for (size_t at = 0; at < length && result == 0; at += part)
    result = mapfile_reader_take(&reader, text + at, length - at < part ? length - at : part, fault);
  result = result == 0 ? mapfile_reader_end(&reader, fault) : result;
  must((result == 0) == (fault->exit_code == EXIT_DONE));
  return result == 0;
}

static void
must_be_in_order(const struct areas *areas)
{
  must(areas->count > 0 && areas->count <= AREAS_MAX && areas->list[0].start == 0);
  for (size_t i = 1; i < areas->count; i++) {
    must(areas->list[i].start > areas->list[i - 1].start && areas->list[i].start < areas->size);
    must(areas->list[i].status != areas->list[i - 1].status);
  }
}

static void
must_be_same(void)
{
  must(one.count == other.count);
  for (size_t i = 0; i < one.count; i++)
    must(one.list[i].start == other.list[i].start && one.list[i].status == other.list[i].status);
}

static void
must_come_back(const struct mapfile *map)
{
  static char bytes[16 * MAPFILE_TEXT_BYTES];
  struct text text;
  struct mapfile again;
  struct fault fault = { 0 };

  text_init(&text, bytes, sizeof bytes);
  mapfile_write_head(map, &text);
  must(mapfile_write_blocks(&one, 0, &text) == one.size && !text.full);
  areas_init(&other, one.size, one.is_domain);
  must(read_map(bytes, text.used, text.used, &other, &again, &fault));
  must_be_same();
  must(again.position == map->position && again.phase == map->phase && again.pass == map->pass);
  must(again.source.size == map->source.size && again.destination.size == map->destination.size);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  bool is_domain = fuzz_one_in(input, 3);
  size_t part = fuzz_between(input, 1, 200), length = input->left;
  char *text = (char *)fuzz_copy(input->bytes, length);
  struct mapfile map, map_again;
  struct fault fault = { 0 }, fault_again = { 0 };

  areas_init(&one, 0x168000, is_domain);
  areas_init(&other, 0x168000, is_domain);
  bool is_map = read_map(text, length, length ? length : 1, &one, &map, &fault);
  must(is_map == read_map(text, length, part, &other, &map_again, &fault_again));
  free(text);
  must(strcmp(fault.text, fault_again.text) == 0 && (is_map || strncmp(fault.text, "x.map, line ", 12) == 0));
  if (!is_map)
    return 0;
  must_be_in_order(&one);
  must_be_same();
  must_come_back(&map);
  return 0;
}
