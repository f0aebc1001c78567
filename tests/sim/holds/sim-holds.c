/* SPDX-License-Identifier: MIT */
/* sim-holds: copies that hold back both ends of a simulated destination, each decided by one seed.
 *
 *   sim-holds SEED              replays one, and traces it
 *   sim-holds --from=N --count=M  runs many; a failing seed is printed
 *
 * The real copy runs through the real hold_back to a disk (disk.h) that loses connections, forgets what wasn't flushed, refuses zeros
 * and fails. It is ended at random moments: killed with a loss of power, by signals, by faults; and goes on from a map, from an
 * offset, or from the front, until it is done. At every turn, once both ends were made zeros: where anything is in one of the
 * outermost blocks, all else is on stable storage. What a map calls finished is there, and nothing of what is held before its time.
 * In the end, after a loss of power, all of it is there, and what a domain doesn't want was never changed.
 */
#include "base/range.h"
#include "copy/copy_stages.h"
#include "copy/hold_back.h"
#include "sim/disk.h"
#include "sim/stage.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull;

#define TURNS_MAX 1000000
#define SIZE_MAX_BYTES (UINT64_C(256) << 10)
#define BEYOND_BYTES (UINT64_C(64) << 10)
#define HELD_MAX_BYTES (UINT64_C(64) << 10)

/* How a copy that was ended goes on. */
enum way { WAY_ANEW, WAY_MAP, WAY_FROM };

struct sim {
  struct random random;
  struct disk source, destination;
  struct loop loop;
  struct copy copy;
  struct copy_config config;
  struct hold_back hold;
  struct hold_back_config hold_config;
  uint64_t size, end; /* of the source, and of the destination */
  uint64_t held_bytes;
  enum way way;
  bool has_domain;
  uint64_t from;
  uint64_t turns, tapped, marked;

  /* How this session ends. */
  uint64_t killed_at_us, signal_at_us;
  jmp_buf killed;
  int result;
};

static struct sim sim;
static struct areas map, domain, left;
static struct selection in_domain = { .lists = { { &domain, 1u << AREA_FINISHED } }, .count = 1 };
static struct selection selection;
static uint8_t source_content[DISK_BYTES_MAX], destination_content[DISK_BYTES_MAX], before[DISK_BYTES_MAX];
static uint8_t stable[DISK_BYTES_MAX], flushing[DISK_BYTES_MAX], late_bytes[DISK_BYTES_MAX];
static uint8_t decided[DISK_BYTES_MAX], unused[1], marks[DISK_BYTES_MAX];
static uint8_t wanted[DISK_BYTES_MAX]; /* 2: by the domain; 1: in a block of the source with such a byte */
static unsigned char payload[PAYLOAD_BYTES_MIN + (UINT64_C(4) << 20)] __attribute__((aligned(PAGE_BYTES)));
static unsigned char held[2 * (HELD_MAX_BYTES + (UINT64_C(256) << 10))] __attribute__((aligned(PAGE_BYTES)));

/* ---- What must hold at every turn ---- */

static bool
is_outermost(uint64_t at)
{
  uint64_t block = range_max(sim.destination.base.traits.block_min, PAGE_BYTES);

  return at < block || (sim.end != SIZE_UNKNOWN && at >= range_align_down(sim.end - 1, block));
}

/* Whether a byte is part of a block of the destination that is wanted as a whole, and so must be zero until the end. */
static bool
is_to_be_zero(uint64_t at)
{
  uint64_t block = sim.destination.base.traits.block_min, start = range_align_down(at, block);

  if (!sim.has_domain)
    return true;
  for (uint64_t i = start; i < start + block; i++)
    if (i >= sim.size || wanted[i] != 2)
      return false;
  return true;
}

/* A copy that ends now leaves nothing that boots, or all. */
static void
check_outermost(void)
{
  uint64_t block = range_max(sim.destination.base.traits.block_min, PAGE_BYTES);
  uint64_t end = sim.end == SIZE_UNKNOWN ? block : sim.end, at = 0;

  if (sim.hold.step < HOLD_BACK_HOLDS)
    return;
  while (at < end && !(destination_content[at] && is_outermost(at) && is_to_be_zero(at)))
    at = at + 1 == block && end > 2 * block ? range_align_down(end - 1, block) : at + 1;
  for (uint64_t i = 0; at < end && i < sim.size; i++)
    sim_check(is_outermost(i) || wanted[i] != 2 || stable[i] == source_content[i],
              "byte %llu is there before byte %llu is on stable storage", (ull)at, (ull)i);
}

static void
check_map(void)
{
  struct area area = { { 0, 0 }, AREA_FINISHED };

  while (areas_find(&map, (struct range){ area.range.end, sim.size }, 1u << AREA_FINISHED, false, &area))
    for (uint64_t i = area.range.start; i < area.range.end; i++)
      sim_check(stable[i] == source_content[i], "byte %llu is called finished, and isn't there", (ull)i);
}

int
loop_wait(struct loop *loop, struct fault *fault)
{
  uint64_t next_us = range_min(disk_next_us(&sim.source), disk_next_us(&sim.destination));

  (void)fault;
  sim_check(++sim.turns < TURNS_MAX, "it goes on for ever");
  check_outermost();
  stage_pass_time(loop, next_us, range_min(sim.signal_at_us, sim.killed_at_us));
  if (stage.now_us >= sim.killed_at_us)
    longjmp(sim.killed, 1);
  (void)stage_signal(loop, &sim.signal_at_us);
  disk_advance(&sim.source, stage.now_us);
  disk_advance(&sim.destination, stage.now_us);
  return 0;
}

/* ---- What must hold of each request ---- */

unsigned
sim_failures(const struct request *request)
{
  (void)request;
  return 0;
}

/* What was held is written when all the rest is on stable storage. */
static void
check_rest_is_stable(void)
{
  uint64_t end = range_is_empty(sim.hold.tail) ? sim.size : range_min(sim.hold.tail.start, sim.size);

  for (uint64_t i = sim.hold.head.end; i < end; i++)
    sim_check(wanted[i] != 2 || stable[i] == source_content[i], "byte %llu isn't stable when what was held is written",
              (ull)i);
}

void
sim_see(const struct request *request)
{
  if (request == &sim.hold.own && request->kind == REQUEST_WRITE && sim.hold.step > HOLD_BACK_HOLDS)
    check_rest_is_stable();
  sim_check(request->kind == REQUEST_READ || request->kind == REQUEST_FLUSH || !request->is_final, "a final %d",
            (int)request->kind);
  if (request != &sim.hold.own && request->kind != REQUEST_FLUSH && request->kind != REQUEST_READ &&
      sim.source.base.traits.in_order)
    sim_check(request->offset + range_max(PAGE_BYTES, sim.destination.base.traits.block_min) >=
                  range_min(sim.from, sim.size),
              "offset %llu is written, and was there", (ull)request->offset);
}

/* What was there isn't read again, but for what is held and the rest of its blocks. */
void
sim_see_asked(const struct request *request)
{
  uint64_t block = sim.source.base.traits.block_min;

  if (sim.config.selection == &selection && sim.way == WAY_FROM && sim.from > 0)
    sim_check(request->offset < range_align_up(sim.hold.head.end, block) ||
                  request->offset + request->length > range_align_down(range_min(sim.from, sim.size), block) ||
                  (sim.hold.tail.end > 0 && request->offset + request->length > sim.hold.tail.start),
              "offset %llu is read again", (ull)request->offset);
}

static void
check_tapped(struct copy_tap *tap, const uint8_t *data, uint64_t length)
{
  (void)tap;
  for (uint64_t i = 0; i < length; i++)
    sim_check((data ? data[i] : 0) == source_content[sim.tapped + i], "byte %llu passed the tap as another",
              (ull)(sim.tapped + i));
  sim.tapped += length;
}

static struct copy_tap tap = { .take = check_tapped };

/* ---- As who keeps a mapfile does it ---- */

static void
set_wanted(struct range range, enum area_status status)
{
  struct area area = { { 0, range.start }, AREA_FINISHED };

  if (!sim.has_domain)
    areas_set(&map, range, status);
  else
    while (areas_find(&domain, (struct range){ area.range.end, range.end }, 1u << AREA_FINISHED, false, &area))
      areas_set(&map, area.range, status);
}

static void
set_back_held(void)
{
  const struct range ranges[] = { sim.hold.head, sim.hold.tail };

  for (int i = 0; i < 2; i++)
    if (ranges[i].start < sim.size)
      set_wanted((struct range){ ranges[i].start, range_min(ranges[i].end, sim.size) }, AREA_NON_TRIED);
}

static void
mark_finished(struct copy_witness *witness, uint64_t below)
{
  bool is_done = hold_back_is_done(&sim.hold);

  (void)witness;
  if (sim.way != WAY_MAP)
    return;
  set_wanted((struct range){ is_done ? 0 : sim.marked, below }, AREA_FINISHED);
  if (!is_done)
    set_back_held();
  sim.marked = below;
  check_map();
}

static struct copy_witness witness = { mark_finished };

/* ---- One scenario out of a seed ---- */

static void
fill_source(void)
{
  uint64_t longest = random_power(&sim.random, 6, 17);
  bool zero = random_one_in(&sim.random, 2);

  for (uint64_t at = 0; at < sim.size; zero = !zero) {
    uint64_t end = range_min(at + random_between(&sim.random, 1, longest), sim.size);
    for (; at < end; at++)
      source_content[at] = zero ? 0 : (uint8_t)(1 + (at * 31 + at / 251) % 255);
  }
}

static void
choose_domain(void)
{
  uint64_t block = sim.source.base.traits.block_min;
  struct area area = { { 0, 0 }, AREA_FINISHED };

  memset(wanted, sim.has_domain ? 0 : 2, sizeof wanted);
  areas_init(&domain, sim.size, true);
  for (unsigned i = 0; i < 6; i++) {
    uint64_t start = random_between(&sim.random, 0, sim.size);
    areas_set(&domain, (struct range){ start, range_min(start + random_power(&sim.random, 6, 17), sim.size) },
              AREA_FINISHED);
  }
  while (sim.has_domain &&
         areas_find(&domain, (struct range){ area.range.end, sim.size }, 1u << AREA_FINISHED, false, &area)) {
    for (uint64_t i = range_align_down(area.range.start, block); i < range_align_up(area.range.end, block); i++)
      wanted[i] = wanted[i] ? wanted[i] : 1;
    memset(wanted + area.range.start, 2, range_length(area.range));
  }
}

static struct traits
choose_traits(uint64_t size)
{
  struct random *random = &sim.random;
  uint64_t block_min = random_one_in(random, 2) ? 1 : random_power(random, 0, 13);

  return (struct traits){ .size = size,
                          .block_min = block_min,
                          .block_preferred = block_min,
                          .request_max = random_power(random, 13, 20),
                          .can_extents = random_one_in(random, 2),
                          .can_zero = !random_one_in(random, 4),
                          .can_fast_zero = random_one_in(random, 2),
                          .can_flush = true,
                          .can_read = true,
                          .requests_max = (unsigned)random_between(random, 1, 40) };
}

static void
choose_disk(struct disk *disk, const char *name, enum role role)
{
  struct random *random = &sim.random;

  memset(disk, 0, sizeof *disk);
  disk->base = (struct endpoint){ .traits = choose_traits(sim.size), .name = "" };
  snprintf(disk->base.name, sizeof disk->base.name, "%s", name);
  disk->random.state = random_next(random);
  disk->manners = (struct manners){ .delay_max_us = random_one_in(random, 5) ? 0 : random_power(random, 0, 12),
                                    .split_one_in = random_one_in(random, 2) ? 3 : 0,
                                    .sends = random_one_in(random, 2),
                                    .returns = true,
                                    .stays_one_in = 3,
                                    .refuses_one_in = random_one_in(random, 2) ? 3 : 0,
                                    .forgets_one_in = random_one_in(random, 2) ? 2 : 0,
                                    .dies_at_us = NEVER };
  disk->role = role;
  disk->bytes = sim.size;
  disk->decided = unused;
  disk->marks = marks;
  disk->flushes = true;
  contexts_add(&disk->base.contexts, CONTEXT_ALLOCATION_NAME, false);
}

static void
choose_source(void)
{
  struct traits *traits = &sim.source.base.traits;

  choose_disk(&sim.source, "source", ROLE_SOURCE);
  sim.source.content = source_content;
  if (sim.way != WAY_MAP && !sim.has_domain && random_one_in(&sim.random, 4)) { /* a stream */
    traits->size = SIZE_UNKNOWN;
    traits->block_min = traits->block_preferred = 1;
    traits->in_order = true;
    traits->can_extents = false;
    sim.source.manners.returns = false;
  }
  disk_init(&sim.source);
}

static void
choose_destination(void)
{
  struct traits *traits = &sim.destination.base.traits;

  choose_disk(&sim.destination, "destination", ROLE_DESTINATION);
  sim.end = traits->size = sim.size + (random_one_in(&sim.random, 2) ? random_between(&sim.random, 0, 20000) : 0);
  if (random_one_in(&sim.random, 4)) { /* a file */
    traits->size = SIZE_UNKNOWN;
    traits->block_min = traits->block_preferred = 1;
    traits->grows = true;
    sim.end = sim.source.base.traits.size;
  }
  sim.destination.bytes = range_min(sim.end, DISK_BYTES_MAX);
  sim.destination.manners.zero_refused_one_in = random_one_in(&sim.random, 4) ? 3 : 0;
  sim.destination.manners.zero_parts_one_in = random_one_in(&sim.random, 4) ? 2 : 0;
  sim.destination.manners.slow_zero_one_in = random_one_in(&sim.random, 4) ? 2 : 0;
  sim.destination.manners.zero_max = random_one_in(&sim.random, 5) ? random_power(&sim.random, 13, 16) : 0;
  sim.destination.content = destination_content;
  sim.destination.stable = stable;
  sim.destination.flushing = flushing;
  sim.destination.late_bytes = late_bytes;
  sim.destination.decided = decided;
  sim.destination.watched_bytes = sim.size + BEYOND_BYTES;
  sim.destination.zero_limit = ZERO_BYTES_MAX;
  disk_init(&sim.destination);
  for (uint64_t i = 0; i < sim.destination.watched_bytes; i++)
    before[i] = (uint8_t)(0xd5 + i + i / 256);
  memcpy(destination_content, before, sizeof before);
  memcpy(stable, before, sizeof before);
}

static void
plan(struct budget *budget)
{
  struct random *random = &sim.random;
  const struct traits *source = &sim.source.base.traits, *destination = &sim.destination.base.traits;
  struct budget_needs needs = budget_needs_of(source, destination);
  struct fault fault;

  needs.payload_bytes = PAYLOAD_BYTES_MIN;
  needs.sparse_bytes = random_one_in(random, 3) ? 0 : random_power(random, 9, 13);
  needs.zero_max = ZERO_BYTES_MAX;
  sim_check(budget_plan(budget, &needs, &fault) == 0, "no plan: %s", fault.text);
  budget->slot_bytes = range_max(range_min(random_power(random, 11, 15), budget->slot_bytes), source->block_min);
  budget->slots = (unsigned)random_between(random, SLOTS_MIN, 12);
}

static void
lay_out(struct copy_config *config)
{
  config->slot_buffers = payload;
  config->stage_buffers = config->slot_buffers + config->budget.slots * config->budget.slot_bytes;
  config->zeros = config->stage_buffers + config->budget.stages * config->budget.block_bytes;
  sim_check(config->zeros + config->budget.zero_bytes <= payload + sizeof payload, "the plan takes too much");
  memset(payload, 0xee, sizeof payload);
  memset(config->zeros, 0, config->budget.zero_bytes);
}

static void
make_scenario(uint64_t seed)
{
  struct random *random = &sim.random;
  struct fault fault;

  memset(&sim, 0, sizeof sim);
  sim.random.state = seed;
  sim.size = random_between(random, 1, random_power(random, 12, 18));
  sim.held_bytes = random_between(random, HOLD_BACK_BYTES_MIN, random_power(random, 12, 16));
  sim.way = (enum way)random_between(random, WAY_ANEW, WAY_FROM);
  sim.has_domain = random_one_in(random, 4);
  choose_source();
  choose_destination();
  choose_domain();
  fill_source();
  sim_check(hold_back_check(&sim.destination.base, sim.held_bytes, sim.has_domain, &fault) == 0, "refused: %s",
            fault.text);
  sim_check(hold_back_bytes(sim.held_bytes) <= sizeof held, "it takes too much");
  sim.config = (struct copy_config){ .source = &sim.source.base,
                                     .loop = &sim.loop,
                                     .witness = &witness,
                                     .extents = !random_one_in(random, 4),
                                     .detect_zeros = !random_one_in(random, 4),
                                     .allocated = random_one_in(random, 8),
                                     .flush = true,
                                     .flush_each_bytes = random_one_in(random, 2) ? random_between(random, 1, 65536)
                                                                                  : 0,
                                     .flush_each_ms = random_between(random, 0, 3),
                                     .retry_ms = COPY_RETRY_FOREVER };
  plan(&sim.config.budget);
  areas_init(&map, sim.size, false);
}

/* ---- A session ---- */

/* How it ends; the last one has nothing in its way but lost connections. */
static void
choose_end(bool is_last)
{
  struct random *random = &sim.random;
  struct manners *manners = &sim.destination.manners;
  uint64_t at_us = stage.now_us + random_between(random, 0, random_power(random, 6, 18));

  sim.killed_at_us = sim.signal_at_us = NEVER;
  if (sim.source.manners.returns && random_one_in(random, 3))
    sim.source.manners.dies_at_us = at_us;
  manners->dies_at_us = random_one_in(random, 2) && !sim.source.base.traits.in_order
                            ? stage.now_us + random_between(random, 0, random_power(random, 6, 18))
                            : NEVER;
  manners->write_fails_one_in = manners->transient_one_in = 0;
  manners->flush_fails = false;
  manners->transient_left = 100;
  switch (is_last ? 6 : random_between(random, 0, 6)) {
  case 0:
  case 1:
    sim.killed_at_us = at_us;
    break;
  case 2:
    sim.signal_at_us = at_us;
    break;
  case 3:
    manners->write_fails_one_in = (unsigned)random_between(random, 1, 30);
    break;
  case 4:
    manners->transient_one_in = (unsigned)random_between(random, 1, 10);
    break;
  case 5:
    manners->flush_fails = random_one_in(random, 2);
    break;
  }
}

/* As whoever makes a file does it, or empties one. */
static void
empty_file(void)
{
  memset(destination_content, 0, sizeof destination_content);
  memset(stable, 0, sizeof stable);
  memset(before, 0, sizeof before);
}

/* What the program has of it when it is started anew, and the way that it goes on. */
static void
begin_session(void)
{
  struct copy_config *config = &sim.config;
  bool is_stream = config->source->traits.in_order;

  if (sim.way != WAY_FROM)
    sim.from = 0;
  else if (random_one_in(&sim.random, 4)) /* the operator may say less */
    sim.from = random_between(&sim.random, 0, sim.from);
  uint64_t from = sim.from;

  if (sim.destination.base.traits.grows && from == 0 && sim.way != WAY_MAP && !sim.has_domain)
    empty_file();
  memset(held, 0, sizeof held);
  lay_out(config);
  sim.hold_config = (struct hold_back_config){ .destination = &sim.destination.base,
                                               .bytes = sim.held_bytes,
                                               .size = config->source->traits.size,
                                               .passed_below = is_stream ? from : 0,
                                               .there_below = from,
                                               .wanted = sim.has_domain ? &in_domain : NULL,
                                               .allocated = config->allocated,
                                               .zeros = config->zeros,
                                               .zero_bytes = config->budget.zero_bytes,
                                               .buffer = held };
  hold_back_init(&sim.hold, &sim.hold_config);
  config->destination = &sim.hold.front.base;
  selection = sim.has_domain ? in_domain : (struct selection){ .count = 0 };
  areas_init(&left, sim.size, false);
  if (from > 0 && !is_stream) {
    uint64_t end = range_is_empty(sim.hold.tail) ? sim.size : sim.hold.tail.start;
    struct range there = { sim.hold.head.end, range_min(range_min(from, end), sim.size) };
    if (there.start < there.end)
      areas_set(&left, there, AREA_FINISHED);
  }
  if (sim.way != WAY_ANEW && !is_stream) {
    selection.lists[selection.count].areas = sim.way == WAY_MAP ? &map : &left;
    selection.lists[selection.count++].statuses = AREA_STATUSES_ALL & ~(1u << AREA_FINISHED);
  }
  config->selection = selection.count > 0 ? &selection : NULL;
  config->tap = selection.count == 0 && from == 0 ? &tap : NULL;
  if (sim.way == WAY_MAP)
    set_back_held();
  sim.tapped = sim.marked = sim.turns = 0;
}

/* Where the command that is printed goes on. */
static void
note_end(const struct fault *fault)
{
  uint64_t from = range_max(sim.from, sim.copy.flushed_below);

  sim.from = from > sim.held_bytes ? from : 0;
  sim_check(sim.result == -1 || hold_back_is_done(&sim.hold), "it says that it is done");
  sim_check(sim.result == 0 || fault->exit_code == EXIT_FAILED, "it failed without a reason");
  if (sim.way == WAY_MAP)
    check_map();
}

/* Returns whether it is done. */
static bool
run_session(bool is_last)
{
  struct fault fault = { .exit_code = EXIT_DONE };

  choose_end(is_last);
  begin_session();
  sim.result = -1;
  loop_init(&sim.loop, &fault);
  if (setjmp(sim.killed) == 0) {
    copy_init(&sim.copy, &sim.config);
    sim.result = copy_run(&sim.copy, &fault);
    sim_trace("%8llu us result %d: %s", (ull)stage.now_us, sim.result, fault.text);
    note_end(&fault);
  } else {
    sim_trace("%8llu us killed", (ull)stage.now_us);
  }
  disk_forget_requests(&sim.source);
  disk_forget_requests(&sim.destination);
  sim.source.stream_position = 0;
  if (sim.result == 0 || random_one_in(&sim.random, 2))
    disk_lose_power(&sim.destination);
  if (sim.result == -1)
    check_outermost();
  return sim.result == 0;
}

static void
check_all(void)
{
  for (uint64_t at = 0; at < sim.size; at++)
    sim_check(destination_content[at] == source_content[at] ||
                  (wanted[at] < 2 && destination_content[at] == before[at]),
              "byte %llu is %02x, on the source %02x", (ull)at, destination_content[at], source_content[at]);
  for (uint64_t at = sim.size; at < sim.destination.watched_bytes; at++) {
    bool is_end = !sim.has_domain && sim.end != SIZE_UNKNOWN && at < sim.end &&
                  (at >= sim.hold.tail.start || at < sim.hold.head.end) &&
                  (sim.hold.tail.end > 0 || at < sim.hold.head.end);
    sim_check(destination_content[at] == (is_end ? 0 : before[at]), "byte %llu behind the source is %02x", (ull)at,
              destination_content[at]);
  }
  sim_check(!sim.config.tap || sim.tapped == sim.size, "%llu bytes passed the tap", (ull)sim.tapped);
}

static void
run_seed(uint64_t seed)
{
  struct fault fault;

  make_scenario(seed);
  sim_trace("%llu bytes to %llu, %llu held, way %d%s", (ull)sim.size, (ull)sim.end, (ull)sim.held_bytes, (int)sim.way,
            sim.has_domain ? ", a domain" : "");
  sim.destination.base.ops->prepare(&sim.destination.base, sim.size, &fault);
  unsigned sessions = (unsigned)random_between(&sim.random, 0, 6);
  while (!run_session(sessions == 0))
    sessions -= sessions > 0;
  check_all();
}

struct stage stage = {
  .name = "sim-holds", .replay = "build/tests/sim/sim-holds", .count = 1000, .run_seed = run_seed
};
