/* SPDX-License-Identifier: MIT */
/* job_copy: see job_copy.h. */
#include "job/job_copy.h"

#include "base/durations.h"
#include "base/range.h"
#include "base/sizes.h"
#include "job/buffers.h"
#include "job/confine.h"
#include "job/inherited.h"
#include "job/verify.h"
#include "os/say.h"
#include "report/rescue_text.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICEST 19

_Static_assert(DURATION_FOREVER == COPY_RETRY_FOREVER, "what --retry takes is what a copy does");

/* ---- What was found out about the ends ---- */

static void
say_end_as_nbdcopy(const char *which, const struct endpoint *end)
{
  char human[SIZES_TEXT_BYTES];

  say_line("nbdcopy", "%s: %s_ops \"%s\"", which, end->kind, end->name);
  if (end->traits.size == SIZE_UNKNOWN) {
    say_line("nbdcopy", "%s: size=-1 (-1)", which);
    return;
  }
  sizes_exact_text(human, end->traits.size);
  say_line("nbdcopy", "%s: size=%llu (%s)", which, (unsigned long long)end->traits.size, human);
}

static void
say_end(const struct endpoint *end)
{
  const struct traits *traits = &end->traits;
  char size[32] = "unknown size";

  if (traits->size != SIZE_UNKNOWN)
    snprintf(size, sizeof size, "%llu bytes", (unsigned long long)traits->size);
  say_line("decant", "%s: %s, blocks of %llu to %llu (preferred %llu), %s%s%s%u requests at once", end->name, size,
           (unsigned long long)traits->block_min, (unsigned long long)traits->request_max,
           (unsigned long long)traits->block_preferred, traits->can_extents ? "extents, " : "",
           traits->can_zero ? "zeros, " : "", traits->can_flush ? "flush, " : "", traits->requests_max);
  if (end->secured)
    say_line("decant", "%s: %s", end->name, end->secured);
}

static void
say_what_was_found(const struct options *options, const struct endpoint *source, const struct endpoint *destination,
                   const struct budget *budget)
{
  if (options->persona == PERSONA_NBDCOPY) {
    say_end_as_nbdcopy("src", source);
    say_end_as_nbdcopy("dst", destination);
    return;
  }
  say_end(source);
  say_end(destination);
  say_line("decant", "%u reads of %llu KiB, blocks of %llu KiB", budget->slots,
           (unsigned long long)(budget->slot_bytes / KIB), (unsigned long long)(budget->block_bytes / KIB));
}

/* ---- The copy ---- */

/* Whether what the destination has is looked at, so that it isn't to be emptied. */
static bool
looks_first(const struct options *options)
{
  return options->copy.delta || options->copy.skip_identical;
}

/* Whether what the destination has is this copy's own, or is meant to stay. What is only looked at may be anything. */
static bool
keeps_content(const struct copy_job *job, const struct options *options)
{
  return options->copy.part != PART_ALL || options->copy.from > 0 || keeper_keeps(&job->keeper);
}

/* Where zeros need not be written: the operator says so, or we have just made
 * the file; not where a stream's length comes from what is written to it, nor where an earlier copy has written, or
 * something stays. */
static bool
can_skip_zeros(const struct copy_job *job, const struct options *options)
{
  if (options->copy.allocated || keeps_content(job, options) || looks_first(options))
    return false;
  return options->copy.destination_is_zero ||
         (job->destination.base.traits.reads_zero && job->source.base.traits.size != SIZE_UNKNOWN);
}

/* What the destination is for this copy. */
static enum role
destination_role(const struct copy_job *job, const struct options *options)
{
  if (options->copy.part != PART_ALL)
    return ROLE_UPDATED;
  return keeps_content(job, options) || looks_first(options) ? ROLE_RESUMED : ROLE_DESTINATION;
}

/* Nothing is left to be copied, and nothing is touched. */
static void
say_done(struct copy_job *job, const struct options *options)
{
  job->outcome.bytes = job->source.base.traits.size;
  if (!job->is_mute)
    (void)say_line(options_program(options), "%s is finished already, as %s has it: nothing was %s",
                   job->destination.base.name, options->copy.mapfile, ending_changes(options) ? "copied" : "written");
}

/* ---- What follows it ---- */

/* What closing tells counts only while nothing else has failed; but what it says of the end isn't mended by that. */
static int
close_end(struct copy_job *job, struct endpoint *end, int result, struct fault *fault)
{
  if (!endpoints_close(end, &result, fault))
    job->outcome.is_spoilt = true;
  return result;
}

/* All is there, or about to be, as far as its ends are held back. */
static int
end_destination(struct copy_job *job, const struct options *options, const struct probe_ends *ends, struct fault *fault)
{
  struct hold_back *hold = job->holding.is_on ? &job->holding.hold : NULL;
  struct copy_witness *witness = keeper_witness(&job->keeper);

  if (!ending_is_wanted(options, ends->destination) || (job->verify && ending_changes(options)))
    return 0;
  int result = ending_run(&job->ending, ends, hold, job->outcome.bytes, job->is_mute, options, fault);
  if (witness && hold && hold_back_is_done(hold))
    witness->flushed(witness, job->outcome.bytes);
  return result;
}

/* Nothing is left to be copied. */
static int
conclude_done(struct copy_job *job, const struct options *options, const struct probe_ends *ends, struct fault *fault)
{
  struct endpoint *destination = ends->destination;

  say_done(job, options);
  if (!ending_changes(options) || job->verify)
    return 0;
  if (endpoints_prepare(destination, job->outcome.bytes, fault) == -1)
    return -1;
  return end_destination(job, options, ends, fault);
}

/* It is verified, and closed: what is changed from now on isn't taken for a difference. */
static int
end_verified(struct copy_job *job, const struct options *options, struct fault *fault)
{
  struct endpoint *destination = &job->destination.base;
  struct probe_ends ends = { .source = &job->source.base, .destination = destination, .loop = &job->loop };

  arena_take_back(&job->payload, job->payload_from);
  ends.buffer = arena_take(&job->payload, options->copy.payload_bytes, PAGE_BYTES);
  ends.buffer_bytes = options->copy.payload_bytes;
  if (verify_open_again(job, options, ROLE_UPDATED, fault) == -1)
    return -1;
  int result = endpoints_prepare(destination, destination->traits.size, fault);
  if (result == 0)
    result = ending_run(&job->ending, &ends, NULL, job->outcome.bytes, job->is_mute, options, fault);
  result = close_end(job, destination, result, fault);
  job->remark = destination->remark;
  return result;
}

/* What is there already isn't fetched. */
static int
find_delta(struct copy_job *job, const struct options *options, struct copy_config *config, struct fault *fault)
{
  char kept[SIZES_TEXT_BYTES], size[SIZES_TEXT_BYTES];

  if (!job->delta)
    return 0;
  if (delta_find(job->delta, config, job->blocks, fault) == -1)
    return -1;
  sizes_rounded_text(kept, (double)(job->delta->areas.size - delta_differs(job->delta)));
  sizes_rounded_text(size, (double)job->delta->areas.size);
  if (!job->is_mute)
    (void)say_line(options_program(options), "%s of %s are on %s already", kept, size, config->destination->name);
  keeper_narrow(&job->keeper, &job->delta->areas);
  config->selection = keeper_selection(&job->keeper);
  return 0;
}

/* Both ends of what is there become zeros, and so come anew; not where nothing differs, since that is finished already. */
static void
hold_ends_back(struct copy_job *job, const struct options *options, struct copy_config *config)
{
  const struct hold_back *hold = &job->holding.hold;

  if (!job->holding.buffer || (job->delta && delta_differs(job->delta) == 0))
    return;
  holding_begin(&job->holding, options, &job->keeper, config);
  if (!job->delta)
    return;
  delta_want(job->delta, hold->head);
  delta_want(job->delta, hold->tail);
}

/* Before its memory is divided. */
static struct copy_config
config_of(struct copy_job *job, const struct options *options)
{
  return (struct copy_config){ .source = &job->source.base,
                               .destination = &job->destination.base,
                               .loop = &job->loop,
                               .part = options->copy.part,
                               .extents = !options->copy.no_extents,
                               .detect_zeros = options->copy.sparse_bytes > 0 && !options->copy.allocated,
                               .allocated = options->copy.allocated,
                               .selection = keeper_selection(&job->keeper),
                               .skip_zeros = can_skip_zeros(job, options),
                               .flush = options->copy.flush,
                               .only_looks = options->verb == VERB_DIGEST,
                               .start = options->copy.from,
                               .flush_each_bytes = options->persona == PERSONA_NBDCOPY ? 0 : FLUSH_EACH_BYTES,
                               .flush_each_ms = FLUSH_EACH_MS,
                               .retry_ms = options->copy.retry_ms,
                               .bytes_per_s = options->copy.bytes_per_s,
                               .unreadable = job->keeper.unreadable,
                               .mark = bad_areas_mark(options, job->mark_words),
                               .mark_words = job->mark_words,
                               .errors_max = options->copy.errors_max,
                               .observer = &job->reporter.observer,
                               .witness = keeper_witness(&job->keeper) };
}

/* Whether all may be done that is asked for: nothing has been written yet. */
static int
may_begin(struct copy_job *job, const struct options *options, const struct probe_ends *ends, struct fault *fault)
{
  if (keeper_check(&job->keeper, ends->source, ends->destination, ends->buffer, ends->buffer_bytes, fault) == -1)
    return -1;
  if (job->verify && verify_begin(job, options, ends->buffer, fault) == -1)
    return -1;
  return ending_check(&job->ending, ends, options, fault);
}

/* The last looks at the ends, and all that stands between them. */
static int
make_ready(struct copy_job *job, const struct options *options, struct copy_config *config, struct probe_ends *ends,
           struct fault *fault)
{
  struct endpoint *destination = ends->destination;

  if (holding_check(&job->holding, options, destination, fault) == -1 ||
      skipping_check(&job->skipping, destination, fault) == -1 ||
      probe_source(&job->probe, ends, options, fault) == -1 ||
      probe_destination(&job->probe, ends, options, fault) == -1 ||
      endpoints_prepare(destination, ends->source->traits.size, fault) == -1 ||
      ending_begin(&job->ending, ends, options, fault) == -1)
    return -1;
  reporter_begin(&job->reporter, options, job->is_mute, &job->copy, &job->loop, NULL);
  if (find_delta(job, options, config, fault) == -1)
    return -1;
  skipping_begin(&job->skipping, config);
  hold_ends_back(job, options, config);
  config->tap = job->verify ? verify_tap(job->verify) : digests_tap(&job->digests);
  config->tap = checking_tap(&job->checking, job->keeper.bmap, ends->source, config->tap);
  config->tap = picture_begin(&job->picture, options, ends->source->traits.size, job->keeper.unreadable, config->tap);
  job->reporter.picture = &job->picture;
  if (job->keeper.bmap)
    keeper_check_ranges(&job->keeper, &job->checking.checker);
  return keeper_begin(&job->keeper, destination, fault);
}

static int
copy_between(struct copy_job *job, const struct options *options, struct fault *fault)
{
  struct endpoint *source = &job->source.base;
  struct endpoint *destination = &job->destination.base;
  struct copy_config config = config_of(job, options);
  struct probe_ends ends = {
    .source = source, .destination = destination, .loop = &job->loop, .goes_on = keeps_content(job, options)
  };

  blocks_hold(job->blocks, &config);
  if (buffers_plan(&config, options, &job->payload, job->payload_from, fault) == -1)
    return -1;
  ends.buffer = config.slot_buffers;
  ends.buffer_bytes = config.budget.slots * config.budget.slot_bytes;
  if (source->traits.size > LARGE_PAGE_BYTES) /* a smaller one is copied sooner than such a page is cleared */
    arena_use_large_pages(&job->payload);
  if (options->verbose)
    say_what_was_found(options, source, destination, &config.budget);
  if (may_begin(job, options, &ends, fault) == -1)
    return -1;
  if (keeper_is_done(&job->keeper))
    return conclude_done(job, options, &ends, fault);
  if (make_ready(job, options, &config, &ends, fault) == -1)
    return -1;
  copy_init(&job->copy, &config);
  job->outcome.has_begun = true;
  int result = copy_run(&job->copy, fault);
  reporter_end(&job->reporter);
  if (result == -1)
    (void)checking_tell(&job->checking, options, &job->copy, fault);
  outcome_note(&job->outcome, &job->copy, loop_now_ms(&job->loop) - job->reporter.started_ms, job->payload.bytes);
  skipping_tell(&job->skipping, options, result == 0 && !job->is_mute, &job->outcome);
  return result == 0 ? end_destination(job, options, &ends, fault) : -1;
}

/* All is copied that can be read. A digest would be of what is there instead of the rest. Returns 0 if that is all. */
static int
tell_what_is_left_out(struct copy_job *job, const struct options *options, struct fault *fault)
{
  struct rescue_totals totals;

  rescue_text_add_up(&totals, job->keeper.unreadable, NULL);
  if (totals.rescued == totals.wanted)
    return 0;
  fault_set(fault, EXIT_PARTLY_UNREADABLE, 0, "%llu of %llu bytes of %s can't be read; all others are copied",
            (unsigned long long)(totals.wanted - totals.rescued), (unsigned long long)totals.wanted,
            job->source.base.name);
  if (digests_tap(&job->digests))
    fault_add(fault, "; no digest is told, since it would be of something else");
  if (options->copy.mapfile)
    outcome_lead_on(options, 0, "try these again with", job->outcome.command, fault);
  return -1;
}

/* All is copied: what the operator wants to be told. One that can't be told doesn't
 * keep back the other. */
static int
job_copy_conclude(struct copy_job *job, const struct options *options, struct fault *fault)
{
  int reported = options->copy.report ? outcome_report(&job->outcome, fault) : 0;

  return digests_finish(&job->digests, options, fault) == -1 ? -1 : reported;
}

/* The source is open. */
static int
open_destination_and_copy(struct copy_job *job, const struct options *options, struct fault *fault)
{
  struct endpoint *source = &job->source.base;
  struct endpoint *destination = &job->destination.base;
  struct wishes wishes = options->wishes;
  int result = 0;

  wishes.start = range_max(wishes.start, job->keeper.kept_below);
  if (endpoints_open(&job->destination, &options->destination, destination_role(job, options), &wishes, &job->loop,
                     &job->destination_ring, &job->tls, fault) == -1)
    return -1;
  if (endpoints_check(source, destination, fault) == -1 ||
      endpoints_check_start(source, destination, options->copy.from, fault) == -1 ||
      digests_check(&job->digests, source, destination, fault) == -1 || digests_begin(&job->digests, fault) == -1 ||
      blocks_check(job->blocks, destination, fault) == -1)
    result = -1;
  if (result == 0) {
    confine_enter(options);
    result = copy_between(job, options, fault);
  }
  result = close_end(job, destination, result, fault);
  job->remark = destination->remark;
  return result;
}

/* nbdcopy has nothing to say of that. */
static void
say_remark(const struct copy_job *job, const struct options *options)
{
  if (job->remark && options->persona != PERSONA_NBDCOPY)
    say_line(options_program(options), "%s: %s", job->destination.base.name, job->remark);
}

static int
open_and_copy(struct copy_job *job, const struct options *options, struct fault *fault)
{
  if (loop_init(&job->loop, fault) == -1 || confine_begin(options, fault) == -1)
    return -1;
  ring_open(&job->source_ring);
  ring_open(&job->destination_ring);
  if (keeper_open(&job->keeper, options, job->is_mute, &job->payload, &job->loop, fault) == -1 ||
      endpoints_open(&job->source, &options->source, ROLE_SOURCE, &options->wishes, &job->loop, &job->source_ring,
                     &job->tls, fault) == -1)
    return -1;
  job->payload_from = job->payload.used;
  int result = keeper_read(&job->keeper, &job->source.base, fault);
  if (result == 0)
    result = blocks_read(job->blocks, &job->source.base, &job->loop, &job->tls, fault);
  if (result == 0)
    result = open_destination_and_copy(job, options, fault);
  if (result == 0 && job->verify)
    result = verify_run(job, options, fault);
  if (result == 0 && job->verify && ending_changes(options))
    result = end_verified(job, options, fault);
  result = close_end(job, &job->source.base, result, fault);
  blocks_close(job->blocks);
  result = keeper_end(&job->keeper, job->outcome.is_spoilt, result, fault);
  loop_let_signals_end(&job->loop); /* what reads our output may wait, and nothing is left to clear up */
  if (job->outcome.has_begun && job->keeper.unreadable && !job->is_mute)
    bad_areas_say(options, job->keeper.unreadable, NULL);
  if (result == -1) {
    outcome_fail(&job->outcome, options, &job->copy, &job->holding, fault);
    return -1;
  }
  say_remark(job, options);
  checking_say(&job->checking, options, job->is_mute);
  if (job->keeper.unreadable && tell_what_is_left_out(job, options, fault) == -1)
    return -1;
  return job_copy_conclude(job, options, fault);
}

static int
reserve_and_copy(struct copy_job *job, const struct options *options, struct fault *fault)
{
  unsigned sessions = client_sessions(&options->source, &options->wishes) +
                      client_sessions(&options->destination, &options->wishes) + blocks_sessions(options);
  size_t tables = tls_pool_bytes(sessions) + PAGE_BYTES + keeper_bytes(options) + holding_bytes(options) +
                  skipping_bytes(options) + verify_bytes(options) + blocks_bytes(options) + delta_bytes(options);

  /* Before anything else, and never again. */
  if (buffers_reserve(&job->payload, options, tables, fault) == -1)
    return -1;
  if (options->copy.nice)
    (void)setpriority(PRIO_PROCESS, 0, NICEST); /* disks follow, unless their priority was set apart */
  holding_open(&job->holding, options, &job->payload);
  skipping_open(&job->skipping, options, &job->payload);
  tls_pool_init(&job->tls, arena_take(&job->payload, tls_pool_bytes(sessions), PAGE_BYTES), sessions);
  if (options->copy.verify)
    job->verify = arena_take(&job->payload, verify_bytes(options), PAGE_BYTES);
  if (options->copy.delta)
    job->delta = arena_take(&job->payload, sizeof *job->delta, PAGE_BYTES);
  int result = digests_init(&job->digests, options, fault) == -1 ||
                       blocks_init(&job->blocks, options, job->is_mute, &job->payload, fault) == -1
                   ? -1
                   : open_and_copy(job, options, fault);
  digests_close(&job->digests);
  keeper_close(&job->keeper);
  return result;
}

int
job_copy(struct copy_job *job, const struct options *options, struct fault *fault)
{
  job->is_mute = inherited_says_into_disk(options);
  job->outcome.checking = &job->checking;
  int result = reserve_and_copy(job, options, fault);
  if (options->copy.json && fault->exit_code != EXIT_BAD_USAGE)
    result = outcome_tell_json(&job->outcome, options, &job->digests, &job->holding,
                               job->outcome.has_begun ? job->keeper.unreadable : NULL, fault);
  return result;
}
