/* SPDX-License-Identifier: MIT */
/* options_digest: see options_digest.h. */
#include "cli/options_digest.h"

#include "cli/options.h"
#include "cli/options_verb.h"

#include <getopt.h>
#include <string.h>

/* clang-format off */
static const char help[] =
    "Usage: decant digest [OPTIONS] SOURCE\n"
    "\n"
    "Reads a disk, and prints the digest of its whole content.\n"
    "\n"
    "      --sha256               print the SHA-256 (the default)\n"
    "      --blkhash[=DIGEST[/SIZE]]  print the blkhash (sha256/64k)\n"
    "      --blkhash-file=FILE    write that to FILE instead\n"
    "      --blocks=FILE          print the blkhash, and write to FILE the digests of all\n"
    "                             blocks, for decant copy --blocks\n"
    "      --expect=sha256:HEX    fail with exit code 4 if the content has another\n"
    "                             digest; or --expect=blkhash:HEX\n"
    "      --json                 end with a JSON object on standard output\n"
    "  -p, --progress             show bytes done, rate and time left\n"
    "      --progress=FD          write \"N/100\" lines to file descriptor FD; with --json, objects\n"
    "      --no-extents           don't ask for the source's holes: read all of it\n"
    "      --memory=SIZE          bytes for data on its way (16M; from 512K to 4G)\n"
    "      --request-size=SIZE    the largest read (a 32nd of the memory)\n"
    "      --rate-limit=SIZE      read at most SIZE bytes a second, for a busy server\n"
    "      --nice                 leave the processor and the disks to whoever wants them\n"
    "  -C, --connections=N        at most N connections to a server (1 to 16; 4, or 8 over a long line)\n"
    "  -R, --requests=N           at most N requests in flight on a connection (64)\n"
    "      --retry=SECONDS        how long to go on trying without any progress (120);\n"
    "                             0: not at all; or forever\n"
    "      --no-sandbox           once its ends are open, forgo nothing\n"
    "      --timeout=SECONDS      how long a server may be silent (30); 0: for ever\n"
    "      --wait=SECONDS         how long to wait for a server that isn't there yet (0)\n"
    "      --tls-pin=sha256:HEX   trust a TLS server that has this key, without a CA\n"
    "  -v, --verbose              say what was found out about the disk\n"
    "  -V, --version              print the version\n"
    "  -h, --help                 print this\n";
/* clang-format on */

/* Its own; of others that have no letter, the values only tell one from another. */
enum { OPTION_BLOCKS = OPTION_OF_VERB, OPTION_OF_COPY };

static const char short_options[] = OPTIONS_SHORT_BEGIN "C:hpR:vV";

static const struct option long_options[] = {
  { "blkhash", optional_argument, NULL, OPTION_OF_COPY },
  { "blkhash-file", required_argument, NULL, OPTION_OF_COPY + 1 },
  { "blocks", required_argument, NULL, OPTION_BLOCKS },
  { "connections", required_argument, NULL, 'C' },
  { "expect", required_argument, NULL, OPTION_OF_COPY + 2 },
  { "json", no_argument, NULL, OPTION_OF_COPY + 3 },
  { "memory", required_argument, NULL, OPTION_OF_COPY + 4 },
  { "nice", no_argument, NULL, OPTION_OF_COPY + 5 },
  { "no-extents", no_argument, NULL, OPTION_OF_COPY + 6 },
  { "progress", optional_argument, NULL, 'p' },
  { "rate-limit", required_argument, NULL, OPTION_OF_COPY + 7 },
  { "request-size", required_argument, NULL, OPTION_OF_COPY + 8 },
  { "requests", required_argument, NULL, 'R' },
  { "retry", required_argument, NULL, OPTION_OF_COPY + 9 },
  { "sha256", no_argument, NULL, OPTION_OF_COPY + 10 },
  { "verbose", no_argument, NULL, 'v' },
  OPTIONS_OF_ALL_VERBS,
};

/* What has the name among copy's options, by whose rules it is taken. */
static int
copys_value(const char *name)
{
  const struct option *row = options_copy.long_options;

  while (strcmp(row->name, name) != 0)
    row++;
  return row->val;
}

static int
take_digest_option(struct options *options, int option, const char *value, struct fault *fault)
{
  const struct option *row = long_options;

  if (option == OPTION_BLOCKS) {
    options->copy.blocks = value;
    return 0;
  }
  while (row->val != option)
    row++;
  return options_copy.take(options, copys_value(row->name), value, fault);
}

/* All verbs' defaults are set; these are copy's. */
static void
set_digest_defaults(struct options *options)
{
  (void)options;
}

static int
check_digest(struct options *options, struct fault *fault)
{
  struct copy_options *copy = &options->copy;

  if (copy->blocks && !copy->blkhash)
    copy->blkhash = "";
  copy->sha256 = copy->sha256 || (!copy->blkhash && !copy->blkhash_file && !copy->expect);
  copy->flush = false;
  options->destination = (struct place){ .kind = PLACE_NULL, .text = "null:" };
  return options_copy.check(options, fault);
}

const struct verb_options options_digest = {
  .name = "digest",
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 1,
  .set_defaults = set_digest_defaults,
  .take = take_digest_option,
  .check = check_digest,
};
