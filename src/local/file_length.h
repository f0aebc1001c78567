/* SPDX-License-Identifier: MIT */
/* file_length: how long a file is, and when that changes.
 *
 * Of a file that a stream is copied to, the length is known only at the end. No write ever extends it: it is grown
 * ahead of what is written, and cut to what was written by each flush and at the end. A write on its way beyond the
 * end, past the page cache, is lost by some file systems (XFS) when the length changes meanwhile.
 *
 * Of a known length, a file is longer by one byte while it is written to. Whoever else cuts it short so leaves a
 * trace: no write brings it back to that length.
 *
 * Nothing else changes a file's length. Each returns 0 or an errno; devices have a length of their own.
 */
#ifndef DECANT_FILE_LENGTH_H
#define DECANT_FILE_LENGTH_H

#include "local/endpoint_file.h"

/* Empties it and makes it `size` bytes of zeros; SIZE_UNKNOWN: none yet. One that is resumed isn't emptied, and is as
 * long as what lies below the start at least. */
int file_length_begin(struct endpoint_file *file, uint64_t size);

/* Before what reaches up to `end` is written, or is to read as zeros. */
int file_length_grow(struct endpoint_file *file, uint64_t end);

/* To the end of what it was given. What is still being written lies below that, so that this is safe any time. */
int file_length_cut(struct endpoint_file *file);

/* What it is given so far is on stable storage, and so is its length. */
void file_length_flushed(struct endpoint_file *file);

/* Whether a file that was out of reach can be the same when it is that long: what was flushed is there, and nothing is
 * that we did not put there, or that was there before anything was flushed. */
bool file_length_fits(const struct endpoint_file *file, uint64_t bytes);

/* Goes on with one that fits; one that was to be emptied is emptied again, unless that was flushed. */
int file_length_go_on(struct endpoint_file *file, uint64_t bytes);

/* Whether others have cut short what is being read, so that an end that was met isn't the source's, or have changed the
 * length of what is being written. */
bool file_length_is_lost(const struct endpoint_file *file);

#endif
