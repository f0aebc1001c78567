/* SPDX-License-Identifier: MIT */
/* outcome: what came of a copy: the line of --report, the object of --json, and after a failure the command
 * that goes on. */
#ifndef DECANT_OUTCOME_H
#define DECANT_OUTCOME_H

#include "cli/options.h"
#include "copy/copy.h"
#include "job/checking.h"
#include "job/digests.h"
#include "job/holding.h"
#include "report/effort.h"

#include <stdbool.h>

/* A longer command is not told, but what to change of it. */
#define OUTCOME_COMMAND_BYTES (4 * KIB)

/* A message and a command with everything escaped; the command's words are left out where they don't fit besides. */
#define OUTCOME_JSON_BYTES (6 * FAULT_TEXT_BYTES + 3 * OUTCOME_COMMAND_BYTES + 1 * KIB)

/* What came of verifying. */
struct outcome_verified {
  bool has_begun; /* the copy itself went well */
  uint64_t bytes; /* that were read back as they should be; all else in bytes, too */
  uint64_t ms;    /* how long it took */
  uint64_t repaired;
  uint64_t differing;
  uint64_t first; /* the offset of the first that differ, if any do */
};

/* Begins as zeros. */
struct outcome {
  bool has_begun;           /* the destination may have been written to */
  bool is_spoilt;           /* an end isn't what it was: nothing of the copy is to be kept */
  bool is_noted;            /* the copy has run; if it has: */
  uint64_t bytes;           /* how long the source is; SIZE_UNKNOWN where that wasn't seen */
  uint64_t good_below;      /* of the destination, flushed ... */
  uint64_t confirmed_below; /* ... and confirmed */
  uint64_t zeroed, kept, skipped;
  struct effort effort; /* of the copy itself */
  bool counts_written;  /* what was there already wasn't written (--skip-identical) ... */
  uint64_t written;     /* ... but so much */
  struct outcome_verified verified;
  const struct checking *checking;     /* the copy's, by a block map */
  uint64_t from;                       /* where it can go on */
  char command[OUTCOME_COMMAND_BYTES]; /* which does that */
  char json[OUTCOME_JSON_BYTES];
};

/* The copy has run, for so long, in so much memory. */
void outcome_note(struct outcome *outcome, const struct copy *copy, uint64_t ms, uint64_t memory);

/* The copy has failed. One that had begun can go on, or be begun again: adds the command that does that to the fault.
 * nbdcopy's words stay as they are. */
void outcome_fail(struct outcome *outcome, const struct options *options, const struct copy *copy,
                  const struct holding *holding, struct fault *fault);

/* Has a fault lead to the command as it was given, with --from where `from` isn't 0: `leads_to` are the words before it. The
 * bytes are the caller's, as long as the fault is. Returns false where it doesn't fit, and the fault says so. */
bool outcome_lead_on(const struct options *options, uint64_t from, const char *leads_to,
                     char command[OUTCOME_COMMAND_BYTES], struct fault *fault);

/* Begins the object of --json of any verb: which one, how it ended in a word, and what a fault says, if it has words. */
void
outcome_begin_json(struct text *text, const struct options *options, const char *result, const struct fault *fault);

/* Adds the command that goes on, for a shell, and word by word for whoever has none, as far as there is room. */
void outcome_add_command(const struct options *options, const char *command, uint64_t from, struct text *text);

/* Adds a member, not the first one, to an object of JSON. */
void outcome_add_member(struct text *text, const char *name, const char *string);

/* Prints the line of --report. Returns 0, or -1 with the fault set. */
int outcome_report(const struct outcome *outcome, struct fault *fault);

/* Prints the object of --json, once all is over, with what couldn't be read, unless that is NULL; `fault` says how it ended, or
 * that nothing failed. Returns 0, or -1 with the fault set, where there was none before. */
int outcome_tell_json(struct outcome *outcome, const struct options *options, const struct digests *digests,
                      const struct holding *holding, const struct areas *unreadable, struct fault *fault);

#endif
