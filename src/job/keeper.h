/* SPDX-License-Identifier: MIT */
/* keeper: keeps the maps of areas of a copy: which part of the disk is wanted (--domain, --bmap), how much of that is done (--mapfile),
 * and what this was of; and what of it couldn't be read (--on-read-error=skip).
 *
 * Done is what was flushed, and nothing else. The map is written before any data moves, so that a full disk or one that can't be
 * written shows then; after flushes, as long as that takes a small share of the time; and at the end, good or bad.
 * The same command goes on from it.
 */
#ifndef DECANT_KEEPER_H
#define DECANT_KEEPER_H

#include "cli/options.h"
#include "copy/copy.h"
#include "copy/checker.h"
#include "copy/hold_back.h"
#include "copy/selection.h"
#include "local/mapfile_store.h"
#include "os/arena.h"

#include <stdbool.h>

/* Begins as zeros. */
struct keeper {
  struct copy_witness witness; /* for the copy */
  const struct options *options;
  const struct hold_back *hold; /* what isn't finished before that is done; NULL: nothing is held back */
  struct loop *loop;
  bool is_mute;   /* what is said would become part of the disk */
  bool is_rescue; /* the phase, pass and position are in the map already when it is written */
  struct mapfile_store store;
  struct mapfile map;
  struct areas *areas;           /* in the arena; NULL: no --mapfile */
  struct areas *domain;          /* likewise; NULL: all of the disk is wanted */
  struct bmap *bmap;             /* likewise; its ranges are */
  struct areas *unreadable;      /* likewise, for the copy: what of the source can't be read; NULL: that ends it */
  struct selection wanted;       /* by the domain, or the block map */
  struct selection selection;    /* of it, what is left to be copied */
  const struct checker *checker; /* what it doesn't find right isn't finished; NULL: nothing is checked */
  uint64_t kept_below;           /* the end of the last finished area: a destination has to reach there */
  uint64_t marked_below;         /* what was wanted there is called finished */
  bool has_begun;                /* the map is this copy's */
  bool has_failed;               /* it couldn't be written the last time */
  uint64_t written_ms;           /* the last time ... */
  uint64_t write_ms;             /* ... and how long it took */
  struct request request;        /* for the marks of the ends; may be with the source until that is closed */
  struct chunks chunks;
};

/* How much of an arena it takes. */
size_t keeper_bytes(const struct options *options);

/* Takes its memory, and finds where the mapfile lives. Returns 0, or -1 with the fault set. */
int keeper_open(struct keeper *keeper, const struct options *options, bool is_mute, struct arena *arena,
                struct loop *loop, struct fault *fault);

/* Reads the maps, for the source's size: that is open. Returns 0, or -1 with the fault set. */
int keeper_read(struct keeper *keeper, const struct endpoint *source, struct fault *fault);

/* Whether the destination has to keep something that it has. */
bool keeper_keeps(const struct keeper *keeper);

/* Both ends are open, and the buffer has room for a block of either: whether the maps may be about them. Returns 0, or -1
 * with the fault set. */
int keeper_check(struct keeper *keeper, struct endpoint *source, const struct endpoint *destination,
                 unsigned char *buffer, uint64_t buffer_bytes, struct fault *fault);

/* Whether nothing is left to be copied, as a mapfile has it. */
bool keeper_is_done(const struct keeper *keeper);

/* Has only the finished areas of this map be copied, besides what else is asked for. */
void keeper_narrow(struct keeper *keeper, const struct areas *areas);

/* What is to be copied; NULL: all. And who is to be told what is flushed; NULL: nobody. */
const struct selection *keeper_selection(const struct keeper *keeper);
struct copy_witness *keeper_witness(struct keeper *keeper);

/* What is wanted at all, now or earlier; NULL: all. */
const struct selection *keeper_wanted(const struct keeper *keeper);

/* Only whole ranges of the block map that this has checked are finished. */
void keeper_check_ranges(struct keeper *keeper, const struct checker *checker);

/* What of the destination this holds isn't finished, or no longer, until it is done. */
void keeper_hold(struct keeper *keeper, const struct hold_back *hold);

/* The destination is prepared, and is going to be written to: writes the map. Returns 0, or -1 with the fault set. */
int keeper_begin(struct keeper *keeper, const struct endpoint *destination, struct fault *fault);

/* What was copied of a range isn't there. */
void keeper_set_back(struct keeper *keeper, struct range range);

/* Writes the map as it is now. Returns 0, or -1 with the fault set. */
int keeper_write(struct keeper *keeper, struct fault *fault);

/* Whether the map was full, so that areas were joined (see areas.h): in words, for a line. */
#define KEEPER_TEXT_BYTES 768
bool keeper_was_full(const struct keeper *keeper, char text[KEEPER_TEXT_BYTES]);

/* Says so, once all is over. */
void keeper_say_full(const struct keeper *keeper);

/* The copy is over, with `result` and maybe a fault, and both ends are closed: writes the map. If the destination is spoilt, nothing of it is
 * finished. Returns the result, or -1 with the fault set, or completed. */
int keeper_end(struct keeper *keeper, bool is_spoilt, int result, struct fault *fault);

/* Closes what is open of it, also where it was never opened. */
void keeper_close(struct keeper *keeper);

#endif
