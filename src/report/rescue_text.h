/* SPDX-License-Identifier: MIT */
/* rescue_text: how a rescue is, in words: the line or the screen that shows how far it is, and the areas that couldn't be read.
 *
 * Bytes that count are those that the destination has confirmed. No clock is read and nothing is printed here.
 */
#ifndef DECANT_RESCUE_TEXT_H
#define DECANT_RESCUE_TEXT_H

#include "base/text.h"
#include "disk/areas.h"
#include "report/progress.h"

#include <stdbool.h>
#include <stdint.h>

#define RESCUE_TEXT_BYTES 256
#define RESCUE_SCREEN_BYTES 768
#define RESCUE_SCREEN_ROWS 7

/* What of a disk is wanted, and what became of it. */
struct rescue_totals {
  uint64_t wanted, rescued, bad, left; /* bytes; bad ones failed by themselves, what is left may still be read */
  uint64_t bad_areas;
};

/* Adds them up within a domain, whose finished areas are wanted; NULL: all is. */
void rescue_text_add_up(struct rescue_totals *totals, const struct areas *areas, const struct areas *domain);

/* One moment of a rescue. */
struct rescue_moment {
  struct rescue_totals totals;
  enum area_status phase; /* which areas are being read; AREA_FINISHED: all is done */
  unsigned pass;
  bool is_backwards;
  uint64_t position;         /* bytes */
  uint64_t rate, average;    /* bytes a second, in the last seconds and in this run */
  uint64_t since_success_ms; /* that a read was last good */
  uint64_t took_ms;          /* this run, so far */
  uint64_t errors;           /* reads that failed in it */
  const char *waits_for;     /* the source's name while it is lost; NULL: it isn't ... */
  uint64_t waited_ms;        /* ... and for how long it was */
};

/* Writes a line such as "1.2 GiB of 4.0 GiB (30 %), 210.0 MiB/s (average 180.0 MiB/s), 3 bad areas (1.5 KiB), 2.8 GiB left,
 * reading at 1.2 GiB (pass 1), last success 0:04 ago", without a newline. What stands behind is of less use, as progress_fit()
 * has it. */
void rescue_text_line(char text[RESCUE_TEXT_BYTES], const struct rescue_moment *moment);

/* Writes the same, and more, in rows of some 60 columns, for a terminal; at most RESCUE_SCREEN_ROWS, without a last newline. */
void rescue_text_screen(char text[RESCUE_SCREEN_BYTES], const struct rescue_moment *moment);

/* The next area that isn't finished, from an offset on, in the domain. Returns false if there is none. */
bool rescue_text_find(const struct areas *areas, const struct areas *domain, uint64_t offset, struct area *found);

/* What a part of a list should have room for. */
#define RESCUE_ROWS_BYTES 4096

/* Adds the areas that aren't finished as JSON objects, {"offset": 512, "length": 1024, "status": "bad"}, with commas between
 * them, from an offset on and as many as fit. Returns the offset of the next one, which is the disk's size at the end. */
uint64_t
rescue_text_add_json(const struct areas *areas, const struct areas *domain, uint64_t offset, struct text *text);

/* What is done about areas of that status. */
const char *rescue_text_doing(enum area_status phase);

/* The word for a status there: "bad", or what is still to be done. */
const char *rescue_text_status(enum area_status status);

#endif
