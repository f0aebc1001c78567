/* SPDX-License-Identifier: MIT */
/* blocks: see blocks.h. */
#include "job/blocks.h"

#include "base/hex.h"
#include "base/range.h"
#include "disk/uri.h"
#include "local/overlap.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* ---- Digests ---- */

static void
hash_blocks(const struct block_hash *hash, const uint8_t *data, uint64_t block_bytes, uint64_t count, uint8_t *digests)
{
  struct blocks *blocks = (struct blocks *)hash;
  const struct hash_engine *engine = blocks->whole.engine;
  uint8_t two[2][HASH_BYTES_MAX];

  for (; count >= 2; count -= 2, data += 2 * block_bytes) {
    hash_two(blocks->config.hash, engine, (const uint8_t *const[]){ data, data + block_bytes }, block_bytes, two);
    for (unsigned i = 0; i < 2; i++, digests += hash->digest_bytes)
      memcpy(digests, two[i], hash->digest_bytes);
  }
  if (count == 0)
    return;
  hash_init(&blocks->one, blocks->config.hash, engine);
  hash_add(&blocks->one, data, block_bytes);
  hash_out(&blocks->one, digests);
}
_Static_assert(offsetof(struct blocks, hash) == 0, "blocks are found by their hash");

/* That of a block of zeros. */
static void
hash_zero_block(struct blocks *blocks)
{
  hash_init(&blocks->one, blocks->config.hash, blocks->whole.engine);
  hash_add(&blocks->one, NULL, blocks->config.block_bytes);
  hash_out(&blocks->one, blocks->zero_digest);
}

/* ---- Memory ---- */

/* Of a read whose slot is all blocks, as there are most digests of then. */
static size_t
slots_digests_bytes(const struct options *options, const struct digest_config *config)
{
  return options->copy.payload_bytes / config->block_bytes * hash_bytes(config->hash);
}

size_t
blocks_bytes(const struct options *options)
{
  struct digest_config config;
  struct fault fault;

  if (options->verb != VERB_COPY || !options->copy.blocks ||
      digest_parse_blkhash(&config, options->copy.blkhash, &fault) == -1)
    return 0;
  unsigned bytes = hash_bytes(config.hash);
  return sizeof(struct blocks) + BLOCK_LIST_WINDOWS * BLOCK_LIST_PART_BYTES(bytes) + BLOCK_LIST_PARTS_MAX * bytes +
         slots_digests_bytes(options, &config) + 4 * PAGE_BYTES;
}

static struct place
place_of(const struct options *options)
{
  const char *text = options->copy.blocks;

  return (struct place){ .kind = uri_is_uri(text) ? PLACE_URI : PLACE_PATH, .text = text };
}

/* One connection will do. */
unsigned
blocks_sessions(const struct options *options)
{
  struct wishes wishes = { .connections = 1 };
  struct place place;

  if (blocks_bytes(options) == 0)
    return 0;
  place = place_of(options);
  return client_sessions(&place, &wishes);
}

int
blocks_init(struct blocks **taken, const struct options *options, bool is_mute, struct arena *arena,
            struct fault *fault)
{
  struct digest_config config;

  *taken = NULL;
  if (options->verb != VERB_COPY || !options->copy.blocks)
    return 0;
  if (digest_parse_blkhash(&config, options->copy.blkhash, fault) == -1)
    return -1;
  unsigned bytes = hash_bytes(config.hash);
  struct blocks *blocks = arena_take(arena, sizeof *blocks, PAGE_BYTES);
  if (digest_parse_expected(&blocks->expected, options->copy.expect, fault) == -1 ||
      digest_check_expected(&blocks->expected, &config, fault) == -1)
    return -1;
  blocks->hash = (struct block_hash){ hash_blocks, bytes };
  blocks->config = config;
  blocks->windows = arena_take(arena, BLOCK_LIST_WINDOWS * BLOCK_LIST_PART_BYTES(bytes), PAGE_BYTES);
  blocks->marks = arena_take(arena, BLOCK_LIST_PARTS_MAX * bytes, PAGE_BYTES);
  blocks->slot_digests = arena_take(arena, slots_digests_bytes(options, &config), PAGE_BYTES);
  blocks->place = place_of(options);
  blocks->wishes = options->wishes;
  blocks->wishes.connections = 1;
  blocks->wishes.contexts.count = 0;
  blocks->is_mute = is_mute;
  recovery_init(&blocks->recovery, options->copy.retry_ms, 1);
  status_line_begin(&blocks->line, options_program(options));
  *taken = blocks;
  return 0;
}

/* ---- Whether it is the right one ---- */

static int
blocks_check_source(const struct blocks *blocks, const struct endpoint *source, struct fault *fault)
{
  uint64_t block = blocks->config.block_bytes;

  if (source->traits.in_order || source->traits.size == SIZE_UNKNOWN)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is read from front to end, and how long it is shows then: --blocks is for disks",
                     source->name);
  if (block < BLOCK_LIST_BLOCK_BYTES_MIN || block > source->traits.request_max ||
      source->traits.block_min > block * BLOCK_LIST_PART_BLOCKS)
    return fault_set(
        fault, EXIT_FAILED, 0,
        "--blocks: %s can't be read in blocks of %llu bytes: they may have %llu to %llu; nothing was written",
        source->name, (unsigned long long)block, (unsigned long long)BLOCK_LIST_BLOCK_BYTES_MIN,
        (unsigned long long)range_power_of_two_below(source->traits.request_max));
  if (block_list_is_too_long(source->traits.size, block))
    return fault_set(
        fault, EXIT_FAILED, 0,
        "--blocks: the list of a disk of %llu bytes is too long in blocks of %llu bytes: make one of larger "
        "blocks (--blkhash=sha256/1M); nothing was written",
        (unsigned long long)source->traits.size, (unsigned long long)block);
  return 0;
}

static int
check_list(const struct blocks *blocks, const struct endpoint *source, struct fault *fault)
{
  const struct endpoint *list = &blocks->end.base;
  uint64_t bytes = block_list_bytes(source->traits.size, blocks->config.block_bytes, blocks->hash.digest_bytes);

  if (list->traits.in_order || list->traits.size == SIZE_UNKNOWN)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is read from front to end, and the list of blocks is read twice; nothing was written",
                     list->name);
  if (list->traits.block_min > BLOCK_LIST_GRAIN_BYTES)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s has blocks of %llu bytes, a list of blocks at most %llu; nothing was written", list->name,
                     (unsigned long long)list->traits.block_min, (unsigned long long)BLOCK_LIST_GRAIN_BYTES);
  if (list->traits.size >= bytes)
    return 0;
  return fault_set(fault, EXIT_DIGEST_DIFFERS, 0,
                   "%s isn't the list of %s's blocks: it has %llu bytes, and should have %llu; nothing was written",
                   list->name, source->name, (unsigned long long)list->traits.size, (unsigned long long)bytes);
}

static int
blocks_check_whole(struct blocks *blocks, const struct endpoint *source, struct fault *fault)
{
  uint8_t bytes[HASH_BYTES_MAX];
  char hex[DIGEST_HEX_BYTES];

  for (unsigned i = 0; i < sizeof source->traits.size; i++)
    bytes[i] = (uint8_t)(source->traits.size >> (8 * i));
  hash_add(&blocks->whole, bytes, sizeof source->traits.size);
  hash_out(&blocks->whole, bytes);
  hex_write(bytes, blocks->hash.digest_bytes, hex);
  if (strcmp(hex, blocks->expected.hex) == 0)
    return 0;
  return fault_set(
      fault, EXIT_DIGEST_DIFFERS, 0,
      "%s isn't the list of blocks that is expected: with %s's size it makes blkhash:%s, not blkhash:%s; nothing was "
      "written",
      blocks->end.base.name, source->name, hex, blocks->expected.hex);
}

/* ---- The first reading ---- */

static int
cannot_read(const struct blocks *blocks, const struct request *request, int errnum, struct fault *fault)
{
  const struct endpoint *list = &blocks->end.base;

  fault_set(fault, EXIT_FAILED, 0, "reading %s failed at offset %llu: %s; nothing was written", list->name,
            (unsigned long long)request->offset, endpoint_why(list, errnum));
  fault->may_pass = true;
  return -1;
}

bool
blocks_can_return(const struct endpoint *end, const struct recovery *recovery)
{
  return end->ops->reopen && recovery->limit_ms > 0;
}

bool
blocks_is_away(const struct endpoint *end, const struct recovery *recovery)
{
  return end->presence != PRESENCE_HERE && blocks_can_return(end, recovery);
}

/* What has come is hashed in order. Returns whether there was anything; -1 with the fault set. */
static int
take_answers(struct blocks *blocks, struct fault *fault)
{
  struct endpoint *list = &blocks->end.base;
  struct request *answer = list->ops->take(list);
  uint64_t length;

  if (!answer)
    return 0;
  enum block_answer learnt = block_list_learn(&blocks->list, answer);
  if (learnt == BLOCK_ANSWER_TAKEN)
    recovery_progress(&blocks->recovery);
  else if (learnt == BLOCK_ANSWER_DIFFERS)
    return fault_set(fault, EXIT_DIGEST_DIFFERS, 0, "%s isn't what it was before, at offset %llu; nothing was written",
                     list->name, (unsigned long long)answer->offset);
  else if (answer->errnum != ENOTCONN || !blocks_can_return(list, &blocks->recovery))
    return cannot_read(blocks, answer, answer->errnum ? answer->errnum : ENODATA, fault);
  for (const uint8_t *part; (part = block_list_next(&blocks->list, &length));)
    hash_add(&blocks->whole, part, length);
  return 1;
}

static bool
ask_for_more(struct blocks *blocks, uint64_t position)
{
  struct endpoint *list = &blocks->end.base;
  struct request *question = NULL;

  if (!blocks_is_away(list, &blocks->recovery) && position < blocks->list.config.size &&
      block_list_out(&blocks->list) < list->traits.requests_max)
    question = block_list_ask(&blocks->list, position);
  if (question)
    list->ops->submit(list, question);
  return question;
}

int
blocks_tend(struct blocks *blocks, struct endpoint *end, struct recovery *recovery)
{
  if (!blocks_can_return(end, recovery))
    return 0;
  switch (recovery_step(recovery, end, loop_now_ms(blocks->loop))) {
  case RECOVERY_NOTHING:
    return 0;
  case RECOVERY_TRIES:
    break;
  case RECOVERY_LOST:
    if (!blocks->is_mute)
      status_line_say_lost(&blocks->line, end, recovery->limit_ms);
    break;
  case RECOVERY_BACK:
    if (!blocks->is_mute)
      status_line_say_back(&blocks->line, end, "");
    break;
  case RECOVERY_OVER:
    return -1;
  }
  return 1;
}

int
blocks_fetch(struct blocks *blocks, uint64_t offset, struct fault *fault)
{
  int taken = take_answers(blocks, fault);

  if (taken != 0)
    return taken;
  int tended = blocks_tend(blocks, &blocks->end.base, &blocks->recovery);
  if (tended == -1)
    return cannot_read(blocks, &blocks->list.windows[0].request, ENOTCONN, fault);
  return tended > 0 || ask_for_more(blocks, offset);
}

static void
watch_or_wake(struct loop *loop, struct endpoint *end, const struct recovery *recovery)
{
  end->ops->watch(end, loop);
  if (recovery->is_lost)
    loop_wake_by(loop, recovery_wake_ms(recovery, end));
}

int
blocks_wait(struct blocks *blocks, struct endpoint *other, const struct recovery *recovery, struct fault *fault)
{
  struct endpoint *list = &blocks->end.base;
  struct loop *loop = blocks->loop;

  loop_begin(loop);
  watch_or_wake(loop, list, &blocks->recovery);
  if (other && recovery)
    watch_or_wake(loop, other, recovery);
  if (loop_wait(loop, fault) == -1)
    return -1;
  list->ops->serve(list, loop);
  if (other)
    other->ops->serve(other, loop);
  if (loop->signal_seen)
    return fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d; nothing was written", loop->signal_seen);
  return 0;
}

static int
read_list(struct blocks *blocks, struct fault *fault)
{
  while (!block_list_is_noted(&blocks->list)) {
    int fetched = blocks_fetch(blocks, blocks->list.noted * BLOCK_LIST_PART_BLOCKS * blocks->config.block_bytes, fault);
    if (fetched == -1 || (fetched == 0 && blocks_wait(blocks, NULL, NULL, fault) == -1))
      return -1;
  }
  return 0;
}

static int
prepare_list(struct blocks *blocks, const struct endpoint *source, struct fault *fault)
{
  struct block_list_config config = { .hash = &blocks->hash,
                                      .size = source->traits.size,
                                      .block_bytes = blocks->config.block_bytes,
                                      .zero_digest = blocks->zero_digest,
                                      .windows = blocks->windows,
                                      .marks = blocks->marks,
                                      .list = blocks->end.base.traits };

  if (check_list(blocks, source, fault) == -1)
    return -1;
  hash_init(&blocks->whole, blocks->config.hash, hash_best_engine(blocks->config.hash));
  hash_zero_block(blocks);
  block_list_init(&blocks->list, &config);
  return 0;
}

int
blocks_read(struct blocks *blocks, const struct endpoint *source, struct loop *loop, struct tls_pool *tls,
            struct fault *fault)
{
  if (!blocks)
    return 0;
  blocks->loop = loop;
  if (blocks_check_source(blocks, source, fault) == -1 ||
      endpoints_open(&blocks->end, &blocks->place, ROLE_SOURCE, &blocks->wishes, loop, NULL, tls, fault) == -1)
    return -1;
  blocks->is_open = true;
  if (prepare_list(blocks, source, fault) == -1 || read_list(blocks, fault) == -1)
    return -1;
  return blocks_check_whole(blocks, source, fault);
}

int
blocks_check(const struct blocks *blocks, const struct endpoint *destination, struct fault *fault)
{
  if (!blocks || (!identity_is_same(&blocks->end.base.identity, &destination->identity) &&
                  !overlap_is_there(&blocks->end.base.identity, &destination->identity)))
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "the list of blocks %s is the destination, or lies on it: nothing was written",
                   blocks->end.base.name);
}

void
blocks_hold(struct blocks *blocks, struct copy_config *config)
{
  if (!blocks)
    return;
  config->extents = false;
  config->blocks = &blocks->list;
  config->list = &blocks->end.base;
  config->slot_digests = blocks->slot_digests;
}

void
blocks_close(struct blocks *blocks)
{
  struct fault closing;

  if (blocks && blocks->is_open)
    blocks->end.base.ops->close(&blocks->end.base, &closing); /* what it told was proved */
}
