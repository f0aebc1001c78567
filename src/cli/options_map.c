/* SPDX-License-Identifier: MIT */
/* options_map: see options_map.h. */
#include "cli/options_map.h"

#include "base/sizes.h"
#include "cli/options.h"
#include "cli/options_verb.h"

#include <assert.h>
#include <getopt.h>
#include <stddef.h>
#include <string.h>

/* clang-format off */
static const char help[] =
    "Usage: decant map [OPTIONS] SOURCE\n"
    "\n"
    "Shows what is known of each part of a disk: whether it is data, a hole, zeros;\n"
    "whether it has changed; which image of a backing chain provides it.\n"
    "\n"
    "      --context=NAME     the metadata context to show (base:allocation); more\n"
    "                         than one are shown side by side (4 at most)\n"
    "      --offset=SIZE      begin there\n"
    "      --length=SIZE      show so many bytes\n"
    "      --json             as JSON\n"
    "      --json=imageio     as oVirt's tools read it: zero, hole, dirty\n"
    "      --totals           the sum of each kind\n"
    "      --bmap             as a block map of bmaptool's, with digests (for copy --bmap)\n"
    "      --graph            draw the disk as a bar\n"
    "      --colour, --no-colour  colours (default on a terminal; also --color,\n"
    "                         --colors, --colours, --no-color, --no-colors,\n"
    "                         --no-colours)\n"
    "      --no-sandbox           once its ends are open, forgo nothing\n"
    "      --timeout=SECONDS      how long a server may be silent (30); 0: for ever\n"
    "      --wait=SECONDS         how long to wait for a server that isn't there yet (0)\n"
    "      --tls-pin=sha256:HEX  trust a TLS server that has this key, without a CA\n"
    "  -V, --version          print the version\n"
    "  -h, --help             print this\n";
/* clang-format on */

enum {
  OPTION_BMAP = OPTION_OF_VERB,
  OPTION_CONTEXT,
  OPTION_GRAPH,
  OPTION_JSON,
  OPTION_LENGTH,
  OPTION_OFFSET,
  OPTION_TOTALS,
};

static const char short_options[] = OPTIONS_SHORT_BEGIN "hV";

static const struct option long_options[] = {
  { "bmap", no_argument, NULL, OPTION_BMAP },
  { "context", required_argument, NULL, OPTION_CONTEXT },
  { "graph", no_argument, NULL, OPTION_GRAPH },
  { "json", optional_argument, NULL, OPTION_JSON },
  { "length", required_argument, NULL, OPTION_LENGTH },
  { "offset", required_argument, NULL, OPTION_OFFSET },
  { "totals", no_argument, NULL, OPTION_TOTALS },
  OPTIONS_OF_COLOUR,
  OPTIONS_OF_ALL_VERBS,
};

static void
set_map_defaults(struct options *options)
{
  options->map = (struct map_options){ .style = MAP_TEXT, .length = UINT64_MAX };
}

static int
take_json(struct options *options, const char *value, struct fault *fault)
{
  if (value && strcmp(value, "imageio") != 0)
    return options_usage(options, fault, "--json takes no value but imageio, not ", value);
  options->map.style = value ? MAP_IMAGEIO : MAP_JSON;
  return 0;
}

static int
take_size(const struct options *options, const char *value, uint64_t *bytes, struct fault *fault)
{
  if (!sizes_parse(value, bytes))
    return options_usage(options, fault, "--offset and --length take a size in bytes, not ", value);
  return 0;
}

static int
take_map_option(struct options *options, int option, const char *value, struct fault *fault)
{
  switch (option) {
  case OPTION_BMAP:
    options->map.style = MAP_BMAP;
    return 0;
  case OPTION_CONTEXT:
    if (!contexts_add(&options->wishes.contexts, value, true))
      return options_usage(options, fault, "too many metadata contexts, or too long a name: ", value);
    return 0;
  case OPTION_GRAPH:
    options->map.style = MAP_GRAPH;
    return 0;
  case OPTION_JSON:
    return take_json(options, value, fault);
  case OPTION_LENGTH:
    return take_size(options, value, &options->map.length, fault);
  case OPTION_OFFSET:
    return take_size(options, value, &options->map.offset, fault);
  case OPTION_TOTALS:
    options->map.totals = true;
    return 0;
  }
  assert(!"an option of the table");
  return -1;
}

/* Where nobody says which contexts: the plain one, or all that a style can show. */
static int
check_map(struct options *options, struct fault *fault)
{
  bool shows_layers = options->map.style == MAP_IMAGEIO || options->map.style == MAP_GRAPH;

  if (options->map.totals && shows_layers)
    return options_usage(options, fault, "--totals can't be used with --json=imageio or --graph", "");
  if (options->map.style == MAP_BMAP && (options->map.totals || options->map.offset > 0 ||
                                         options->map.length < UINT64_MAX || options->wishes.contexts.count > 0))
    return options_usage(options, fault, "a block map is of the whole disk: --totals, --offset, --length and --context",
                         " can't be used with --bmap");
  options->wishes.connections = 1; /* one question is asked at a time */
  if (options->wishes.contexts.count > 0)
    return 0;
  contexts_add(&options->wishes.contexts, CONTEXT_ALLOCATION_NAME, true);
  if (shows_layers)
    contexts_add(&options->wishes.contexts, CONTEXT_DEPTH_NAME, false);
  options->wishes.contexts.joint_first = shows_layers;
  return 0;
}

const struct verb_options options_map = {
  .name = "map",
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 1,
  .set_defaults = set_map_defaults,
  .take = take_map_option,
  .check = check_map,
};
