/* SPDX-License-Identifier: MIT */
/* rescue: which part of a failing disk is to be read next.
 *
 * What reads well comes first, since a disk that fails may soon read nothing; each error costs time, and maybe the disk. So there
 * are phases, as GNU ddrescue has them, each through the areas of one status:
 *
 *   non-tried     in large reads; forwards, leaving out what is behind an error, more of it when errors repeat and less after
 *                 success; then the same backwards, so that a bad zone is closed in from both sides; then all that was left out
 *   non-trimmed   of each read that failed, sector by sector from its beginning up to an error, and then from its end
 *   non-scraped   what lies between, sector by sector
 *   bad-sector    again, as many passes as the operator wants, in turning direction
 *
 * Many reads may be out at once; none touches what another one does. What is known is in the areas after each answer, so that
 * a rescue that ends at any moment goes on from them.
 *
 * Ranges are bytes. Owns nothing but its table of reads. Makes no call, never fails.
 */
#ifndef DECANT_RESCUE_H
#define DECANT_RESCUE_H

#include "base/limits.h"
#include "disk/areas.h"

#include <stdbool.h>
#include <stdint.h>

/* Passes over what wasn't tried; the first two leave things out. The others may find what is set back when areas are joined. */
#define RESCUE_PASSES_MAX 5
#define RESCUE_PASSES_SKIPPING 2
#define RESCUE_PASSES_MAX_FAILED 2 /* and of those that trim and scrape */

struct rescue_config {
  struct areas *areas;        /* the caller's; of the disk's size */
  const struct areas *domain; /* only what is finished there is read; NULL: all */
  uint64_t sector_bytes;      /* the least that can be read; a power of two */
  uint64_t read_bytes;        /* the most; a power of two, at least sector_bytes */
  uint64_t skip_bytes_min;    /* how much is left out behind an error; ... */
  uint64_t skip_bytes_max;    /* ... and behind many */
  unsigned retry_passes;      /* over bad sectors */
};

enum rescue_read_state { RESCUE_READ_HOME, RESCUE_READ_OUT, RESCUE_READ_NEXT };

/* One read. */
struct rescue_read {
  struct range
      range; /* to be read: within a sector, or whole ones but at the disk's end and at areas that others made */
  struct range rest; /* of the area that is being trimmed, the range included */
  bool is_from_end;  /* it is trimmed from there */
  enum rescue_read_state state;
};

struct rescue {
  struct rescue_config config;
  enum area_status phase; /* which areas are being read; AREA_FINISHED: there is nothing left to do */
  unsigned pass;          /* of that phase; 1 is the first */
  bool is_backwards;
  uint64_t position;   /* what of the pass is still to be read lies behind, in its direction */
  uint64_t skip_bytes; /* to leave out behind the next error */
  unsigned reads_busy;
  struct rescue_read reads[RESCUE_READS_MAX];
};

/* Begins at the beginning. */
void rescue_init(struct rescue *rescue, const struct rescue_config *config);

/* Goes on with a pass, as a mapfile has it. */
void rescue_resume(struct rescue *rescue, enum area_status phase, unsigned pass, uint64_t position);

/* The next read, which is to be submitted now and is out until it is answered; NULL: answers have to come first, or all is done. */
struct rescue_read *rescue_next(struct rescue *rescue);

/* From now on, reads of what wasn't tried have at most so many bytes; as read_bytes. */
void rescue_set_read_bytes(struct rescue *rescue, uint64_t bytes);

/* A read is answered: so many bytes at its front are good, and on stable storage where that matters; the others couldn't be read. */
void rescue_answer(struct rescue *rescue, struct rescue_read *read, uint64_t good_bytes);

/* All of it is good, but it took so long that what is behind it is left out as behind an error. */
void rescue_answer_slow(struct rescue *rescue, struct rescue_read *read);

/* Whoever was asked fell silent, or was lost by it: none of it is good, and it isn't trimmed but left for the scraping, since
 * that may well happen again, and takes long. */
void rescue_answer_silent(struct rescue *rescue, struct rescue_read *read);

bool rescue_is_done(const struct rescue *rescue);

/* From where on a rescue goes on that ends now: before it in the pass's direction, everything is answered. */
uint64_t rescue_position(const struct rescue *rescue);

#endif
