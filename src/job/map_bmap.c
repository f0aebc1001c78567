/* SPDX-License-Identifier: MIT */
/* map_bmap: see map_bmap.h. */
#include "job/map_bmap.h"

#include "base/range.h"
#include "job/ask.h"

void
map_bmap_begin(struct map_bmap *map, struct endpoint *source, struct loop *loop, unsigned char *buffer,
               struct text *text)
{
  *map = (struct map_bmap){ .source = source,
                            .loop = loop,
                            .buffer = buffer,
                            .block_bytes = range_max(MAP_BLOCK_BYTES, source->traits.block_min) };
  bmap_writer_begin(&map->writer, source->traits.size, map->block_bytes, text);
}

static int
read_into(struct map_bmap *map, struct range part, struct hash *hash, struct fault *fault)
{
  struct request *request = &map->request;

  *request = (struct request){ .kind = REQUEST_READ,
                               .offset = part.start,
                               .length = range_length(part),
                               .payload = map->buffer,
                               .chunks = &map->chunks };
  if (ask(map->source, map->loop, request, fault) == -1)
    return -1;
  if (request->errnum)
    return fault_set(fault, EXIT_FAILED, 0, "reading %s failed at offset %llu: %s; the map isn't all there",
                     map->source->name, (unsigned long long)part.start, endpoint_why(map->source, request->errnum));
  hash_add(hash, map->buffer, request->length);
  return 0;
}

/* The range that was open is over. */
static int
conclude_open_range(struct map_bmap *map, struct text *text, struct fault *fault)
{
  const struct traits *traits = &map->source->traits;
  uint64_t end = range_min((map->last + 1) * map->block_bytes, traits->size);
  uint64_t most = range_min(MAP_READ_BYTES, range_align_down(traits->request_max, traits->block_min));
  uint8_t digest[HASH_BYTES_MAX];
  struct hash hash;

  if (!map->is_open)
    return 0;
  hash_init(&hash, HASH_SHA256, hash_best_engine(HASH_SHA256));
  for (uint64_t at = map->first * map->block_bytes, next; at < end; at = next) {
    next = range_min(at + most, end);
    if (read_into(map, (struct range){ at, next }, &hash, fault) == -1)
      return -1;
  }
  hash_out(&hash, digest);
  bmap_writer_add(&map->writer, map->first, map->last, digest, text);
  map->is_open = false;
  return 0;
}

int
map_bmap_add(struct map_bmap *map, struct range mapped, struct text *text, struct fault *fault)
{
  uint64_t first = mapped.start / map->block_bytes, last = (mapped.end - 1) / map->block_bytes;

  if (map->is_open && first <= map->last + 1) {
    map->last = last;
    return 0;
  }
  if (conclude_open_range(map, text, fault) == -1)
    return -1;
  map->is_open = true;
  map->first = first;
  map->last = last;
  return 0;
}

int
map_bmap_end(struct map_bmap *map, struct text *text, struct fault *fault)
{
  if (conclude_open_range(map, text, fault) == -1)
    return -1;
  bmap_writer_end(&map->writer, text);
  return 0;
}
