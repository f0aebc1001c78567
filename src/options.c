/* SPDX-License-Identifier: MIT */
/* options: see options.h. */
#include "options.h"

#include "range.h"
#include "uri.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#ifndef DECANT_VERSION
#error "the Makefile says which version this is"
#endif

static const char help[] =
    "Usage: decant [copy] [OPTIONS] SOURCE DESTINATION\n"
    "\n"
    "Copies a disk. SOURCE and DESTINATION are each one of\n"
    "  nbd://HOST[:PORT]/EXPORT           an NBD server\n"
    "  nbd+unix:///EXPORT?socket=PATH     the same over a Unix socket\n"
    "  nbds://..., nbds+unix://...        the same, encrypted by TLS\n"
    "  FILE or DEVICE                     a regular file or a block device\n"
    "  -                                  standard input or output\n"
    "  null:                              (destination) nothing: reads and discards\n"
    "  [ CMD ARGS ]                       a server to start: [ qemu-nbd x.qcow2 ]\n"
    "\n"
    "  -p, --progress             show bytes done, rate and time left\n"
    "      --progress=FD          write \"N/100\" lines to file descriptor FD\n"
    "      --report               end with \"decant: done: bytes=... seconds=...\"\n"
    "  -S, --sparse=SIZE          make holes of zeros this long (4k); 0: never\n"
    "      --allocated            write zeros so that they stay allocated: no holes\n"
    "      --no-extents           don't ask for the source's holes: read all of it\n"
    "      --destination-is-zero  trust that it reads as zeros: skip them\n"
    "                             (also --target-is-zero)\n"
    "      --flush, --no-flush    wait for data to reach stable storage (default), or\n"
    "                             don't\n"
    "      --sha256               print the SHA-256 of the disk's whole content\n"
    "      --blkhash[=DIGEST[/SIZE]]  print its blkhash (sha256/64k)\n"
    "      --blkhash-file=FILE    write that to FILE instead\n"
    "      --expect=sha256:HEX    fail with exit code 4 if the content has another\n"
    "                             digest; or --expect=blkhash:HEX\n"
    "      --memory=SIZE          bytes for data on its way (16M; from 512K to 4G;\n"
    "                             also --queue-size)\n"
    "      --request-size=SIZE    the largest read (a 64th of the memory)\n"
    "  -C, --connections=N        at most N connections to a server (4; 1 to 16)\n"
    "  -R, --requests=N           at most N requests in flight on a connection (64)\n"
    "      --synchronous          one connection, one request at a time\n"
    "  -T, --threads=N            taken and ignored: there is one thread\n"
    "      --tls-pin=sha256:HEX   trust a TLS server that has this key, without a CA\n"
    "  -v, --verbose              say what was found out about both ends\n"
    "  -V, --version              print the version\n"
    "      --help                 print this\n"
    "\n"
    "SIZE takes k, M, G, T.\n"
    "Exit codes: 0 done, 1 failed, 4 copied, but the digest isn't the expected one,\n"
    "64 the command line is wrong.\n";

/* nbdcopy's, whose command line this is. */
static const char nbdcopy_version[] = "nbdcopy 1.22.2\nlibnbd 1.22.2\n";
static const char decant_version[] = "decant " DECANT_VERSION "\n";

enum {
  OPTION_HELP = 256,
  OPTION_ALLOCATED,
  OPTION_BLKHASH,
  OPTION_BLKHASH_FILE,
  OPTION_DESTINATION_IS_ZERO,
  OPTION_EXPECT,
  OPTION_FLUSH,
  OPTION_LONG_OPTIONS,
  OPTION_MEMORY,
  OPTION_NO_EXTENTS,
  OPTION_NO_FLUSH,
  OPTION_REPORT,
  OPTION_REQUEST_SIZE,
  OPTION_SHA256,
  OPTION_SHORT_OPTIONS,
  OPTION_SYNCHRONOUS,
  OPTION_TLS_PIN,
};

static const char short_options[] = "+:C:pR:S:T:vV"; /* +: options and places may be mixed; we walk them */

static const struct option long_options[] = {
  { "allocated", no_argument, NULL, OPTION_ALLOCATED },
  { "blkhash", optional_argument, NULL, OPTION_BLKHASH },
  { "blkhash-file", required_argument, NULL, OPTION_BLKHASH_FILE },
  { "connections", required_argument, NULL, 'C' },
  { "destination-is-zero", no_argument, NULL, OPTION_DESTINATION_IS_ZERO },
  { "expect", required_argument, NULL, OPTION_EXPECT },
  { "flush", no_argument, NULL, OPTION_FLUSH },
  { "help", no_argument, NULL, OPTION_HELP },
  { "long-options", no_argument, NULL, OPTION_LONG_OPTIONS },
  { "memory", required_argument, NULL, OPTION_MEMORY },
  { "no-extents", no_argument, NULL, OPTION_NO_EXTENTS },
  { "no-flush", no_argument, NULL, OPTION_NO_FLUSH },
  { "progress", optional_argument, NULL, 'p' },
  { "queue-size", required_argument, NULL, OPTION_MEMORY },
  { "report", no_argument, NULL, OPTION_REPORT },
  { "request-size", required_argument, NULL, OPTION_REQUEST_SIZE },
  { "requests", required_argument, NULL, 'R' },
  { "sha256", no_argument, NULL, OPTION_SHA256 },
  { "short-options", no_argument, NULL, OPTION_SHORT_OPTIONS },
  { "sparse", required_argument, NULL, 'S' },
  { "synchronous", no_argument, NULL, OPTION_SYNCHRONOUS },
  { "target-is-zero", no_argument, NULL, OPTION_DESTINATION_IS_ZERO },
  { "threads", required_argument, NULL, 'T' },
  { "tls-pin", required_argument, NULL, OPTION_TLS_PIN },
  { "verbose", no_argument, NULL, 'v' },
  { "version", no_argument, NULL, 'V' },
  { NULL, 0, NULL, 0 },
};

const char *
options_program(const struct options *options)
{
  return options->persona == PERSONA_NBDCOPY ? "nbdcopy" : "decant";
}

/* For shells that complete command lines: a line for each option. */
static void
list_options(enum run_mode mode, char *text, size_t text_bytes)
{
  size_t used = 0;

  if (mode == RUN_SHORT_OPTIONS) {
    for (const char *p = short_options; *p && used < text_bytes; p++)
      if (*p != ':' && *p != '+')
        used += (size_t)snprintf(text + used, text_bytes - used, "-%c\n", *p);
    return;
  }
  for (const struct option *option = long_options; option->name && used < text_bytes; option++)
    if (option->val != OPTION_LONG_OPTIONS && option->val != OPTION_SHORT_OPTIONS)
      used += (size_t)snprintf(text + used, text_bytes - used, "--%s\n", option->name);
}

void
options_describe(const struct options *options, char *text, size_t text_bytes)
{
  if (options->mode == RUN_LONG_OPTIONS || options->mode == RUN_SHORT_OPTIONS)
    list_options(options->mode, text, text_bytes);
  else if (options->mode == RUN_HELP)
    snprintf(text, text_bytes, "%s", help);
  else
    snprintf(text, text_bytes, "%s", options->persona == PERSONA_NBDCOPY ? nbdcopy_version : decant_version);
}

/* How far a unit shifts a number to the left, or -1. */
static int
unit_shift(char unit)
{
  static const char units[] = "bkmgtpe"; /* 1024 to the power of 0, 1, ... */
  char lower = (char)(unit >= 'A' && unit <= 'Z' ? unit | ('a' - 'A') : unit);
  const char *found = strchr(units, lower);

  return lower == 's' ? 9 : found ? 10 * (int)(found - units) : -1;
}

bool
options_parse_size(const char *text, uint64_t *bytes)
{
  uint64_t value = 0;
  const char *p = text;

  for (; *p >= '0' && *p <= '9'; p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    if (value > (UINT64_MAX - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  if (p == text)
    return false;
  int shift = *p ? unit_shift(*p++) : 0;
  if (shift < 0 || *p || value > UINT64_MAX >> shift)
    return false;
  *bytes = value << shift;
  return true;
}

static int
usage(struct fault *fault, const char *why, const char *what)
{
  return fault_set(fault, EXIT_BAD_USAGE, 0, "%s%s (decant --help lists what it takes)", why, what);
}

/* A whole number from `low` to `high`, without a unit. */
static bool
parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
  return strspn(text, "0123456789") == strlen(text) && options_parse_size(text, number) && *number >= low &&
         *number <= high;
}

static int
parse_connections(struct options *options, const char *value, struct fault *fault)
{
  uint64_t number;

  if (!parse_number(value, 1, UINT32_MAX, &number) || (number > CONNECTIONS_MAX && options->persona == PERSONA_DECANT))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--connections=%s: must be a number from 1 to %d", value, CONNECTIONS_MAX);
  options->connections = (unsigned)range_min(number, CONNECTIONS_MAX);
  return 0;
}

static int
parse_requests(struct options *options, const char *value, struct fault *fault)
{
  uint64_t number;

  if (!parse_number(value, 1, UINT32_MAX, &number))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--requests=%s: must be a number, at least 1", value);
  options->requests = (unsigned)number;
  return 0;
}

static int
check_threads(const char *value, struct fault *fault)
{
  uint64_t number;

  if (!parse_number(value, 0, UINT32_MAX, &number))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--threads=%s: must be a number", value);
  return 0;
}

static int
parse_progress(struct options *options, const char *value, struct fault *fault)
{
  uint64_t number;

  options->progress = true;
  if (!value)
    return 0;
  if (!parse_number(value, 0, INT32_MAX, &number))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--progress=%s: must be the number of a file descriptor", value);
  options->progress_fd = (int)number;
  return 0;
}

static int
parse_request_size(struct options *options, const char *value, struct fault *fault)
{
  uint64_t bytes;

  if (!options_parse_size(value, &bytes) || bytes < REQUEST_BYTES_MIN || bytes > SLOT_BYTES_MAX ||
      !range_is_power_of_two(bytes))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--request-size=%s: must be a power of two from 4k to 32M", value);
  options->request_bytes = bytes;
  return 0;
}

/* nbdcopy's --queue-size may be anything; what is too little becomes the least
 * that works. */
static int
parse_memory(struct options *options, const char *value, struct fault *fault)
{
  uint64_t bytes;

  if (!options_parse_size(value, &bytes) || bytes > PAYLOAD_BYTES_MAX ||
      (bytes < PAYLOAD_BYTES_MIN && options->persona == PERSONA_DECANT))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--memory=%s: must be a size from 512K to 4G", value);
  options->payload_bytes = range_max(bytes, PAYLOAD_BYTES_MIN);
  options->payload_is_fixed = options->persona == PERSONA_DECANT;
  return 0;
}

static int
parse_sparse(struct options *options, const char *value, struct fault *fault)
{
  uint64_t bytes;

  if (!options_parse_size(value, &bytes) || (bytes != 0 && (bytes < 512 || !range_is_power_of_two(bytes))))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--sparse=%s: must be 0 or a power of two from 512 on", value);
  options->sparse_bytes = bytes;
  return 0;
}

/* What getopt can't make sense of. It leaves the option's value in optopt if it
 * knows the option, or its letter if it doesn't; 0 for an unknown long name. */
static int
bad_option(int found, char **argv, struct fault *fault)
{
  char letter[] = { '-', (char)optopt, '\0' };

  for (const struct option *option = long_options; option->name; option++)
    if (option->val == optopt)
      return usage(fault, found == ':' ? "an argument is missing after --" : "there is no argument to --", option->name);
  return usage(fault, "unknown option ", optopt ? letter : argv[optind - 1]);
}

/* One option that getopt found. */
static int
take_option(struct options *options, int option, char **argv, struct fault *fault)
{
  switch (option) {
  case OPTION_ALLOCATED:
    options->allocated = true;
    return 0;
  case OPTION_BLKHASH:
    options->blkhash = optarg ? optarg : "";
    return 0;
  case OPTION_BLKHASH_FILE:
    options->blkhash_file = optarg;
    return 0;
  case OPTION_DESTINATION_IS_ZERO:
    options->destination_is_zero = true;
    return 0;
  case OPTION_EXPECT:
    options->expect = optarg;
    return 0;
  case OPTION_FLUSH:
  case OPTION_NO_FLUSH:
    options->flush = option == OPTION_FLUSH;
    return 0;
  case OPTION_HELP:
    options->mode = RUN_HELP;
    return 0;
  case OPTION_LONG_OPTIONS:
    options->mode = RUN_LONG_OPTIONS;
    return 0;
  case OPTION_MEMORY:
    return parse_memory(options, optarg, fault);
  case OPTION_NO_EXTENTS:
    options->extents = false;
    return 0;
  case OPTION_REPORT:
    options->report = true;
    return 0;
  case OPTION_REQUEST_SIZE:
    return parse_request_size(options, optarg, fault);
  case OPTION_SHA256:
    options->sha256 = true;
    return 0;
  case OPTION_SHORT_OPTIONS:
    options->mode = RUN_SHORT_OPTIONS;
    return 0;
  case OPTION_SYNCHRONOUS:
    options->connections = options->requests = 1;
    return 0;
  case OPTION_TLS_PIN:
    if (!pins_add(&options->pins, optarg))
      return fault_set(fault, EXIT_BAD_USAGE, 0, "--tls-pin=%s: must be sha256: and 64 hexadecimal digits, at most %d times",
                       optarg, PINS_MAX);
    return 0;
  case 'C':
    return parse_connections(options, optarg, fault);
  case 'p':
    return parse_progress(options, optarg, fault);
  case 'R':
    return parse_requests(options, optarg, fault);
  case 'S':
    return parse_sparse(options, optarg, fault);
  case 'T':
    return check_threads(optarg, fault);
  case 'v':
    options->verbose = true;
    return 0;
  case 'V':
    options->mode = RUN_VERSION;
    return 0;
  default:
    return bad_option(option, argv, fault);
  }
}

/* Takes "[ CMD ARGS ]" off argv at optind. */
static int
take_command(struct place *place, int argc, char **argv, struct fault *fault)
{
  int words = 0;

  for (optind++; optind < argc; optind++) {
    if (strcmp(argv[optind], "]") == 0) {
      if (words == 0)
        return usage(fault, "there is no command between [ and ]", "");
      optind++;
      place->kind = PLACE_COMMAND;
      place->text = place->command[0];
      place->command[words] = NULL;
      return 0;
    }
    if (words == COMMAND_WORDS_MAX)
      return fault_set(fault, EXIT_BAD_USAGE, 0, "[ %s ... ]: more than %d words", place->command[0], COMMAND_WORDS_MAX);
    place->command[words++] = argv[optind];
  }
  return usage(fault, "[ without a closing ] after ", words ? argv[argc - 1] : "it");
}

static int
take_place(struct place *place, int argc, char **argv, struct fault *fault)
{
  const char *text = argv[optind];

  if (strcmp(text, "[") == 0)
    return take_command(place, argc, argv, fault);
  optind++;
  place->text = text;
  if (text[0] == '\0')
    return usage(fault, "a SOURCE or DESTINATION is empty", "");
  if (strcmp(text, "-") == 0)
    place->kind = PLACE_STREAM;
  else if (strcmp(text, "null:") == 0)
    place->kind = PLACE_NULL;
  else
    place->kind = uri_is_uri(text) ? PLACE_URI : PLACE_PATH;
  return 0;
}

/* The first word may say what to do; a file of that name is reached as ./NAME. */
static int
take_verb(int argc, char **argv, struct fault *fault)
{
  static const char *const not_supported[] = { "map", "info", "compare" };

  if (optind >= argc)
    return 0;
  if (strcmp(argv[optind], "copy") == 0) {
    optind++;
    return 0;
  }
  for (size_t i = 0; i < sizeof not_supported / sizeof not_supported[0]; i++)
    if (strcmp(argv[optind], not_supported[i]) == 0)
      return fault_set(fault, EXIT_BAD_USAGE, 0, "decant %s is not supported yet (a file of that name: ./%s)",
                       argv[optind], argv[optind]);
  return 0;
}

/* A pin that nothing is held to would be a promise that nobody keeps. */
static int
check_pins(const struct options *options, struct fault *fault)
{
  const struct place *places[] = { &options->source, &options->destination };

  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
    if (places[i]->kind == PLACE_URI && uri_is_tls(places[i]->text))
      return 0;
  return options->pins.count == 0 ? 0 : usage(fault, "--tls-pin is for nbds:// and its like, and neither end is one", "");
}

static enum persona
persona_of(const char *program)
{
  const char *slash = strrchr(program, '/');

  return strcmp(slash ? slash + 1 : program, "nbdcopy") == 0 ? PERSONA_NBDCOPY : PERSONA_DECANT;
}

static int
parse_all(struct options *options, int argc, char **argv, struct fault *fault)
{
  struct place *places[] = { &options->source, &options->destination };
  bool only_places = false; /* "--" was seen */
  unsigned count = 0;

  if (options->persona == PERSONA_DECANT && take_verb(argc, argv, fault) == -1)
    return -1;
  while (optind < argc) {
    int option = only_places ? -1 : getopt_long(argc, argv, short_options, long_options, NULL);
    if (option != -1) {
      if (take_option(options, option, argv, fault) == -1)
        return -1;
      if (options->mode != RUN_COPY)
        return 0;
      continue;
    }
    only_places = only_places || strcmp(argv[optind - 1], "--") == 0;
    if (optind >= argc)
      break;
    if (count == 2)
      return usage(fault, "more than a SOURCE and a DESTINATION: ", argv[optind]);
    if (take_place(places[count++], argc, argv, fault) == -1)
      return -1;
  }
  if (count < 2)
    return usage(fault, count == 0 ? "SOURCE and DESTINATION are missing" : "DESTINATION is missing", "");
  if (options->source.kind == PLACE_NULL)
    return usage(fault, "null: can only be a DESTINATION", "");
  return check_pins(options, fault);
}

int
options_parse(struct options *options, int argc, char **argv, struct fault *fault)
{
  *options = (struct options){ .persona = persona_of(argc > 0 ? argv[0] : ""),
                               .mode = RUN_COPY,
                               .payload_bytes = PAYLOAD_BYTES_DEFAULT,
                               .connections = CONNECTIONS_DEFAULT,
                               .sparse_bytes = SPARSE_BYTES_DEFAULT,
                               .extents = true,
                               .progress_fd = -1 };
  options->flush = options->persona == PERSONA_DECANT;
  opterr = 0;
  optind = 1;
  int result = parse_all(options, argc, argv, fault);
  if (!options->payload_is_fixed)
    options->payload_bytes = range_max(options->payload_bytes, REQUESTS_PER_PAYLOAD * options->request_bytes);
  if (result == -1 && options->persona == PERSONA_NBDCOPY)
    fault->exit_code = EXIT_FAILED; /* the only one that it knows */
  return result;
}
