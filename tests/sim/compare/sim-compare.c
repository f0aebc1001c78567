/* SPDX-License-Identifier: MIT */
/* sim-compare: comparisons of two simulated disks, each decided by one seed.
 *
 *   sim-compare SEED              replays one, and traces it
 *   sim-compare --from=N --count=M  runs many; a failing seed is printed
 *
 * The real comparison runs between two disks (disk.h), of the same length or not, or streams, on a simulated clock: with surveys
 * that lie and fail, requests that fail in passing, bytes that can't be read, ends that die and come back, or don't, and
 * signals. Two loops over all bytes say what should have been found.
 */
#include "base/range.h"
#include "copy/compare.h"
#include "sim/disk.h"
#include "sim/stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull;

#define TURNS_MAX 3000000
#define UNIT_BYTES_MAX (UINT64_C(64) << 10)

struct sim {
  struct random random;
  struct disk disks[2];
  struct loop loop;
  struct compare compare;
  struct compare_config config;
  uint64_t turns, signal_at_us, signalled_us;
  bool is_frugal; /* what reads as zeros on both sides mustn't be read */
};

static struct sim sim;
static struct areas areas;
static uint8_t content[2][DISK_BYTES_MAX], marks[DISK_BYTES_MAX], defects[2][DISK_BYTES_MAX];
static unsigned char buffers[2 * COMPARE_UNITS_MAX * UNIT_BYTES_MAX];

/* ---- The model ---- */

static uint64_t
size_of(int side)
{
  return sim.disks[side].bytes;
}

static uint64_t
total(void)
{
  return range_max(size_of(0), size_of(1));
}

/* Behind its end, a disk goes on with zeros. */
static uint8_t
byte_of(int side, uint64_t at)
{
  return at < size_of(side) ? content[side][at] : 0;
}

static bool
differs(uint64_t at)
{
  return byte_of(0, at) != byte_of(1, at);
}

static bool
is_bad(uint64_t at)
{
  return (at < size_of(0) && defects[0][at]) || (at < size_of(1) && defects[1][at]);
}

/* The first byte of a range that differs; its end where there is none. */
static uint64_t
first_different(uint64_t start, uint64_t end)
{
  while (start < end && !differs(start))
    start++;
  return start;
}

/* ---- What must hold of each request ---- */

unsigned
sim_failures(const struct request *request)
{
  return request->kind == REQUEST_READ ? ((const struct compare_read *)request)->retry.failures : 0;
}

void
sim_see(const struct request *request)
{
  sim_fail("a request of kind %d to something that is written to", (int)request->kind);
}

/* Data, or something not far from it. */
static bool
is_near_data(const struct request *request)
{
  uint64_t near = range_max(BRIDGE_BYTES, sim.compare.rules.grain_bytes);
  uint64_t at = request->offset - range_min(request->offset, near);
  uint64_t end = range_min(request->offset + request->length + near, total());

  while (at < end && byte_of(0, at) == 0 && byte_of(1, at) == 0)
    at++;
  return at < end;
}

void
sim_see_asked(const struct request *request)
{
  if (request->kind == REQUEST_READ)
    sim_check(!sim.is_frugal || is_near_data(request), "zeros at %llu are read, which both said they are",
              (ull)request->offset);
}

/* ---- The loop, on simulated time ---- */

int
loop_wait(struct loop *loop, struct fault *fault)
{
  uint64_t next_us = range_min(disk_next_us(&sim.disks[0]), disk_next_us(&sim.disks[1]));

  (void)fault;
  sim_check(++sim.turns < TURNS_MAX, "it goes on for ever");
  sim_check(sim.signalled_us == NEVER || stage.now_us <= sim.signalled_us + COPY_STOP_MS * 1000 + 1000,
            "it was stopped, and goes on");
  stage_pass_time(loop, next_us, sim.signal_at_us);
  if (stage_signal(loop, &sim.signal_at_us))
    sim.signalled_us = stage.now_us;
  disk_advance(&sim.disks[0], stage.now_us);
  disk_advance(&sim.disks[1], stage.now_us);
  return 0;
}

static struct compare_observer observer;

/* ---- One scenario out of a seed ---- */

static void
fill_disks(void)
{
  uint64_t longest = random_power(&sim.random, 6, 17), most = range_max(total(), 1);
  bool zero = random_one_in(&sim.random, 2);

  for (uint64_t at = 0; at < most; zero = !zero)
    for (uint64_t end = range_min(at + random_between(&sim.random, 1, longest), most); at < end; at++)
      content[0][at] = content[1][at] = zero ? 0 : (uint8_t)(1 + (at * 31 + at / 251) % 255);
}

/* Bytes, sectors or long ranges of one disk are something else, or zeros. */
static void
make_differences(void)
{
  for (uint64_t count = random_one_in(&sim.random, 3) ? 0 : random_between(&sim.random, 1, 8); count > 0; count--) {
    uint64_t start = random_between(&sim.random, 0, total()), length = random_power(&sim.random, 0, 15);
    uint8_t *bytes = content[random_one_in(&sim.random, 2)];
    bool zero = random_one_in(&sim.random, 3);
    for (uint64_t at = start; at < range_min(start + length, total()); at++)
      bytes[at] = zero ? 0 : (uint8_t)(bytes[at] + 1);
  }
}

/* What lies behind the shorter one's end is zeros half of the time. */
static void
choose_ends_of_disks(void)
{
  bool zero = random_one_in(&sim.random, 2);

  for (uint64_t at = range_min(size_of(0), size_of(1)); zero && at < total(); at++)
    content[0][at] = content[1][at] = 0;
}

static void
make_defects(int side)
{
  memset(defects[side], 0, DISK_BYTES_MAX);
  if (!random_one_in(&sim.random, 4) || size_of(side) == 0)
    return;
  for (uint64_t count = random_between(&sim.random, 1, 4); count > 0; count--) {
    uint64_t start = random_between(&sim.random, 0, size_of(side) - 1);
    uint64_t end = range_min(start + random_power(&sim.random, 0, 13), size_of(side));
    memset(defects[side] + start, DEFECT_BAD, end - start);
  }
  sim.disks[side].defects = defects[side];
}

static struct manners
choose_manners(bool is_stream)
{
  struct random *random = &sim.random;
  struct manners manners = { .dies_at_us = NEVER };

  manners.delay_max_us = random_one_in(random, 4) ? 0 : random_power(random, 0, 14);
  manners.split_one_in = random_one_in(random, 2) ? 3 : 0;
  manners.survey_fails_one_in = random_one_in(random, 6) ? 3 : 0;
  manners.survey_lies_one_in = random_one_in(random, 2) ? 2 : 0;
  manners.reply_missing_one_in = random_one_in(random, 12) ? 8 : 0;
  if (random_one_in(random, 3))
    manners.dies_at_us = random_between(random, 0, 50000);
  manners.returns = !is_stream && !random_one_in(random, 4);
  manners.stays_one_in = 3;
  manners.refuses_one_in = random_one_in(random, 2) ? 3 : 0;
  manners.other_one_in = random_one_in(random, 30) ? 3 : 0;
  manners.transient_one_in = random_one_in(random, 2) ? 6 : 0;
  manners.transient_left = is_stream ? 0 : 20;
  return manners;
}

static void
choose_disk(int side, uint64_t size)
{
  struct random *random = &sim.random;
  struct disk *disk = &sim.disks[side];
  bool is_stream = random_one_in(random, 6);
  uint64_t block_min = is_stream || random_one_in(random, 2) ? 1 : random_power(random, 0, 14);

  if (!is_stream)
    size = range_min(range_align_up(size, random_one_in(random, 3) ? block_min : 1), DISK_BYTES_MAX);
  disk->base.traits = (struct traits){ .size = is_stream ? SIZE_UNKNOWN : size,
                                       .block_min = block_min,
                                       .block_preferred = block_min,
                                       .request_max = is_stream ? UNIT_BYTES_MAX
                                                                : range_max(block_min, random_power(random, 9, 20)),
                                       .can_extents = !is_stream && !random_one_in(random, 4),
                                       .in_order = is_stream,
                                       .requests_max = (unsigned)random_between(random, 1, 40) };
  snprintf(disk->base.name, sizeof disk->base.name, "disk %d", side);
  if (disk->base.traits.can_extents)
    contexts_add(&disk->base.contexts, CONTEXT_ALLOCATION_NAME, false);
  disk->random.state = random_next(random);
  disk->manners = choose_manners(is_stream);
  disk->role = ROLE_SOURCE;
  disk->bytes = size;
  disk->content = content[side];
  disk->marks = marks;
}

static void
choose_config(void)
{
  struct random *random = &sim.random;
  const struct traits *one = &sim.disks[0].base.traits, *other = &sim.disks[1].base.traits;
  uint64_t block = range_max(one->block_min, other->block_min);

  sim.config = (struct compare_config){
    .ends = { &sim.disks[0].base, &sim.disks[1].base },
    .loop = &sim.loop,
    .observer = &observer,
    .budget = { .unit_bytes = range_max(random_power(random, 12, 16), block),
                .units = (unsigned)random_between(random, 1, COMPARE_UNITS_MAX) },
    .buffers = buffers,
    .areas = random_one_in(random, 2) ? &areas : NULL,
    .extents = !random_one_in(random, 6),
    .bytes_per_s = random_one_in(random, 8) ? MIB : 0,
    .retry_ms = random_one_in(random, 6)   ? 0
                : random_one_in(random, 4) ? 2000
                                           : UINT64_MAX,
  };
  if (sim.config.areas)
    areas_init(&areas, compare_map_bytes(&sim.disks[0].base, &sim.disks[1].base), true);
}

/* Whether both tell at once, and the truth, what is zeros. */
static bool
is_frugal(void)
{
  for (int i = 0; i < 2; i++) {
    const struct disk *disk = &sim.disks[i];
    if (!disk->base.traits.can_extents || disk->manners.delay_max_us || disk->defects ||
        disk->manners.survey_fails_one_in || disk->manners.survey_lies_one_in || disk->manners.reply_missing_one_in ||
        disk->manners.dies_at_us != NEVER)
      return false;
  }
  return sim.config.extents;
}

static void
make_scenario(uint64_t seed)
{
  struct random *random = &sim.random;

  memset(&sim, 0, sizeof sim);
  sim.random.state = seed;
  sim.signal_at_us = sim.signalled_us = NEVER;
  if (random_one_in(random, 12))
    sim.signal_at_us = random_between(random, 0, random_power(random, 8, 18));
  uint64_t size = random_between(random, 0, random_power(random, 6, 19));
  choose_disk(0, size);
  choose_disk(1, random_one_in(random, 2) ? size : random_between(random, 0, random_power(random, 6, 19)));
  fill_disks();
  make_differences();
  choose_ends_of_disks();
  choose_config();
  for (int i = 0; i < 2; i++) {
    make_defects(i);
    disk_init(&sim.disks[i]);
  }
  sim.is_frugal = is_frugal();
}

/* ---- What must hold at the end ---- */

static bool
may_fail(void)
{
  for (int i = 0; i < 2; i++) {
    const struct disk *disk = &sim.disks[i];
    if (disk->deaths > 0 && (!disk->manners.returns || disk->manners.other_one_in || sim.config.retry_ms != UINT64_MAX))
      return true;
    if (disk->faults > 0 && (!sim.config.areas || disk->base.traits.in_order))
      return true;
    if (disk->manners.transient_left < 20 && !disk->base.traits.in_order && sim.config.retry_ms == 0)
      return true;
  }
  return sim.signalled_us != NEVER;
}

/* A read that fails may say nothing of what is good before that. */
static bool
is_before_bad(uint64_t offset)
{
  uint64_t end = offset + sim.compare.rules.unit_bytes;

  while (offset < end && !is_bad(offset))
    offset++;
  return offset < end;
}

static void
check_failure(const struct fault *fault)
{
  uint64_t below = range_min(compare_known_below(&sim.compare), total());

  sim_check(may_fail(), "it failed without a reason: %s", fault->text);
  if (!sim.config.areas)
    sim_check(first_different(0, below) == below, "below %llu they are not the same", (ull)below);
  if (sim.compare.first_difference != UINT64_MAX)
    sim_check(differs(sim.compare.first_difference), "they don't differ at %llu", (ull)sim.compare.first_difference);
  if (sim.compare.failure.end && sim.compare.failure.errnum == EIO && sim.config.retry_ms > 0)
    sim_check(is_before_bad(sim.compare.failure.offset), "byte %llu can be read", (ull)sim.compare.failure.offset);
}

/* What is called bad is no further from a byte that is than what is asked for at once, in whole grains. */
static void
check_bad(struct range range)
{
  uint64_t grain = sim.compare.rules.grain_bytes,
           near = grain + range_max(grain, sim.compare.rules.unit_bytes / RETRY_PARTS);
  uint64_t start, end;

  if (sim.config.retry_ms == 0)
    return;
  for (uint64_t at = range.start; at < range.end; at++) {
    start = at - range_min(at, near);
    for (end = at + near; start < end && !is_bad(start);)
      start++;
    sim_check(start < end, "byte %llu is called bad", (ull)at);
  }
}

/* Each sector that is called different is so, in what of it is called that. */
static void
check_different(struct range range)
{
  for (uint64_t at = range.start, end; at < range.end; at = end) {
    end = range_min(range_align_down(at, COMPARE_SECTOR_BYTES) + COMPARE_SECTOR_BYTES, range.end);
    sim_check(first_different(at, end) < end, "the sector at %llu is called different", (ull)at);
  }
}

static void
check_areas(void)
{
  uint64_t different = 0, bad = 0;
  struct area area;

  sim_check(areas.size == total(), "the map has %llu bytes", (ull)areas.size);
  for (uint64_t at = 0; at < total(); at = area.range.end) {
    sim_check(areas_find(&areas, (struct range){ at, total() }, AREA_STATUSES_ALL, false, &area), "a map with a hole");
    if (area.status == AREA_FINISHED) {
      check_different(area.range);
      different += range_length(area.range);
    } else if (area.status == AREA_BAD_SECTOR) {
      check_bad(area.range);
      bad += range_length(area.range);
    } else {
      sim_check(first_different(at, area.range.end) == area.range.end, "a difference was missed behind %llu", (ull)at);
    }
  }
  sim_check(different == sim.compare.different_bytes, "%llu bytes differ, %llu are told", (ull)different,
            (ull)sim.compare.different_bytes);
  sim_check(bad == sim.compare.unreadable_bytes, "%llu bytes are bad, %llu are told", (ull)bad,
            (ull)sim.compare.unreadable_bytes);
}

static void
check_answer(void)
{
  uint64_t first = first_different(0, total()), found = sim.compare.first_difference;

  if (sim.config.areas)
    check_areas();
  if (sim.config.areas && sim.compare.unreadable_bytes > 0)
    sim_check(found == UINT64_MAX || differs(found), "they don't differ at %llu", (ull)found);
  else
    sim_check(found == (first == total() ? UINT64_MAX : first), "the first difference is at %llu, not %llu", (ull)first,
              (ull)found);
}

static void
run_seed(uint64_t seed)
{
  struct fault fault = { .exit_code = EXIT_DONE };

  make_scenario(seed);
  sim_trace("%llu and %llu bytes, %u units of %llu bytes%s", (ull)size_of(0), (ull)size_of(1), sim.config.budget.units,
            (ull)sim.config.budget.unit_bytes, sim.config.areas ? ", all differences" : "");
  loop_init(&sim.loop, &fault);
  compare_init(&sim.compare, &sim.config);
  if (compare_run(&sim.compare, &fault) == -1)
    check_failure(&fault);
  else
    check_answer();
  sim_trace("%8llu us: first difference %llu; %s", (ull)stage.now_us, (ull)sim.compare.first_difference, fault.text);
}

struct stage stage = {
  .name = "sim-compare", .replay = "build/tests/sim/sim-compare", .count = 1000, .run_seed = run_seed
};
