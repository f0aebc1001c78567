/* SPDX-License-Identifier: MIT */
/* sim-rescue: rescues of simulated failing disks, each decided by one seed.
 *
 *   sim-rescue SEED              replays one, and traces it
 *   sim-rescue --from=N --count=M  runs many; a failing seed is printed
 *
 * The real rescue runs between two disks (disk.h), the source with bad sectors, slow zones and places at which it hangs, on a
 * simulated clock. It is ended at random moments: killed with a loss of power, by signals, by a destination that fails; and goes on
 * from the map that was kept last, until all is tried. Whenever a map is kept, every byte that it calls finished is on stable
 * storage, and right; nothing else is ever written than what the source holds, or marks where it can't be read. In the end
 * the bad areas are the injected ones, to the sector.
 */
#include "base/range.h"
#include "copy/rescue_run.h"
#include "sim/disk.h"
#include "sim/stage.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull;

#define TURNS_MAX 3000000
#define BEYOND_BYTES (UINT64_C(64) << 10)

/* What the destination holds where nothing was written, and zeros needn't be. */
static const char mark_words[] = "a time";

struct sim {
  struct random random;
  struct disk source, destination;
  struct loop loop;
  struct rescue_run run;
  struct rescue_run_config config;
  uint64_t turns;
  uint64_t size, sector;

  /* How this session ends. */
  uint64_t killed_at_us, signal_at_us, signalled_us;
  jmp_buf killed;
  int result;

  /* The map that was kept last. */
  bool is_kept;
  enum area_status phase;
  unsigned pass;
  uint64_t position;
};

static struct sim sim;
static struct areas areas, kept, domain;
static uint8_t source_content[DISK_BYTES_MAX], destination_content[DISK_BYTES_MAX], before[DISK_BYTES_MAX];
static uint8_t stable[DISK_BYTES_MAX], flushing[DISK_BYTES_MAX], late_bytes[DISK_BYTES_MAX];
static uint8_t decided[DISK_BYTES_MAX], unused[1], marks[DISK_BYTES_MAX], defects[DISK_BYTES_MAX];
static unsigned char buffers[RESCUE_BUFFERS_BYTES];

/* ---- What must hold of each request ---- */

unsigned
sim_failures(const struct request *request)
{
  (void)request;
  return 0;
}

static bool
has_defect(struct range range, unsigned which)
{
  for (uint64_t at = range.start; at < range.end; at++)
    if (defects[at] & which)
      return true;
  return false;
}

/* What is read or not as a whole, and what is written in its place where it isn't; made once, since most bytes are looked at. */
struct sector {
  struct range range;
  bool is_bad;
  char line[128]; /* words with its offset, again and again */
  unsigned line_bytes;
};

static struct sector
sector_at(uint64_t at)
{
  uint64_t start = range_align_down(at, sim.sector);
  struct sector sector = { .range = { start, range_min(start + sim.sector, sim.size) } };

  sector.is_bad = has_defect(sector.range, DEFECT_BAD | DEFECT_HANGS);
  if (sector.is_bad)
    sector.line_bytes = (unsigned)snprintf(sector.line, sizeof sector.line, "decant: unreadable at offset %llu, %s\n",
                                           (ull)start, mark_words);
  return sector;
}

/* Where a mark stands: zeros, or words. */
static bool
is_mark(const struct sector *sector, uint64_t at, uint8_t byte)
{
  if (sim.config.mark == MARK_NONE || !sector->is_bad)
    return false;
  return byte ==
         (sim.config.mark == MARK_ZERO ? 0 : (uint8_t)sector->line[(at - sector->range.start) % sector->line_bytes]);
}

/* What is finished isn't read again, but for sectors that others finished in part. */
void
sim_see_asked(const struct request *request)
{
  uint64_t end = request->offset + request->length;
  struct area left;

  for (uint64_t at = range_align_down(request->offset, sim.sector); at < end; at += sim.sector)
    sim_check(areas_find(&areas, (struct range){ at, range_min(at + sim.sector, sim.size) },
                         AREA_STATUSES_ALL & ~(1u << AREA_FINISHED), false, &left),
              "the sector at %llu is read again", (ull)at);
}

static void
check_written(const struct request *request)
{
  uint64_t end = request->offset + request->length;
  struct sector sector = sector_at(request->offset);

  for (uint64_t i = request->offset; i < end; i++) {
    uint8_t byte = request->payload[i - request->offset];
    if (i == sector.range.end)
      sector = sector_at(i);
    sim_check(byte == source_content[i] || is_mark(&sector, i, byte),
              "byte %llu is written, and is neither the source's nor a mark", (ull)i);
  }
}

void
sim_see(const struct request *request)
{
  if (request->kind == REQUEST_WRITE &&
      memcmp(request->payload, source_content + request->offset, request->length) != 0)
    check_written(request);
}

/* ---- The loop, on simulated time ---- */

int
loop_wait(struct loop *loop, struct fault *fault)
{
  uint64_t next_us = range_min(disk_next_us(&sim.source), disk_next_us(&sim.destination));

  (void)fault;
  sim_check(++sim.turns < TURNS_MAX, "it goes on for ever");
  sim_check(sim.signalled_us == NEVER || stage.now_us <= sim.signalled_us + COPY_STOP_MS * 1000 + 1000,
            "it was stopped, and goes on");
  stage_pass_time(loop, next_us, range_min(sim.signal_at_us, sim.killed_at_us));
  if (stage.now_us >= sim.killed_at_us)
    longjmp(sim.killed, 1);
  if (stage_signal(loop, &sim.signal_at_us))
    sim.signalled_us = stage.now_us;
  disk_advance(&sim.source, stage.now_us);
  disk_advance(&sim.destination, stage.now_us);
  return 0;
}

/* ---- The observer ---- */

/* Each byte that a map calls finished is the source's, on stable storage, or reads as zeros because nothing was written. */
static void
check_map(const struct areas *map)
{
  struct area area;

  for (uint64_t at = 0; areas_find(map, (struct range){ at, sim.size }, 1u << AREA_FINISHED, false, &area);
       at = area.range.end)
    if (memcmp(stable + area.range.start, source_content + area.range.start, range_length(area.range)) != 0)
      for (uint64_t i = area.range.start; i < area.range.end; i++)
        sim_check(stable[i] == source_content[i], "byte %llu is called finished, and isn't there", (ull)i);
}

static int
keep(struct rescue_observer *observer, const struct rescue_run *run, struct fault *fault)
{
  (void)observer, (void)fault;
  check_map(&areas);
  kept = areas;
  sim.is_kept = true;
  sim.phase = run->rescue.phase;
  sim.pass = run->rescue.pass;
  sim.position = rescue_position(&run->rescue);
  sim_trace("%8llu us the map is kept: phase %d, pass %u, at %llu", (ull)stage.now_us, (int)sim.phase, sim.pass,
            (ull)sim.position);
  return 0;
}

static struct rescue_observer observer = { .keep = keep };

/* ---- One scenario out of a seed ---- */

static void
fill_disk(void)
{
  uint64_t longest = random_power(&sim.random, 6, 17);
  bool zero = random_one_in(&sim.random, 2);

  for (uint64_t at = 0; at < sim.size; zero = !zero) {
    uint64_t end = range_min(at + random_between(&sim.random, 1, longest), sim.size);
    for (; at < end; at++)
      source_content[at] = zero ? 0 : (uint8_t)(1 + (at * 31 + at / 251) % 255);
  }
}

/* Runs of whole blocks of the source with one defect. */
static void
make_defects(unsigned defect, unsigned count, uint64_t longest)
{
  uint64_t block = range_max(sim.source.base.traits.block_min, 512);

  for (; count > 0; count--) {
    uint64_t start = range_align_down(random_between(&sim.random, 0, sim.size - 1), block);
    uint64_t end = range_min(start + block * random_between(&sim.random, 1, longest), sim.size);
    for (; start < end; start++)
      defects[start] |= (uint8_t)defect;
  }
}

static struct traits
choose_traits(void)
{
  struct random *random = &sim.random;
  uint64_t block_min = random_one_in(random, 2) ? 1 : random_power(random, 0, 12);

  return (struct traits){ .size = sim.size,
                          .block_min = block_min,
                          .block_preferred = block_min,
                          .request_max = random_power(random, 12, 20),
                          .can_flush = true,
                          .can_read = true,
                          .requests_max = (unsigned)random_between(random, 1, 40) };
}

static void
choose_disk(struct disk *disk, const char *name, enum role role)
{
  memset(disk, 0, sizeof *disk);
  disk->base = (struct endpoint){ .traits = choose_traits(), .name = "" };
  snprintf(disk->base.name, sizeof disk->base.name, "%s", name);
  disk->random.state = random_next(&sim.random);
  disk->manners = (struct manners){ .delay_max_us = random_power(&sim.random, 0, 12), .dies_at_us = NEVER };
  disk->role = role;
  disk->bytes = sim.size;
  disk->decided = unused;
}

static void
choose_disks(void)
{
  choose_disk(&sim.source, "source", ROLE_SOURCE);
  sim.source.content = source_content;
  sim.source.marks = marks;
  sim.source.defects = defects;
  sim.source.manners.split_one_in = random_one_in(&sim.random, 2) ? 3 : 0;
  sim.source.manners.returns = true;
  sim.source.manners.stays_one_in = 1;
  disk_init(&sim.source);
  choose_disk(&sim.destination, "destination", ROLE_DESTINATION);
  sim.destination.content = destination_content;
  sim.destination.stable = stable;
  sim.destination.flushing = flushing;
  sim.destination.late_bytes = late_bytes;
  sim.destination.decided = decided;
  sim.destination.watched_bytes = sim.size + BEYOND_BYTES;
  disk_init(&sim.destination);
}

static void
choose_domain(void)
{
  uint64_t grid = sim.config.mark == MARK_NONE ? 512 : sim.sector;

  areas_init(&domain, sim.size, true);
  for (unsigned i = 0; i < 4; i++) {
    uint64_t start = range_align_down(random_between(&sim.random, 0, sim.size), grid);
    uint64_t end = start + range_align_down(random_between(&sim.random, 0, sim.size), grid);
    areas_set(&domain, (struct range){ start, range_min(end, sim.size) }, AREA_FINISHED);
  }
  sim.config.domain = &domain;
}

static void
fill_destination(bool is_zero)
{
  for (uint64_t i = 0; i < sim.size + BEYOND_BYTES; i++)
    before[i] = is_zero ? 0 : (uint8_t)(0xd5 + i + i / 256);
  memcpy(destination_content, before, sim.size + BEYOND_BYTES);
  memcpy(stable, before, sim.size + BEYOND_BYTES);
}

static void
make_scenario(uint64_t seed)
{
  struct random *random = &sim.random;
  struct fault fault;

  memset(&sim, 0, sizeof sim);
  sim.random.state = seed;
  sim.size = range_align_down(random_between(random, 4096, random_power(random, 13, 19)), 4096);
  if (random_one_in(random, 4))
    sim.size += 512 * random_between(random, 1, 7);
  choose_disks();
  sim.sector = range_max(512, range_max(sim.source.base.traits.block_min, sim.destination.base.traits.block_min));
  sim_check(rescue_run_check(&sim.source.base, &sim.destination.base, &fault) == 0, "refused: %s", fault.text);
  fill_disk();
  memset(defects, 0, sim.size);
  make_defects(DEFECT_BAD, (unsigned)random_between(random, 0, 12), random_one_in(random, 3) ? 100 : 3);
  make_defects(DEFECT_SLOW, (unsigned)random_between(random, 0, 3), 50);
  if (random_one_in(random, 3))
    make_defects(DEFECT_HANGS, (unsigned)random_between(random, 1, 2), 2);
  sim.config = (struct rescue_run_config){ .source = &sim.source.base,
                                           .destination = &sim.destination.base,
                                           .loop = &sim.loop,
                                           .observer = &observer,
                                           .areas = &areas,
                                           .retry_passes = (unsigned)random_between(random, 0, 2),
                                           .buffers = buffers,
                                           .skip_zeros = random_one_in(random, 2),
                                           .mark = (enum mark)random_between(random, 0, MARK_PATTERN),
                                           .mark_words = mark_words,
                                           .slow_bytes_per_s = random_one_in(random, 2) ? MIB : 0,
                                           .errors_max = UINT64_MAX,
                                           .keep_ms = random_between(random, 0, 50),
                                           .retry_ms = UINT64_MAX };
  if (random_one_in(random, 4))
    choose_domain();
  fill_destination(sim.config.skip_zeros);
}

/* How a session ends; the last one has nothing in its way but the disk. */
static void
choose_end(bool is_last)
{
  struct random *random = &sim.random;
  uint64_t at_us = stage.now_us + random_between(random, 0, random_power(random, 8, 24));

  sim.killed_at_us = sim.signal_at_us = sim.signalled_us = NEVER;
  sim.source.manners.refuses_one_in = random_one_in(random, 2) ? 3 : 0;
  sim.source.manners.dies_at_us = random_one_in(random, 3) ? stage.now_us + random_between(random, 0, 50000) : NEVER;
  sim.destination.manners.write_fails_one_in = 0;
  sim.destination.manners.flush_fails = false;
  sim.destination.manners.dies_at_us = NEVER;
  switch (is_last ? 5 : random_between(random, 0, 5)) {
  case 0:
  case 1:
    sim.killed_at_us = at_us;
    break;
  case 2:
    sim.signal_at_us = at_us;
    break;
  case 3:
    sim.destination.manners.write_fails_one_in = (unsigned)random_between(random, 1, 30);
    break;
  case 4:
    sim.destination.manners.flush_fails = true;
    break;
  }
}

/* ---- What must hold at the end ---- */

static bool
is_same_map(const struct areas *one, const struct areas *other)
{
  for (size_t i = 0; one->count == other->count && i < one->count; i++)
    if (one->list[i].start != other->list[i].start || one->list[i].status != other->list[i].status)
      return false;
  return one->count == other->count;
}

/* It ended in good order, so nothing that it did is lost. */
static void
check_end(int result, const struct fault *fault)
{
  if (!sim.run.is_unsafe && !sim.run.flushing)
    sim_check(sim.is_kept && is_same_map(&areas, &kept), "what was done isn't in the map: %s", fault->text);
  if (result == -1)
    sim_check(sim.run.stop != RESCUE_GOES_ON && fault->exit_code == EXIT_FAILED, "it failed without a reason");
  if (sim.run.stop == RESCUE_STOP_FAULT)
    sim_check(sim.destination.manners.write_fails_one_in || sim.destination.manners.flush_fails, "it failed: %s",
              fault->text);
}

static void
check_outside(struct range range, enum area_status status)
{
  for (uint64_t at = range.start; at < range.end; at++) {
    uint8_t byte = destination_content[at];
    sim_check(status == AREA_NON_TRIED, "byte %llu is outside of the domain, and has a status", (ull)at);
    sim_check(byte == before[at] || byte == source_content[at], "byte %llu, outside of the domain, was changed",
              (ull)at);
  }
}

static void
check_bytes(const struct sector *sector, struct range range, enum area_status status)
{
  sim_check(status == (sector->is_bad ? AREA_BAD_SECTOR : AREA_FINISHED), "byte %llu is %s, and has the status %d",
            (ull)range.start, sector->is_bad ? "bad" : "good", (int)status);
  for (uint64_t at = range.start; at < range.end; at++) {
    uint8_t byte = destination_content[at];
    if (!sector->is_bad)
      sim_check(byte == source_content[at], "byte %llu is wrong", (ull)at);
    else if (sim.config.mark == MARK_NONE)
      sim_check(byte == before[at], "byte %llu can't be read, and was changed", (ull)at);
    else
      sim_check(is_mark(sector, at, byte), "byte %llu can't be read, and isn't marked", (ull)at);
  }
}

/* A sector, in parts of one status each, which are in the domain or not. */
static void
check_sector(const struct sector *sector)
{
  struct area area, part = { .status = AREA_FINISHED };

  for (struct range left = sector->range; !range_is_empty(left); left.start = area.range.end) {
    areas_find(&areas, left, AREA_STATUSES_ALL, false, &area);
    if (sim.config.domain) {
      areas_find(&domain, area.range, AREA_STATUSES_ALL, false, &part);
      area.range = part.range;
    }
    if (part.status == AREA_FINISHED)
      check_bytes(sector, area.range, area.status);
    else
      check_outside(area.range, area.status);
  }
}

static void
check_rescued(void)
{
  disk_lose_power(&sim.destination);
  for (uint64_t at = 0; at < sim.size; at += sim.sector) {
    struct sector sector = sector_at(at);
    check_sector(&sector);
  }
  for (uint64_t at = sim.size; at < sim.size + BEYOND_BYTES; at++)
    sim_check(destination_content[at] == before[at], "byte %llu beyond the end was changed", (ull)at);
}

/* Returns whether all was tried. */
static bool
run_session(bool is_last)
{
  struct fault fault = { .exit_code = EXIT_DONE };

  choose_end(is_last);
  sim.turns = 0;
  sim.result = -1;
  loop_init(&sim.loop, &fault);
  if (sim.is_kept)
    areas = kept;
  else
    areas_init(&areas, sim.size, false);
  rescue_run_init(&sim.run, &sim.config);
  if (sim.is_kept)
    rescue_run_resume(&sim.run, sim.phase, sim.pass, sim.position);
  if (setjmp(sim.killed) == 0) {
    sim.result = rescue_run(&sim.run, &fault);
    sim_trace("%8llu us result %d: %s", (ull)stage.now_us, sim.result, fault.text);
    check_end(sim.result, &fault);
  } else {
    sim_trace("%8llu us killed", (ull)stage.now_us);
  }
  disk_forget_requests(&sim.source);
  disk_forget_requests(&sim.destination);
  if (sim.result == -1)
    disk_lose_power(&sim.destination);
  sim.config.skip_zeros = false; /* something was written */
  return sim.result == 0;
}

static void
run_seed(uint64_t seed)
{
  struct fault fault;

  make_scenario(seed);
  sim.destination.base.ops->prepare(&sim.destination.base, sim.size, &fault);
  unsigned sessions = (unsigned)random_between(&sim.random, 0, 6);
  while (!run_session(sessions == 0))
    sessions -= sessions > 0;
  check_rescued();
}

struct stage stage = {
  .name = "sim-rescue", .replay = "build/tests/sim/sim-rescue", .count = 1000, .run_seed = run_seed
};
