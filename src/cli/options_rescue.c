/* SPDX-License-Identifier: MIT */
/* options_rescue: see options_rescue.h. */
#include "cli/options_rescue.h"

#include "base/sizes.h"
#include "cli/options.h"
#include "cli/options_verb.h"

#include <assert.h>
#include <getopt.h>

/* clang-format off */
static const char help[] =
    "Usage: decant rescue [OPTIONS] SOURCE DESTINATION --mapfile=FILE\n"
    "\n"
    "Copies what can be read of a failing disk: what reads well first, then around each\n"
    "error, and its sectors one by one at last. FILE is a map of what is done, as GNU\n"
    "ddrescue's; the same command goes on where it ended, however it did. A DESTINATION\n"
    "that is there already keeps what isn't written.\n"
    "\n"
    "      --mapfile=FILE     the map: read if it is there, kept every 30 s and at the end\n"
    "      --domain=FILE      read only what this map calls finished\n"
    "      --retry-bad=N      try bad sectors N times more, in turning direction (0)\n"
    "      --slow=SIZE        leave for later what is read at less than SIZE a second\n"
    "      --max-errors=N     end after N reads that failed\n"
    "      --min-rate=SIZE    end when less than SIZE a second is rescued for 30 s\n"
    "      --mark-bad=WHAT    write zero or pattern over a sector that couldn't be read\n"
    "                         (the pattern names its offset and the time)\n"
    "      --except=DISK      never overwrite that one, by its device or by what it is,\n"
    "                         or a part of it\n"
    "      --force-destination  overwrite a device that is in use\n"
    "      --any-content      write an image or a compressed file to a device as it is\n"
    "      --any-sector-size  write a partition table for sectors of another size\n"
    "      --yes              don't ask before a device is overwritten that holds a\n"
    "                         filesystem or a partition table\n"
    "      --json             end with a JSON object on standard output\n"
    "      --progress=FD      write \"N/100\" lines to file descriptor FD; with --json, objects\n"
    "  -q, --quiet            show no progress\n"
    "  -R, --requests=N       at most N requests in flight on a connection (64)\n"
    "      --retry=SECONDS    how long to try to reach a server again that was lost (120);\n"
    "                         0: not at all; or forever\n"
    "      --no-sandbox       once its ends are open, forgo nothing\n"
    "      --timeout=SECONDS  how long a server may be silent (30); 0: for ever\n"
    "      --wait=SECONDS     how long to wait for a server that isn't there yet (0)\n"
    "      --tls-pin=sha256:HEX   trust a TLS server that has this key, without a CA\n"
    "  -V, --version          print the version\n"
    "  -h, --help             print this\n"
    "\n"
    "SIZE takes k, M, G, T. ddrescue's --fill and --fill-mode aren't there: see --mark-bad.\n"
    "Exit codes: 0 all was read, 1 failed or ended before, 3 some can't be read, 64 the\n"
    "command line is wrong.\n";
/* clang-format on */

enum {
  OPTION_ANY_CONTENT = OPTION_OF_VERB,
  OPTION_ANY_SECTOR_SIZE,
  OPTION_DOMAIN,
  OPTION_FILL,
  OPTION_JSON,
  OPTION_MAPFILE,
  OPTION_MARK_BAD,
  OPTION_MAX_ERRORS,
  OPTION_MIN_RATE,
  OPTION_PROGRESS,
  OPTION_RETRY,
  OPTION_RETRY_BAD,
  OPTION_SLOW,
  OPTION_YES,
};

static const char short_options[] = OPTIONS_SHORT_BEGIN "hqR:V";

static const struct option long_options[] = {
  { "any-content", no_argument, NULL, OPTION_ANY_CONTENT },
  { "any-sector-size", no_argument, NULL, OPTION_ANY_SECTOR_SIZE },
  { "domain", required_argument, NULL, OPTION_DOMAIN },
  { "fill", optional_argument, NULL, OPTION_FILL },
  { "fill-mode", optional_argument, NULL, OPTION_FILL },
  { "json", no_argument, NULL, OPTION_JSON },
  { "mapfile", required_argument, NULL, OPTION_MAPFILE },
  { "mark-bad", required_argument, NULL, OPTION_MARK_BAD },
  { "max-errors", required_argument, NULL, OPTION_MAX_ERRORS },
  { "min-rate", required_argument, NULL, OPTION_MIN_RATE },
  { "progress", required_argument, NULL, OPTION_PROGRESS },
  { "quiet", no_argument, NULL, 'q' },
  { "requests", required_argument, NULL, 'R' },
  { "retry", required_argument, NULL, OPTION_RETRY },
  { "retry-bad", required_argument, NULL, OPTION_RETRY_BAD },
  { "slow", required_argument, NULL, OPTION_SLOW },
  { "yes", no_argument, NULL, OPTION_YES },
  OPTIONS_OF_DESTINATIONS,
  OPTIONS_OF_ALL_VERBS,
};

static int
take_rate(uint64_t *bytes_per_s, const char *name, const char *value, struct fault *fault)
{
  if (sizes_parse_within(value, 1, UINT64_MAX, bytes_per_s))
    return 0;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "--%s=%s: must be a size, for each second", name, value);
}

static int
take_rescue_option(struct options *options, int option, const char *value, struct fault *fault)
{
  struct rescue_options *rescue = &options->rescue;

  switch (option) {
  case OPTION_ANY_CONTENT:
    options->copy.any_content = true;
    return 0;
  case OPTION_ANY_SECTOR_SIZE:
    options->copy.any_sector_size = true;
    return 0;
  case OPTION_DOMAIN:
    options->copy.domain = value;
    return 0;
  case OPTION_FILL: /* ddrescue's; so that whoever looks for it finds what there is */
    return options_usage(
        options, fault,
        "there is no filling of what a map calls bad: --mark-bad=zero or =pattern marks sectors as they "
        "fail, and --retry-bad=1 has those of a map fail again",
        "");
  case OPTION_JSON:
    options->copy.json = true;
    return 0;
  case OPTION_MAPFILE:
    options->copy.mapfile = value;
    return 0;
  case OPTION_MARK_BAD:
    return options_take_mark_bad(&options->copy.mark_bad, value, fault);
  case OPTION_MAX_ERRORS:
    return options_take_count(&options->copy.errors_max, 1, "max-errors", value, fault);
  case OPTION_MIN_RATE:
    return take_rate(&rescue->min_bytes_per_s, "min-rate", value, fault);
  case OPTION_PROGRESS:
    return options_take_progress(options, value, fault);
  case OPTION_RETRY:
    return options_take_duration(&options->copy.retry_ms, "retry", value, fault);
  case OPTION_RETRY_BAD:
    return options_take_unsigned(&rescue->retry_passes, 0, "retry-bad", value, fault);
  case OPTION_SLOW:
    return take_rate(&rescue->slow_bytes_per_s, "slow", value, fault);
  case OPTION_YES:
    options->copy.yes = true;
    return 0;
  case 'q':
    rescue->quiet = true;
    return 0;
  case 'R':
    return options_take_unsigned(&options->wishes.requests, 1, "requests", value, fault);
  }
  assert(!"an option of the table");
  return -1;
}

static void
set_rescue_defaults(struct options *options)
{
  options->copy.errors_max = UINT64_MAX;
}

static int
check_rescue(struct options *options, struct fault *fault)
{
  if (!options->copy.mapfile || !options->copy.mapfile[0])
    return options_usage(options, fault, "--mapfile=FILE is missing: what would a rescue go on from?", "");
  if (options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, "a stream can be read only once, and so not rescued", "");
  if (options->destination.kind == PLACE_STREAM || options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "a rescue writes in no order, and reads on later: it can't go to ",
                         options->destination.text);
  return 0;
}

const struct verb_options options_rescue = {
  .name = "rescue",
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 2,
  .set_defaults = set_rescue_defaults,
  .take = take_rescue_option,
  .check = check_rescue,
};
