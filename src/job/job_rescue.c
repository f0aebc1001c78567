/* SPDX-License-Identifier: MIT */
/* job_rescue: see job_rescue.h. */
#include "job/job_rescue.h"

#include "base/range.h"
#include "job/bad_areas.h"
#include "job/confine.h"
#include "job/inherited.h"
#include "os/say.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- The map ---- */

/* Whether a map says that there is nothing left to try. */
static bool
is_finished(const struct rescue_job *job, const struct options *options)
{
  struct rescue_totals totals;

  rescue_text_add_up(&totals, job->keeper.areas, job->keeper.domain);
  return totals.left == 0 && (totals.bad == 0 || options->rescue.retry_passes == 0);
}

/* ---- The destination ---- */

/* What is there keeps what isn't written. A file that a rescue has made is longer by a byte until its end. */
static enum role
choose_role(const struct rescue_job *job, const struct options *options)
{
  const struct place *place = &options->destination;
  struct stat found;

  if (place->kind != PLACE_PATH || (stat(place->text, &found) == 0 && !S_ISREG(found.st_mode)))
    return ROLE_UPDATED;
  if (stat(place->text, &found) == -1 || (found.st_size == 0 && job->keeper.kept_below == 0))
    return job->keeper.kept_below == 0 ? ROLE_DESTINATION : ROLE_RESUMED;
  return (uint64_t)found.st_size <= job->source.base.traits.size + 1 ? ROLE_RESUMED : ROLE_UPDATED;
}

static int
open_destination(struct rescue_job *job, const struct options *options, struct fault *fault)
{
  const struct place *place = &options->destination;
  struct wishes wishes = options->wishes;

  if (place->kind == PLACE_PATH && access(place->text, F_OK) == -1 &&
      mapfile_store_would_be(&job->keeper.store, place->text))
    return fault_set(fault, EXIT_FAILED, 0, "the mapfile %.256s and %.256s are the same; nothing was written",
                     options->copy.mapfile, place->text);
  wishes.start = job->keeper.kept_below; /* so far it has to reach */
  return endpoints_open(&job->destination, place, choose_role(job, options), &wishes, &job->loop,
                        &job->destination_ring, &job->tls, fault);
}

/* Before anything is written. */
static int
check_both(struct rescue_job *job, const struct options *options, unsigned char *buffer, struct fault *fault)
{
  struct endpoint *source = &job->source.base, *destination = &job->destination.base;
  struct probe_ends ends = { .source = source,
                             .destination = destination,
                             .loop = &job->loop,
                             .buffer = buffer,
                             .buffer_bytes = RESCUE_BUFFERS_BYTES,
                             .goes_on = job->keeper.store.is_there };

  if (endpoints_check(source, destination, fault) == -1 || rescue_run_check(source, destination, fault) == -1 ||
      keeper_check(&job->keeper, source, destination, buffer, RESCUE_BUFFERS_BYTES, fault) == -1 ||
      probe_destination(&job->probe, &ends, options, fault) == -1)
    return -1;
  return ends.goes_on ? 0 : probe_source(&job->probe, &ends, options, fault);
}

/* ---- The rescue ---- */

static void
configure(struct rescue_job *job, const struct options *options, unsigned char *buffers,
          struct rescue_run_config *config)
{
  const struct rescue_options *rescue = &options->rescue;

  *config = (struct rescue_run_config){ .source = &job->source.base,
                                        .destination = &job->destination.base,
                                        .loop = &job->loop,
                                        .observer = &job->reporter.observer,
                                        .areas = job->keeper.areas,
                                        .domain = job->keeper.domain,
                                        .retry_passes = rescue->retry_passes,
                                        .buffers = buffers,
                                        .skip_zeros = job->destination.base.traits.reads_zero,
                                        .mark = bad_areas_mark(options, job->mark_words),
                                        .mark_words = job->mark_words,
                                        .slow_bytes_per_s = rescue->slow_bytes_per_s,
                                        .min_bytes_per_s = rescue->min_bytes_per_s,
                                        .errors_max = options->copy.errors_max,
                                        .keep_ms = RESCUE_KEEP_MS,
                                        .retry_ms = options->copy.retry_ms };
}

static int
rescue_between(struct rescue_job *job, const struct options *options, struct fault *fault)
{
  struct endpoint *destination = &job->destination.base;
  unsigned char *buffers = arena_take(&job->payload, RESCUE_BUFFERS_BYTES, LARGE_PAGE_BYTES);
  const struct mapfile *map = &job->keeper.map;
  struct rescue_run_config config;

  if (job->source.base.traits.size > LARGE_PAGE_BYTES) /* a smaller one is read sooner than such a page is cleared */
    arena_use_large_pages(&job->payload);
  if (check_both(job, options, buffers, fault) == -1)
    return -1;
  if (endpoints_prepare(destination, job->source.base.traits.size, fault) == -1)
    return -1;
  job->has_begun = true;
  if (keeper_begin(&job->keeper, destination, fault) == -1)
    return -1;
  configure(job, options, buffers, &config);
  rescue_reporter_begin(&job->reporter, options, job->is_mute, &job->keeper, loop_now_ms(&job->loop));
  rescue_run_init(&job->run, &config);
  rescue_run_resume(&job->run, mapfile_status(map->phase), map->pass, map->position);
  job->has_run = true;
  int result = rescue_run(&job->run, fault);
  rescue_reporter_end(&job->reporter, loop_now_ms(&job->loop));
  return result;
}

/* What closing says of the destination isn't mended by what failed before. */
static int
close_rescued(struct rescue_job *job, struct endpoint *end, int result, struct fault *fault)
{
  if (!endpoints_close(end, &result, fault))
    job->is_spoilt = job->is_spoilt || (end == &job->destination.base && job->has_begun);
  return result;
}

/* The source is open, and what is left of it is known. */
static int
open_and_rescue(struct rescue_job *job, const struct options *options, struct fault *fault)
{
  if (is_finished(job, options)) {
    (void)say_line(options_program(options), "%s says that all is tried: nothing is left to do", options->copy.mapfile);
    return 0;
  }
  if (open_destination(job, options, fault) == -1)
    return -1;
  confine_enter(options);
  int result = rescue_between(job, options, fault);
  return close_rescued(job, &job->destination.base, result, fault);
}

static int
open_source_and_rescue(struct rescue_job *job, const struct options *options, struct fault *fault)
{
  struct endpoint *source = &job->source.base;

  if (endpoints_open(&job->source, &options->source, ROLE_SOURCE, &options->wishes, &job->loop, &job->source_ring,
                     &job->tls, fault) == -1)
    return -1;
  int result = keeper_read(&job->keeper, source, fault);
  job->has_areas = result == 0;
  if (result == 0)
    result = open_and_rescue(job, options, fault);
  return close_rescued(job, source, result, fault);
}

/* ---- What came of it ---- */

/* All was tried: whether all was read. */
static int
tell_unreadable(const struct rescue_job *job, const struct options *options, struct fault *fault)
{
  struct rescue_totals totals;

  rescue_text_add_up(&totals, job->keeper.areas, job->keeper.domain);
  if (totals.rescued == totals.wanted)
    return 0;
  if (!job->is_mute)
    bad_areas_say(options, job->keeper.areas, job->keeper.domain);
  return fault_set(
      fault, EXIT_PARTLY_UNREADABLE, 0,
      "%llu of %llu bytes of %s can't be read, in the areas that %.256s calls bad; all others are rescued. "
      "--retry-bad=1 tries them again",
      (unsigned long long)(totals.wanted - totals.rescued), (unsigned long long)totals.wanted, job->source.base.name,
      options->copy.mapfile);
}

/* The rescue ended before all was tried. */
static void
tell_how_to_go_on(struct rescue_job *job, const struct options *options, struct fault *fault)
{
  if (!job->has_begun)
    return;
  fault_add(fault, "; what %s is in %.256s", job->keeper.has_failed ? "was rescued before that" : "is rescued",
            options->copy.mapfile);
  outcome_lead_on(options, 0, "go on with", job->command, fault);
}

static const char *
rescue_result_word(const struct fault *fault)
{
  return fault->exit_code == EXIT_DONE                ? "done"
         : fault->exit_code == EXIT_PARTLY_UNREADABLE ? "partly-unreadable"
                                                      : "failed";
}

/* What this run took, and how far it came. */
static void
add_rescue_effort(const struct rescue_job *job, struct text *text)
{
  const struct rescue_run *run = &job->run;

  text_add(text, ",\n\"phase\": \"%s\",\n\"pass\": %u", rescue_text_doing(run->rescue.phase), run->rescue.pass);
  effort_add_json(&(struct effort){ .ms = job->reporter.ended_ms - job->reporter.began_ms,
                                    .moved = run->rescued,
                                    .retries = run->retries,
                                    .reconnects = run->recovery.returns,
                                    .memory = job->payload.bytes },
                  text);
}

static int
say_json_head(struct rescue_job *job, const struct options *options, const struct fault *told, struct fault *fault)
{
  struct rescue_totals totals;
  struct text text;

  text_init(&text, job->json, sizeof job->json);
  outcome_begin_json(&text, options, rescue_result_word(told), told);
  if (job->has_areas) {
    rescue_text_add_up(&totals, job->keeper.areas, job->keeper.domain);
    text_add(&text, ",\n\"bytes\": %llu,\n\"rescued\": %llu,\n\"errors\": %llu,\n\"set-back\": %llu",
             (unsigned long long)totals.wanted, (unsigned long long)totals.rescued, (unsigned long long)job->run.errors,
             (unsigned long long)job->keeper.areas->set_back);
  }
  if (job->has_run)
    add_rescue_effort(job, &text);
  if (told->command)
    outcome_add_command(options, told->command, 0, &text);
  return say_answer(job->json, fault);
}

/* An object of any length, in parts. */
static int
say_json(struct rescue_job *job, const struct options *options, const struct fault *told, struct fault *fault)
{
  if (say_json_head(job, options, told, fault) == -1 ||
      (job->has_areas && bad_areas_say_json(job->keeper.areas, job->keeper.domain, fault) == -1))
    return -1;
  return say_answer("\n}\n", fault);
}

/* ---- All of it ---- */

static int
reserve_and_rescue(struct rescue_job *job, const struct options *options, struct fault *fault)
{
  unsigned sessions = client_sessions(&options->source, &options->wishes) +
                      client_sessions(&options->destination, &options->wishes);
  size_t bytes = range_align_up(tls_pool_bytes(sessions) + PAGE_BYTES + keeper_bytes(options), LARGE_PAGE_BYTES) +
                 LARGE_PAGE_BYTES + RESCUE_BUFFERS_BYTES;

  if (arena_reserve(&job->payload, bytes, 0, fault) == -1)
    return -1;
  tls_pool_init(&job->tls, arena_take(&job->payload, tls_pool_bytes(sessions), PAGE_BYTES), sessions);
  if (loop_init(&job->loop, fault) == -1 || confine_begin(options, fault) == -1)
    return -1;
  ring_open(&job->source_ring);
  ring_open(&job->destination_ring);
  job->keeper.is_rescue = true;
  if (keeper_open(&job->keeper, options, job->is_mute, &job->payload, &job->loop, fault) == -1)
    return -1;
  int result = open_source_and_rescue(job, options, fault);
  if (job->is_spoilt) /* else it was kept as it is, right after a flush */
    result = keeper_end(&job->keeper, true, result, fault);
  else
    keeper_say_full(&job->keeper);
  keeper_close(&job->keeper);
  loop_let_signals_end(&job->loop); /* what reads our output may wait, and nothing is left to clear up */
  if (result == -1)
    tell_how_to_go_on(job, options, fault);
  else
    result = tell_unreadable(job, options, fault);
  return result;
}

int
job_rescue(struct rescue_job *job, const struct options *options, struct fault *fault)
{
  job->is_mute = inherited_says_into_disk(options);
  int result = reserve_and_rescue(job, options, fault);
  if (!options->copy.json || fault->exit_code == EXIT_BAD_USAGE)
    return result;
  job->told = *fault;
  return say_json(job, options, &job->told, result == 0 ? fault : &job->told) == -1 ? -1 : result;
}
