/* SPDX-License-Identifier: MIT */
/* sim: whole copies against simulated disks, each decided by one seed.
 *
 *   sim SEED              replays one, and traces it
 *   sim --from=N --count=M  runs many; a failing seed is printed
 *
 * The real copy, with all its rooms, runs between two disks (disk.h) on a
 * simulated clock (the loop below takes the place of src/os/loop.c). Afterwards:
 * the destination equals the source, each byte was decided exactly once, what
 * lies beyond is untouched, every buffer is home and nothing was written outside
 * the buffers; or, when a fault was due, it was reported with its offset and
 * code, and what the message calls good is there after power is lost. Some copies
 * keep maps of areas, as a mapfile has them: what is called finished there is, at
 * every turn, and of what isn't wanted nothing is asked. Some are held to a list of the source's blocks, and then
 * nothing that isn't the source's is ever written, whoever lies. Some write only what differs, and nothing else.
 */
#include "base/range.h"
#include "copy/copy_stages.h"
#include "copy/skip_identical.h"
#include "copy/verifier.h"
#include "sim/disk.h"
#include "sim/stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

#define SIM_PAYLOAD_BYTES_MAX (UINT64_C(4) << 20)
#define GUARD_BYTES 4096
#define BEYOND_BYTES (UINT64_C(64) << 10)
#define GUARD 0x5a
#define SIM_DIGEST_BYTES 8
#define TURNS_MAX 1000000

struct sim {
  struct random random;
  bool selects;    /* by maps of areas */
  uint64_t marked; /* finished, below this */
  struct disk source;
  struct disk destination;
  struct disk list; /* of the source's blocks */
  struct loop loop;
  struct copy copy;
  struct copy_config config;
  uint64_t signal_at_us; /* or NEVER */
  uint64_t frontier;
  uint64_t confirmed;
  uint64_t turns;
  uint64_t tapped_bytes;
  uint64_t refuse_at;  /* the tap refuses what has this byte, or comes behind it; or NEVER */
  uint64_t refused_at; /* and that began here */
  uint64_t rewinds;
  uint64_t flushed_below;
  bool is_mild;          /* whatever happens, the copy can go on */
  uint64_t signalled_us; /* or NEVER */
  unsigned turns_after_stop;
  unsigned leaps_one_in;  /* turns in which the clock leaps: the machine was asleep, or had no time for us */
  uint64_t block_bytes;   /* of a list of blocks; 0: there is none */
  bool skips;             /* what the destination has already */
  uint64_t watched_bytes; /* of the destination: the source's size and some beyond */
};

static struct sim sim;
static uint8_t source_content[DISK_BYTES_MAX], destination_content[DISK_BYTES_MAX], before[DISK_BYTES_MAX];
static uint8_t stable[DISK_BYTES_MAX], flushing[DISK_BYTES_MAX], late_bytes[DISK_BYTES_MAX];
static uint8_t decided[DISK_BYTES_MAX], unused[1], marks[DISK_BYTES_MAX];
static struct areas map, domain, unreadable;
static uint8_t defects[DISK_BYTES_MAX], lost_alone[DISK_BYTES_MAX];
static const char mark_words[] = "a time";
static struct selection selection;
static struct verifier verifier;
static const uint8_t nh_seed[NH_SEED_BYTES] = "verifier";
static uint8_t heard[DISK_BYTES_MAX], passed[DISK_BYTES_MAX]; /* which bytes passed the tap, and as what */
static uint8_t read_back[DISK_BYTES_MAX];
static uint8_t selected[DISK_BYTES_MAX], parts[DISK_BYTES_MAX];
static struct block_list blocks;
static uint8_t list_content[DISK_BYTES_MAX + DISK_BYTES_MAX / 8], zero_digest[SIM_DIGEST_BYTES],
    marks_of_list[BLOCK_LIST_PARTS_MAX * SIM_DIGEST_BYTES];
static uint8_t list_windows[BLOCK_LIST_WINDOWS * BLOCK_LIST_PART_BYTES(SIM_DIGEST_BYTES)];
static uint8_t slot_digests[SIM_PAYLOAD_BYTES_MAX * SIM_DIGEST_BYTES];
static struct skip_identical skip;
static uint8_t skip_buffers[SKIP_BUFFER_BYTES];
static uint8_t payload[SIM_PAYLOAD_BYTES_MAX + 4 * GUARD_BYTES];

/* ---- What must hold at every turn ---- */

/* What of the source the maps select: a byte itself, or another one in its block. */
enum { SELECTED_BESIDE = 1, SELECTED = 2 };

/* Whether a byte is part of the copy. */
static inline bool
is_wanted(uint64_t at)
{
  return parts[at] == SELECTED;
}

/* Whether a byte can't be read, as the copy has it, and was left out. */
static bool
is_left_out(uint64_t at)
{
  struct area area;

  return sim.config.unreadable && at < unreadable.size &&
         areas_find(&unreadable, (struct range){ at, at + 1 }, AREA_STATUSES_ALL & ~(1u << AREA_FINISHED), false,
                    &area);
}

/* What is said to be flushed is on stable storage, and stays so. */
static void
check_flushed(void)
{
  uint64_t below = sim.copy.flushed_below;

  sim_check(below >= sim.flushed_below, "what is flushed went back to %llu", (ull)below);
  for (uint64_t i = sim.flushed_below; i < below; i++)
    sim_check(!is_wanted(i) || stable[i] == source_content[i] || is_left_out(i),
              "byte %llu is said to be flushed, and isn't", (ull)i);
  sim.flushed_below = below;
}

/* What the map calls finished, and was to be copied, is on stable storage. */
static void
check_finished(struct range within)
{
  struct area area = { { 0, within.start }, AREA_FINISHED };

  while (areas_find(&map, (struct range){ area.range.end, within.end }, 1u << AREA_FINISHED, false, &area))
    for (uint64_t i = area.range.start; i < area.range.end; i++)
      sim_check(!is_wanted(i) || stable[i] == source_content[i], "byte %llu is called finished, and isn't", (ull)i);
}

/* As who keeps a mapfile does it. */
static void
mark_finished(struct copy_witness *witness, uint64_t below)
{
  struct area area = { { 0, 0 }, AREA_FINISHED };

  (void)witness;
  if (selection.count < 2)
    areas_finish(&map, (struct range){ 0, below }, sim.config.unreadable);
  else
    while (areas_find(&domain, (struct range){ area.range.end, below }, 1u << AREA_FINISHED, false, &area))
      areas_finish(&map, area.range, sim.config.unreadable);
  check_finished((struct range){ sim.marked, below });
  sim.marked = below;
}

static struct copy_witness witness = { mark_finished };

/* The copy may go back over the destination: what it has done until then counts no more. */
static void
see_rewinds(void)
{
  if (sim.copy.rewinds > sim.rewinds)
    sim.frontier = sim.confirmed = 0;
  sim.rewinds = sim.copy.rewinds;
}

/* What must hold at every turn. */
static void
check_turn(void)
{
  uint64_t confirmed = copy_confirmed_below(&sim.copy);

  sim_check(++sim.turns < TURNS_MAX, "it goes on for ever");
  see_rewinds();
  check_flushed();
  if (sim.copy.signal && stage.now_us > sim.signalled_us + COPY_STOP_MS * 1000 + 1000)
    sim_check(++sim.turns_after_stop <= 2, "it was stopped, and goes on");
  sim_check(sim.copy.reorder.frontier >= sim.frontier, "the frontier went back to %llu",
            (ull)sim.copy.reorder.frontier);
  sim_check(confirmed >= sim.confirmed, "what is confirmed went back to %llu", (ull)confirmed);
  sim_check(sim.copy.done <= sim.source.bytes, "more is done than there is");
  sim.frontier = sim.copy.is_rewinding ? 0 : sim.copy.reorder.frontier;
  sim.confirmed = sim.copy.is_rewinding ? 0 : confirmed;
}

int
loop_wait(struct loop *loop, struct fault *fault)
{
  uint64_t next_us = range_min(disk_next_us(&sim.source), disk_next_us(&sim.destination));

  if (sim.config.blocks)
    next_us = range_min(next_us, disk_next_us(&sim.list));

  (void)fault;
  check_turn();
  stage_pass_time(loop, next_us, sim.signal_at_us);
  if (sim.leaps_one_in && random_one_in(&sim.random, sim.leaps_one_in))
    stage.now_us += random_between(&sim.random, 0, 100000000);
  if (stage_signal(loop, &sim.signal_at_us))
    sim.signalled_us = stage.now_us;
  disk_advance(&sim.source, stage.now_us);
  disk_advance(&sim.destination, stage.now_us);
  if (sim.config.blocks)
    disk_advance(&sim.list, stage.now_us);
  return 0;
}

/* ---- The tap: content passes it in order ---- */

static void
check_tapped(struct copy_tap *tap, const uint8_t *data, uint64_t length)
{
  sim_check(!tap->has_refused, "something passed the tap behind what it has refused");
  for (uint64_t at = sim.tapped_bytes, i = 0; i < length; i++, at++) {
    sim_check((data ? data[i] : 0) == source_content[at] || is_left_out(at), "byte %llu passed the tap as another",
              (ull)at);
    sim_check(parts[at], "byte %llu passed the tap, and is none of this copy", (ull)at);
    heard[at] = 1;
    passed[at] = data ? data[i] : 0;
  }
  if (sim.refuse_at != NEVER && sim.tapped_bytes + length > sim.refuse_at) {
    tap->has_refused = true;
    sim.refused_at = sim.tapped_bytes;
  }
  sim.tapped_bytes += length;
  verifier.tap.take(&verifier.tap, data, length);
}

static void
check_tap_kept(struct copy_tap *tap, uint64_t length)
{
  (void)tap;
  for (uint64_t at = sim.tapped_bytes; at < sim.tapped_bytes + length; at++)
    sim_check(!is_wanted(at) || is_left_out(at), "byte %llu passed the tap as kept", (ull)at);
  sim.tapped_bytes += length;
  verifier.tap.keep(&verifier.tap, length);
}

static struct copy_tap tap = { .take = check_tapped, .keep = check_tap_kept };

/* ---- Reading back: what passed the tap is there, and whatever isn't is found ---- */

/* Has the verifier hear a disk, in parts; in a copy of what differs only that, and of a copy of a part now and then nothing of
 * what isn't. */
static void
let_pass(const uint8_t *content, bool only_differing)
{
  struct random *random = &sim.random;

  for (uint64_t at = 0, end; at < sim.source.bytes; at = end) {
    uint64_t range_bytes = verifier.ranges.bytes,
             limit = range_min(sim.source.bytes, (at / range_bytes + 1) * range_bytes);
    bool is_unwanted = only_differing && !verifier.ranges.differs[at / range_bytes];
    bool is_kept = !is_unwanted && verifier.is_partial && !heard[at] && random_one_in(random, 2);
    end = is_kept ? at + 1 : is_unwanted ? limit : at + random_between(random, 1, limit - at);
    while (is_kept && end < limit && !heard[end])
      end++;
    if (is_unwanted || is_kept)
      verifier.tap.keep(&verifier.tap, end - at);
    else
      verifier.tap.take(&verifier.tap, content + at, end - at);
  }
  verifier_end_pass(&verifier);
}

/* What is found to differ is what does, of all that passed the tap. */
static void
check_read_back(void)
{
  struct range found = { 0, 0 };

  verifier_begin_pass(&verifier, RANGES_COMPARE, false);
  let_pass(read_back, false);
  verifier_gather(&verifier);
  for (uint64_t start = 0, end; start < verifier.end; start = end) {
    bool differs = false;
    end = range_min(start + verifier.ranges.bytes, verifier.end);
    for (uint64_t i = range_max(start, verifier.start); i < end && !differs; i++)
      differs = heard[i] && read_back[i] != passed[i];
    while (found.end <= start && verifier_next(&verifier, &found))
      ;
    sim_check(differs == (found.start < end && end <= found.end), "the range at %llu is found to be %s", (ull)start,
              differs ? "right, and isn't" : "wrong, and isn't");
  }
}

/* As it is, with bits that were turned over, and once more when these were copied again. */
static void
check_round(void)
{
  struct random *random = &sim.random;

  memcpy(read_back, destination_content, sim.source.bytes);
  check_read_back();
  for (unsigned i = (unsigned)random_between(random, 1, 3); i > 0; i--)
    read_back[random_between(random, 0, sim.source.bytes - 1)] ^= (uint8_t)(1 << random_between(random, 0, 7));
  check_read_back();
  verifier_begin_pass(&verifier, RANGES_LEARN, true);
  let_pass(passed, true);
  for (uint64_t i = 0; i < sim.source.bytes; i++)
    if (heard[i] && verifier.ranges.differs[i / verifier.ranges.bytes])
      read_back[i] = passed[i];
  check_read_back();
}

/* What couldn't be noted, from the source once more. */
static void
learn_next_round(void)
{
  uint64_t from = verifier.end;

  verifier_begin_round(&verifier, from);
  for (uint64_t at = 0, end; at < sim.source.bytes; at = end) {
    bool is_kept = at < from || !heard[at];
    for (end = at + 1; end < sim.source.bytes && is_kept == (end < from || !heard[end]);)
      end++;
    if (is_kept)
      verifier.tap.keep(&verifier.tap, end - at);
    else
      verifier.tap.take(&verifier.tap, passed + at, end - at);
  }
  verifier_end_pass(&verifier);
}

/* All is copied. */
static void
check_verified(void)
{
  if (sim.config.tap != &tap || sim.source.bytes == 0)
    return;
  verifier_end_pass(&verifier);
  check_round();
  while (verifier.is_cut) {
    learn_next_round();
    check_round();
  }
  sim_check(verifier.end == sim.source.bytes, "only %llu bytes are verified", (ull)verifier.end);
}

/* ---- One scenario out of a seed ---- */

static uint64_t
choose_size(uint64_t limit)
{
  switch (random_between(&sim.random, 0, 9)) {
  case 0:
    return random_between(&sim.random, 0, 2);
  case 1:
    return random_between(&sim.random, 0, 5000);
  case 2:
    return range_align_down(random_between(&sim.random, 0, limit), 4096);
  default:
    return random_between(&sim.random, 0, limit);
  }
}

/* What runs are aligned to. Where only a part is wanted, what is said of one block of the
 * source has to fit an answer: a server tells of whole blocks, or nearly. */
static uint64_t
choose_grain(void)
{
  uint64_t least = sim.config.part == PART_ALL ? 1 : sim.source.base.traits.block_min / 64;

  return range_max(random_power(&sim.random, 0, 13), least);
}

/* Data and zeros in runs of all lengths, many of them aligned to something. */
static void
fill_source(uint64_t size)
{
  uint64_t alignment = choose_grain();
  uint64_t longest = random_power(&sim.random, 4, 17);
  bool zero = random_one_in(&sim.random, 2);

  for (uint64_t at = 0; at < size; zero = !zero) {
    uint64_t length = range_align_up(random_between(&sim.random, 1, longest), alignment);
    uint64_t end = range_min(at + length, size);
    uint64_t base = random_next(&sim.random);
    for (; at < end; at++)
      source_content[at] = zero ? 0 : (uint8_t)(1 + (at * 31 + at / 251 + base) % 255);
  }
}

/* A fault one run in N; how rare it is within that run is random too. */
static unsigned
now_and_then(unsigned one_run_in, unsigned rarest)
{
  if (!random_one_in(&sim.random, one_run_in))
    return 0;
  return (unsigned)random_between(&sim.random, 1, rarest);
}

static struct manners
choose_manners(void)
{
  struct random *random = &sim.random;
  struct manners manners = { .dies_at_us = NEVER };

  manners.delay_max_us = random_one_in(random, 5) ? 0 : random_power(random, 0, 12);
  if (random_one_in(random, 100)) /* it hangs, and a copy that is stopped doesn't wait for it */
    manners.delay_max_us = 20000000;
  manners.split_one_in = now_and_then(2, 4);
  manners.survey_fails_one_in = now_and_then(6, 3);
  manners.survey_lies_one_in = now_and_then(2, 2);
  manners.reply_missing_one_in = now_and_then(12, 8);
  manners.read_fails_one_in = now_and_then(12, 30);
  manners.write_fails_one_in = now_and_then(12, 30);
  manners.zero_refused_one_in = now_and_then(4, 3);
  manners.zero_parts_one_in = now_and_then(4, 2);
  manners.slow_zero_one_in = now_and_then(3, 3);
  manners.zero_max = random_one_in(random, 5) ? random_power(random, 9, 16) : 0;
  manners.flush_fails = random_one_in(random, 40);
  manners.sends = random_one_in(random, 2);
  if (random_one_in(random, 25))
    manners.dies_at_us = random_between(random, 0, 20000);
  return manners;
}

static struct traits
choose_traits(uint64_t size)
{
  struct random *random = &sim.random;
  uint64_t block_min = random_one_in(random, 3) ? 1 : random_power(random, 0, 13);
  struct traits traits = { .size = size,
                           .block_min = block_min,
                           .block_preferred = random_one_in(random, 2) ? block_min
                                                                       : block_min * random_power(random, 0, 4),
                           .request_max = random_between(random, block_min, block_min * 8 + 20000),
                           .can_extents = !random_one_in(random, 4),
                           .can_zero = !random_one_in(random, 5),
                           .can_fast_zero = random_one_in(random, 2),
                           .can_flush = !random_one_in(random, 8),
                           .can_read = true,
                           .requests_max = (unsigned)random_between(random, 1, 40) };

  if (traits.requests_max > 35) /* all that there are of our own are another case */
    traits.requests_max = WRITES_MAX;
  return traits;
}

/* Runs of each kind, which need not lie where data and zeros change. */
static void
fill_marks(uint64_t size)
{
  uint64_t alignment = choose_grain();
  uint64_t longest = random_power(&sim.random, 4, 17);

  for (uint64_t at = 0; at < size;) {
    uint64_t end = range_min(at + range_align_up(random_between(&sim.random, 1, longest), alignment), size);
    memset(marks + at, (int)random_between(&sim.random, 0, MARK_DEPTH | MARK_DIRTY), end - at);
    at = end;
  }
}

/* Those that the copy needs, and some more, in random order. */
static void
choose_contexts(struct contexts *contexts)
{
  const char *names[] = { CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, CONTEXT_DIRTY_PREFIX "b", "x:noise" };
  bool wanted[] = { true, sim.config.part == PART_LAYER, sim.config.part == PART_DIRTY, false };
  unsigned turn = (unsigned)random_between(&sim.random, 0, CONTEXTS_MAX - 1);

  if (sim.config.part == PART_LAYER && random_one_in(&sim.random, 2)) {
    names[1] = CONTEXT_JOINT_NAME;
    wanted[0] = false;
  }
  for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
    unsigned n = (i + turn) % CONTEXTS_MAX;
    if (wanted[n] || random_one_in(&sim.random, 3))
      contexts_add(contexts, names[n], false);
  }
}

static void
make_stream(struct traits *traits)
{
  traits->size = SIZE_UNKNOWN;
  traits->block_min = 1;
  traits->block_preferred = 512;
  traits->can_extents = traits->can_zero = false;
  traits->in_order = true;
  traits->grows = true;
}

static void
choose_source(uint64_t size)
{
  struct disk *disk = &sim.source;

  memset(disk, 0, sizeof *disk);
  disk->base = (struct endpoint){ .traits = choose_traits(size), .name = "source" };
  disk->random.state = random_next(&sim.random);
  disk->manners = choose_manners();
  disk->role = ROLE_SOURCE;
  disk->bytes = size;
  disk->content = source_content;
  disk->decided = unused;
  disk->marks = marks;
  disk->surveys_matter = sim.config.part != PART_ALL;
  choose_contexts(&disk->base.contexts);
  if (sim.config.part != PART_ALL)
    disk->base.traits.can_extents = true;
  else if (random_one_in(&sim.random, 8))
    make_stream(&disk->base.traits);
  if (random_one_in(&sim.random, 20)) {
    disk->manners.bad_start = random_between(&sim.random, 0, size);
    disk->manners.bad_end = disk->manners.bad_start + random_between(&sim.random, 1, 5000);
  }
  disk_init(disk);
}

static void
choose_destination(uint64_t size)
{
  struct disk *disk = &sim.destination;
  struct traits traits = choose_traits(size);

  memset(disk, 0, sizeof *disk);
  disk->bytes = size;
  if (random_one_in(&sim.random, 2))
    disk->bytes = traits.size = size + random_between(&sim.random, 0, 3 * traits.block_min + 3000);
  if (sim.source.base.traits.size == SIZE_UNKNOWN && size > 0 && random_one_in(&sim.random, 6)) {
    disk->bytes = traits.size = random_between(&sim.random, 0, size - 1); /* a stream that doesn't fit */
  } else if (random_one_in(&sim.random, 6)) {
    traits.size = SIZE_UNKNOWN; /* a file that grows */
    traits.block_min = 1;
    traits.grows = true;
  } else if (sim.config.part == PART_ALL && !sim.selects && random_one_in(&sim.random, 8)) {
    make_stream(&traits);
  }
  disk->base = (struct endpoint){ .traits = traits, .name = "destination" };
  disk->random.state = random_next(&sim.random);
  disk->manners = choose_manners();
  disk->manners.bad_start = disk->manners.bad_end = 0;
  disk->role = ROLE_DESTINATION;
  disk->content = destination_content;
  disk->stable = stable;
  disk->flushing = flushing;
  disk->late_bytes = late_bytes;
  disk->decided = decided;
  disk_init(disk);
}

/* ---- A list of blocks ---- */

/* Of 64 bits, by a plain generator: nobody attacks it. */
static void
digest_blocks(const struct block_hash *hash, const uint8_t *data, uint64_t block_bytes, uint64_t count,
              uint8_t *digests)
{
  for (; count > 0; count--, data += block_bytes, digests += hash->digest_bytes) {
    uint64_t digest = block_bytes;
    for (uint64_t i = 0; i < block_bytes; i++)
      digest = (digest ^ data[i]) * UINT64_C(0x9e3779b97f4a7c15) + (digest >> 29);
    memcpy(digests, &digest, SIM_DIGEST_BYTES);
  }
}

static const struct block_hash block_hash = { digest_blocks, SIM_DIGEST_BYTES };

static bool
is_about_list(const struct request *request)
{
  const char *at = (const char *)request;

  return at >= (const char *)&blocks && at < (const char *)(&blocks + 1);
}

/* From one byte to what one request of the source can be, but not more of them than there is room for; none where that can't be. */
static void
choose_blocks(struct random *random, uint64_t size)
{
  uint64_t most = range_power_of_two_below(sim.source.base.traits.request_max);

  sim.block_bytes = range_min(random_power(random, 0, 13), most);
  while (size / sim.block_bytes > DISK_BYTES_MAX / SIM_DIGEST_BYTES)
    sim.block_bytes *= 2;
  if (sim.block_bytes > most)
    sim.block_bytes = 0;
}

/* The first reading, with which nothing happens. */
static void
note_list(void)
{
  uint64_t length;

  while (!block_list_is_noted(&blocks)) {
    struct request *question = block_list_ask(&blocks,
                                              blocks.noted * BLOCK_LIST_PART_BLOCKS * blocks.config.block_bytes);
    memcpy(question->payload, list_content + question->offset, question->length);
    question->done = question->length;
    question->errnum = 0;
    sim_check(block_list_learn(&blocks, question) == BLOCK_ANSWER_TAKEN, "what was never seen differs");
    while (block_list_next(&blocks, &length))
      ;
  }
}

static void
choose_list(uint64_t size)
{
  uint64_t block = sim.block_bytes, length = block_list_bytes(size, block, SIM_DIGEST_BYTES);
  struct disk *disk = &sim.list;

  for (uint64_t at = 0; at < size; at += block)
    digest_blocks(&block_hash, source_content + at, range_min(block, size - at), 1,
                  list_content + at / block * SIM_DIGEST_BYTES);
  memset(list_windows, 0, block);
  digest_blocks(&block_hash, list_windows, block, 1, zero_digest);
  memset(disk, 0, sizeof *disk);
  memset(list_content + length, 0xa5, 5000);
  disk->bytes = length + (random_one_in(&sim.random, 2) ? random_between(&sim.random, 0, 5000) : 0);
  disk->base = (struct endpoint){ .traits = choose_traits(disk->bytes), .name = "list" };
  disk->random.state = random_next(&sim.random);
  disk->manners = choose_manners();
  disk->manners.bad_start = disk->manners.bad_end = 0;
  disk->role = ROLE_SOURCE;
  disk->content = list_content;
  disk->decided = unused;
  disk_init(disk);
  block_list_init(&blocks, &(struct block_list_config){ .hash = &block_hash,
                                                        .size = size,
                                                        .block_bytes = block,
                                                        .zero_digest = zero_digest,
                                                        .windows = list_windows,
                                                        .marks = marks_of_list,
                                                        .list = disk->base.traits });
  note_list();
}

/* Somebody says something else, once or for ever. */
static void
choose_lies(struct disk *disk)
{
  struct manners *manners = &disk->manners;

  if (disk->bytes == 0 || !random_one_in(&sim.random, 4))
    return;
  manners->lie_at = random_between(&sim.random, 0, disk->bytes - 1);
  manners->lies_left = random_one_in(&sim.random, 2) || sim.is_mild ? 1 : 1000;
  if (sim.is_mild) /* what failed before isn't read once more for that */
    manners->transient_one_in = 0;
}

/* From the program's own plan for the smallest memory down to a few tiny
 * buffers, which make the most of a small disk. */
static struct budget
choose_budget(void)
{
  struct random *random = &sim.random;
  const struct traits *source = &sim.source.base.traits;
  const struct traits *destination = &sim.destination.base.traits;
  struct budget_needs needs = budget_needs_of(source, destination);
  struct budget budget;
  struct fault fault;

  needs.payload_bytes = PAYLOAD_BYTES_MIN;
  needs.sparse_bytes = random_one_in(random, 3) ? 0 : random_power(random, 9, 13);
  needs.zero_max = ZERO_BYTES_MAX;
  needs.source_block_min = range_max(needs.source_block_min, sim.block_bytes);
  if (budget_plan(&budget, &needs, &fault) == -1)
    sim_fail("no plan: %s", fault.text);
  if (random_one_in(random, 10))
    return budget;
  uint64_t slot_bytes = random_power(random, 9, 14);
  budget.slot_bytes = range_max(range_min(slot_bytes, budget.slot_bytes), needs.source_block_min);
  budget.slots = (unsigned)random_between(random, SLOTS_MIN, range_min(12, budget.slots));
  struct random aside = *random; /* seeds that are known for what they do go on doing it */
  budget.spare_slots = sim.block_bytes > 0 ? 0 : (unsigned)random_between(&aside, 0, 8);
  budget.stages = (unsigned)random_between(random, STAGES_MIN, range_min(4, budget.stages));
  budget.zero_bytes = budget.block_bytes * (budget.zero_bytes > budget.block_bytes ? random_between(random, 1, 2) : 1);
  if (random_one_in(random, 2))
    budget.zero_max = budget.block_bytes * random_between(random, 1, 16);
  budget.zero_sure = budget.zero_max;
  if (sim.destination.manners.read_fails_one_in == 0 && random_one_in(random, 2)) {
    budget.zero_sure = budget.block_bytes * random_between(random, 1, budget.zero_max / budget.block_bytes);
    if (random_one_in(random, 2)) {
      sim.destination.manners.zero_short = budget.zero_sure;
      sim.destination.manners.zero_parts_one_in = 0;
    }
  }
  return budget;
}

/* Lays the buffers out with guards between them. */
static void
lay_out(struct copy_config *config)
{
  const struct budget *budget = &config->budget;
  uint64_t lengths[] = { budget->slots * budget->slot_bytes, budget->spare_slots * budget->slot_bytes,
                         budget->stages * budget->block_bytes, budget->zero_bytes };
  unsigned char **buffers[] = { &config->slot_buffers, &config->spare_buffers, &config->stage_buffers, &config->zeros };
  uint64_t at = 0;

  for (int i = 0; i < 4; i++) {
    memset(payload + at, GUARD, GUARD_BYTES);
    at += GUARD_BYTES;
    *buffers[i] = payload + at;
    sim_check(at + lengths[i] + GUARD_BYTES <= sizeof payload, "the plan takes %llu bytes", (ull)(at + lengths[i]));
    memset(payload + at, i == 3 ? 0 : 0xee, lengths[i]);
    at += lengths[i];
  }
  memset(payload + at, GUARD, GUARD_BYTES);
}

static void
check_guard(const uint8_t *guard)
{
  for (int i = 0; i < GUARD_BYTES; i++)
    sim_check(guard[i] == GUARD, "a write beside a buffer");
}

static void
check_buffers(void)
{
  const struct copy_config *config = &sim.config;

  check_guard(config->slot_buffers - GUARD_BYTES);
  check_guard(config->spare_buffers - GUARD_BYTES);
  check_guard(config->stage_buffers - GUARD_BYTES);
  check_guard(config->zeros - GUARD_BYTES);
  check_guard(config->zeros + config->budget.zero_bytes);
  for (uint64_t i = 0; i < config->budget.zero_bytes; i++)
    sim_check(config->zeros[i] == 0, "the block of zeros was written to");
}

/* Ends that are lost come back, and requests that fail are asked for again. In a mild copy, all
 * that happens can be made up for. */
static void
let_return(struct disk *disk, bool is_mild)
{
  struct manners *manners = &disk->manners;
  struct random *random = &sim.random;

  if (disk->base.traits.in_order)
    return;
  manners->returns = true;
  manners->stays_one_in = 3;
  manners->refuses_one_in = now_and_then(3, 4);
  manners->forgets_one_in = now_and_then(2, 2);
  manners->other_one_in = is_mild ? 0 : now_and_then(20, 3);
  manners->transient_one_in = now_and_then(2, random_one_in(random, 2) ? 2 : 10);
  manners->transient_left = is_mild && manners->sends ? RETRIES_MAX : 100;
  if (manners->sends && sim.source.base.traits.in_order) /* what was sent can't be read again */
    manners->transient_left = 0;
  if (!random_one_in(random, 3))
    manners->dies_at_us = random_between(random, 0, 20000);
  if (is_mild) {
    manners->read_fails_one_in = manners->write_fails_one_in = 0;
    manners->survey_fails_one_in = manners->reply_missing_one_in = 0;
    manners->bad_start = manners->bad_end = 0;
    manners->flush_fails = false;
  }
  if (manners->refuses_one_in == 1 && sim.config.retry_ms == COPY_RETRY_FOREVER)
    manners->refuses_one_in = 2;
  disk->flushes = sim.config.flush;
  disk_init(disk);
}

static void
choose_losses(void)
{
  struct random *random = &sim.random;
  bool fits = sim.source.bytes <= sim.destination.base.traits.size;

  sim.is_mild = random_one_in(random, 2) && fits && !sim.source.base.traits.in_order &&
                !sim.destination.base.traits.in_order;
  sim.config.retry_ms = sim.is_mild || random_one_in(random, 3) ? COPY_RETRY_FOREVER : random_between(random, 1, 20000);
  sim.config.flush_each_bytes = random_one_in(random, 2) ? random_between(random, 1, 65536) : 0;
  sim.config.flush_each_ms = random_between(random, 0, 3);
  let_return(&sim.source, sim.is_mild);
  let_return(&sim.destination, sim.is_mild);
  if (sim.config.blocks)
    let_return(&sim.list, sim.is_mild);
}

/* Anywhere, also inside a block; what lies below is left alone. */
static uint64_t
choose_start(void)
{
  uint64_t end = range_min(sim.source.bytes, sim.destination.base.traits.size);

  if (sim.destination.base.traits.in_order)
    return 0;
  return random_one_in(&sim.random, 8) ? end : random_between(&sim.random, 0, end);
}

/* A map, as a copy that came some way left it, or another program; its areas need not lie on blocks. */
static void
fill_areas(struct areas *areas, uint64_t size, bool is_domain)
{
  uint64_t longest = range_max(random_power(&sim.random, 4, 17), size / 256);

  areas_init(areas, size, is_domain);
  for (uint64_t at = 0, end; at < size; at = end) {
    end = range_min(at + random_between(&sim.random, 1, longest), size);
    if (is_domain || random_one_in(&sim.random, 2))
      areas_set(areas, (struct range){ at, end },
                random_one_in(&sim.random, 2) ? AREA_FINISHED
                : is_domain                   ? AREA_NON_TRIED
                                              : AREA_BAD_SECTOR);
  }
}

static void
choose_selection(uint64_t size)
{
  uint64_t block = range_max(sim.source.base.traits.block_min, sim.block_bytes);
  struct area area = { { 0, 0 }, AREA_FINISHED };

  areas_init(&map, 0, false);
  if (!sim.selects)
    return;
  fill_areas(&map, size, false);
  fill_areas(&domain, size, true);
  selection = (struct selection){ .lists = { { &map, AREA_STATUSES_ALL & ~(1u << AREA_FINISHED) },
                                             { &domain, 1u << AREA_FINISHED } },
                                  .count = (unsigned)random_between(&sim.random, 1, 2) };
  memset(selected, 0, size);
  while (areas_find(&map, (struct range){ area.range.end, size }, selection.lists[0].statuses, false, &area))
    memset(selected + area.range.start, SELECTED, range_length(area.range));
  for (area.range.end = 0; selection.count == 2 && areas_find(&domain, (struct range){ area.range.end, size },
                                                              AREA_STATUSES_ALL, false, &area);)
    if (area.status != AREA_FINISHED)
      memset(selected + area.range.start, 0, range_length(area.range));
  for (uint64_t at = 0, end; at < size; at = end) {
    end = range_min(at + block, size);
    if (memchr(selected + at, SELECTED, end - at))
      for (uint64_t i = at; i < end; i++)
        selected[i] = (uint8_t)range_max(selected[i], SELECTED_BESIDE);
  }
}

/* What of the copy each byte is, once all is decided: as `selected` has it, or none. */
static void
fill_parts(uint64_t size)
{
  for (uint64_t at = 0; at < size; at++) {
    bool is_marked = sim.config.part == PART_DIRTY ? marks[at] & MARK_DIRTY : (marks[at] & MARK_DEPTH) == 1;
    bool is_part = at >= sim.config.start && (sim.config.part == PART_ALL || is_marked);
    parts[at] = !is_part ? 0 : sim.selects ? selected[at] : SELECTED;
  }
}

/* Bad sectors, and some that take the source along. */
static void
fill_defects(uint64_t size, bool hangs)
{
  struct random *random = &sim.random;

  memset(defects, 0, size);
  for (uint64_t left = random_between(random, 0, 20); left > 0 && size > 0; left--) {
    uint64_t grid = random_power(random, 0, 9), start = range_align_down(random_between(random, 0, size - 1), grid);
    uint64_t bytes = random_one_in(random, 8) ? random_between(random, 1, 20000) : random_between(random, 1, 1500);
    memset(defects + start, DEFECT_BAD, range_min(range_align_up(bytes, grid), size - start));
  }
  for (uint64_t left = hangs ? random_between(random, 1, 2) : 0; left > 0 && size > 0; left--)
    defects[random_between(random, 0, size - 1)] = DEFECT_HANGS;
  sim.source.defects = defects;
}

/* A source with parts that can't be read, which end the copy or are left out. By dice of their own: all else of a seed stays. */
static void
choose_unreadable(uint64_t seed, uint64_t size)
{
  struct random others = sim.random;
  bool is_stream = sim.source.base.traits.in_order;

  sim.random.state = ~seed;
  bool skips = !is_stream && random_one_in(&sim.random, 4);
  if (skips) {
    areas_init(&unreadable, size, false);
    areas_set(&unreadable, (struct range){ 0, size }, AREA_FINISHED);
    sim.config.unreadable = &unreadable;
    sim.source.lost_alone = lost_alone;
    memset(lost_alone, 0, size);
    sim.config.mark = (enum mark)random_between(&sim.random, MARK_NONE, MARK_PATTERN);
    sim.config.mark_words = mark_words;
    sim.config.errors_max = !sim.is_mild && random_one_in(&sim.random, 6) ? random_between(&sim.random, 1, 5)
                                                                          : UINT64_MAX;
    sim.destination.base.traits.reads_zero = random_one_in(&sim.random, 4);
  }
  if (skips ? !random_one_in(&sim.random, 4) : !is_stream && !sim.is_mild && random_one_in(&sim.random, 16))
    fill_defects(size, skips && sim.source.manners.returns && random_one_in(&sim.random, 4));
  sim.random = others;
}

/* ---- What the destination has already ---- */

/* The lane of a request of what skips; NULL: it is the copy's. */
static const struct skip_lane *
lane_of(const struct request *request)
{
  const struct skip_lane *lane = (const struct skip_lane *)request;

  return (const char *)lane >= (const char *)skip.lanes && (const char *)lane < (const char *)(skip.lanes + SKIP_LANES)
             ? lane
             : NULL;
}

/* Whoever can't read what is there writes it. */
static bool
forgives(const struct request *request)
{
  return lane_of(request);
}

/* Some of the source's, some zeros, some that is other. By dice of their own. */
static void
choose_skipping(uint64_t seed)
{
  struct random others = { .state = ~seed * 37 };
  uint64_t longest = random_power(&others, 0, 16);
  struct fault fault;

  sim.skips = !sim.destination.base.traits.in_order && random_one_in(&others, 4);
  if (!sim.skips)
    return;
  sim_check(skip_identical_check(&sim.destination.base, &fault) == 0, "refused: %s", fault.text);
  sim.config.skip_zeros = false;
  sim.destination.forgives = forgives;
  sim.destination.manners.zero_short = 0; /* what is asked for is small */
  for (uint64_t at = 0, end; at < sim.watched_bytes; at = end) {
    uint64_t kind = random_between(&others, 0, 3);
    end = range_min(at + random_between(&others, 1, longest), sim.watched_bytes);
    for (; at < end; at++)
      destination_content[at] = kind == 0                           ? 0
                                : kind < 3 && at < sim.source.bytes ? source_content[at]
                                                                    : (uint8_t)(0xd5 + at + at / 256);
  }
}

/* The tap refuses something, now and then; by dice of their own, too. */
static void
choose_refusal(uint64_t seed, uint64_t size)
{
  struct random random = { seed * 3 + 1 };
  bool refuses = sim.config.tap && random_one_in(&random, 16);

  sim.refuse_at = refuses ? random_between(&random, 0, size) : NEVER;
  sim.refused_at = NEVER;
  tap.has_refused = false;
}

/* ---- All of it ---- */

static void
make_scenario(uint64_t seed)
{
  struct random *random = &sim.random,
                others = { .state = ~seed * 31 }; /* without a list, all is as it was before there were any */

  memset(&sim, 0, offsetof(struct sim, copy)); /* copy_init has to do with what the last one left */
  sim.random.state = seed;
  sim.frontier = sim.confirmed = sim.turns = sim.tapped_bytes = sim.rewinds = sim.flushed_below = 0;
  sim.is_mild = false;
  sim.turns_after_stop = 0;
  sim.leaps_one_in = random_one_in(random, 6) ? (unsigned)random_between(random, 1, 1000) : 0;
  sim.signalled_us = NEVER;
  uint64_t size = choose_size(random_one_in(random, 16) ? DISK_BYTES_MAX / 2 : random_power(random, 12, 16));
  enum part part = sim.config.part = random_one_in(random, 3)
                                         ? (enum part)random_between(random, PART_DIRTY, PART_LAYER)
                                         : PART_ALL;
  bool goes_on = random_one_in(random, 2);
  choose_source(size);
  sim.block_bytes = 0;
  if (part == PART_ALL && !sim.source.base.traits.in_order && random_one_in(&others, 4))
    choose_blocks(&others, size);
  sim.selects = !sim.source.base.traits.in_order && random_one_in(random, 4);
  choose_selection(size);
  fill_source(size);
  fill_marks(size);
  choose_destination(size);
  sim.signal_at_us = random_one_in(random, 20) ? random_between(random, 0, 20000) : NEVER;
  sim.config = (struct copy_config){ .source = &sim.source.base,
                                     .destination = &sim.destination.base,
                                     .loop = &sim.loop,
                                     .budget = choose_budget(),
                                     .part = part,
                                     .selection = sim.selects ? &selection : NULL,
                                     .witness = sim.selects ? &witness : NULL,
                                     .extents = part != PART_ALL || !random_one_in(random, 8),
                                     .detect_zeros = !random_one_in(random, 4),
                                     .allocated = random_one_in(random, 8),
                                     .flush = !random_one_in(random, 8),
                                     .bytes_per_s = random_one_in(random, 8) ? random_power(random, 14, 30) : 0,
                                     .tap = part == PART_ALL && !sim.selects && random_one_in(random, 2) ? &tap
                                                                                                         : NULL };
  if (sim.block_bytes > 0) {
    choose_list(size);
    sim.config.extents = false;
    sim.config.blocks = &blocks;
    sim.config.list = &sim.list.base;
    sim.config.slot_digests = slot_digests;
  }
  if (goes_on)
    choose_losses();
  if (sim.config.blocks)
    choose_lies(&sim.source);
  if (sim.config.blocks)
    choose_lies(&sim.list);
  if (!sim.config.tap && random_one_in(random, 4))
    sim.config.start = choose_start();
  if (!sim.config.blocks)
    choose_unreadable(seed, size);
  if (seed % 2)
    sim.config.tap = &tap;
  fill_parts(size);
  choose_refusal(seed, size);
  if (sim.config.tap) {
    verifier_init(&verifier, sim.source.base.traits.size, sim.source.base.traits.block_min, nh_seed,
                  part != PART_ALL || sim.selects || sim.config.start > 0 || sim.config.unreadable, sim.config.start);
    memset(heard, 0, size);
  }
  sim.flushed_below = sim.config.start;
  sim.config.skip_zeros = part == PART_ALL && !sim.selects && sim.config.start == 0 && !sim.config.allocated &&
                          !sim.destination.base.traits.in_order && random_one_in(random, 6);
  sim.watched_bytes = sim.destination.watched_bytes = size + BEYOND_BYTES;
  for (uint64_t i = 0; i < sim.watched_bytes; i++) /* every byte beside its neighbours differs */
    destination_content[i] = sim.config.skip_zeros ? 0 : (uint8_t)(0xd5 + i + i / 256);
  choose_skipping(seed);
  memcpy(before, destination_content, sim.watched_bytes);
  memcpy(stable, destination_content, sim.watched_bytes);
  memset(decided, 0, sim.watched_bytes);
  sim.destination.zero_limit = sim.config.budget.zero_max;
  lay_out(&sim.config);
  if (sim.skips) {
    skip_identical_init(&skip, &sim.destination.base, sim.config.budget.block_bytes, skip_buffers);
    sim.config.destination = &skip.front.base;
  }
}

/* Windows of block status that are small beside a disk, so that many are out at once. */
static void
shrink_windows(struct windows *windows)
{
  if (random_one_in(&sim.random, 4))
    return;
  windows->bytes_least = random_power(&sim.random, 9, 13);
  windows->bytes = windows->bytes_first = windows->bytes_least * random_power(&sim.random, 0, 4);
}

static void
describe(void)
{
  const struct disk *disks[] = { &sim.source, &sim.destination };
  const struct budget *budget = &sim.config.budget;

  for (int i = 0; i < 2; i++) {
    const struct traits *traits = &disks[i]->base.traits;
    sim_trace("%s: %llu bytes%s, blocks %llu/%llu/%llu,%s%s%s %u requests, answers within %llu us%s",
              disks[i]->base.name, (ull)disks[i]->bytes, traits->size == SIZE_UNKNOWN ? " (not told)" : "",
              (ull)traits->block_min, (ull)traits->block_preferred, (ull)traits->request_max,
              traits->can_extents ? " extents" : "", traits->can_zero ? " zeros" : "",
              traits->in_order ? " in order" : "", traits->requests_max, (ull)disks[i]->manners.delay_max_us,
              disks[i]->manners.dies_at_us != NEVER ? ", dies" : "");
  }
  sim_trace("%u and %u slots of %llu, %u stages of %llu, zeros %llu, write_max %llu, zero_max %llu%s%s%s%s",
            budget->slots, budget->spare_slots, (ull)budget->slot_bytes, budget->stages, (ull)budget->block_bytes,
            (ull)budget->zero_bytes, (ull)budget->write_max, (ull)budget->zero_max,
            sim.config.extents ? ", extents" : "", sim.config.detect_zeros ? ", detects zeros" : "",
            sim.config.skip_zeros ? ", skips zeros" : "", sim.config.allocated ? ", allocated" : "");
}

/* ---- What must hold of each request ---- */

/* Where the request ends that is out or is to be asked for again, and that this byte is part of; or the
 * offset itself, where there is none. */
static uint64_t
end_of_pending(const struct disk *disk, uint64_t at)
{
  for (unsigned i = 0; i < disk->pending_count; i++) {
    const struct request *request = disk->pending[i].request;
    if (request->kind != REQUEST_READ && at >= request->offset && at - request->offset < request->length)
      return request->offset + request->length;
  }
  for (unsigned i = 0; i < WRITES_MAX; i++) {
    const struct transfer *transfer = &sim.copy.transfers[i];
    bool is_pending = transfer->state != TRANSFER_HOME && (transfer->retry.failures > 0 || sim.skips);
    if (is_pending && at >= transfer->range.start && at < transfer->range.end)
      return transfer->range.end;
  }
  return at;
}

/* Everything below is on the destination, or on its way there: so what is confirmed
 * is never much less than what is done. */
static void
check_all_sent_below(uint64_t end)
{
  uint64_t at = copy_confirmed_below(&sim.copy);

  while (at < end) {
    if (decided[at] || !is_wanted(at) || (sim.config.skip_zeros && source_content[at] == 0) ||
        (sim.skips && destination_content[at] == source_content[at]) || is_left_out(at)) {
      at++;
      continue;
    }
    uint64_t next = end_of_pending(&sim.destination, at);
    sim_check(next > at, "offset %llu was asked for before offset %llu", (ull)end, (ull)at);
    at = next;
  }
}

unsigned
sim_failures(const struct request *request)
{
  const struct copy *copy = &sim.copy;
  const char *at = (const char *)request;

  if (is_about_list(request))
    return ((const struct block_window *)request)->retry.failures;
  if (lane_of(request))
    return ((const struct transfer *)lane_of(request)->asked)->retry.failures;
  if (request == &copy->edge_request)
    return copy->edge_retry.failures;
  if (request == &copy->proof_request)
    return RETRIES_MAX;
  if (at >= (const char *)copy->slots && at < (const char *)(copy->slots + SLOTS_MAX))
    return ((const struct slot *)request)->retry.failures;
  return ((const struct transfer *)request)->retry.failures;
}

/* Of what is written, each unit differs from what is there, or couldn't be read. What others left behind may change it meanwhile. */
static void
check_differs(const struct skip_lane *lane)
{
  const struct request *own = &lane->own;
  uint64_t end = own->offset + own->length;

  if (sim.destination.deaths > 0 || sim.destination.flush_failed)
    return;
  for (uint64_t at = own->offset, next; at < end; at = next) {
    bool differs = false;
    next = range_min(range_align_down(at, skip.unit_bytes) + skip.unit_bytes, end);
    for (uint64_t i = at; i < next && !differs; i++)
      differs = destination_content[i] != (own->kind == REQUEST_ZERO ? 0 : own->payload[i - own->offset]);
    sim_check(differs || next > lane->known_end, "byte %llu is written, and is there already", (ull)at);
  }
}

void
sim_see(const struct request *request)
{
  const struct skip_lane *lane = lane_of(request);

  if (request->kind == REQUEST_FLUSH)
    return;
  sim_check(lane || (!sim.copy.signal && !sim.copy.destination_failed), "offset %llu was asked for after all was over",
            (ull)request->offset);
  if (request->kind == REQUEST_READ)
    return;
  if (lane)
    check_differs(lane);
  sim_check(!sim.copy.is_rewinding || (lane && sim.destination.dead), "offset %llu is written before all is home",
            (ull)request->offset);
  sim_check(request->offset >= range_align_down(sim.copy.flushed_below, sim.destination.base.traits.block_min),
            "offset %llu is written again, and was flushed", (ull)request->offset);
  if (sim_failures(request) == 0) /* the first time */
    check_all_sent_below(request->offset);
}

/* Of what no map selects, nothing is asked; what failed is asked for in parts only once all before it is there, and
 * alone what may have taken the source along. */
void
sim_see_asked(const struct request *request)
{
  const struct slot *slot = (const struct slot *)request;
  const uint8_t *not_selected = NULL;

  if (is_about_list(request))
    return;
  if (sim.selects)
    not_selected = memchr(selected + request->offset, 0, request->length);
  if (not_selected)
    sim_fail("offset %llu is asked for, and wasn't selected", (ull)(not_selected - selected));
  sim_check(sim.copy.suspects == 0 || sim.source.pending_count == 0,
            "offset %llu is asked for beside one that may be the reason for a loss", (ull)request->offset);
  if (request->kind == REQUEST_READ && slot->narrow.unit_bytes > 0)
    sim_check(range_max(request->offset, slot->wanted.start) <= sim.copy.reorder.frontier,
              "offset %llu is narrowed down before it is its turn", (ull)request->offset);
}

/* How often a byte may have been written. */
static unsigned
times_max(void)
{
  return 1 + sim.copy.rewinds +
         (sim.skips ? RETRIES_MAX : 0); /* of a request that failed, a part may have been written */
}

/* ---- What must hold at the end ---- */

/* Whether a byte lies in a block of the destination's smallest size that the copy
 * has to write, or may. */
static bool
is_beside_wanted(uint64_t at)
{
  uint64_t block = sim.destination.base.traits.block_min, start = range_align_down(at, block);

  for (uint64_t i = start; i < start + block && i < sim.source.bytes; i++)
    if (parts[i])
      return true;
  return false;
}

static void
check_kept(uint64_t at)
{
  sim_check(destination_content[at] == before[at], "byte %llu is none of this copy, and was changed", (ull)at);
  sim_check(decided[at] <= times_max(), "byte %llu, which is none of this copy, was written %u times", (ull)at,
            decided[at]);
  if (decided[at])
    sim_check(is_beside_wanted(at), "byte %llu was written without need", (ull)at);
}

/* Whether the unit in which a byte lies has something that can't be read. */
static bool
is_in_bad_unit(uint64_t at)
{
  uint64_t unit = copy_unit_bytes(&sim.copy), start = range_align_down(at, unit);
  uint64_t end = range_min(start + unit, sim.source.bytes);

  if (sim.source.manners.read_fails_one_in ||
      (start < sim.source.manners.bad_end && end > sim.source.manners.bad_start))
    return true;
  for (uint64_t i = start; sim.source.defects && i < end; i++)
    if (sim.source.defects[i] & DEFECT_BAD)
      return true;
  return false;
}

/* A byte of the line that names an offset, which begins there. */
static char
pattern_byte(uint64_t start, uint64_t at)
{
  char line[128];
  int length = snprintf(line, sizeof line, "decant: unreadable at offset %llu, %s\n", (ull)start, mark_words);

  return line[(at - start) % (uint64_t)length];
}

/* What couldn't be read has what was to be put there; with a mark, no other copy's content. */
static void
check_left_out(const struct area *area, uint64_t at)
{
  uint64_t unit = copy_unit_bytes(&sim.copy), block = sim.source.base.traits.block_min;
  bool is_bad = area->status == AREA_BAD_SECTOR;
  uint8_t byte = destination_content[at];

  sim_check(is_bad ? is_in_bad_unit(at) : lost_alone[at], "byte %llu could have been read", (ull)at);
  if (sim.copy.rewinds > 0 && byte == source_content[at]) /* it was read then, or others say so */
    return;
  /* Where something was copied before, nothing is overwritten: of a unit, or of a part that was lost as a whole. */
  uint64_t part = copy_part_bytes(&sim.copy, unit), first = range_align_down(at, unit), end = first + unit;
  if (!is_bad) {
    first = at > part ? at - part : 0;
    end = range_min(at + part, sim.source.bytes);
  }
  for (uint64_t i = first; byte == before[at] && i < end; i++)
    if (parts[i] == SELECTED_BESIDE)
      return;
  if (sim.config.mark == MARK_PATTERN) {
    bool is_marked = !is_bad;
    for (uint64_t start = range_align_down(at, unit); !is_marked && start <= at; start += block)
      is_marked = byte == (uint8_t)pattern_byte(start, at);
    sim_check(is_marked, "byte %llu is not the mark's", (ull)at);
    return;
  }
  bool is_zero = sim.config.mark == MARK_ZERO || sim.destination.base.traits.reads_zero ||
                 sim.destination.base.traits.in_order || sim.config.skip_zeros;
  sim_check(byte == (is_zero ? 0 : before[at]), "byte %llu can't be read, and is %02x", (ull)at, byte);
}

/* Bytes below `end` are the source's, each decided once (or skipped as zero); or
 * untouched, where they are none of the copy; or couldn't be read. */
static void
check_content(uint64_t end)
{
  for (uint64_t i = 0; i < end; i++) {
    bool is_the_sources = destination_content[i] == source_content[i];
    if (!is_wanted(i)) {
      if (!is_the_sources || !parts[i])
        check_kept(i);
      continue;
    }
    if (is_left_out(i)) {
      struct area area = { { 0, i }, AREA_FINISHED };
      areas_find(&unreadable, (struct range){ 0, i + 1 }, AREA_STATUSES_ALL, true, &area);
      check_left_out(&area, i);
      continue;
    }
    sim_check(destination_content[i] == source_content[i], "byte %llu is %02x on the destination, %02x on the source",
              (ull)i, destination_content[i], source_content[i]);
    sim_check((decided[i] >= 1 && decided[i] <= times_max()) ||
                  (sim.config.skip_zeros && decided[i] == 0 && source_content[i] == 0) ||
                  (sim.skips && decided[i] == 0 && before[i] == source_content[i]),
              "byte %llu was decided %u times", (ull)i, decided[i]);
  }
}

static void
check_beyond(void)
{
  uint64_t end = range_min(sim.source.bytes, sim.destination.base.traits.size);

  for (uint64_t i = end; i < sim.watched_bytes; i++) {
    sim_check(destination_content[i] == before[i], "byte %llu beyond the source's end was changed", (ull)i);
    sim_check(decided[i] <= times_max(), "byte %llu beyond the source's end was decided %u times", (ull)i, decided[i]);
  }
  if (sim.destination.base.traits.grows)
    sim_check(sim.destination.longest <= end, "the destination grew to %llu", (ull)sim.destination.longest);
}

static void
check_success(void)
{
  sim_check(sim.source.bytes <= sim.destination.base.traits.size, "it says that it is done, and doesn't fit");
  sim_check(sim.signalled_us == NEVER || sim.loop.signal_seen, "a signal is lost for what comes behind");
  if (sim.config.retry_ms == 0)
    sim_check((sim.source.faults == 0 || sim.config.unreadable) && sim.destination.faults == 0,
              "it says that it is done, after a fault");
  sim_check(!sim.config.unreadable || sim.copy.errors < sim.config.errors_max,
            "it says that it is done, after %llu errors", (ull)sim.copy.errors);
  if (sim.config.retry_ms == 0 && sim.copy.rewinds == 0)
    sim_check(sim.source.lies == 0, "it says that it is done, though it was told something else");
  if (sim.copy.rewinds == 0) /* else an answer may have been dropped */
    sim_check(sim.source.hard_faults == 0 && sim.destination.hard_faults == 0,
              "it says that it is done, after a fault that nothing makes up for");
  if (sim.config.flush && sim.destination.base.traits.can_flush)
    disk_lose_power(&sim.destination);
  else if (sim.destination.dead) /* just now, and nobody claims that it is stable */
    return;
  check_content(sim.source.bytes);
  sim_check(!sim.config.tap || sim.tapped_bytes == sim.source.bytes, "%llu bytes passed the tap",
            (ull)sim.tapped_bytes);
  check_verified();
  sim_check(copy_is_home(&sim.copy), "not everything is home");
  sim_check(sim.copy.done == sim.source.bytes && sim.copy.source_end == sim.source.bytes,
            "done: %llu of %llu bytes, says %llu", (ull)sim.copy.done, (ull)sim.source.bytes, (ull)sim.copy.source_end);
  if (sim.config.flush && sim.destination.base.traits.can_flush)
    sim_check(sim.destination.flushed, "the last writes were not flushed");
  bool is_wanted_still = false;
  if (sim.selects && sim.source.bytes > 0 && sim.config.start == 0 && sim.config.flush &&
      sim.destination.base.traits.can_flush && copy_unreadable_below(&sim.copy, sim.source.bytes) == 0)
    sim_check(selection_run(&selection, 0, sim.source.bytes, 1, &is_wanted_still) == sim.source.bytes &&
                  !is_wanted_still,
              "all is done, and not all that was selected is finished");
  if (sim.destination.base.traits.in_order)
    sim_check(sim.destination.longest == sim.source.bytes, "the stream ended at %llu", (ull)sim.destination.longest);
}

/* The number behind these words; 0 where they aren't there. */
static uint64_t
claim(const struct fault *fault, const char *words)
{
  const char *found = strstr(fault->text, words);

  return found ? strtoull(found + strlen(words), NULL, 10) : 0;
}

/* What is called good is there whatever happens now; what is only confirmed was there
 * as long as nothing happened. */
static void
check_claims(const struct fault *fault)
{
  uint64_t good = claim(fault, "good below offset ");
  uint64_t confirmed = range_max(claim(fault, "confirmed below offset "), claim(fault, "up to "));

  if (!sim.destination.flush_failed && sim.destination.deaths == 0)
    check_content(range_max(good, confirmed));
  sim_check(range_max(good, confirmed) >= copy_confirmed_below(&sim.copy), "it could say more: %s", fault->text);
  /* A signal ends a copy at once that has failed already, or was stopped before; and so does the end of its time. */
  bool has_time = !sim.copy.signal || (!sim.copy.failure.endpoint && stage.now_us / 1000 < sim.copy.stop_ms);
  if (has_time && sim.destination.flushed && !sim.copy.flushing && sim.config.flush &&
      sim.destination.base.traits.can_flush && !sim.destination.dead)
    sim_check(confirmed == 0, "it was flushed: %s", fault->text);
  if (sim.destination.flush_failed && !sim.copy.flushing) /* else the copy had ended before it heard of it */
    sim_check(strstr(fault->text, "flushing destination failed: "), "a flush failed: %s", fault->text);
  disk_lose_power(&sim.destination);
  check_content(good);
  check_finished((struct range){ 0, map.size });
}

/* Nothing was left to try, and not before its time. */
static void
check_giving_up(const struct disk *disk)
{
  const struct recovery *recovery = disk == &sim.source        ? &sim.copy.source_recovery
                                    : disk == &sim.destination ? &sim.copy.destination_recovery
                                                               : &sim.copy.list_recovery;
  uint64_t end_ms = recovery_end_ms(recovery);

  sim_check(disk->deaths > 0, "it gave the %s up, which was never lost", disk->base.name);
  /* After another fault, nobody waits any more. */
  if (disk->base.presence != PRESENCE_OTHER && !sim.copy.signal && sim.source.faults + sim.destination.faults == 0 &&
      sim.source.lies == 0 && (!sim.config.blocks || sim.list.faults + sim.list.lies == 0))
    sim_check(stage.now_us / 1000 >= end_ms, "it gave the %s up %llu ms too early", disk->base.name,
              (ull)(end_ms - stage.now_us / 1000));
}

/* What can't be read is told to the unit, and all that could be read before it is on the destination,
 * as far as its blocks allow. */
static void
check_narrowed(const struct failure *failure)
{
  uint64_t confirmed = copy_confirmed_below(&sim.copy);

  if (failure->endpoint != &sim.source.base || sim.config.blocks || strcmp(failure->doing, "reading") != 0 ||
      sim.config.retry_ms == 0 || sim.source.base.traits.in_order || sim.copy.signal || sim.destination.faults > 0 ||
      sim.destination.deaths > 0)
    return;
  if (failure->errnum == EIO)
    sim_check(is_in_bad_unit(failure->offset), "nothing is bad at %llu", (ull)failure->offset);
  if (sim.config.unreadable && failure->errnum != ENOTCONN)
    sim_check(sim.copy.errors >= sim.config.errors_max, "%llu could have been left out", (ull)failure->offset);
  /* What is kept may reach into the source's block that failed, and a block of the destination end there. */
  if (range_is_aligned(range_max(failure->offset, sim.copy.reorder.frontier), sim.destination.base.traits.block_min))
    sim_check(confirmed >= failure->offset, "all below %llu could be read, %llu is confirmed", (ull)failure->offset,
              (ull)confirmed);
}

/* Whoever lied is named, and of the source where it did. */
static void
check_difference(const struct fault *fault, const struct disk *disk)
{
  uint64_t offset = sim.copy.failure.offset, lie = disk->manners.lie_at;

  sim_check(fault->exit_code == EXIT_DIGEST_DIFFERS, "a difference with the exit code %d", (int)fault->exit_code);
  sim_check(disk->lies > (sim.config.retry_ms > 0 && !sim.copy.signal ? 1 : 0) || disk->manners.transient_one_in,
            "it blames the %s, which lied %u times", disk->base.name, disk->lies);
  if (disk == &sim.source)
    sim_check(offset == range_align_down(lie, sim.block_bytes), "the lie was at %llu, not %llu", (ull)lie, (ull)offset);
}

/* Whatever was said, what is there is the source's, or what was there before. */
static void
check_nothing_wrong_written(void)
{
  for (uint64_t i = 0; sim.config.blocks && i < sim.source.bytes && i < sim.watched_bytes; i++)
    sim_check(destination_content[i] == source_content[i] || destination_content[i] == before[i],
              "byte %llu is nobody's", (ull)i);
}

static void
check_failure(const struct fault *fault)
{
  const struct failure *failure = &sim.copy.failure;
  const struct disk *disk = failure->endpoint == &sim.source.base         ? &sim.source
                            : failure->endpoint == sim.config.destination ? &sim.destination
                                                                          : &sim.list;
  uint64_t unit = disk == &sim.source && (sim.config.retry_ms > 0 || sim.config.unreadable) ? copy_unit_bytes(&sim.copy)
                                                                                            : 1;
  char offset[64];

  if (disk == &sim.source && sim.config.blocks) /* what is held to a list is good in whole blocks */
    unit = sim.block_bytes;

  check_claims(fault);
  sim_check(!sim.is_mild || sim.copy.signal || tap.has_refused, "it could have gone on: %s", fault->text);
  if (failure->endpoint && failure->errnum == COPY_DIFFERS) {
    check_difference(fault, disk);
    return;
  }
  sim_check(fault->exit_code == EXIT_FAILED, "a fault without an exit code");
  if (!failure->endpoint) {
    sim_check(sim.copy.signal == SIGINT || sim.destination.flush_failed || sim.destination.dead,
              "it failed without a reason");
    return;
  }
  if (strcmp(failure->doing, "checking") == 0) {
    sim_check(tap.has_refused && failure->errnum == EBADMSG, "the tap has refused nothing");
    return;
  }
  if (strcmp(failure->doing, "copying") == 0) {
    sim_check(sim.source.bytes > failure->offset && failure->offset == sim.destination.base.traits.size,
              "it says that it doesn't fit");
    return;
  }
  if (disk->manners.returns && failure->errnum == ENOTCONN) {
    if (disk == &sim.source || !sim.source.base.traits.in_order)
      check_giving_up(disk);
    return;
  }
  if (failure->errnum == ETIMEDOUT) { /* it was lost with the source, again and again */
    sim_check(sim.source.deaths > RETRIES_MAX && sim.copy.errors >= sim.config.errors_max,
              "it wasn't lost often enough");
    return;
  }
  /* What was sent, and can't be repeated, isn't gone back for more often than that. */
  if (disk->manners.transient_one_in && disk->manners.sends && !sim.is_mild)
    return;
  sim_check(disk->faults > 0, "it blames the %s, which did nothing wrong", disk->base.name);
  snprintf(offset, sizeof offset, "failed at offset %llu", (ull)failure->offset);
  sim_check(strstr(fault->text, offset), "the message lacks the offset: %s", fault->text);
  if (!sim.skips || disk != &sim.destination) /* else a part of a write failed */
    sim_check(failure->offset >= range_align_down(disk->fault_offset, unit), "no request failed at %llu",
              (ull)failure->offset);
  check_narrowed(failure);
  /* Once everything has come back, the lowest offset is the one that is told. */
  if (strcmp(failure->doing, "reading") == 0 && !sim.copy.signal && sim.destination.faults == 0 &&
      sim.config.retry_ms == 0 && !sim.config.unreadable)
    sim_check(failure->offset == disk->fault_offset || failure->offset == range_align_down(disk->fault_offset, unit),
              "it tells of %llu, but %llu failed first", (ull)failure->offset, (ull)disk->fault_offset);
}

/* What the tap has refused isn't written, nor anything behind it, and the copy isn't done. */
static void
check_refused(int result)
{
  if (!tap.has_refused)
    return;
  sim_check(result == -1, "it says that it is done, after something was refused");
  /* All below it was read. */
  sim_check(sim.copy.failure.endpoint != &sim.source.base || strcmp(sim.copy.failure.doing, "checking") == 0,
            "something was refused, but the end is told of as %s the source", sim.copy.failure.doing);
  for (uint64_t i = sim.refused_at; i < sim.source.bytes; i++)
    sim_check(destination_content[i] == before[i], "byte %llu was written, and is refused", (ull)i);
}

static void
run_seed(uint64_t seed)
{
  struct fault fault = { .exit_code = EXIT_DONE };

  make_scenario(seed);
  describe();
  sim.destination.base.ops->prepare(&sim.destination.base, sim.source.base.traits.size, &fault);
  loop_init(&sim.loop, &fault);
  copy_init(&sim.copy, &sim.config);
  shrink_windows(&sim.copy.windows);
  int result = copy_run(&sim.copy, &fault);
  sim_trace("result %d: %s", result, fault.text);
  check_buffers();
  check_beyond();
  check_nothing_wrong_written();
  check_refused(result);
  if (result == 0)
    check_success();
  else
    check_failure(&fault);
}

struct stage stage = { .name = "sim", .replay = "tests/sim/run", .count = 100000, .run_seed = run_seed };
