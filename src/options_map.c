/* SPDX-License-Identifier: MIT */
/* options_map: see options_map.h. */
#include "options_map.h"

#include "options.h"
#include "options_verb.h"

#include <assert.h>
#include <getopt.h>
#include <stddef.h>

static const char help[] =
    "Usage: decant map [OPTIONS] SOURCE\n"
    "\n"
    "Shows which parts of a disk are data, holes and zeros.\n"
    "\n"
    "      --context=NAME     the metadata context to show (base:allocation)\n"
    "      --json             as JSON\n"
    "      --totals           the sum of each kind\n"
    "  -V, --version          print the version\n"
    "      --help             print this\n";

enum { OPTION_CONTEXT = OPTION_OF_VERB, OPTION_JSON, OPTION_TOTALS };

static const char short_options[] = OPTIONS_SHORT_BEGIN "V";

static const struct option long_options[] = {
  { "context", required_argument, NULL, OPTION_CONTEXT },
  { "json", no_argument, NULL, OPTION_JSON },
  { "totals", no_argument, NULL, OPTION_TOTALS },
  OPTIONS_OF_ALL_VERBS
};

static void
set_defaults(struct options *options)
{
  options->map = (struct map_options){ .context = "base:allocation" };
}

static int
take(struct options *options, int option, const char *value, struct fault *fault)
{
  (void)fault;
  switch (option) {
  case OPTION_CONTEXT:
    options->map.context = value;
    return 0;
  case OPTION_JSON:
    options->map.json = true;
    return 0;
  case OPTION_TOTALS:
    options->map.totals = true;
    return 0;
  }
  assert(!"an option of the table");
  return -1;
}

static int
check(struct options *options, struct fault *fault)
{
  (void)options, (void)fault;
  return 0;
}

const struct verb_options options_map = {
  .name = "map",
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 1,
  .set_defaults = set_defaults,
  .take = take,
  .check = check,
};
