/* SPDX-License-Identifier: MIT */
/* verify: see verify.h. */
#include "job/verify.h"

#include "base/range.h"
#include "job/ask.h"
#include "job/buffers.h"
#include "os/say.h"

#include <string.h>
#include <sys/auxv.h>

/* How many ranges that differ are told; --json has their sum. */
#define ROWS_SAID 20

typedef unsigned long long ull;

size_t
verify_bytes(const struct options *options)
{
  return options->copy.verify ? range_align_up(sizeof(struct verify), PAGE_BYTES) : 0;
}

struct copy_tap *
verify_tap(struct verify *verify)
{
  return verify->rereads ? NULL : &verify->verifier.tap;
}

/* ---- Before the copy ---- */

/* A server may know no reading. */
static int
try_reading(struct copy_job *job, unsigned char *buffer, struct fault *fault)
{
  struct verify *verify = job->verify;
  struct endpoint *destination = &job->destination.base;
  const struct traits *traits = &destination->traits;
  struct request *request = &verify->request;

  if (traits->grows || traits->size == 0)
    return 0;
  *request = (struct request){ .kind = REQUEST_READ,
                               .length = range_min(range_max(traits->block_min, PAGE_BYTES), traits->size),
                               .payload = buffer,
                               .chunks = &verify->chunks };
  if (ask(destination, &job->loop, request, fault) == -1) {
    fault_add(fault, "; nothing was written");
    return -1;
  }
  if (!request->errnum)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "%s can't be read back, and so not be verified: %s; nothing was written",
                   destination->name, endpoint_why(destination, request->errnum));
}

/* Where what is verified begins: both ends that were held back are always part of the copy. */
static uint64_t
first_offset(const struct options *options)
{
  return options->copy.hold_back_bytes > 0 ? 0 : options->copy.from;
}

int
verify_begin(struct copy_job *job, const struct options *options, unsigned char *buffer, struct fault *fault)
{
  struct verify *verify = job->verify;
  const struct traits *source = &job->source.base.traits, *destination = &job->destination.base.traits;

  if (destination->in_order || !destination->can_read)
    return fault_set(fault, EXIT_FAILED, 0,
                     "%s is written from front to end and can't be read back, and so not be verified; nothing was "
                     "written",
                     job->destination.base.name);
  if (try_reading(job, buffer, fault) == -1)
    return -1;
  bool is_partial = options->copy.part != PART_ALL || keeper_wanted(&job->keeper) || options->copy.delta ||
                    options->copy.from > 0;
  verify->rereads = job->keeper.kept_below > 0;
  /* The kernel gives every process so many random bytes at its start, without ever letting it wait for them. */
  const uint8_t *seed = (const uint8_t *)getauxval(AT_RANDOM); // NOLINT(performance-no-int-to-ptr)
  verifier_init(&verify->verifier, source->size, range_max(source->block_min, destination->block_min), seed, is_partial,
                first_offset(options));
  return 0;
}

/* ---- The engine, once more ---- */

int
verify_open_again(struct copy_job *job, const struct options *options, enum role role, struct fault *fault)
{
  struct wishes wishes = options->wishes;

  wishes.contexts = (struct contexts){ 0 };
  if (role == ROLE_SOURCE && options->copy.verify_quick)
    contexts_add(&wishes.contexts, CONTEXT_ALLOCATION_NAME, false);
  memset(&job->destination, 0, sizeof job->destination);
  return endpoints_open(&job->destination, &options->destination, role, &wishes, &job->loop, &job->destination_ring,
                        &job->tls, fault);
}

/* What the block map says isn't right isn't finished. */
static void
tell_refused(struct copy_job *job, const struct options *options, struct fault *fault)
{
  if (checking_tell(&job->checking, options, &job->copy, fault))
    keeper_set_back(&job->keeper, job->checking.checker.differing);
}

static int
run_engine(struct copy_job *job, const struct options *options, struct copy_config *config, const char *doing,
           struct fault *fault)
{
  config->loop = &job->loop;
  config->retry_ms = options->copy.retry_ms;
  config->bytes_per_s = options->copy.bytes_per_s;
  config->observer = &job->reporter.observer;
  config->tap = config->tap ? config->tap : &job->verify->verifier.tap;
  config->only_looks = true;
  config->start = job->verify->verifier.start;
  if (buffers_plan(config, options, &job->payload, job->payload_from, fault) == -1)
    return -1;
  reporter_begin(&job->reporter, options, job->is_mute, &job->copy, &job->loop, doing);
  copy_init(&job->copy, config);
  int result = copy_run(&job->copy, fault);
  reporter_end(&job->reporter);
  if (result == 0)
    verifier_end_pass(&job->verify->verifier);
  else
    tell_refused(job, options, fault);
  return result;
}

/* A pass whose content is held to the block map, if there is one, before the verifier hears of it. */
static struct copy_tap *
checked_tap(struct copy_job *job, const struct endpoint *of)
{
  return checking_tap(&job->checking, job->keeper.bmap, of, &job->verify->verifier.tap);
}

/* What of the disk is to pass: what the map has of all that is wanted, NULL being one that has it all. */
static const struct selection *
select_areas(const struct areas *areas, const struct selection *wanted, struct selection *selection)
{
  *selection = wanted ? *wanted : (struct selection){ .count = 0 };
  if (areas) {
    selection->lists[selection->count].areas = areas;
    selection->lists[selection->count++].statuses = 1u << AREA_FINISHED;
  }
  return selection_is_all(selection) ? NULL : selection;
}

/* The source once more, for its digests alone. What an earlier run has copied was checked as it was read then; now all passes again. */
static int
learn_source(struct copy_job *job, const struct options *options, uint64_t start, struct fault *fault)
{
  struct selection selection;
  struct copy_config config = { .source = &job->source.base,
                                .destination = &job->verify->null.base,
                                .part = options->copy.part,
                                .extents = !options->copy.no_extents,
                                .selection = select_areas(NULL, keeper_wanted(&job->keeper), &selection) };

  blocks_hold(job->blocks, &config);
  verifier_begin_round(&job->verify->verifier, start);
  if (job->verify->rereads && start == first_offset(options))
    config.tap = checked_tap(job, config.source);
  return run_engine(job, options, &config, "reading the source again", fault);
}

/* It may have become shorter with the server that had it. */
static int
check_length(const struct copy_job *job, struct fault *fault)
{
  const struct endpoint *destination = &job->destination.base;

  if (destination->traits.size >= job->verify->verifier.end)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "%s has only %llu bytes now", destination->name,
                   (ull)destination->traits.size);
}

static void
forget_cache(struct copy_job *job, const struct options *options, bool is_said)
{
  struct endpoint *destination = &job->destination.base;

  if (!destination->ops->forget_cache || destination->ops->forget_cache(destination))
    return;
  if (!is_said && !job->is_mute)
    (void)say_line(options_program(options),
                   "%s can only be read through the page cache, which was asked to forget it: believe it less",
                   destination->name);
}

static int
read_back_open(struct copy_job *job, const struct options *options, bool is_again, struct fault *fault)
{
  struct verifier *verifier = &job->verify->verifier;
  struct selection selection;
  struct copy_config config = { .source = &job->destination.base,
                                .destination = &job->verify->null.base,
                                .part = PART_ALL,
                                .extents = options->copy.verify_quick,
                                .selection = select_areas(verifier->is_partial ? &verifier->written : NULL, NULL,
                                                          &selection),
                                .end = verifier->end };

  if (check_length(job, fault) == -1)
    return -1;
  forget_cache(job, options, is_again);
  verifier_begin_pass(verifier, RANGES_COMPARE, false);
  if (digests_are_wanted(options)) {
    digests_begin_again(&job->digests);
    verifier->other = digests_tap(&job->digests);
  }
  if (is_again && job->keeper.bmap) {
    config.tap = checked_tap(job, config.source);
    job->checking.checker.only_notes = true; /* the verifier knows more of what differs */
  }
  return run_engine(job, options, &config, "verifying", fault);
}

/* All that this round is about is read back; also after a part was copied again, which whoever writes to the wrong places may have put
 * elsewhere, and which was read from a source that may say something else by now. */
static int
read_back(struct copy_job *job, const struct options *options, bool is_again, struct fault *fault)
{
  if (verify_open_again(job, options, ROLE_SOURCE, fault) == -1)
    return -1;
  int result = read_back_open(job, options, is_again, fault);
  endpoints_close(&job->destination.base, &result, fault);
  return result;
}

/* What differs is copied as before, but that nothing is known of the destination any more. */
static int
copy_again(struct copy_job *job, const struct options *options, struct fault *fault)
{
  struct selection selection;
  struct copy_config config = { .source = &job->source.base,
                                .destination = &job->destination.base,
                                .part = options->copy.part,
                                .extents = !options->copy.no_extents,
                                .selection = select_areas(&job->verify->verifier.differing, keeper_wanted(&job->keeper),
                                                          &selection),
                                .detect_zeros = options->copy.sparse_bytes > 0 && !options->copy.allocated,
                                .allocated = options->copy.allocated,
                                .flush = true,
                                .flush_each_bytes = FLUSH_EACH_BYTES,
                                .flush_each_ms = FLUSH_EACH_MS };

  blocks_hold(job->blocks, &config);
  if (verify_open_again(job, options, ROLE_UPDATED, fault) == -1)
    return -1;
  verifier_begin_pass(&job->verify->verifier, RANGES_LEARN, true);
  int result = run_engine(job, options, &config, "copying again", fault);
  endpoints_close(&job->destination.base, &result, fault);
  return result;
}

/* ---- What is found ---- */

static void
say_differing(const struct copy_job *job, const struct options *options, const char *what)
{
  const char *program = options_program(options);
  struct range range = { 0, 0 };
  unsigned rows = 0;

  if (job->is_mute)
    return;
  (void)say_line(program, "%s isn't what was written there, within these ranges; %s:", job->destination.base.name,
                 what);
  (void)say_line(program, "%20s %20s", "offset", "bytes");
  while (verifier_next(&job->verify->verifier, &range))
    if (rows++ < ROWS_SAID)
      (void)say_line(program, "%20llu %20llu", (ull)range.start, (ull)range_length(range));
  if (rows > ROWS_SAID)
    (void)say_line(program, "and %u more", rows - ROWS_SAID);
}

/* A stream has passed, and doesn't come again. */
static bool
can_copy_again(const struct copy_job *job)
{
  return !job->source.base.traits.in_order;
}

/* What still differs isn't finished. */
static void
give_up_on_differing(struct copy_job *job, uint64_t bytes)
{
  struct outcome_verified *verified = &job->outcome.verified;
  struct range range = { 0, 0 };

  while (verifier_next(&job->verify->verifier, &range)) {
    if (verified->differing == 0)
      verified->first = range.start;
    verified->differing += verifier_written(&job->verify->verifier, range);
    keeper_set_back(&job->keeper, range);
  }
  verified->bytes -= bytes;
}

static int
verify_round(struct copy_job *job, const struct options *options, struct fault *fault)
{
  struct verifier *verifier = &job->verify->verifier;
  struct outcome_verified *verified = &job->outcome.verified;

  if (verifier->end <= verifier->start)
    return 0;
  if (read_back(job, options, false, fault) == -1)
    return -1;
  uint64_t bytes = verifier_gather(verifier), before = bytes;
  verified->bytes += verifier_written(verifier, (struct range){ verifier->start, verifier->end });
  if (bytes > 0 && can_copy_again(job)) {
    say_differing(job, options, "they are copied again");
    if (copy_again(job, options, fault) == -1 || read_back(job, options, true, fault) == -1) {
      give_up_on_differing(job, bytes); /* as far as anybody knows */
      return -1;
    }
    bytes = verifier_gather(verifier);
    verified->repaired += before - range_min(before, bytes);
  }
  if (bytes == 0 && !job->checking.checker.differs)
    return 0;
  if (bytes == 0) { /* what was copied again is there, but the source said something else the second time */
    tell_refused(job, options, fault);
    return -1;
  }
  say_differing(job, options, "they are left so");
  give_up_on_differing(job, bytes);
  return 0;
}

static int
verify_rounds(struct copy_job *job, const struct options *options, struct fault *fault)
{
  const struct verifier *verifier = &job->verify->verifier;
  bool is_learnt = !job->verify->rereads;
  uint64_t start = first_offset(options);

  do {
    if (!is_learnt && learn_source(job, options, start, fault) == -1)
      return -1;
    if (verify_round(job, options, fault) == -1)
      return -1;
    start = verifier->end;
    is_learnt = false;
  } while (verifier->is_cut);
  return 0;
}

static void
say_what_is_verified(const struct copy_job *job, const struct options *options)
{
  const struct outcome_verified *verified = &job->outcome.verified;

  if (job->is_mute)
    return;
  if (verified->repaired > 0)
    (void)say_line(options_program(options), "%s: what was copied again is right now", job->destination.base.name);
  if (first_offset(options) > 0)
    (void)say_line(options_program(options), "%s is verified from offset %llu on; below that, it wasn't looked at",
                   job->destination.base.name, (ull)options->copy.from);
}

int
verify_run(struct copy_job *job, const struct options *options, struct fault *fault)
{
  const struct outcome_verified *verified = &job->outcome.verified;

  uint64_t began_ms = loop_now_ms(&job->loop);
  job->outcome.verified.has_begun = true;
  endpoint_null_open(&job->verify->null);
  if (!job->verify->rereads)
    verifier_end_pass(&job->verify->verifier);
  int result = verify_rounds(job, options, fault);
  job->outcome.verified.ms = loop_now_ms(&job->loop) - began_ms;
  if (result == -1) {
    fault_add(fault, "; all is copied, but it isn't verified");
    if (verified->differing > 0)
      fault_add(fault, ", and %llu bytes weren't what was written there, the first at offset %llu",
                (ull)verified->differing, (ull)verified->first);
    return -1;
  }
  if (verified->differing == 0) {
    say_what_is_verified(job, options);
    return 0;
  }
  return fault_set(fault, EXIT_DIGEST_DIFFERS, 0,
                   "%s isn't what was written there, in ranges of %llu bytes together, the first at offset %llu%s",
                   job->destination.base.name, (ull)verified->differing, (ull)verified->first,
                   can_copy_again(job) ? "; they were copied again once, to no avail"
                                       : ", and the source can't be read again");
}
