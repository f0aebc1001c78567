/* SPDX-License-Identifier: MIT */
/* options: the command line, taken apart and checked.
 *
 * Nothing is opened and nothing printed. Strings point into argv.
 */
#ifndef DECANT_OPTIONS_H
#define DECANT_OPTIONS_H

#include "error.h"
#include "limits.h"
#include "pins.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum place_kind {
  PLACE_PATH,    /* a file or a block device */
  PLACE_URI,     /* nbd:// and its like */
  PLACE_STREAM,  /* - */
  PLACE_NULL,    /* null: */
  PLACE_COMMAND, /* [ CMD ARGS ]: a server that we start and that ends with us */
};

/* A SOURCE or a DESTINATION. */
struct place {
  enum place_kind kind;
  const char *text;                       /* as written; for a command, its first word */
  char *command[COMMAND_WORDS_MAX + 1];   /* PLACE_COMMAND: argv of it, NULL at the end */
};

enum run_mode { RUN_COPY, RUN_HELP, RUN_VERSION, RUN_LONG_OPTIONS, RUN_SHORT_OPTIONS };

/* What the program was called by. As nbdcopy it takes the same options, and
 * keeps to that program's defaults, output and exit codes. */
enum persona { PERSONA_DECANT, PERSONA_NBDCOPY };

struct options {
  enum persona persona;
  enum run_mode mode;
  struct place source;
  struct place destination;
  uint64_t payload_bytes;     /* --memory; else the default, or what the request size takes */
  bool payload_is_fixed;      /* --memory was given */
  uint64_t request_bytes;     /* --request-size: the largest read; 0: what the memory suggests */
  unsigned requests;          /* -R: at most this many in flight on a connection; 0: no limit of the operator's */
  unsigned connections;       /* -C: at most this many to one server; at least 1 */
  uint64_t sparse_bytes;      /* -S: shortest run of zeros in data that becomes a hole; 0: don't look */
  bool allocated;             /* zeros stay allocated on the destination */
  bool extents;               /* ask the source which parts are holes */
  bool destination_is_zero;   /* the operator's word for it */
  bool flush;                 /* bring all to stable storage at the end */
  bool progress;
  int progress_fd;            /* --progress=FD: "N/100" lines go there; -1: none */
  bool report;                /* one line for scripts at the end */
  bool sha256;                /* print the digest of the whole source */
  const char *blkhash;        /* --blkhash's value, "" without one; NULL: not asked for */
  const char *blkhash_file;   /* where to write it; NULL: standard output */
  const char *expect;         /* --expect's value, or NULL */
  struct pins pins;           /* --tls-pin: the keys that servers must have one of */
  bool verbose;
};

/* Reads the command line; argv[0] decides the persona. Returns 0, or -1 with the fault (EXIT_BAD_USAGE) set.
 * Uses getopt's own state, so once a process. */
int options_parse(struct options *options, int argc, char **argv, struct fault *fault);

/* Reads a size: decimal digits and, maybe, one of b k M G T P E (powers of
 * 1024) or s (sectors of 512), in any case.
 * Returns false if it isn't one, or doesn't fit. */
bool options_parse_size(const char *text, uint64_t *bytes);

/* The name to begin messages with. */
const char *options_program(const struct options *options);

/* Writes what --help, --version, --long-options or --short-options print. */
void options_describe(const struct options *options, char *text, size_t text_bytes);

#endif
