/* SPDX-License-Identifier: MIT */
/* storage: a simulated file or block device: what the kernel would do with it, whoever calls.
 *
 * It has content, of which a part is allocated and a part is on stable storage; direct I/O in blocks of its own; ways to make
 * zeros that it knows or doesn't; and faults: places that can't be read, writes and flushes that fail, no room, a disk that is
 * pulled and comes back as the same or another, and others who cut, move or replace the file meanwhile.
 *
 * It also demands what no kernel does, and every file system is glad of: no write reaches beyond a file's end, none is on its way
 * there when the length changes, none by the page cache touches a page that another passes by, and nothing is written
 * to what is another disk now.
 */
#ifndef STORAGE_STORAGE_H
#define STORAGE_STORAGE_H

#include "sim/random.h"

#include <stdbool.h>
#include <stdint.h>

#define STORAGE_BYTES_MAX (UINT64_C(1) << 20) /* of content that is looked at */
#define STORAGE_PAGE_BYTES UINT64_C(4096)
#define STORAGE_NEVER UINT64_MAX

/* What others do to a file. */
enum change { CHANGE_NONE, CHANGE_CUT, CHANGE_REMOVED, CHANGE_REPLACED };

/* Kinds of requests that a ring may not know, as bits. */
enum { UNRINGED_MOVES = 1, UNRINGED_FLUSHES = 2, UNRINGED_ZEROS = 4 };

/* Chances are one in N, 0: never. */
struct storage_manners {
  bool no_direct;  /* the file system has no direct I/O ... */
  bool wants_more; /* ... or writes in larger blocks than it says */
  bool no_holes;   /* it can't tell where its data is */
  bool sees_cache; /* tells what the page cache holds */
  unsigned unringed;
  unsigned no_ways;      /* to make zeros: bits, 1 punches, 2 zeroes a range, 4 is BLKZEROOUT */
  uint64_t delay_max_us; /* of what goes by a ring */
  unsigned slow_one_in;  /* other calls that wait for the disk */
  uint64_t slow_max_us;
  unsigned short_one_in, interrupted_one_in, not_now_one_in, busy_one_in;
  /* What a copy may fail by. */
  unsigned read_fails_one_in, write_fails_one_in, zero_fails_one_in, flush_fails_one_in, length_fails_one_in,
      close_fails_one_in;
  uint64_t bad_start, bad_end; /* bytes that can't be read */
  uint64_t room_bytes;         /* which it has to give to what isn't allocated yet */
  /* It is pulled. */
  uint64_t dies_at_us; /* or STORAGE_NEVER */
  uint64_t away_max_us;
  unsigned dies_again_one_in, forgets_one_in, other_one_in, never_back_one_in;
  /* Others are at it. */
  enum change change;
  uint64_t changes_at_us;
};

struct storage {
  struct random random;
  struct storage_manners manners;
  const char *path;
  uint64_t number; /* of its disk, and what else it is known by */
  bool is_device, is_source;
  bool exists;
  bool is_named_for_good; /* its name is on stable storage */
  uint64_t size, stable_size, flushing_size;
  uint64_t sector;   /* of direct I/O */
  uint64_t block;    /* of what is allocated, and of a file system; a multiple of the sector */
  uint8_t *content;  /* STORAGE_BYTES_MAX each */
  uint8_t *stable;   /* NULL: it is only read */
  uint8_t *flushing; /* likewise: what was there when the flush was asked for */
  uint64_t flushes;  /* asked for */
  bool *allocated;   /* each block */
  bool *cached;      /* each page */
  unsigned writes[STORAGE_BYTES_MAX / STORAGE_PAGE_BYTES + 1]; /* past the page cache, on their way to each page */
  uint64_t writes_end;                                         /* the furthest that these reach */
  uint64_t allocated_bytes;

  /* What happened. */
  unsigned generation; /* what was opened in an earlier one is dead */
  bool is_gone;
  uint64_t back_us;
  bool is_other;     /* another disk, or file, has its name ... */
  bool is_like_it;   /* ... which shows in its size alone */
  bool is_changed;   /* by others */
  bool is_closing;   /* all is over but that */
  bool close_failed; /* ... and that has failed */
  unsigned faults;   /* that a copy may have failed by */
  unsigned deaths;
  bool flush_failed;
};

/* How something was opened. */
struct storage_view {
  struct storage *storage;
  unsigned generation;
  bool is_direct;
};

/* Readies one; the caller has set all down to `cached`, and its content. */
void storage_begin(struct storage *storage);

/* Whether what was opened so is of a disk that was pulled since. */
bool storage_is_dead(const struct storage_view *view);

/* How the kernel says that. */
int storage_loss_errnum(struct storage *storage);

bool storage_happens(struct storage *storage, unsigned one_in);

/* Each returns how many bytes it did, or -errno. */
int64_t storage_read(const struct storage_view *view, uint8_t *to, uint64_t length, uint64_t offset);
int64_t storage_write(const struct storage_view *view, const uint8_t *from, uint64_t length, uint64_t offset);

/* Each returns 0 or -errno; `way` is a bit of no_ways. */
int storage_zero(const struct storage_view *view, unsigned way, uint64_t offset, uint64_t length);
int storage_set_length(const struct storage_view *view, uint64_t bytes);
void storage_flush_begin(struct storage *storage);
int storage_flush_end(const struct storage_view *view);

/* A write past the page cache is on its way, or has arrived. */
void storage_write_begins(struct storage *storage, uint64_t offset, uint64_t length);
void storage_write_ends(struct storage *storage, uint64_t offset, uint64_t length);

/* The first byte of data, or of a hole, from there on; STORAGE_NEVER: no data; -errno of the caller's is its own business. */
uint64_t storage_seek(const struct storage *storage, uint64_t from, bool for_data);

/* When something happens to it by itself, and that it does. */
uint64_t storage_next_us(const struct storage *storage);
void storage_advance(struct storage *storage, uint64_t now_us);

/* Of what isn't flushed, anything may be gone. */
void storage_lose_power(struct storage *storage);

#endif
