/* SPDX-License-Identifier: MIT */
/* options: the command line, taken apart and checked: what all verbs share. What
 * each verb takes stands in options_copy, options_map, options_info, options_rescue, options_disks, options_compare and options_digest.
 *
 * Nothing is opened and nothing printed. Strings point into argv.
 */
#ifndef DECANT_OPTIONS_H
#define DECANT_OPTIONS_H

#include "base/error.h"
#include "base/limits.h"
#include "cli/options_command.h"
#include "cli/options_compare.h"
#include "cli/options_copy.h"
#include "cli/options_digest.h"
#include "cli/options_disks.h"
#include "cli/options_info.h"
#include "cli/options_map.h"
#include "cli/options_rescue.h"
#include "disk/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verb { VERB_COPY, VERB_MAP, VERB_INFO, VERB_RESCUE, VERB_DISKS, VERB_COMPARE, VERB_DIGEST };

enum run_mode { RUN_VERB, RUN_HELP, RUN_HELP_ALL, RUN_VERSION, RUN_LONG_OPTIONS, RUN_SHORT_OPTIONS };

/* What the program was called by. As nbdcopy and nbdinfo it takes those programs'
 * options, and keeps to their defaults, output and exit codes. */
enum persona { PERSONA_DECANT, PERSONA_NBDCOPY, PERSONA_NBDINFO };

/* The disks that a destination must not be, as written. */
struct excepts {
  const char *list[EXCEPTS_MAX];
  unsigned count;
};

enum colour { COLOUR_BY_DEFAULT, COLOUR_ALWAYS, COLOUR_NEVER };

struct options {
  enum persona persona;
  enum verb verb;
  enum run_mode mode;
  struct place source;
  struct place destination; /* VERB_COPY, VERB_RESCUE; VERB_COMPARE: the other source;
                               null: for VERB_DIGEST */

  struct wishes wishes;           /* -R, -C, --tls-pin, --timeout, --wait, and what the verb asks a source for */
  struct options_command command; /* all of it, as it was given */
  struct excepts excepts;         /* --except */

  bool verbose;
  enum colour colour; /* of what is printed on standard output */

  /* Each verb's own. */
  struct copy_options copy;
  struct map_options map;
  struct info_options info;
  struct rescue_options rescue;
  struct disks_options disks;
  struct compare_options compare;

  bool no_sandbox; /* once its ends are open, it may still do what it might before */
};

/* Reads the command line; argv[0] decides the persona, and that or the first word
 * the verb. Returns 0, or -1 with the fault (EXIT_BAD_USAGE) set. Uses getopt's
 * own state, so once a process. */
int options_parse(struct options *options, int argc, char **argv, struct fault *fault);

/* The name to begin messages with. */
const char *options_program(const struct options *options);

/* The verb's word. */
const char *options_verb_name(const struct options *options);

/* Whether what is printed is to be in colour, where that isn't as it is by default. */
bool options_in_colour(const struct options *options, bool by_default);

/* The exit code for a fault: nbdcopy and nbdinfo know no code for bad usage. */
enum exit_code options_exit_code(const struct options *options, const struct fault *fault);

/* Writes what --help, --version, --long-options or --short-options print, which
 * OPTIONS_TEXT_BYTES hold. */
#define OPTIONS_TEXT_BYTES 7168
void options_describe(const struct options *options, char *bytes, size_t size);

#endif
