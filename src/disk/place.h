/* SPDX-License-Identifier: MIT */
/* place: a SOURCE or a DESTINATION as the operator wrote it, taken apart no further
 * than its kind, and what the operator wishes of the conversation with a server there.
 */
#ifndef DECANT_PLACE_H
#define DECANT_PLACE_H

#include "base/limits.h"
#include "base/pins.h"
#include "disk/contexts.h"
#include "disk/disk.h"

#include <stdbool.h>
#include <stdint.h>

enum place_kind {
  PLACE_PATH,    /* a file or a block device */
  PLACE_URI,     /* nbd:// and its like */
  PLACE_STREAM,  /* - */
  PLACE_NULL,    /* null: */
  PLACE_COMMAND, /* [ CMD ARGS ]: a server that we start and that ends with us */
};

/* The strings are argv's. */
struct place {
  enum place_kind kind;
  const char *text; /* as written; for a command, its first word */
  bool is_selector; /* PLACE_PATH: of a disk (selector.h), until its device takes its place */
  char device[DISK_DEVICE_BYTES];
  char *command[COMMAND_WORDS_MAX + 1]; /* PLACE_COMMAND: argv of it, NULL at the end */
};

/* What messages call it: as written; a stream by its name, a command in brackets. What
 * is longer than a name may be is cut. */
void place_name(const struct place *place, bool is_source, char name[NAME_BYTES_MAX]);

struct wishes {
  unsigned requests;        /* at most this many in flight on a connection; 0: no limit of the operator's */
  unsigned connections;     /* at most this many to one server; 0: as many as are worth it */
  uint64_t timeout_ms;      /* how long a server may be silent that owes an answer; 0: for ever */
  uint64_t wait_ms;         /* how long to wait for a server that isn't there yet */
  bool force;               /* a destination may be in use */
  uint64_t start;           /* a resumed destination has what lies below */
  struct pins pins;         /* the keys that servers must have one of */
  struct contexts contexts; /* the metadata contexts that a source is asked for block status of */
};

#endif
