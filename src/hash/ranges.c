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

/* The leaf has ended, with so many bytes in it. */
static void
conclude_leaf(struct ranges *ranges, uint64_t fill)
{
  uint8_t digest[HASH_BYTES_MAX];

  if (ranges->leaf_is_zero) {
    hash_init(&ranges->leaf, HASH_SHA256, ranges->engine);
    hash_add(&ranges->leaf, NULL, fill);
  }
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
    hash_init(&ranges->leaf, HASH_SHA256, ranges->engine);
    hash_add(&ranges->leaf, NULL, fill);
    ranges->leaf_is_zero = false;
  }
  if (!ranges->leaf_is_zero)
    hash_add(&ranges->leaf, data, length);
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

/* Whole leaves of data: one, or two side by side. Returns their bytes. */
static uint64_t
add_leaves(struct ranges *ranges, const uint8_t *data, uint64_t length)
{
  const uint8_t *both[2] = { data, data + RANGE_LEAF_BYTES };
  uint8_t digests[2][HASH_BYTES_MAX];

  if (zeros_only(data, RANGE_LEAF_BYTES))
    return add_zero_tree(ranges, RANGE_LEAF_BYTES);
  if (length < 2 * RANGE_LEAF_BYTES) {
    add_leaf_part(ranges, data, RANGE_LEAF_BYTES);
    return RANGE_LEAF_BYTES;
  }
  hash_two(HASH_SHA256, ranges->engine, both, RANGE_LEAF_BYTES, digests);
  for (int i = 0; i < 2; i++) {
    if (ranges->position == RANGES_MAX * ranges->bytes)
      double_ranges(ranges);
    push_node(ranges, digests[i], 0);
    ranges->position += RANGE_LEAF_BYTES;
  }
  return 2 * RANGE_LEAF_BYTES;
}

/* ---- Passes ---- */

static void
learn_zeros(struct ranges *ranges)
{
  uint8_t digest[HASH_BYTES_MAX];

  hash_init(&ranges->leaf, HASH_SHA256, ranges->engine);
  hash_add(&ranges->leaf, NULL, RANGE_LEAF_BYTES);
  hash_out(&ranges->leaf, digest);
  memcpy(ranges->zeros[0], digest, RANGE_DIGEST_BYTES);
  for (unsigned level = 0; level < RANGE_LEVELS; level++)
    hash_pair(ranges->engine, ranges->zeros[level], ranges->zeros[level], ranges->zeros[level + 1]);
}

void
ranges_init(struct ranges *ranges, uint64_t size, uint64_t block_bytes)
{
  memset(ranges, 0, sizeof *ranges);
  ranges->engine = hash_best_engine(HASH_SHA256);
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
    if (fill > 0 || length < RANGE_LEAF_BYTES) {
      taken = range_min(length, RANGE_LEAF_BYTES - fill);
      add_leaf_part(ranges, data, taken);
    } else {
      taken = data ? add_leaves(ranges, data, length) : add_zero_tree(ranges, length);
    }
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
