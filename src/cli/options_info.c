/* SPDX-License-Identifier: MIT */
/* options_info: see options_info.h. */
#include "cli/options_info.h"

#include "cli/options.h"
#include "cli/options_verb.h"

#include <assert.h>
#include <getopt.h>
#include <stddef.h>

/* clang-format off */
static const char help[] =
    "Usage: decant info [OPTIONS] SOURCE\n"
    "\n"
    "Shows what a server says about a disk, without reading it. SOURCE is one of\n"
    "  nbd://HOST[:PORT]/EXPORT           an NBD server\n"
    "  'nbd+unix:///EXPORT?socket=PATH'   the same over a Unix socket\n"
    "  [ CMD ARGS ]                       a server to start: [ qemu-nbd x.qcow2 ]\n"
    "  FILE or DEVICE                     its size, content and what is allocated\n"
    "\n"
    "      --json                 as JSON\n"
    "  -L, --list                 all exports of the server\n"
    "      --size                 the size in bytes alone\n"
    "      --uri                  the canonical URI alone\n"
    "      --can=X, --is=X, --has=X, --have=X\n"
    "                             print nothing; exit with 0 if so, 2 if not. X is one\n"
    "                             of connect, read, write, read-only, rotational, tls,\n"
    "                             structured-reply, extended-headers, cache, df,\n"
    "                             fast-zero, flush, fua, multi-conn, trim, zero,\n"
    "                             block-status-payload\n"
    "      --cannot=X, --isnt=X, --hasnt=X, --havent=X\n"
    "                             the opposite (also --can-not, --cant, --isnot,\n"
    "                             --is-not, --hasnot, --has-not, --havenot, --have-not)\n"
    "      --map[=CONTEXT]        the same as decant map (base:allocation)\n"
    "      --totals               with --map: the sum of each kind (also --total)\n"
    "      --content, --no-content  read the first bytes and say what they look like\n"
    "                             (default, but with --list)\n"
    "      --colour, --no-colour  colours (default on a terminal; also --color,\n"
    "                             --colors, --colours, --no-color, --no-colors,\n"
    "                             --no-colours)\n"
    "      --no-sandbox           once its ends are open, forgo nothing\n"
    "      --timeout=SECONDS      how long a server may be silent (30); 0: for ever\n"
    "      --wait=SECONDS         how long to wait for a server that isn't there yet (0)\n"
    "      --tls-pin=sha256:HEX   trust a TLS server that has this key, without a CA\n"
    "  -V, --version              print the version\n"
    "  -h, --help                 print this\n"
    "\n"
    "Exit codes: 0 done or yes, 1 failed, 2 no, 64 the command line is wrong.\n";
/* clang-format on */

enum {
  OPTION_CAN = OPTION_OF_VERB,
  OPTION_CANNOT,
  OPTION_CONTENT,
  OPTION_JSON,
  OPTION_MAP,
  OPTION_NO_CONTENT,
  OPTION_SIZE,
  OPTION_TOTALS,
  OPTION_URI,
};

static const char short_options[] = OPTIONS_SHORT_BEGIN "hLV";

static const struct option long_options[] = {
  { "can", required_argument, NULL, OPTION_CAN },
  { "can-not", required_argument, NULL, OPTION_CANNOT },
  { "cannot", required_argument, NULL, OPTION_CANNOT },
  { "cant", required_argument, NULL, OPTION_CANNOT },
  { "content", no_argument, NULL, OPTION_CONTENT },
  { "has", required_argument, NULL, OPTION_CAN },
  { "has-not", required_argument, NULL, OPTION_CANNOT },
  { "hasnot", required_argument, NULL, OPTION_CANNOT },
  { "hasnt", required_argument, NULL, OPTION_CANNOT },
  { "have", required_argument, NULL, OPTION_CAN },
  { "have-not", required_argument, NULL, OPTION_CANNOT },
  { "havenot", required_argument, NULL, OPTION_CANNOT },
  { "havent", required_argument, NULL, OPTION_CANNOT },
  { "is", required_argument, NULL, OPTION_CAN },
  { "is-not", required_argument, NULL, OPTION_CANNOT },
  { "isnot", required_argument, NULL, OPTION_CANNOT },
  { "isnt", required_argument, NULL, OPTION_CANNOT },
  { "json", no_argument, NULL, OPTION_JSON },
  { "list", no_argument, NULL, 'L' },
  { "map", optional_argument, NULL, OPTION_MAP },
  { "no-content", no_argument, NULL, OPTION_NO_CONTENT },
  { "size", no_argument, NULL, OPTION_SIZE },
  { "total", no_argument, NULL, OPTION_TOTALS },
  { "totals", no_argument, NULL, OPTION_TOTALS },
  { "uri", no_argument, NULL, OPTION_URI },
  OPTIONS_OF_COLOUR,
  OPTIONS_OF_ALL_VERBS,
};

static void
set_info_defaults(struct options *options)
{
  options->info = (struct info_options){ .query = INFO_EXPORT };
}

static int
take_info_option(struct options *options, int option, const char *value, struct fault *fault)
{
  struct info_options *info = &options->info;

  (void)fault;
  switch (option) {
  case OPTION_CAN:
  case OPTION_CANNOT:
    info->asked |= 1u << INFO_CAN;
    info->feature = value;
    info->negated = option == OPTION_CANNOT;
    return 0;
  case OPTION_CONTENT:
    info->content = true;
    return 0;
  case OPTION_NO_CONTENT:
    info->no_content = true;
    return 0;
  case OPTION_JSON:
    info->json = true;
    return 0;
  case OPTION_MAP:
    info->asked |= 1u << INFO_MAP;
    info->map = value ? value : "base:allocation";
    return 0;
  case OPTION_SIZE:
    info->asked |= 1u << INFO_SIZE;
    return 0;
  case OPTION_TOTALS:
    info->totals = true;
    return 0;
  case OPTION_URI:
    info->asked |= 1u << INFO_URI;
    return 0;
  case 'L':
    info->asked |= 1u << INFO_LIST;
    return 0;
  }
  assert(!"an option of the table");
  return -1;
}

static int
find_fact(const struct options *options, struct info_options *info, struct fault *fault)
{
  bool negated = false;

  if (!facts_find(info->feature, &info->fact, &negated))
    return options_usage(options, fault, "--can, --is, --has: there is no ", info->feature);
  info->negated ^= negated;
  return 0;
}

/* nbdinfo knows servers alone, and only a server can be asked for what it lists or can do. */
static int
check_source(const struct options *options, struct fault *fault)
{
  enum info_query query = options->info.query;
  enum place_kind kind = options->source.kind;
  bool is_for_files = query == INFO_EXPORT || query == INFO_SIZE || query == INFO_MAP;

  if (kind == PLACE_URI || kind == PLACE_COMMAND ||
      (kind == PLACE_PATH && is_for_files && options->persona == PERSONA_DECANT))
    return 0;
  return options_usage(options, fault, "neither an NBD URI nor [ a server to start ]: ", options->source.text);
}

static int
check_info(struct options *options, struct fault *fault)
{
  struct info_options *info = &options->info;

  if (info->asked & (info->asked - 1))
    return options_usage(options, fault, "--can, --cannot, --list, --map, --size and --uri can't be used together", "");
  if (info->content && info->no_content)
    return options_usage(options, fault, "--content and --no-content can't be used together", "");
  if (info->totals && !info->map)
    return options_usage(options, fault, "--totals can be used with --map only", "");
  while (info->asked >> info->query > 1)
    info->query++;
  info->content = !info->no_content && (info->content || info->query != INFO_LIST);
  if (info->query == INFO_CAN && find_fact(options, info, fault) == -1)
    return -1;
  if (check_source(options, fault) == -1)
    return -1;
  if (info->query == INFO_MAP) {
    options->verb = VERB_MAP;
    if (!contexts_add(&options->wishes.contexts, info->map, true))
      return options_usage(options, fault, "there is no metadata context of that name: ", info->map);
    options->map.style = info->json ? MAP_JSON : MAP_TEXT;
    options->map.totals = info->totals;
  }
  return 0;
}

const struct verb_options options_info = {
  .name = "info",
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 1,
  .set_defaults = set_info_defaults,
  .take = take_info_option,
  .check = check_info,
};
