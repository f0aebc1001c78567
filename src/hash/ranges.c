/* SPDX-License-Identifier: MIT */
/* ranges: see ranges.h. */
#include "hash/ranges.h"

#include "base/limits.h"
#include "base/zeros.h"

#include <assert.h>
#include <string.h>

_Static_assert(SIZE_UNKNOWN / RANGE_LEAF_BYTES >> RANGE_LEVELS == 0, "no disk has a higher tree");

/* ---- Trees ---- */

static void
hash_pair(const struct hash_engine *engine, const uint8_t *left, const uint8_t *right, uint8_t *out)
{
  uint8_t digest[HASH_BYTES_MAX];
  struct hash hash;

  hash_init(&hash, HASH_SHA256, engine);
  hash_add(&hash, left, RANGE_DIGEST_BYTES);
  hash_add(&hash, right, RANGE_DIGEST_BYTES);
  hash_out(&hash, digest);
  memcpy(out, digest, RANGE_DIGEST_BYTES);
}

/* What two of a level make together; `out` may be one of them. */
static void
join_nodes(const struct ranges *ranges, const uint8_t *left, const uint8_t *right, unsigned level, uint8_t *out)
{
  const uint8_t *zero = ranges->zeros[level];

  if (memcmp(left, zero, RANGE_DIGEST_BYTES) == 0 && memcmp(right, zero, RANGE_DIGEST_BYTES) == 0)
    memcpy(out, ranges->zeros[level + 1], RANGE_DIGEST_BYTES);
  else
    hash_pair(ranges->engine, left, right, out);
}

static void
conclude_range(struct ranges *ranges, uint64_t index, const uint8_t *digest)
{
  if (ranges->only_differing && !ranges->differs[index])
    return;
  if (ranges->pass == RANGES_COMPARE)
    ranges->differs[index] = memcmp(ranges->digests[index], digest, RANGE_DIGEST_BYTES) != 0;
  else
    memcpy(ranges->digests[index], digest, RANGE_DIGEST_BYTES);
}

/* Takes in the digest of what begins at the position, a whole tree of that level or the disk's last leaf. */
static void
push_node(struct ranges *ranges, const uint8_t *digest, unsigned level)
{
  uint64_t leaf = (ranges->position & (ranges->bytes - 1)) / RANGE_LEAF_BYTES;
  uint8_t node[RANGE_DIGEST_BYTES];

  memcpy(node, digest, sizeof node);
  for (; level < ranges->levels && leaf >> level & 1; level++)
    join_nodes(ranges, ranges->nodes[level], node, level, node);
  if (level == ranges->levels)
    conclude_range(ranges, ranges->position / ranges->bytes, node);
  else
    memcpy(ranges->nodes[level], node, sizeof node);
}

/* A range that the disk's end cuts: its first leaves make whole trees, ever smaller ones. */
static void
conclude_cut_range(struct ranges *ranges, uint64_t index, uint64_t leaves)
{
  const uint8_t *right = NULL;
  uint8_t node[RANGE_DIGEST_BYTES];

  for (unsigned level = 0; level < ranges->levels; level++) {
    if (!(leaves >> level & 1))
      continue;
    if (right)
      join_nodes(ranges, ranges->nodes[level], right, level, node);
    else
      memcpy(node, ranges->nodes[level], sizeof node);
    right = node;
  }
  conclude_range(ranges, index, node);
}

/* Each two ranges become one: there is room for as many again. */
static void
double_ranges(struct ranges *ranges)
{
  assert(ranges->pass == RANGES_LEARN && !ranges->only_differing);
  for (unsigned i = 0; i < RANGES_MAX / 2; i++)
    join_nodes(ranges, ranges->digests[2 * i], ranges->digests[2 * i + 1], ranges->levels, ranges->digests[i]);
  ranges->bytes *= 2;
  ranges->levels++;
}

/* ---- Leaves ---- */

/* What comes next in the leaf, behind `fill` bytes of it; NULL for zeros. */
static void
add_to_leaf(struct ranges *ranges, uint64_t fill, const uint8_t *data, uint64_t length)
{
  for (uint64_t taken; length > 0; fill += taken, length -= taken, data = data ? data + taken : NULL) {
    uint64_t past = fill & (NH_BLOCK_BYTES - 1);
    const uint8_t *block = data;
    uint8_t digest[NH_DIGEST_BYTES];

    taken = range_min(NH_BLOCK_BYTES - past, length);
    if (!data || taken < NH_BLOCK_BYTES) {
      block = ranges->block;
      if (data)
        memcpy(ranges->block + past, data, taken);
      else
        memset(ranges->block + past, 0, taken);
    }
    if (past + taken < NH_BLOCK_BYTES)
      return;
    nh_take(&ranges->key, block, digest);
    hash_add(&ranges->leaf, digest, sizeof digest);
  }
}

/* The leaf begins with zeros. */
static void
begin_leaf(struct ranges *ranges, uint64_t zeros)
{
  hash_init(&ranges->leaf, HASH_SHA256, ranges->engine);
  add_to_leaf(ranges, 0, NULL, zeros);
}

/* The leaf has ended, with so many bytes in it. */
static void
conclude_leaf(struct ranges *ranges, uint64_t fill)
{
  uint8_t digest[HASH_BYTES_MAX];

  if (ranges->leaf_is_zero)
    begin_leaf(ranges, fill);
  add_to_leaf(ranges, fill, NULL, -fill & (NH_BLOCK_BYTES - 1));
  hash_out(&ranges->leaf, digest);
  ranges->leaf_is_zero = true;
  ranges->position -= fill;
  push_node(ranges, digest, 0);
  ranges->position += fill;
}

/* A part of a leaf, up to its end at most. */
static void
add_leaf_part(struct ranges *ranges, const uint8_t *data, uint64_t length)
{
  uint64_t fill = ranges->position & (RANGE_LEAF_BYTES - 1);

  if (data && ranges->leaf_is_zero) {
    begin_leaf(ranges, fill);
    ranges->leaf_is_zero = false;
  }
  if (!ranges->leaf_is_zero)
    add_to_leaf(ranges, fill, data, length);
  ranges->position += length;
  if (fill + length == RANGE_LEAF_BYTES)
    conclude_leaf(ranges, RANGE_LEAF_BYTES);
}

/* Zeros from a leaf's beginning on: the largest tree of them that there is room for here. Returns its bytes. */
static uint64_t
add_zero_tree(struct ranges *ranges, uint64_t length)
{
  unsigned level = 0;

  while (level < ranges->levels && range_is_aligned(ranges->position, RANGE_LEAF_BYTES << (level + 1)) &&
         length >= RANGE_LEAF_BYTES << (level + 1))
    level++;
  push_node(ranges, ranges->zeros[level], level);
  ranges->position += RANGE_LEAF_BYTES << level;
  return RANGE_LEAF_BYTES << level;
}

/* ---- Passes ---- */

static void
learn_zeros(struct ranges *ranges)
{
  uint8_t digest[HASH_BYTES_MAX];

  begin_leaf(ranges, RANGE_LEAF_BYTES);
  hash_out(&ranges->leaf, digest);
  memcpy(ranges->zeros[0], digest, RANGE_DIGEST_BYTES);
  for (unsigned level = 0; level < RANGE_LEVELS; level++)
    hash_pair(ranges->engine, ranges->zeros[level], ranges->zeros[level], ranges->zeros[level + 1]);
}

void
ranges_init(struct ranges *ranges, uint64_t size, uint64_t block_bytes, const uint8_t seed[NH_SEED_BYTES])
{
  memset(ranges, 0, sizeof *ranges);
  ranges->engine = hash_best_engine(HASH_SHA256);
  nh_key_init(&ranges->key, seed);
  ranges->bytes = range_max(RANGE_LEAF_BYTES, block_bytes);
  while (size != SIZE_UNKNOWN && ranges->bytes < size / RANGES_MAX + (size % RANGES_MAX > 0))
    ranges->bytes *= 2;
  while (RANGE_LEAF_BYTES << ranges->levels < ranges->bytes)
    ranges->levels++;
  learn_zeros(ranges);
}

void
ranges_begin(struct ranges *ranges, enum ranges_pass pass, bool only_differing)
{
  ranges->pass = pass;
  ranges->only_differing = only_differing;
  ranges->position = 0;
  ranges->leaf_is_zero = true;
}

void
ranges_add(struct ranges *ranges, const uint8_t *data, uint64_t length)
{
  for (uint64_t taken; length > 0; length -= taken, data = data ? data + taken : NULL) {
    uint64_t fill = ranges->position & (RANGE_LEAF_BYTES - 1);
    if (ranges->position == RANGES_MAX * ranges->bytes)
      double_ranges(ranges);
    taken = range_min(length, RANGE_LEAF_BYTES - fill);
    if (taken < RANGE_LEAF_BYTES || (data && !zeros_only(data, RANGE_LEAF_BYTES)))
      add_leaf_part(ranges, data, taken);
    else
      taken = add_zero_tree(ranges, data ? RANGE_LEAF_BYTES : length);
  }
}

void
ranges_end(struct ranges *ranges)
{
  uint64_t fill = ranges->position & (RANGE_LEAF_BYTES - 1), past = ranges->position & (ranges->bytes - 1);

  if (fill > 0)
    conclude_leaf(ranges, fill);
  /* A last leaf that completes its range has concluded that, too. */
  uint64_t leaves = (past + RANGE_LEAF_BYTES - 1) / RANGE_LEAF_BYTES;
  if (leaves > 0 && leaves < UINT64_C(1) << ranges->levels)
    conclude_cut_range(ranges, ranges->position / ranges->bytes, leaves);
  assert(ranges->position == ranges->size || (ranges->pass == RANGES_LEARN && !ranges->only_differing));
  ranges->size = ranges->position;
}

bool
ranges_find(const struct ranges *ranges, uint64_t offset, struct range *found)
{
  uint64_t index = offset / ranges->bytes, start = offset;

  for (; start < ranges->size && !ranges->differs[index]; start = ++index * ranges->bytes)
    ;
  if (start >= ranges->size)
    return false;
  for (; index * ranges->bytes < ranges->size && ranges->differs[index]; index++)
    ;
  *found = (struct range){ start, range_min(index * ranges->bytes, ranges->size) };
  return true;
}
