/* SPDX-License-Identifier: MIT */
/* disks: whole copies between simulated files, block devices and streams, each decided by one seed.
 *
 *   disks SEED              replays one, and traces it
 *   disks --from=N --count=M  runs many; a failing seed is printed
 *
 * What runs is the program's own, from the engine to the system calls: src/copy, src/local, the loop of src/os. Below that,
 * kernel.h has the calls and rings, storage.h and pipes.h what they are about. Afterwards: a copy
 * that ended well is one, on stable storage and under its name, and as long as its source; one that didn't says why, and what it calls flushed is;
 * where nothing went wrong, it ends well; nothing waits for ever, a signal ends it in time and isn't lost; and all is closed.
 */
#include "base/range.h"
#include "copy/copy.h"
#include "job/ask.h"
#include "local/endpoint_file.h"
#include "local/endpoint_pipe.h"
#include "sim/check.h"
#include "sim/stage.h"
#include "sim/whole/config.h"
#include "sim/whole/machine.h"
#include "storage/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

enum kind { KIND_FILE, KIND_DEVICE, KIND_STREAM };
static const char *const kinds[] = { "file", "device", "stream" };
/* Lawful; lawful, and disks are pulled and come back; or anything. */
enum temper { TEMPER_MILD, TEMPER_LOSSY, TEMPER_FAILING };
static const char *const tempers[] = { "mild", "lossy", "failing" };

struct disks {
  struct random random;
  enum kind from, to;
  enum temper temper;
  enum role role;
  struct loop loop;
  uint64_t size; /* of the source */
  uint64_t start;
  uint64_t flushed_below;
  bool is_flushed; /* at the end */
  bool refused;    /* before anything was copied */
};

static struct disks disks;
static struct storage storages[2];
static struct pipe pipes[2];
static struct endpoint_file files[2];
static struct endpoint_pipe streams[2];
static struct ring rings[2];
static struct copy copy;
static struct copy_config config;
static uint8_t contents[2][STORAGE_BYTES_MAX], stable[STORAGE_BYTES_MAX], flushing[STORAGE_BYTES_MAX];
/* What the source had, whatever others do to it; and the destination. */
static uint8_t original[STORAGE_BYTES_MAX], before[STORAGE_BYTES_MAX];
static bool allocated[2][STORAGE_BYTES_MAX / 512 + 1], cached[2][STORAGE_BYTES_MAX / STORAGE_PAGE_BYTES + 1];

/* ---- One scenario out of a seed ---- */

static unsigned
now_and_then(unsigned one_run_in, unsigned rarest)
{
  return random_one_in(&disks.random, one_run_in) ? (unsigned)random_between(&disks.random, 1, rarest) : 0;
}

static uint64_t
choose_size(void)
{
  struct random *random = &disks.random;

  switch (random_between(random, 0, 9)) {
  case 0:
    return random_between(random, 0, 2);
  case 1:
    return random_between(random, 0, 5000);
  case 2:
    return random_between(random, 0, STORAGE_BYTES_MAX / 4);
  case 3: /* whole pages */
    return random_between(random, 0, 30) * STORAGE_PAGE_BYTES;
  default:
    return random_between(random, 0, random_power(random, 12, 17));
  }
}

/* Data and zeros in runs of all lengths; whole blocks of zeros may be holes. */
static void
fill(struct storage *storage)
{
  struct random *random = &disks.random;
  uint64_t alignment = random_power(random, 0, 14), longest = random_power(random, 4, 17);
  bool zero = random_one_in(random, 2), is_sparse = random_one_in(random, 2);

  for (uint64_t at = 0; at < storage->size; zero = !zero) {
    uint64_t length = range_align_up(random_between(random, 1, longest), alignment);
    uint64_t end = range_min(at + length, storage->size), base = random_next(random);
    for (; at < end; at++)
      storage->content[at] = zero ? 0 : (uint8_t)(1 + (at * 31 + at / 251 + base) % 255);
  }
  for (uint64_t at = 0; at < storage->size; at += storage->block) {
    const uint8_t *block = storage->content + at;
    uint64_t length = range_min(storage->block, storage->size - at);
    bool is_zero = block[0] == 0 && memcmp(block, block + 1, length - 1) == 0;
    storage->allocated[at / storage->block] = !is_zero || !is_sparse || storage->is_device;
  }
}

/* What is no failure. */
static void
choose_habits(struct storage *storage)
{
  struct random *random = &disks.random;
  struct storage_manners *manners = &storage->manners;

  manners->no_direct = random_one_in(random, 6);
  manners->wants_more = !storage->is_device && random_one_in(random, 12);
  manners->no_holes = !storage->is_device && random_one_in(random, 8);
  manners->sees_cache = !random_one_in(random, 4);
  manners->unringed = random_one_in(random, 6) ? (unsigned)random_between(random, 1, 7) : 0;
  manners->no_ways = random_one_in(random, 3) ? (unsigned)random_between(random, 1, 7) : 0;
  manners->delay_max_us = random_one_in(random, 4) ? 0 : random_power(random, 0, 18);
  manners->slow_one_in = now_and_then(4, 10);
  manners->slow_max_us = random_power(random, 4, 16);
  manners->short_one_in = now_and_then(3, 4);
  manners->interrupted_one_in = now_and_then(4, 10) * 3;
  manners->not_now_one_in = now_and_then(4, 10) * 3;
  manners->busy_one_in = now_and_then(4, 3);
  manners->room_bytes = manners->dies_at_us = STORAGE_NEVER;
}

static void
choose_losses(struct storage *storage)
{
  struct random *random = &disks.random;
  struct storage_manners *manners = &storage->manners;

  if (random_one_in(random, 2))
    manners->dies_at_us = random_between(random, 0, random_power(random, 4, 20));
  manners->away_max_us = random_power(random, 4, 24);
  manners->dies_again_one_in = now_and_then(2, 4);
  if (manners->dies_again_one_in == 1)
    manners->dies_again_one_in = 2;
  manners->forgets_one_in = now_and_then(2, 2);
}

static void
choose_faults(struct storage *storage)
{
  struct random *random = &disks.random;
  struct storage_manners *manners = &storage->manners;

  manners->other_one_in = now_and_then(4, 2);
  manners->never_back_one_in = now_and_then(4, 3);
  if (storage->is_source && random_one_in(random, 4)) {
    manners->bad_start = random_between(random, 0, storage->size);
    manners->bad_end = manners->bad_start + random_between(random, 1, 5000);
  }
  manners->read_fails_one_in = now_and_then(3, 30);
  manners->write_fails_one_in = now_and_then(3, 30);
  manners->zero_fails_one_in = now_and_then(4, 10);
  manners->flush_fails_one_in = now_and_then(3, 3);
  manners->length_fails_one_in = now_and_then(8, 4);
  manners->close_fails_one_in = now_and_then(6, 2);
  if (random_one_in(random, 4))
    manners->room_bytes = random_between(random, 0, range_max(2 * disks.size, 1));
  if (storage->is_device || !random_one_in(random, 4))
    return;
  manners->dies_at_us = STORAGE_NEVER; /* a disk that is pulled takes what others do to the file along */
  manners->change = (enum change)random_between(random, CHANGE_CUT, storage->is_source ? CHANGE_CUT : CHANGE_REPLACED);
  manners->changes_at_us = random_between(random, 0, random_power(random, 4, 20));
}

static void
choose_storage(unsigned number, enum kind kind, uint64_t size)
{
  struct random *random = &disks.random;
  struct storage *storage = &storages[number];

  memset(storage, 0, sizeof *storage);
  storage->path = number == 0 ? "source" : "destination";
  storage->number = 100 + random_between(random, 0, 1) + 10 * number;
  storage->is_device = kind == KIND_DEVICE;
  storage->is_source = number == 0;
  storage->exists = true;
  storage->sector = random_one_in(random, 3) ? 4096 : 512;
  storage->block = storage->sector << random_between(random, 0, 3);
  storage->size = storage->is_device ? range_align_up(range_max(size, 1), storage->sector) : size;
  storage->random.state = random_next(random);
  storage->content = contents[number];
  storage->allocated = allocated[number];
  storage->cached = cached[number];
  memset(storage->content, 0, STORAGE_BYTES_MAX);
  memset(storage->allocated, 0, sizeof allocated[number]);
  for (uint64_t i = 0; i <= STORAGE_BYTES_MAX / STORAGE_PAGE_BYTES; i++)
    storage->cached[i] = random_one_in(random, 3);
  choose_habits(storage);
  if (disks.temper != TEMPER_MILD)
    choose_losses(storage);
  if (disks.temper == TEMPER_FAILING)
    choose_faults(storage);
  kernel.storages[number] = storage;
}

static void
choose_pipe(unsigned number)
{
  struct random *random = &disks.random;
  struct pipe *pipe = &pipes[number];

  memset(pipe, 0, sizeof *pipe);
  pipe->random.state = random_next(random);
  pipe->kind = (enum pipe_kind)random_between(random, PIPE_FIFO, PIPE_FILE);
  pipe->is_source = number == 0;
  pipe->opens_again = !random_one_in(random, 4);
  pipe->delay_max_us = random_one_in(random, 4) ? 0 : random_power(random, 0, 14);
  pipe->part_max = random_power(random, 4, 18);
  pipe->short_one_in = now_and_then(3, 4);
  pipe->refuses_one_in = now_and_then(4, 10) * 3;
  pipe->fails_behind = pipe->changes_at_us = UINT64_MAX;
  pipe->before = random_one_in(random, 2) ? random_between(random, 0, 5000) : 0;
  pipe->room = random_power(random, 12, 18);
  pipe->content = contents[number];
  pipe->bytes = number == 0 ? disks.size : 0;
  if (disks.temper == TEMPER_FAILING && random_one_in(random, 3))
    pipe->fails_behind = random_between(random, 0, disks.size);
  if (disks.temper == TEMPER_FAILING && random_one_in(random, 3))
    pipe->changes_at_us = random_between(random, 0, random_power(random, 4, 18));
  pipe_begin(pipe);
  kernel.storages[number] = NULL;
  kernel.pipes[number] = pipe;
}

static void
choose_source(void)
{
  /* Also of a stream, for its content. */
  choose_storage(0, disks.from, disks.size);
  fill(&storages[0]);
  memcpy(original, contents[0], STORAGE_BYTES_MAX);
  storage_begin(&storages[0]);
  disks.size = storages[0].size;
  if (disks.from == KIND_STREAM)
    choose_pipe(0);
}

/* A file may be there or not; what it holds shows wherever it isn't overwritten. */
static void
choose_destination(void)
{
  struct random *random = &disks.random;
  bool is_file = disks.to == KIND_FILE;

  if (disks.to == KIND_STREAM) {
    disks.role = ROLE_DESTINATION;
    choose_pipe(1);
    return;
  }
  uint64_t more = random_one_in(random, 2) ? 0 : random_between(random, 0, 20000);

  disks.role = !is_file || random_one_in(random, 2) ? ROLE_DESTINATION
               : random_one_in(random, 2)           ? ROLE_RESUMED
                                                    : ROLE_UPDATED;
  if (disks.role == ROLE_RESUMED || (disks.role == ROLE_DESTINATION && !is_file && random_one_in(random, 4)))
    disks.start = random_one_in(random, 8) ? disks.size : random_between(random, 0, disks.size);
  if (!is_file && disks.start > 0)
    disks.role = ROLE_RESUMED;
  choose_storage(1, disks.to, disks.size + more);
  struct storage *storage = &storages[1];
  if (disks.role == ROLE_RESUMED && is_file)
    storage->size = range_max(disks.start, random_between(random, 0, disks.size + more));
  if (disks.role == ROLE_DESTINATION && is_file && random_one_in(random, 3))
    storage->exists = false, storage->size = 0;
  storage->stable = stable;
  storage->flushing = flushing;
  for (uint64_t i = 0; i < storage->size; i++)
    storage->content[i] = i < disks.start ? original[i] : (uint8_t)(0xd5 + i + i / 256);
  for (uint64_t i = 0; i * storage->block < storage->size; i++)
    storage->allocated[i] = true;
  memcpy(stable, storage->content, STORAGE_BYTES_MAX);
  memcpy(flushing, storage->content, STORAGE_BYTES_MAX);
  memcpy(before, storage->content, STORAGE_BYTES_MAX);
  storage_begin(storage);
}

static void
choose_waits(void)
{
  machine.interrupted_one_in = now_and_then(4, 20);
  kernel.ring_full_one_in = now_and_then(4, 6);
  if (machine.interrupted_one_in == 1)
    machine.interrupted_one_in = 2;
}

static void
make_scenario(uint64_t seed)
{
  struct random *random = &disks.random;

  memset(&disks, 0, sizeof disks);
  random->state = seed;
  kernel_begin(seed);
  config.source = copy.config.source = NULL;
  copy.flushed_below = 0;
  disks.from = (enum kind)random_between(random, KIND_FILE, KIND_STREAM);
  disks.to = (enum kind)random_between(random, KIND_FILE, KIND_STREAM);
  disks.temper = (enum temper)random_between(random, TEMPER_MILD, TEMPER_FAILING);
  disks.loop = (struct loop){ .signal_fd = MACHINE_SIGNAL_FD };
  disks.size = choose_size();
  choose_waits();
  machine_choose_signals(random, 21);
  choose_source();
  choose_destination();
}

/* ---- Opening ---- */

static int
open_file(unsigned number, enum role role, struct fault *fault)
{
  struct storage *storage = &storages[number];
  struct endpoint_file *file = &files[number];
  struct stat found;

  ring_open(&rings[number]);
  if (random_one_in(&disks.random, 5)) /* a kernel without rings */
    rings[number].fd = -1;
  snprintf(file->base.name, sizeof file->base.name, "%s", storage->path);
  bool is_there = stat(storage->path, &found) == 0;
  if (!is_there && storage->exists)
    return fault_set(fault, EXIT_FAILED, errno, "cannot open %s", storage->path);
  return endpoint_file_open(file, storage->path, is_there ? &found : NULL, role, disks.start, &rings[number], fault);
}

/* Returns the end, or NULL. */
static struct endpoint *
open_end(unsigned number, enum kind kind, enum role role, struct fault *fault)
{
  memset(&files[number], 0, sizeof files[number]);
  memset(&streams[number], 0, sizeof streams[number]);
  if (kind != KIND_STREAM)
    return open_file(number, role, fault) == 0 ? &files[number].base : NULL;
  snprintf(streams[number].base.name, sizeof streams[number].base.name, "%s", number == 0 ? "source" : "destination");
  return endpoint_pipe_open(&streams[number], kernel_open_pipe(number), role, fault) == 0 ? &streams[number].base
                                                                                          : NULL;
}

/* ---- The copy ---- */

static void
choose_config(struct endpoint *source, struct endpoint *destination)
{
  config_choose(&config, &disks.random, source, destination, &disks.loop, disks.temper == TEMPER_LOSSY);
  config.start = disks.start;
  config.skip_zeros = destination->traits.reads_zero && source->traits.size != SIZE_UNKNOWN && !config.allocated &&
                      disks.start == 0; /* as job_copy decides it */
  /* The first read of a stream has all of its head. */
  config_plan(&config, &disks.random, disks.from == KIND_STREAM ? 10 : 9, 15);
  disks.is_flushed = config.flush && destination->traits.can_flush;
  disks.flushed_below = disks.start;
}

/* Whether nobody else was at the destination, and its disk is the same. */
static bool
is_ours(void)
{
  return !storages[1].is_changed && !storages[1].is_other;
}

static void
check_stable(uint64_t from, uint64_t below)
{
  for (uint64_t i = from; is_ours() && i < below; i++)
    sim_check(stable[i] == original[i] && (storages[1].is_device || i < storages[1].stable_size),
              "byte %llu is said to be flushed, and isn't", (ull)i);
}

/* Each time that the loop waits. */
static void
check_turn(void)
{
  if (disks.to != KIND_STREAM && config.source && copy.config.source == config.source &&
      copy.flushed_below > disks.flushed_below) {
    check_stable(disks.flushed_below, copy.flushed_below);
    disks.flushed_below = copy.flushed_below;
  }
}

/* What a stream was given. */
static void
check_front(void)
{
  for (uint64_t i = 0; disks.to == KIND_STREAM && i < pipes[1].bytes; i++)
    sim_check(contents[1][i] == original[i], "byte %llu was given to the destination as %02x, and is %02x", (ull)i,
              contents[1][i], original[i]);
}

static void
check_length(uint64_t old_size)
{
  const struct storage *storage = &storages[1];
  uint64_t size = storage->is_device || disks.role == ROLE_UPDATED ? old_size : disks.size;

  sim_check(storage->exists, "the destination has lost its name");
  sim_check(storage->size == size, "the destination has %llu bytes, not %llu", (ull)storage->size, (ull)size);
}

static void
check_stream(void)
{
  sim_check(pipes[1].bytes == disks.size, "the destination was given %llu bytes, not %llu", (ull)pipes[1].bytes,
            (ull)disks.size);
  sim_check(!pipes[1].is_cut && !pipes[1].is_removed, "others were at a file, and it is said to be copied");
  check_front();
}

static void
check_content(uint64_t old_size)
{
  sim_check(!pipes[0].is_cut, "others cut the source short, and it is said to be copied");
  if (disks.to == KIND_STREAM) {
    check_stream();
    return;
  }
  sim_check(!storages[0].is_changed && !storages[1].is_changed, "others were at a file, and it is said to be copied");
  sim_check(!storages[1].close_failed, "what closing told is lost");
  if (disks.is_flushed)
    storage_lose_power(&storages[1]);
  else if (storages[1].deaths > 0) /* and nobody claims that it is stable */
    return;
  check_length(old_size);
  for (uint64_t i = 0; i < disks.size; i++)
    sim_check(contents[1][i] == original[i], "byte %llu is %02x on the destination, %02x on the source", (ull)i,
              contents[1][i], original[i]);
  for (uint64_t i = disks.size; i < storages[1].size; i++)
    sim_check(contents[1][i] == before[i], "byte %llu beyond the source's end was changed", (ull)i);
}

/* Whether nothing has happened that a copy could end by. */
static bool
is_fine(void)
{
  const struct pipe *from = &pipes[0], *to = &pipes[1];

  if (machine.signals_taken > 0 || from->faults + to->faults > 0 || from->is_cut || to->is_cut || to->is_removed)
    return false;
  /* What a stream has brought is gone with the disk that it was on; and one that is away at the end can't be asked for its name. */
  if (disks.temper == TEMPER_LOSSY)
    return !disks.refused && !storages[1].is_gone && (disks.from != KIND_STREAM || storages[1].deaths == 0);
  return storages[0].faults + storages[1].faults + storages[0].deaths + storages[1].deaths == 0 && is_ours() &&
         !storages[0].is_changed;
}

static void
check_failure(const struct fault *fault)
{
  const char *claim = strstr(fault->text, "good below offset ");

  sim_check(fault->exit_code == EXIT_FAILED && fault->text[0], "a fault without words, or with the exit code %d",
            (int)fault->exit_code);
  sim_check(!is_fine(), "nothing is wrong: %s", fault->text);
  sim_check(fault->text[0] != ' ', "words that aren't whole: %s", fault->text);
  check_front();
  if (claim && !disks.refused && disks.to != KIND_STREAM)
    check_stable(disks.start, range_min(strtoull(claim + strlen("good below offset "), NULL, 10), disks.size));
  for (uint64_t i = 0; i < disks.start && is_ours(); i++)
    sim_check(stable[i] == original[i], "byte %llu was there before, and isn't any more", (ull)i);
}

/* As job/probe looks at the head of a stream before the copy. */
static int
look_at_head(struct endpoint *source, struct fault *fault)
{
  static struct request request; /* which may be with the source until that is closed */
  static struct chunks chunks;
  static uint8_t head[STREAM_HEAD_BYTES];

  request = (struct request){
    .kind = REQUEST_READ, .length = random_between(&disks.random, 1, sizeof head), .payload = head, .chunks = &chunks
  };
  if (ask(source, &disks.loop, &request, fault) == -1)
    return -1;
  sim_check(request.errnum || request.done == range_min(request.length, disks.size) || pipes[0].is_cut,
            "the head of the source has %llu bytes", (ull)request.done);
  sim_check(memcmp(head, original, request.done) == 0, "the head of the source is another");
  return 0;
}

static int
run_copy(struct endpoint *source, struct endpoint *destination, struct fault *fault)
{
  choose_config(source, destination);
  uint64_t *changes_at_us = &storages[1].manners.changes_at_us, changes_us = *changes_at_us;

  *changes_at_us = STORAGE_NEVER; /* what others do to it before it is emptied is of no interest */
  if (disks.from == KIND_STREAM && random_one_in(&disks.random, 3) && look_at_head(source, fault) == -1)
    return -1;
  disks.refused = destination->ops->prepare && destination->ops->prepare(destination, source->traits.size, fault) == -1;
  if (disks.refused)
    return -1;
  *changes_at_us = storages[1].manners.change ? stage.now_us + changes_us : STORAGE_NEVER;
  config_take_buffers(&config);
  copy_init(&copy, &config);
  int result = copy_run(&copy, fault);
  sim_trace("result %d: %s", result, fault->text);
  return result;
}

/* As job_copy does it: what closing tells is a failure, where there was none. */
static void
close_end(struct endpoint *end, int *result, struct fault *fault)
{
  struct fault closing;

  if (end->ops->close(end, &closing) == 0)
    return;
  sim_trace("closing %s: %s", end->name, closing.text);
  if (*result == 0)
    *fault = closing;
  *result = -1;
}

static void
check_closed(int result)
{
  uint64_t slowest_us = range_max(storages[0].manners.slow_max_us, storages[1].manners.slow_max_us);

  sim_check(kernel_open_count() == 0, "%u descriptors are left open", kernel_open_count());
  machine_check_stopped(&disks.loop, result, 20 * slowest_us);
  sim_check(machine.signals_taken > 0 || result == -1 || kernel_requests_out() == 0,
            "%u requests are with a ring at the end", kernel_requests_out());
}

static void
run_seed(uint64_t seed)
{
  struct fault fault = { .exit_code = EXIT_DONE };
  struct endpoint *destination = NULL;
  int result = -1;

  memset(storages, 0, sizeof storages);
  memset(pipes, 0, sizeof pipes);
  make_scenario(seed);
  uint64_t old_size = storages[1].size;
  sim_trace("%s to %s, %s, %llu bytes from %llu on", kinds[disks.from], kinds[disks.to], tempers[disks.temper],
            (ull)disks.size, (ull)disks.start);
  machine.turn = check_turn;
  disks.refused = true;
  struct endpoint *source = open_end(0, disks.from, ROLE_SOURCE, &fault);
  if (source)
    destination = open_end(1, disks.to, disks.role, &fault);
  if (destination)
    result = run_copy(source, destination, &fault);
  storages[1].is_closing = true;
  for (unsigned i = 2; i-- > 0;)
    if (files[i].base.ops || streams[i].base.ops)
      close_end(files[i].base.ops ? &files[i].base : &streams[i].base, &result, &fault);
  check_closed(result);
  if (result == 0)
    check_content(old_size);
  else
    check_failure(&fault);
  config_drop_buffers(&config);
}

struct stage stage = { .name = "sim-disks", .replay = "tests/storage/run", .count = 10000, .run_seed = run_seed };
