/* SPDX-License-Identifier: MIT */
/* mapfile: reads a mapfile as decant does and writes it again, for tests beside ddrescue, which reads and writes them too.
 *
 *   mapfile FROM TO BYTES [domain]
 *
 * BYTES is the disk's size. Says on standard error what failed. Exit code 0 or 1.
 */
#include "local/mapfile_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mapfile_store from, to;
static struct mapfile map;
static struct areas areas;
static struct fault fault;

int
main(int argc, char **argv)
{
  if (argc < 4)
    return 1;
  areas_init(&areas, strtoull(argv[3], NULL, 0), argc > 4);
  int result = mapfile_store_open(&from, argv[1], &fault);
  if (result == 0)
    result = mapfile_store_read(&from, &map, &areas, &fault);
  if (result == 0)
    result = mapfile_store_open(&to, argv[2], &fault);
  snprintf(map.command, sizeof map.command, "mapfile %.200s %.200s", argv[1], argv[2]);
  if (result == 0)
    result = mapfile_store_write(&to, &map, &areas, &fault);
  if (result == -1)
    fprintf(stderr, "%s\n", fault.text);
  return result == 0 ? 0 : 1;
}
