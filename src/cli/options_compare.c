/* SPDX-License-Identifier: MIT */
/* options_compare: see options_compare.h. */
#include "cli/options_compare.h"

#include "cli/options.h"
#include "cli/options_verb.h"

#include <assert.h>
#include <getopt.h>

/* clang-format off */
static const char help[] =
    "Usage: decant compare [OPTIONS] SOURCE SOURCE\n"
    "\n"
    "Says whether two disks hold the same; what one is longer by must be zeros.\n"
    "\n"
    "      --all             find every difference; what can't be read is left out\n"
    "      --mapfile=FILE    and write them there, for decant copy --domain=FILE\n"
    "      --strict          another length is different\n"
    "  -q, --quiet           print nothing\n"
    "  -C, --connections, --json, --memory, --no-extents, --no-sandbox, -p, --progress,\n"
    "  --rate-limit, -R, --requests, --retry, --timeout, --tls-pin, --wait, -V, --version,\n"
    "  -h, --help\n"
    "                        as for a copy\n"
    "\n"
    "Exit codes: 0 the same, 1 failed, 2 different, 3 the same as far as they can be read,\n"
    "64 the command line is wrong.\n";
/* clang-format on */

enum {
  OPTION_ALL = OPTION_OF_VERB,
  OPTION_JSON,
  OPTION_MAPFILE,
  OPTION_MEMORY,
  OPTION_NO_EXTENTS,
  OPTION_RATE_LIMIT,
  OPTION_RETRY,
  OPTION_STRICT,
};

static const char short_options[] = OPTIONS_SHORT_BEGIN "C:hpqR:V";

static const struct option long_options[] = {
  { "all", no_argument, NULL, OPTION_ALL },
  { "connections", required_argument, NULL, 'C' },
  { "json", no_argument, NULL, OPTION_JSON },
  { "mapfile", required_argument, NULL, OPTION_MAPFILE },
  { "memory", required_argument, NULL, OPTION_MEMORY },
  { "no-extents", no_argument, NULL, OPTION_NO_EXTENTS },
  { "progress", optional_argument, NULL, 'p' },
  { "quiet", no_argument, NULL, 'q' },
  { "rate-limit", required_argument, NULL, OPTION_RATE_LIMIT },
  { "requests", required_argument, NULL, 'R' },
  { "retry", required_argument, NULL, OPTION_RETRY },
  { "strict", no_argument, NULL, OPTION_STRICT },
  OPTIONS_OF_ALL_VERBS,
};

static int
take_compare_option(struct options *options, int option, const char *value, struct fault *fault)
{
  switch (option) {
  case OPTION_ALL:
    options->compare.all = true;
    return 0;
  case OPTION_JSON:
    options->copy.json = true;
    return 0;
  case OPTION_MAPFILE:
    options->copy.mapfile = value;
    options->compare.all = true;
    return 0;
  case OPTION_MEMORY:
    return options_take_memory(options, value, fault);
  case OPTION_NO_EXTENTS:
    options->copy.no_extents = true;
    return 0;
  case OPTION_RATE_LIMIT:
    return options_take_rate_limit(options, value, fault);
  case OPTION_RETRY:
    return options_take_duration(&options->copy.retry_ms, "retry", value, fault);
  case OPTION_STRICT:
    options->compare.strict = true;
    return 0;
  case 'C':
    return options_take_connections(options, value, fault);
  case 'p':
    return options_take_progress(options, value, fault);
  case 'q':
    options->compare.quiet = true;
    return 0;
  case 'R':
    return options_take_unsigned(&options->wishes.requests, 1, "requests", value, fault);
  }
  assert(!"an option of the table");
  return -1;
}

static void
set_compare_defaults(struct options *options)
{
  options->compare = (struct compare_options){ 0 };
}

static int
check_compare(struct options *options, struct fault *fault)
{
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "null: can only be a DESTINATION", "");
  if (options->source.kind == PLACE_STREAM && options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "both can't be standard input", "");
  if (options->copy.mapfile && !options->copy.mapfile[0])
    return options_usage(options, fault, "--mapfile=FILE needs a name", "");
  if (options->compare.quiet && options->copy.json)
    return options_usage(options, fault, "--quiet can't be used with --json", "");
  if (!options->copy.no_extents)
    contexts_add(&options->wishes.contexts, CONTEXT_ALLOCATION_NAME, false);
  return 0;
}

const struct verb_options options_compare = {
  .name = "compare",
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 2,
  .set_defaults = set_compare_defaults,
  .take = take_compare_option,
  .check = check_compare,
};
