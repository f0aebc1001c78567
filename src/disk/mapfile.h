/* SPDX-License-Identifier: MIT */
/* mapfile: GNU ddrescue's file for a map of areas, read and written; its manual, "Mapfile structure", has the format.
 *
 *   # Mapfile. Created by decant 0.1              what begins with '#', or goes on so behind a blank, is a comment
 *   # Command line: decant ...
 *   # decant source: 0x00500000 MARK NAME         which disks it is about; others don't know of this
 *   # decant destination: 0x00500000 MARK NAME
 *   0x00120000     ?               1              the status line: position, phase, pass (1, if there is none)
 *   0x00000000  0x00117000  +                     the blocks: position, size, status; adjacent, ascending
 *   0x00117000  0x00000200  -
 *
 * Numbers are as in C, but for the pass; lines may end as on DOS. Blocks that are missing before the first and behind the last
 * one are non-tried, and so may be what they say of beyond the disk's end. What can't be understood is refused with its line's
 * number: a map that was guessed at costs data.
 *
 * Pure: bytes come in parts of any size and go out in parts that the caller has room for, so that no text is ever held.
 */
#ifndef DECANT_MAPFILE_H
#define DECANT_MAPFILE_H

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "disk/areas.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAPFILE_COMMAND_BYTES 1024
#define MAPFILE_MARK_BYTES 65 /* 64 hexadecimal digits */

/* One of the two disks that a map is about. */
struct mapfile_end {
  uint64_t size;                 /* bytes; SIZE_UNKNOWN where nothing is known of the disk */
  char mark[MAPFILE_MARK_BYTES]; /* a word that other disks don't have, such as a serial number or a digest; "": none */
  char name[NAME_BYTES_MAX];     /* for people: what it was called */
};

/* What a mapfile holds beside the areas. */
struct mapfile {
  uint64_t
      position; /* being tried: where a read begins, or backwards ends; hints at where to go on, and may lie anywhere */
  char phase;   /* '?', '*', '/' or '-' while areas of that status are being read, '+' when all is done; or 'F', 'G' */
  unsigned pass; /* of that phase; at least 1 */
  struct mapfile_end source, destination;
  char command[MAPFILE_COMMAND_BYTES]; /* of the program that writes it; isn't read */
};

struct mapfile_reader {
  struct mapfile *map;
  struct areas *areas;
  const char *file; /* for messages */
  unsigned line;    /* its number; 1 is the first */
  bool has_status, has_block;
  uint64_t end;                  /* of the last block */
  size_t length;                 /* of the line so far */
  char text[MAPFILE_LINE_BYTES]; /* of the line */
};

/* Begins to read; `areas` is new, for a disk whose size it knows. Of a domain, only finished blocks count. */
void mapfile_reader_init(struct mapfile_reader *reader, struct mapfile *map, struct areas *areas, const char *file);

/* Takes the next bytes of the file. Returns 0, or -1 with the fault set: then what was read means nothing. */
int mapfile_reader_take(struct mapfile_reader *reader, const char *bytes, size_t length, struct fault *fault);

/* There are no more. Returns 0, or -1 with the fault set. */
int mapfile_reader_end(struct mapfile_reader *reader, struct fault *fault);

/* Whether a map that was read from `file` may be about these two disks: where something is known of both, it is the same.
 * Returns 0, or -1 with the fault set. */
int mapfile_check_ends(const struct mapfile *map, const struct mapfile_end *source,
                       const struct mapfile_end *destination, const char *file, struct fault *fault);

/* The character of a status, and the status of a phase; AREA_FINISHED where no area is being read in it. */
char mapfile_character(enum area_status status);
enum area_status mapfile_status(char phase);

/* What a part that is written should have room for: all before the first block fits. */
#define MAPFILE_TEXT_BYTES (4 * KIB)

/* Adds all before the first block to an empty text. What may not be shown of names is '?' there. */
void mapfile_write_head(const struct mapfile *map, struct text *text);

/* Adds the blocks from an offset on, as many as fit. Returns the offset of the next one, which is the disk's size at the end. */
uint64_t mapfile_write_blocks(const struct areas *areas, uint64_t offset, struct text *text);

#endif
