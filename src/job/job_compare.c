/* SPDX-License-Identifier: MIT */
/* job_compare: see job_compare.h. */
#include "job/job_compare.h"

#include "base/range.h"
#include "job/confine.h"
#include "os/say.h"

/* ---- The two ends ---- */

static int
open_end_to_compare(struct compare_job *job, const struct options *options, unsigned index, struct fault *fault)
{
  return endpoints_open(&job->ends[index], index == 0 ? &options->source : &options->destination, ROLE_SOURCE,
                        &options->wishes, &job->loop, &job->rings[index], &job->tls, fault);
}

/* The map mustn't change what is compared. */
static int
check_map_lives_elsewhere(const struct compare_job *job, const struct options *options, struct fault *fault)
{
  for (int i = 0; options->copy.mapfile && i < 2; i++)
    if (mapfile_store_is_on(&job->store, &job->ends[i].base.identity))
      return fault_set(fault, EXIT_FAILED, 0,
                       "the mapfile %.512s (with its .new and .bak) is %s itself, or lies on it: keep it elsewhere",
                       options->copy.mapfile, job->ends[i].base.name);
  return 0;
}

/* ---- The comparison ---- */

/* Whether their lengths alone are the answer. */
static bool
is_other_length(const struct compare_job *job, const struct options *options)
{
  uint64_t one = job->ends[0].base.traits.size, other = job->ends[1].base.traits.size;

  return options->compare.strict && !options->compare.all && one != other && one != SIZE_UNKNOWN &&
         other != SIZE_UNKNOWN;
}

static int
compare_both(struct compare_job *job, const struct options *options, struct fault *fault)
{
  struct compare_config config = { .ends = { &job->ends[0].base, &job->ends[1].base },
                                   .loop = &job->loop,
                                   .observer = &job->reporter.observer,
                                   .areas = job->areas,
                                   .extents = !options->copy.no_extents,
                                   .bytes_per_s = options->copy.bytes_per_s,
                                   .retry_ms = options->copy.retry_ms };

  if (check_map_lives_elsewhere(job, options, fault) == -1 ||
      compare_divide(&config.budget, &config.ends[0]->traits, &config.ends[1]->traits, options->copy.payload_bytes,
                     fault) == -1)
    return -1;
  config.buffers = arena_take(&job->payload, 2 * config.budget.units * config.budget.unit_bytes, LARGE_PAGE_BYTES);
  if (range_min(config.ends[0]->traits.size, config.ends[1]->traits.size) > LARGE_PAGE_BYTES)
    arena_use_large_pages(&job->payload);
  if (job->areas)
    areas_init(job->areas, compare_map_bytes(config.ends[0], config.ends[1]), true);
  compare_reporter_begin(&job->reporter, options, loop_now_ms(&job->loop));
  compare_init(&job->compare, &config);
  job->has_compared = true;
  int result = is_other_length(job, options) ? 0 : compare_run(&job->compare, fault);
  compare_reporter_end(&job->reporter, loop_now_ms(&job->loop));
  return result;
}

static int
open_and_compare(struct compare_job *job, const struct options *options, struct fault *fault)
{
  if (open_end_to_compare(job, options, 0, fault) == -1)
    return -1;
  int result = open_end_to_compare(job, options, 1, fault);
  if (result == 0) {
    confine_enter(options);
    result = compare_both(job, options, fault);
    endpoints_close(&job->ends[1].base, &result, fault); /* which tells that a file became shorter */
  }
  endpoints_close(&job->ends[0].base, &result, fault);
  return result;
}

/* ---- What came of it ---- */

static struct compare_answer
answer_of(const struct compare_job *job, const struct options *options)
{
  const struct compare *compare = &job->compare;

  return (struct compare_answer){ .names = { job->ends[0].base.name, job->ends[1].base.name },
                                  .sizes = { compare->views[0].size, compare->views[1].size },
                                  .is_strict = options->compare.strict,
                                  .first_difference = compare->first_difference,
                                  .areas = job->areas,
                                  .unreadable_bytes = compare->unreadable_bytes };
}

static int
say_compare_rows(const struct compare_job *job, bool is_json, struct fault *fault)
{
  char bytes[COMPARE_ROWS_BYTES];
  struct text text;

  for (uint64_t at = 0; job->areas && at < job->areas->size;) {
    text_init(&text, bytes, sizeof bytes);
    at = compare_text_add_rows(job->areas, at, is_json, &text);
    if (say_answer(bytes, fault) == -1)
      return -1;
  }
  return 0;
}

static void
add_compare_effort(const struct compare_job *job, struct text *text)
{
  const struct compare *compare = &job->compare;

  text_add(text, ",\n\"read\": %llu", (unsigned long long)compare->read_bytes);
  effort_add_json(&(struct effort){ .ms = job->reporter.ended_ms - job->reporter.began_ms,
                                    .moved = compare->read_bytes,
                                    .retries = compare->retries,
                                    .reconnects = compare->sides[0].recovery.returns +
                                                  compare->sides[1].recovery.returns,
                                    .memory = job->payload.bytes },
                  text);
}

static int
say_object(struct compare_job *job, const struct options *options, const struct compare_answer *answer,
           struct fault *fault)
{
  struct text text;

  text_init(&text, job->text, sizeof job->text);
  outcome_begin_json(&text, options, compare_text_word(answer), fault);
  add_compare_effort(job, &text);
  compare_text_add_head(answer, &text);
  return say_answer(job->text, fault) == -1 || say_compare_rows(job, true, fault) == -1
             ? -1
             : say_answer(job->areas ? "\n]\n}\n" : "\n}\n", fault);
}

static int
say_lines(struct compare_job *job, const struct compare_answer *answer, struct fault *fault)
{
  struct text text;

  text_init(&text, job->text, sizeof job->text);
  compare_text_add_line(answer, &text);
  return say_compare_rows(job, false, fault) == -1 ? -1 : say_answer(job->text, fault);
}

/* The ranges that differ, for a copy of the first to the second: as long as the first. */
static int
write_map(struct compare_job *job, const struct options *options, struct fault *fault)
{
  struct mapfile *map = &job->map;
  struct text command;

  *map = (struct mapfile){
    .phase = '+', .pass = 1, .source = { .size = SIZE_UNKNOWN }, .destination = { .size = SIZE_UNKNOWN }
  };
  text_init(&command, map->command, sizeof map->command);
  options_command_add(&options->command, 0, &command);
  areas_end_at(job->areas, job->compare.views[0].size);
  map->position = job->areas->size;
  return mapfile_store_write(&job->store, map, job->areas, fault);
}

/* What of the list isn't so, or isn't known, beside it. */
static void
say_remarks(const struct compare_job *job, const struct options *options)
{
  const struct compare_failure *unreadable = &job->compare.unreadable;

  if (unreadable->end)
    (void)say_line(options_program(options), "%s %s failed at offset %llu: %s", "reading", unreadable->end->name,
                   (unsigned long long)unreadable->offset, endpoint_why(unreadable->end, unreadable->errnum));
  if (job->areas && job->areas->set_back > 0)
    (void)say_line(options_program(options), "more ranges than can be told apart: %llu bytes of them are the same",
                   (unsigned long long)job->areas->set_back);
}

static int
tell_answer(struct compare_job *job, const struct options *options, struct fault *fault)
{
  struct compare_answer answer = answer_of(job, options);
  enum compare_verdict verdict = compare_text_verdict(&answer);

  if (!options->compare.quiet) {
    say_remarks(job, options);
    if ((options->copy.json ? say_object(job, options, &answer, fault) : say_lines(job, &answer, fault)) == -1)
      return -1;
  }
  if (options->copy.mapfile && write_map(job, options, fault) == -1)
    return -1;
  if (verdict == COMPARE_SAME || say_finish(fault) == -1)
    return verdict == COMPARE_SAME ? 0 : -1;
  *fault = (struct fault){ .exit_code = verdict == COMPARE_DIFFERENT ? EXIT_ANSWER_IS_NO : EXIT_PARTLY_UNREADABLE };
  return -1;
}

/* It isn't known; why goes to standard error, and for scripts to standard output too. */
static void
tell_failure(struct compare_job *job, const struct options *options, const struct fault *fault)
{
  struct text text;

  if (!options->copy.json || fault->exit_code == EXIT_BAD_USAGE)
    return;
  text_init(&text, job->text, sizeof job->text);
  outcome_begin_json(&text, options, "failed", fault);
  if (job->has_compared) {
    add_compare_effort(job, &text);
    text_add(&text, ",\n\"same-below\": %llu", (unsigned long long)compare_known_below(&job->compare));
  }
  text_add(&text, "\n}\n");
  (void)say_answer(job->text, &job->told);
}

/* ---- All of it ---- */

/* A map that is there may be all that is known of a disk. */
static int
open_map(struct compare_job *job, const struct options *options, struct fault *fault)
{
  job->store.directory = -1;
  if (!options->copy.mapfile)
    return 0;
  if (mapfile_store_open(&job->store, options->copy.mapfile, fault) == -1)
    return -1;
  if (!job->store.is_there)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "the mapfile %.512s is there already: name another", options->copy.mapfile);
}

static int
reserve_and_compare(struct compare_job *job, const struct options *options, struct fault *fault)
{
  unsigned sessions = client_sessions(&options->source, &options->wishes) +
                      client_sessions(&options->destination, &options->wishes);
  size_t areas_bytes = options->compare.all ? range_align_up(sizeof *job->areas, PAGE_BYTES) : 0;
  size_t bytes = range_align_up(tls_pool_bytes(sessions) + PAGE_BYTES + areas_bytes, LARGE_PAGE_BYTES) +
                 LARGE_PAGE_BYTES + options->copy.payload_bytes;

  if (arena_reserve(&job->payload, bytes, 0, fault) == -1)
    return -1;
  tls_pool_init(&job->tls, arena_take(&job->payload, tls_pool_bytes(sessions), PAGE_BYTES), sessions);
  if (areas_bytes > 0)
    job->areas = arena_take(&job->payload, sizeof *job->areas, PAGE_BYTES);
  if (loop_init(&job->loop, fault) == -1 || confine_begin(options, fault) == -1)
    return -1;
  ring_open(&job->rings[0]);
  ring_open(&job->rings[1]);
  if (open_map(job, options, fault) == -1)
    return -1;
  int result = open_and_compare(job, options, fault);
  loop_let_signals_end(&job->loop); /* what reads our output may wait, and nothing is left to clear up */
  return result;
}

int
job_compare(struct compare_job *job, const struct options *options, struct fault *fault)
{
  int result = reserve_and_compare(job, options, fault);

  if (result == 0)
    result = tell_answer(job, options, fault);
  else
    tell_failure(job, options, fault);
  mapfile_store_close(&job->store);
  return result;
}
