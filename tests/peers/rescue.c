/* SPDX-License-Identifier: MIT */
/* rescue: what decant would read of a failing disk, and in which order; for tests beside ddrescue, which with --test-mode does the
 * same. No disk is read: what is bad stands in a mapfile, whose finished areas can be read.
 *
 *   rescue DISK TO BYTES AT-ONCE
 *
 * BYTES is the disk's size; so many reads are out at once. Writes the map of the rescue to TO, and says how many reads
 * there were, and how many of them failed. Exit code 0 or 1.
 */
#include "copy/rescue.h"
#include "local/mapfile_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ddrescue's, by default. */
#define READ_BYTES 65536

static struct mapfile_store store;
static struct mapfile map;
static struct areas disk, areas;
static struct rescue rescue;
static struct fault fault;

static int
load(const char *path, uint64_t size)
{
  areas_init(&disk, size, true);
  int result = mapfile_store_open(&store, path, &fault);
  if (result == 0)
    result = mapfile_store_read(&store, &map, &disk, &fault);
  mapfile_store_close(&store);
  return result;
}

static int
save(const char *path)
{
  map.phase = '+';
  int result = mapfile_store_open(&store, path, &fault);
  return result == 0 ? mapfile_store_write(&store, &map, &areas, &fault) : -1;
}

static uint64_t
good_bytes_of(struct range range)
{
  struct area bad;

  return areas_find(&disk, range, AREA_STATUSES_ALL & ~(1u << AREA_FINISHED), false, &bad)
             ? bad.range.start - range.start
             : range_length(range);
}

/* Answers come in the order of the reads. */
static void
run(unsigned at_once)
{
  struct rescue_read *out[RESCUE_READS_MAX], *next;
  unsigned count = 0, reads = 0, failed = 0;

  do {
    while (count < at_once && (next = rescue_next(&rescue)) != NULL)
      out[count++] = next;
    if (count == 0)
      break;
    uint64_t good = good_bytes_of(out[0]->range);
    reads++;
    failed += good < range_length(out[0]->range);
    rescue_answer(&rescue, out[0], good);
    memmove(out, out + 1, --count * sizeof out[0]);
  } while (true);
  printf("%u reads, %u failed\n", reads, failed);
}

int
main(int argc, char **argv)
{
  if (argc < 5)
    return 1;
  uint64_t size = strtoull(argv[3], NULL, 0);
  struct rescue_config config = { .areas = &areas,
                                  .sector_bytes = SECTOR_BYTES,
                                  .read_bytes = READ_BYTES,
                                  .skip_bytes_min = READ_BYTES,
                                  .skip_bytes_max = range_max(size / 100, READ_BYTES) };
  int result = load(argv[1], size);
  areas_init(&areas, size, false);
  rescue_init(&rescue, &config);
  if (result == 0) {
    run((unsigned)strtoul(argv[4], NULL, 0));
    result = save(argv[2]);
  }
  if (result == -1)
    fprintf(stderr, "%s\n", fault.text);
  return result == 0 ? 0 : 1;
}
