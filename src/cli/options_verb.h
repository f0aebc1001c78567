/* SPDX-License-Identifier: MIT */
/* options_verb: what each verb brings to the command line, and what `options` does
 * for all of them: places, brackets, --help, --version and the lists of options. */
#ifndef DECANT_OPTIONS_VERB_H
#define DECANT_OPTIONS_VERB_H

#include "cli/options.h"

#include <stdbool.h>
#include <stdint.h>

struct option;

struct verb_options {
  const char *name;
  const char *summary;               /* what --help prints, where `help` doesn't fit on a screen; else NULL */
  const char *help;                  /* what --help=all prints */
  const char *short_options;         /* getopt's; OPTIONS_SHORT_BEGIN stands first */
  const struct option *long_options; /* getopt's; OPTIONS_OF_ALL_VERBS stands last */
  unsigned places;                   /* 1: SOURCE; 2: SOURCE and DESTINATION */
  bool takes_none;                   /* they may be left out */
  /* Called first; the persona is known, and all else of the verb's is zero. */
  void (*set_defaults)(struct options *options);
  /* Takes one option, of the values in the two tables. Returns 0, or -1 with the
   * fault (EXIT_BAD_USAGE) set. */
  int (*take)(struct options *options, int option, const char *value, struct fault *fault);
  /* Called when all is taken, for what can't be said option by option. It may turn
   * the job into that of another verb. */
  int (*check)(struct options *options, struct fault *fault);
};

/* Values of long options: those that all verbs take, or that `options` knows, and the first of a verb's own. */
enum {
  OPTION_LONG_OPTIONS = 256,
  OPTION_SHORT_OPTIONS,
  OPTION_TIMEOUT,
  OPTION_TLS_PIN,
  OPTION_WAIT,
  OPTION_COLOUR,
  OPTION_NO_COLOUR,
  OPTION_EXCEPT,
  OPTION_FORCE_DESTINATION,
  OPTION_NO_SANDBOX,
  OPTION_FROM, /* copy's; where it stands is noted for all */
  OPTION_OF_VERB
};

/* Options and places may be mixed: we walk them, and getopt stops at each place. */
#define OPTIONS_SHORT_BEGIN "+:"

/* Rows for verbs that print in colour: all the ways that nbdinfo spells it. */
#define OPTIONS_OF_COLOUR                                                                                              \
  { "color", no_argument, NULL, OPTION_COLOUR }, { "colors", no_argument, NULL, OPTION_COLOUR },                       \
      { "colour", no_argument, NULL, OPTION_COLOUR }, { "colours", no_argument, NULL, OPTION_COLOUR },                 \
      { "no-color", no_argument, NULL, OPTION_NO_COLOUR }, { "no-colors", no_argument, NULL, OPTION_NO_COLOUR },       \
      { "no-colour", no_argument, NULL, OPTION_NO_COLOUR },                                                            \
  {                                                                                                                    \
    "no-colours", no_argument, NULL, OPTION_NO_COLOUR                                                                  \
  }

/* Rows for verbs that overwrite a disk. */
#define OPTIONS_OF_DESTINATIONS                                                                                        \
  { "except", required_argument, NULL, OPTION_EXCEPT },                                                                \
  {                                                                                                                    \
    "force-destination", no_argument, NULL, OPTION_FORCE_DESTINATION                                                   \
  }

/* The rows that end a table of long options; 'h' and 'V' stand among the short ones too. */
#define OPTIONS_OF_ALL_VERBS                                                                                           \
  { "help", optional_argument, NULL, 'h' }, { "long-options", no_argument, NULL, OPTION_LONG_OPTIONS },                \
      { "no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX },                                                          \
      { "short-options", no_argument, NULL, OPTION_SHORT_OPTIONS },                                                    \
      { "timeout", required_argument, NULL, OPTION_TIMEOUT }, { "tls-pin", required_argument, NULL, OPTION_TLS_PIN },  \
      { "version", no_argument, NULL, 'V' }, { "wait", required_argument, NULL, OPTION_WAIT },                         \
  {                                                                                                                    \
    NULL, 0, NULL, 0                                                                                                   \
  }

/* Takes the value of an option of that name, which is a time (durations.h). Returns 0, or -1 with the fault set. */
int options_take_duration(uint64_t *ms, const char *name, const char *value, struct fault *fault);

/* The same of a whole number, from `low` to UINT32_MAX; and where it goes into an unsigned. */
int options_take_count(uint64_t *count, unsigned low, const char *name, const char *value, struct fault *fault);
int options_take_unsigned(unsigned *number, unsigned low, const char *name, const char *value, struct fault *fault);

/* Takes --mark-bad's value. Returns 0, or -1 with the fault set. */
int options_take_mark_bad(enum mark_bad *mark, const char *value, struct fault *fault);

/* What copies and comparisons take alike: --connections, --memory, --progress and --rate-limit. Return 0, or -1 with the fault
 * set. */
int options_take_connections(struct options *options, const char *value, struct fault *fault);
int options_take_memory(struct options *options, const char *value, struct fault *fault);
int options_take_progress(struct options *options, const char *value, struct fault *fault);
int options_take_rate_limit(struct options *options, const char *value, struct fault *fault);

/* Sets a fault that says why, with which word, and where to read more. Returns -1. */
int options_usage(const struct options *options, struct fault *fault, const char *why, const char *what);

#endif
