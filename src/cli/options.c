/* SPDX-License-Identifier: MIT */
/* options: see options.h. */
#include "cli/options.h"

#include "base/durations.h"
#include "base/limits.h"
#include "base/range.h"
#include "base/sizes.h"
#include "base/text.h"
#include "cli/options_verb.h"
#include "disk/selector.h"
#include "disk/uri.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#ifndef DECANT_VERSION
#error "the Makefile says which version this is"
#endif

static const struct verb_options *const verbs[] = {
  [VERB_COPY] = &options_copy,     [VERB_MAP] = &options_map,     [VERB_INFO] = &options_info,
  [VERB_RESCUE] = &options_rescue, [VERB_DISKS] = &options_disks, [VERB_COMPARE] = &options_compare,
  [VERB_DIGEST] = &options_digest,
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static const struct {
  const char *name;
  enum verb verb; /* the only one, or unless the first word says another */
  const char *version;
  uint64_t timeout_ms;
} personas[] = {
  [PERSONA_DECANT] = { "decant", VERB_COPY, "decant " DECANT_VERSION "\n", SERVER_TIMEOUT_MS },
  /* The version whose command line is kept. */
  [PERSONA_NBDCOPY] = { "nbdcopy", VERB_COPY, "nbdcopy 1.22.2\nlibnbd 1.22.2\n", SERVER_TIMEOUT_MS_AS_LIBNBD },
  [PERSONA_NBDINFO] = { "nbdinfo", VERB_INFO, "nbdinfo 1.22.2\nlibnbd 1.22.2\n", SERVER_TIMEOUT_MS_AS_LIBNBD },
};
#define PERSONAS (sizeof personas / sizeof personas[0])

const char *
options_program(const struct options *options)
{
  return personas[options->persona].name;
}

const char *
options_verb_name(const struct options *options)
{
  return verbs[options->verb]->name;
}

bool
options_in_colour(const struct options *options, bool by_default)
{
  return options->colour == COLOUR_BY_DEFAULT ? by_default : options->colour == COLOUR_ALWAYS;
}

enum exit_code
options_exit_code(const struct options *options, const struct fault *fault)
{
  bool is_usage = fault->exit_code == EXIT_BAD_USAGE;

  return is_usage && options->persona != PERSONA_DECANT ? EXIT_FAILED : fault->exit_code;
}

/* For shells that complete command lines: a line for each option. */
static void
list_long_options(const struct verb_options *verb, struct text *out)
{
  for (const struct option *option = verb->long_options; option->name; option++)
    if (option->val != OPTION_LONG_OPTIONS && option->val != OPTION_SHORT_OPTIONS)
      text_add(out, "--%s\n", option->name);
}

static void
list_short_options(const struct verb_options *verb, struct text *out)
{
  for (const char *p = verb->short_options; *p; p++)
    if (*p != ':' && *p != '+')
      text_add(out, "-%c\n", *p);
}

void
options_describe(const struct options *options, char *bytes, size_t size)
{
  const struct verb_options *verb = verbs[options->verb];
  struct text out;

  text_init(&out, bytes, size);
  if (options->mode == RUN_LONG_OPTIONS)
    list_long_options(verb, &out);
  else if (options->mode == RUN_SHORT_OPTIONS)
    list_short_options(verb, &out);
  else if (options->mode == RUN_VERSION)
    text_add(&out, "%s", personas[options->persona].version);
  else
    text_add(&out, "%s", options->mode == RUN_HELP && verb->summary ? verb->summary : verb->help);
  assert(!out.full);
}

int
options_usage(const struct options *options, struct fault *fault, const char *why, const char *what)
{
  bool is_default = options->verb == personas[options->persona].verb;

  return fault_set(fault, EXIT_BAD_USAGE, 0, "%s%s (%s %s%s--help%s lists what it takes)", why, what,
                   options_program(options), is_default ? "" : verbs[options->verb]->name, is_default ? "" : " ",
                   verbs[options->verb]->summary ? "=all" : "");
}

/* What getopt can't make sense of. It leaves the option's value in optopt if it
 * knows the option, or its letter if it doesn't; 0 for an unknown long name. */
static int
bad_option(const struct options *options, int found, char **argv, struct fault *fault)
{
  char letter[] = { '-', (char)optopt, '\0' };

  for (const struct option *option = verbs[options->verb]->long_options; option->name; option++)
    if (option->val == optopt)
      return options_usage(options, fault,
                           found == ':' ? "an argument is missing after --" : "there is no argument to --",
                           option->name);
  return options_usage(options, fault, "unknown option ", optopt ? letter : argv[optind - 1]);
}

int
options_take_duration(uint64_t *ms, const char *name, const char *value, struct fault *fault)
{
  if (durations_parse(value, ms))
    return 0;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "--%s=%s: must be a number of seconds, such as 30 or 0.5, or forever",
                   name, value);
}

int
options_take_count(uint64_t *count, unsigned low, const char *name, const char *value, struct fault *fault)
{
  if (sizes_parse_number(value, low, UINT32_MAX, count))
    return 0;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "--%s=%s: must be a number, at least %u", name, value, low);
}

int
options_take_mark_bad(enum mark_bad *mark, const char *value, struct fault *fault)
{
  bool is_zero = strcmp(value, "zero") == 0;

  if (!is_zero && strcmp(value, "pattern") != 0)
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--mark-bad=%s: must be zero or pattern", value);
  *mark = is_zero ? MARK_BAD_ZERO : MARK_BAD_PATTERN;
  return 0;
}

int
options_take_unsigned(unsigned *number, unsigned low, const char *name, const char *value, struct fault *fault)
{
  uint64_t count;

  if (options_take_count(&count, low, name, value, fault) == -1)
    return -1;
  *number = (unsigned)count;
  return 0;
}

int
options_take_connections(struct options *options, const char *value, struct fault *fault)
{
  uint64_t number;

  if (!sizes_parse_number(value, 1, UINT32_MAX, &number) ||
      (number > CONNECTIONS_MAX && options->persona == PERSONA_DECANT))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--connections=%s: must be a number from 1 to %d", value,
                     CONNECTIONS_MAX);
  options->wishes.connections = (unsigned)range_min(number, CONNECTIONS_MAX);
  return 0;
}

int
options_take_progress(struct options *options, const char *value, struct fault *fault)
{
  uint64_t number;

  options->copy.progress = true;
  if (!value)
    return 0;
  if (!sizes_parse_number(value, 0, INT32_MAX, &number))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--progress=%s: must be the number of a file descriptor", value);
  options->copy.progress_fd = (int)number;
  return 0;
}

int
options_take_rate_limit(struct options *options, const char *value, struct fault *fault)
{
  if (!sizes_parse_within(value, RATE_BYTES_PER_S_MIN, UINT64_MAX, &options->copy.bytes_per_s))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--rate-limit=%s: must be a size from 64k, for each second", value);
  return 0;
}

/* nbdcopy's --queue-size may be anything; what is too little becomes the least
 * that works. */
int
options_take_memory(struct options *options, const char *value, struct fault *fault)
{
  uint64_t low = options->persona == PERSONA_DECANT ? PAYLOAD_BYTES_MIN : 0;
  uint64_t bytes;

  if (!sizes_parse_within(value, low, PAYLOAD_BYTES_MAX, &bytes))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--memory=%s: must be a size from 512K to 4G", value);
  options->copy.payload_bytes = range_max(bytes, PAYLOAD_BYTES_MIN);
  options->copy.payload_is_fixed = options->persona == PERSONA_DECANT;
  return 0;
}

/* How long servers may be silent; for ever is 0. */
static int
take_timeout(struct options *options, const char *value, struct fault *fault)
{
  uint64_t ms;

  if (options_take_duration(&ms, "timeout", value, fault) == -1)
    return -1;
  options->wishes.timeout_ms = ms == DURATION_FOREVER ? 0 : ms;
  return 0;
}

/* How long to wait for servers; for ever is what can be added to any time. */
static int
take_wait(struct options *options, const char *value, struct fault *fault)
{
  uint64_t ms;

  if (options_take_duration(&ms, "wait", value, fault) == -1)
    return -1;
  options->wishes.wait_ms = range_min(ms, DURATION_MS_MAX);
  return 0;
}

static int
take_except(struct options *options, const char *value, struct fault *fault)
{
  struct excepts *excepts = &options->excepts;
  struct selector selector;

  if (!value[0])
    return options_usage(options, fault, "--except= takes a disk, by its device or by what it is", "");
  if (excepts->count == EXCEPTS_MAX)
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--except=%s: at most %d times", value, EXCEPTS_MAX);
  excepts->list[excepts->count++] = value;
  return selector_is_one(value) ? selector_parse(&selector, value, fault) : 0;
}

/* One option that getopt found. */
static int
take_option(struct options *options, int option, char **argv, struct fault *fault)
{
  switch (option) {
  case 'h':
    if (optarg && strcmp(optarg, "all") != 0)
      return options_usage(options, fault, "--help takes nothing, or all, and not ", optarg);
    options->mode = optarg ? RUN_HELP_ALL : RUN_HELP;
    return 0;
  case OPTION_LONG_OPTIONS:
    options->mode = RUN_LONG_OPTIONS;
    return 0;
  case OPTION_SHORT_OPTIONS:
    options->mode = RUN_SHORT_OPTIONS;
    return 0;
  case OPTION_TIMEOUT:
    return take_timeout(options, optarg, fault);
  case OPTION_WAIT:
    return take_wait(options, optarg, fault);
  case OPTION_TLS_PIN:
    if (!pins_add(&options->wishes.pins, optarg))
      return fault_set(fault, EXIT_BAD_USAGE, 0,
                       "--tls-pin=%s: must be sha256: and 64 hexadecimal digits, at most %d times", optarg, PINS_MAX);
    return 0;
  case OPTION_COLOUR:
  case OPTION_NO_COLOUR:
    options->colour = option == OPTION_COLOUR ? COLOUR_ALWAYS : COLOUR_NEVER;
    return 0;
  case OPTION_EXCEPT:
    return take_except(options, optarg, fault);
  case OPTION_FORCE_DESTINATION:
    options->wishes.force = true;
    return 0;
  case OPTION_NO_SANDBOX:
    options->no_sandbox = true;
    return 0;
  case 'V':
    options->mode = RUN_VERSION;
    return 0;
  case ':':
  case '?':
    return bad_option(options, option, argv, fault);
  default:
    return verbs[options->verb]->take(options, option, optarg, fault);
  }
}

/* Takes "[ CMD ARGS ]" off argv at optind. */
static int
take_command(const struct options *options, struct place *place, int argc, char **argv, struct fault *fault)
{
  int words = 0;

  for (optind++; optind < argc; optind++) {
    if (strcmp(argv[optind], "]") == 0) {
      if (words == 0)
        return options_usage(options, fault, "there is no command between [ and ]", "");
      optind++;
      place->kind = PLACE_COMMAND;
      place->text = place->command[0];
      place->command[words] = NULL;
      return 0;
    }
    if (words == COMMAND_WORDS_MAX)
      return fault_set(fault, EXIT_BAD_USAGE, 0, "[ %s ... ]: more than %d words", place->command[0],
                       COMMAND_WORDS_MAX);
    place->command[words++] = argv[optind];
  }
  return options_usage(options, fault, "[ without a closing ] after ", words ? argv[argc - 1] : "it");
}

static int
take_place(const struct options *options, struct place *place, int argc, char **argv, struct fault *fault)
{
  const char *text = argv[optind];
  struct selector selector;

  if (strcmp(text, "[") == 0)
    return take_command(options, place, argc, argv, fault);
  optind++;
  place->text = text;
  if (text[0] == '\0')
    return options_usage(options, fault, "a SOURCE or DESTINATION is empty", "");
  if (strcmp(text, "-") == 0)
    place->kind = PLACE_STREAM;
  else if (strcmp(text, "null:") == 0)
    place->kind = PLACE_NULL;
  else
    place->kind = uri_is_uri(text) ? PLACE_URI : PLACE_PATH;
  place->is_selector = place->kind == PLACE_PATH && options->persona == PERSONA_DECANT && selector_is_one(text);
  return place->is_selector ? selector_parse(&selector, text, fault) : 0;
}

/* Whether one letter more, less or different, or two of them swapped, makes one word of
 * the other. */
static bool
is_near(const char *a, const char *b)
{
  while (*a && *a == *b)
    a++, b++;
  return strcmp(a, b) != 0 && (strcmp(a + (*a != '\0'), b) == 0 || strcmp(a, b + (*b != '\0')) == 0 ||
                               (*a && *b && strcmp(a + 1, b + 1) == 0) ||
                               (*a && *b && a[0] == b[1] && a[1] == b[0] && strcmp(a + 2, b + 2) == 0));
}

/* A word that looks like a verb and is none would be taken for a file, and what follows
 * for its DESTINATION. */
static int
check_first_word(const char *word, struct fault *fault)
{
  static const char *const others[] = {
    "check", "cmp", "convert", "diff", "hash", "help", "list", "verify", "version"
  };

  if (!*word || strspn(word, "abcdefghijklmnopqrstuvwxyz") != strlen(word))
    return 0;
  for (size_t i = 0; i < VERBS; i++)
    if (is_near(word, verbs[i]->name))
      return fault_set(fault, EXIT_BAD_USAGE, 0, "there is no verb %s: decant %s? (a file of that name: ./%s)", word,
                       verbs[i]->name, word);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (strcmp(word, others[i]) == 0)
      return fault_set(fault, EXIT_BAD_USAGE, 0,
                       "there is no verb %s (decant --help lists what there is; a file of that name: ./%s)", word,
                       word);
  return 0;
}

/* The first word may say what to do; a file of that name is reached as ./NAME. */
static int
take_verb(struct options *options, int argc, char **argv, struct fault *fault)
{
  if (optind >= argc)
    return 0;
  for (size_t i = 0; i < VERBS; i++)
    if (strcmp(argv[optind], verbs[i]->name) == 0) {
      options->verb = (enum verb)i;
      optind++;
      return 0;
    }
  return check_first_word(argv[optind], fault);
}

static enum persona
persona_of(const char *program)
{
  const char *slash = strrchr(program, '/');

  for (size_t i = 0; i < PERSONAS; i++)
    if (strcmp(slash ? slash + 1 : program, personas[i].name) == 0)
      return (enum persona)i;
  return PERSONA_DECANT;
}

/* A pin that nothing is held to would be a promise that nobody keeps. */
static int
check_pins(const struct options *options, struct fault *fault)
{
  const struct place *places[] = { &options->source, &options->destination };
  unsigned count = verbs[options->verb]->places;

  assert(count <= 2);
  for (unsigned i = 0; i < count; i++)
    if (places[i]->kind == PLACE_URI && uri_is_tls(places[i]->text))
      return 0;
  if (options->wishes.pins.count == 0)
    return 0;
  return options_usage(options, fault, "--tls-pin is for nbds:// and its like, and neither end is one", "");
}

static int
check_places(const struct options *options, unsigned count, struct fault *fault)
{
  bool both = verbs[options->verb]->places == 2;

  if (options->verb == VERB_COMPARE && count < 2)
    return options_usage(options, fault, "it takes two of SOURCE", "");
  if (count == 0 && verbs[options->verb]->takes_none)
    return 0;
  if (count == 0)
    return options_usage(options, fault, both ? "SOURCE and DESTINATION are missing" : "SOURCE is missing", "");
  if (both && count == 1)
    return options_usage(options, fault, "DESTINATION is missing", "");
  if (options->source.kind == PLACE_NULL)
    return options_usage(options, fault, "null: can only be a DESTINATION", "");
  return check_pins(options, fault);
}

/* A long option has its words to itself. */
static void
note_from(struct options_command *command, int before)
{
  command->from_at = before;
  command->from_words = optind - before;
}

/* Of --version, more is told with -v, also behind it. */
static void
note_verbose(struct options *options, int argc, char **argv)
{
  if (optind < argc && (strcmp(argv[optind], "-v") == 0 || strcmp(argv[optind], "--verbose") == 0))
    options->verbose = true;
}

static int
parse_words(struct options *options, int argc, char **argv, struct fault *fault)
{
  const struct verb_options *verb = verbs[options->verb];
  struct place *places[] = { &options->source, &options->destination };
  bool only_places = false; /* "--" was seen */
  unsigned count = 0;

  assert(verb->places <= 2);
  while (optind < argc) {
    int before = optind;
    int option = only_places ? -1 : getopt_long(argc, argv, verb->short_options, verb->long_options, NULL);
    if (option != -1) {
      if (take_option(options, option, argv, fault) == -1)
        return -1;
      if (option == OPTION_FROM)
        note_from(&options->command, before);
      if (options->mode != RUN_VERB) {
        note_verbose(options, argc, argv);
        return 0;
      }
      continue;
    }
    only_places = only_places || optind > before; /* it took "--" itself, not as an option's value */
    if (optind >= argc)
      break;
    if (count == verb->places)
      return options_usage(options, fault,
                           count == 2 ? "more than a SOURCE and a DESTINATION: " : "more than a SOURCE: ",
                           argv[optind]);
    if (take_place(options, places[count++], argc, argv, fault) == -1)
      return -1;
  }
  return check_places(options, count, fault) == -1 ? -1 : verb->check(options, fault);
}

static int
parse_all(struct options *options, int argc, char **argv, struct fault *fault)
{
  if (options->persona == PERSONA_DECANT && take_verb(options, argc, argv, fault) == -1)
    return -1;
  options->command = (struct options_command){ .argc = argc, .argv = argv, .begin = optind };
  for (size_t i = 0; i < VERBS; i++)
    verbs[i]->set_defaults(options);
  return parse_words(options, argc, argv, fault);
}

int
options_parse(struct options *options, int argc, char **argv, struct fault *fault)
{
  enum persona persona = persona_of(argc > 0 ? argv[0] : "");

  *options = (struct options){ .persona = persona,
                               .verb = personas[persona].verb,
                               .mode = RUN_VERB,
                               .wishes = { .timeout_ms = personas[persona].timeout_ms } };
  opterr = 0;
  optind = 1;
  return parse_all(options, argc, argv, fault);
}
