/* SPDX-License-Identifier: MIT */
/* outcome: see outcome.h. */
#include "job/outcome.h"

#include "base/range.h"
#include "job/bad_areas.h"
#include "os/say.h"

#include <errno.h>

/* Whether what is good stays so, and the rest can be had without it. */
static bool
can_go_on(const struct outcome *outcome, const struct options *options, const struct copy *copy)
{
  const struct copy_config *config = &copy->config;

  return !outcome->is_spoilt && config->source->presence != PRESENCE_OTHER &&
         config->destination->presence != PRESENCE_OTHER && !digests_are_wanted(options) &&
         !config->destination->traits.in_order && options->destination.kind != PLACE_NULL;
}

bool
outcome_lead_on(const struct options *options, uint64_t from, const char *leads_to, char command[OUTCOME_COMMAND_BYTES],
                struct fault *fault)
{
  struct text text;

  text_init(&text, command, OUTCOME_COMMAND_BYTES);
  options_command_add(&options->command, from, &text);
  fault->leads_to = leads_to;
  fault->command = text.full ? NULL : command;
  if (text.full)
    fault_add(fault, ": %s the same command", leads_to);
  return !text.full;
}

/* Where a copy that has begun is to go on: what was held back is written again in any case, and what is checked as a whole is copied as a
 * whole. */
static uint64_t
offset_to_go_on(const struct outcome *outcome, const struct options *options, const struct copy *copy)
{
  uint64_t from = range_max(checking_from(outcome->checking, copy->flushed_below), options->copy.from);

  return from > options->copy.hold_back_bytes ? from : 0;
}

/* All is copied. What differs is copied again; a map knows what that is, and what else isn't verified. */
static void
fail_verifying(struct outcome *outcome, const struct options *options, struct fault *fault)
{
  const char *leads_to = options->copy.mapfile ? "go on with" : "copy again with";

  outcome->from = options->copy.from;
  if (outcome->verified.differing > 0 || options->copy.mapfile)
    (void)outcome_lead_on(options, outcome->from, leads_to, outcome->command, fault);
}

void
outcome_note(struct outcome *outcome, const struct copy *copy, uint64_t ms, uint64_t memory)
{
  outcome->is_noted = true;
  outcome->bytes = copy->source_end;
  outcome->good_below = copy->flushed_below;
  outcome->confirmed_below = copy_confirmed_below(copy);
  outcome->zeroed = copy->zeroed;
  outcome->kept = copy->kept;
  outcome->skipped = copy->skipped;
  outcome->effort = (struct effort){ .ms = ms,
                                     .moved = copy->moved,
                                     .retries = copy->retries,
                                     .reconnects = copy->source_recovery.returns + copy->destination_recovery.returns,
                                     .memory = memory };
}

void
outcome_fail(struct outcome *outcome, const struct options *options, const struct copy *copy,
             const struct holding *holding, struct fault *fault)
{
  bool has_map = options->copy.mapfile, goes_on = !outcome->has_begun || can_go_on(outcome, options, copy);
  uint64_t from = 0;

  if (outcome->has_begun)
    holding_tell(holding, fault);
  if ((!outcome->has_begun && !fault->may_pass) || options->persona == PERSONA_NBDCOPY)
    return;
  if (outcome->verified.has_begun) {
    fail_verifying(outcome, options, fault);
    return;
  }
  if (!outcome->has_begun)
    from = options->copy.from;
  else if (goes_on && !has_map)
    from = offset_to_go_on(outcome, options, copy);
  outcome->from = from;
  const char *leads_to = options->verb == VERB_DIGEST           ? "try again with"
                         : from == 0 && !(has_map && goes_on)   ? "copy again with"
                         : options->source.kind == PLACE_STREAM ? "with the whole stream again, go on with"
                                                                : "go on with";
  if (outcome_lead_on(options, from, leads_to, outcome->command, fault))
    return;
  if (from > 0)
    fault_add(fault, " and --from=%llu", (unsigned long long)from);
  else if (options->copy.from > 0)
    fault_add(fault, ", but without --from");
}

/* ---- For scripts ---- */

int
outcome_report(const struct outcome *outcome, struct fault *fault)
{
  if (say_line("decant", "done: bytes=%llu seconds=%llu.%02llu", (unsigned long long)outcome->bytes,
               (unsigned long long)(outcome->effort.ms / 1000),
               (unsigned long long)(outcome->effort.ms % 1000 / 10)) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "all is copied, but the --report can't be written to standard error");
  return 0;
}

void
outcome_add_member(struct text *text, const char *name, const char *string)
{
  text_add(text, ",\n\"%s\": ", name);
  text_add_json(text, string);
}

void
outcome_begin_json(struct text *text, const struct options *options, const char *result, const struct fault *fault)
{
  text_add(text, "{\n\"verb\": \"%s\",\n\"result\": \"%s\"", options_verb_name(options), result);
  if (fault->exit_code != EXIT_DONE && fault->text[0])
    outcome_add_member(text, "message", fault->text);
}

void
outcome_add_command(const struct options *options, const char *command, uint64_t from, struct text *text)
{
  outcome_add_member(text, "go-on", command);
  struct text before = *text;
  text_add(text, ",\n\"go-on-words\": ");
  options_command_add_json(&options->command, from, text);
  if (!text->full)
    return;
  *text = before;
  text->bytes[text->used] = '\0';
}

/* Neither what was read back otherwise nor a range that wasn't checked to its end is good, flushed as it may be. */
static uint64_t
good_below(const struct outcome *outcome)
{
  uint64_t below = checking_from(outcome->checking, outcome->good_below);

  if (outcome->is_spoilt)
    return 0;
  return outcome->verified.differing > 0 ? range_min(below, outcome->verified.first) : below;
}

static void
add_figures(const struct outcome *outcome, const struct holding *holding, struct text *text)
{
  if (!outcome->is_noted)
    return;
  if (outcome->bytes != SIZE_UNKNOWN)
    text_add(text, ",\n\"bytes\": %llu", (unsigned long long)outcome->bytes);
  text_add(text, ",\n\"good-below\": %llu,\n\"confirmed-below\": %llu", (unsigned long long)good_below(outcome),
           (unsigned long long)outcome->confirmed_below);
  text_add(text, ",\n\"data\": %llu,\n\"zeros\": %llu,\n\"kept\": %llu,\n\"skipped\": %llu",
           (unsigned long long)outcome->effort.moved, (unsigned long long)outcome->zeroed,
           (unsigned long long)outcome->kept, (unsigned long long)outcome->skipped);
  effort_add_json(&outcome->effort, text);
  text_add(text, ",\n\"phases\": {\"copy\": ");
  effort_add_seconds(outcome->effort.ms, text);
  if (outcome->verified.has_begun) {
    text_add(text, ", \"verify\": ");
    effort_add_seconds(outcome->verified.ms, text);
  }
  text_add(text, "}");
  if (outcome->counts_written)
    text_add(text, ",\n\"written\": %llu", (unsigned long long)outcome->written);
  if (holding_missing(holding) > 0)
    text_add(text, ",\n\"held-back\": %llu", (unsigned long long)holding_missing(holding));
}

static void
add_verified(const struct outcome_verified *verified, struct text *text)
{
  text_add(text, ",\n\"verified\": %llu,\n\"repaired\": %llu,\n\"differing\": %llu",
           (unsigned long long)verified->bytes, (unsigned long long)verified->repaired,
           (unsigned long long)verified->differing);
  if (verified->differing > 0)
    text_add(text, ",\n\"differs-at\": %llu", (unsigned long long)verified->first);
}

/* How it ended, in a word. */
static const char *
result_word(const struct outcome *outcome, const struct fault *fault)
{
  if (fault->exit_code == EXIT_DIGEST_DIFFERS)
    return outcome->verified.differing > 0 ? "differs" : "digest-differs";
  if (fault->exit_code == EXIT_PARTLY_UNREADABLE)
    return "partly-unreadable";
  return fault->exit_code == EXIT_DONE ? "done" : "failed";
}

int
outcome_tell_json(struct outcome *outcome, const struct options *options, const struct digests *digests,
                  const struct holding *holding, const struct areas *unreadable, struct fault *fault)
{
  bool has_failed = fault->exit_code != EXIT_DONE;
  struct fault telling = { 0 };
  struct text text;

  text_init(&text, outcome->json, sizeof outcome->json);
  outcome_begin_json(&text, options, result_word(outcome, fault), fault);
  add_figures(outcome, holding, &text);
  if (outcome->verified.has_begun)
    add_verified(&outcome->verified, &text);
  checking_add_json(outcome->checking, &text);
  for (int i = 0; i < DIGESTS; i++)
    if (digests->told[i] && digests->hex[i][0])
      outcome_add_member(&text, digest_label((enum digest_kind)i), digests->hex[i]);
  if (fault->command)
    outcome_add_command(options, outcome->command, outcome->from, &text);
  struct fault *told = has_failed ? &telling : fault;
  if (say_answer(outcome->json, told) == -1 || (unreadable && bad_areas_say_json(unreadable, NULL, told) == -1) ||
      say_answer("\n}\n", told) == -1)
    return -1;
  return has_failed ? -1 : 0;
}
