/* SPDX-License-Identifier: MIT */
/* outcome: see outcome.h. */
#include "job/outcome.h"

#include "base/range.h"
#include "os/say.h"

#include <errno.h>

/* Whether what is good stays so, and the rest can be had without it. */
static bool
can_go_on(const struct outcome *outcome, const struct options *options, const struct copy *copy)
{
  const struct copy_config *config = &copy->config;

  return !outcome->is_spoilt && config->source->presence != PRESENCE_OTHER &&
         config->destination->presence != PRESENCE_OTHER && !config->tap && !config->destination->traits.in_order &&
         options->destination.kind != PLACE_NULL;
}

void
outcome_fail(struct outcome *outcome, const struct options *options, const struct copy *copy, struct fault *fault)
{
  uint64_t from = 0;
  struct text text;

  if (!outcome->has_begun || options->persona == PERSONA_NBDCOPY)
    return;
  if (can_go_on(outcome, options, copy))
    from = range_max(copy->flushed_below, copy->config.start);
  text_init(&text, outcome->command, sizeof outcome->command);
  options_command_add(&options->command, from, &text);
  fault->leads_to = from > 0 ? "go on with" : "copy again with";
  fault->command = text.full ? NULL : outcome->command;
  if (!text.full)
    return;
  fault_add(fault, ": %s the same command", fault->leads_to);
  if (from > 0)
    fault_add(fault, " and --from=%llu", (unsigned long long)from);
  else if (options->copy.from > 0)
    fault_add(fault, ", but without --from");
}

int
outcome_report(const struct outcome *outcome, const struct copy *copy, struct fault *fault)
{
  if (say_line("decant", "done: bytes=%llu seconds=%llu.%02llu", (unsigned long long)copy->source_end,
               (unsigned long long)(outcome->ms / 1000), (unsigned long long)(outcome->ms % 1000 / 10)) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "all is copied, but the --report can't be written to standard error");
  return 0;
}
