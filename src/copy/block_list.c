/* SPDX-License-Identifier: MIT */
/* block_list: see block_list.h. */
#include "copy/block_list.h"

#include "base/range.h"
#include "base/zeros.h"

#include <assert.h>
#include <string.h>

/* Blocks that are hashed at once. */
#define TOGETHER 2

bool
block_list_is_too_long(uint64_t size, uint64_t block_bytes)
{
  return range_pieces(range_pieces(size, block_bytes), BLOCK_LIST_PART_BLOCKS) > BLOCK_LIST_PARTS_MAX;
}

uint64_t
block_list_bytes(uint64_t size, uint64_t block_bytes, unsigned digest_bytes)
{
  return range_pieces(size, block_bytes) * digest_bytes;
}

void
block_list_init(struct block_list *list, const struct block_list_config *config)
{
  assert(range_is_power_of_two(config->block_bytes) && config->hash->digest_bytes <= BLOCK_DIGEST_BYTES_MAX);
  assert(range_is_aligned(BLOCK_LIST_GRAIN_BYTES, config->list.block_min));
  memset(list, 0, sizeof *list);
  list->config = *config;
  list->blocks = range_pieces(config->size, config->block_bytes);
  list->parts = range_pieces(list->blocks, BLOCK_LIST_PART_BLOCKS);
  assert(list->parts <= BLOCK_LIST_PARTS_MAX);
}

/* ---- Parts ---- */

static uint64_t
part_bytes(const struct block_list *list)
{
  return BLOCK_LIST_PART_BYTES(list->config.hash->digest_bytes);
}

/* How much of the list is in a part. */
static uint64_t
length_of_part(const struct block_list *list, uint64_t part)
{
  uint64_t blocks = range_min(list->blocks - part * BLOCK_LIST_PART_BLOCKS, BLOCK_LIST_PART_BLOCKS);

  return blocks * list->config.hash->digest_bytes;
}

static uint64_t
part_of(const struct block_list *list, uint64_t offset)
{
  return offset / list->config.block_bytes / BLOCK_LIST_PART_BLOCKS;
}

static unsigned char *
bytes_of(const struct block_list *list, const struct block_window *window)
{
  return list->config.windows + (uint64_t)(window - list->windows) * part_bytes(list);
}

static const struct block_window *
find_whole(const struct block_list *list, uint64_t part)
{
  for (unsigned i = 0; i < BLOCK_LIST_WINDOWS; i++)
    if (list->windows[i].is_whole && list->windows[i].part == part)
      return &list->windows[i];
  return NULL;
}

/* ---- Questions ---- */

/* The window of a part, which may be one that holds what is neither it nor `other`; NULL: there is none now. */
static struct block_window *
window_for(struct block_list *list, uint64_t part, uint64_t other)
{
  struct block_window *free = NULL;

  for (unsigned i = 0; i < BLOCK_LIST_WINDOWS; i++) {
    struct block_window *window = &list->windows[i];
    if (window->is_used && window->part == part)
      return window;
    if (!window->is_out && (!window->is_used || window->part != other))
      free = window;
  }
  if (free)
    *free = (struct block_window){ .is_used = true, .part = part };
  return free;
}

/* Whole blocks of the list's end, also where it goes on behind the list. */
static struct request *
ask_on(struct block_list *list, struct block_window *window)
{
  const struct traits *traits = &list->config.list;
  uint64_t start = window->part * part_bytes(list) + window->filled;
  uint64_t end = window->part * part_bytes(list) + length_of_part(list, window->part);
  uint64_t most = range_align_down(range_max(traits->request_max, traits->block_min), traits->block_min);

  end = range_min(range_min(range_align_up(end, traits->block_min), traits->size), range_end(start, most));
  window->request = (struct request){ .kind = REQUEST_READ,
                                      .offset = start,
                                      .length = end - start,
                                      .payload = bytes_of(list, window) + window->filled,
                                      .chunks = &window->chunks };
  window->is_out = true;
  return &window->request;
}

struct request *
block_list_ask(struct block_list *list, uint64_t offset)
{
  uint64_t part = part_of(list, offset), last = range_min(part + 1, list->parts - 1);

  assert(offset < list->config.size);
  for (uint64_t wanted = part; wanted <= last; wanted++) {
    struct block_window *window = window_for(list, wanted, wanted == part ? last : part);
    if (window && !window->is_out && !window->is_whole && !window->retry.waits)
      return ask_on(list, window);
  }
  return NULL;
}

struct retry *
block_list_retry(struct request *request)
{
  return &((struct block_window *)request)->retry;
}

unsigned
block_list_out(const struct block_list *list)
{
  unsigned out = 0;

  for (unsigned i = 0; i < BLOCK_LIST_WINDOWS; i++)
    out += list->windows[i].is_out;
  return out;
}

/* ---- Answers ---- */

static void
digest_part(const struct block_list *list, const struct block_window *window, uint8_t *digest)
{
  list->config.hash->take(list->config.hash, bytes_of(list, window), length_of_part(list, window->part), 1, digest);
}

static bool
is_what_it_was(const struct block_list *list, const struct block_window *window)
{
  unsigned bytes = list->config.hash->digest_bytes;
  uint8_t digest[BLOCK_DIGEST_BYTES_MAX];

  if (window->part >= list->noted) /* it comes for the first time */
    return true;
  digest_part(list, window, digest);
  return memcmp(digest, list->config.marks + window->part * bytes, bytes) == 0;
}

enum block_answer
block_list_learn(struct block_list *list, struct request *request)
{
  struct block_window *window = (struct block_window *)request;

  window->is_out = false;
  if (request->errnum || request->done < request->length)
    return BLOCK_ANSWER_FAILED;
  window->filled += request->length;
  if (window->filled < length_of_part(list, window->part))
    return BLOCK_ANSWER_TAKEN;
  window->is_whole = is_what_it_was(list, window);
  window->filled = 0;
  return window->is_whole ? BLOCK_ANSWER_TAKEN : BLOCK_ANSWER_DIFFERS;
}
_Static_assert(offsetof(struct block_window, request) == 0, "a window is found by its request");

const uint8_t *
block_list_next(struct block_list *list, uint64_t *length)
{
  const struct block_window *window = find_whole(list, list->noted);

  if (!window || block_list_is_noted(list))
    return NULL;
  digest_part(list, window, list->config.marks + list->noted * list->config.hash->digest_bytes);
  *length = length_of_part(list, list->noted);
  list->noted++;
  return bytes_of(list, window);
}

bool
block_list_is_noted(const struct block_list *list)
{
  return list->noted == list->parts;
}

/* ---- What it says ---- */

bool
block_list_has(const struct block_list *list, uint64_t offset)
{
  return find_whole(list, part_of(list, offset)) != NULL;
}

static const uint8_t *
digest_at(const struct block_list *list, uint64_t offset)
{
  const struct block_window *window = find_whole(list, part_of(list, offset));

  assert(window && range_is_aligned(offset, list->config.block_bytes));
  return bytes_of(list, window) +
         offset / list->config.block_bytes % BLOCK_LIST_PART_BLOCKS * list->config.hash->digest_bytes;
}

static uint64_t
end_of_list_part(const struct block_list *list, uint64_t offset)
{
  uint64_t bytes = list->config.block_bytes * BLOCK_LIST_PART_BLOCKS;

  return range_min(range_end(range_align_down(offset, bytes), bytes), list->config.size);
}

/* A last block that is shorter isn't known to be zeros. */
static bool
says_zeros(const struct block_list *list, const uint8_t *digest, uint64_t offset)
{
  return list->config.size - offset >= list->config.block_bytes &&
         memcmp(digest, list->config.zero_digest, list->config.hash->digest_bytes) == 0;
}

uint64_t
block_list_run(const struct block_list *list, uint64_t offset, uint64_t limit, bool *is_zero)
{
  uint64_t end = end_of_list_part(list, offset), at = offset;
  const uint8_t *digest = digest_at(list, offset);

  *is_zero = says_zeros(list, digest, offset);
  do {
    at = range_end(at, list->config.block_bytes);
    digest += list->config.hash->digest_bytes;
  } while (at < end && (*is_zero || at < limit) && says_zeros(list, digest, at) == *is_zero);
  return range_min(at, end);
}

void
block_list_take(const struct block_list *list, uint64_t offset, uint64_t end, uint8_t *digests)
{
  assert(end <= end_of_list_part(list, offset));
  memcpy(digests, digest_at(list, offset),
         range_pieces(end - offset, list->config.block_bytes) * list->config.hash->digest_bytes);
}

/* ---- What is so ---- */

/* How many blocks at the front of `count` are right; they are whole, but one that is alone. */
static uint64_t
compare_blocks(const struct block_list *list, const uint8_t *digests, const uint8_t *data, uint64_t block_bytes,
               uint64_t count)
{
  const struct block_hash *hash = list->config.hash;
  uint8_t got[TOGETHER * BLOCK_DIGEST_BYTES_MAX];
  uint64_t good = 0;

  hash->take(hash, data, block_bytes, count, got);
  while (good < count &&
         memcmp(got + good * hash->digest_bytes, digests + good * hash->digest_bytes, hash->digest_bytes) == 0)
    good++;
  return good;
}

/* The blocks at the front that are looked at next: zeros alone, since they needn't be hashed. */
static uint64_t
next_blocks(uint64_t block_bytes, const uint8_t *data, uint64_t length, bool *is_zero)
{
  *is_zero = length >= block_bytes && zeros_only(data, block_bytes);
  return *is_zero || length < TOGETHER * block_bytes || zeros_only(data + block_bytes, block_bytes) ? 1 : TOGETHER;
}

uint64_t
block_list_good(const struct block_list *list, const uint8_t *digests, const uint8_t *data, uint64_t length)
{
  uint64_t block = list->config.block_bytes, at = 0;
  unsigned digest_bytes = list->config.hash->digest_bytes;

  while (at < length) {
    bool is_zero;
    uint64_t count = next_blocks(block, data + at, length - at, &is_zero);
    uint64_t bytes = range_min(count * block, length - at);
    uint64_t good = is_zero ? memcmp(digests, list->config.zero_digest, digest_bytes) == 0
                            : compare_blocks(list, digests, data + at, range_min(block, bytes), count);
    if (good < count)
      return at + good * block;
    at += bytes;
    digests += count * digest_bytes;
  }
  return length;
}
