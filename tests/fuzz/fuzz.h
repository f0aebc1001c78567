/* SPDX-License-Identifier: MIT */
/* fuzz: what the fuzzers share. One is a file fuzz-ROOM.c with fuzz_one(), which makes of any bytes a case for its room, gets as far
 * into that as it can, and calls must() for what holds whatever comes. The sanitizers judge too, and so does a clock.
 *
 * Who thinks of the bytes is a driver's concern, of which there are three: driver.c needs nothing and is what the tests run,
 * driver-libfuzzer.c and driver-afl.c look at which code a case reaches, and go on from those that reach more.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

/* No driver makes longer ones: what takes long is tried seldom. */
#define CASE_BYTES_MAX 4096

/* The fuzzer's own. Returns 0. */
int fuzz_one(const uint8_t *data, size_t size);

/* ---- A case that decides something, a few bytes for each question; behind its end, it says 0 ---- */

struct fuzz_case {
  const uint8_t *bytes;
  size_t left;
};

/* A number from low to high, both included; at the end, low. */
uint64_t fuzz_between(struct fuzz_case *input, uint64_t low, uint64_t high);

/* Whether something happens that happens once in n times; at the end, it doesn't. */
bool fuzz_one_in(struct fuzz_case *input, uint64_t n);

/* A power of two, from 2^low to 2^high. */
uint64_t fuzz_power(struct fuzz_case *input, unsigned low, unsigned high);

/* Fills memory with what looks like noise, of which there is far more than the case has bytes. */
void fuzz_fill(struct fuzz_case *input, void *bytes, size_t length);

/* Mutates some of `length` bytes, with room for more: bits and bytes change, runs are
 * cut out, doubled, moved or overwritten. At the end, not at all. Returns the new length. */
size_t fuzz_mutate(struct fuzz_case *input, uint8_t *bytes, size_t length, size_t room);

/* ---- And the rest ---- */

/* Copies bytes to a place that ends where they do, so that the sanitizer sees who reads
 * on; to be freed. */
uint8_t *fuzz_copy(const void *bytes, size_t length);

/* The same as a string, without what lies behind a NUL. */
char *fuzz_string(const void *bytes, size_t length);

/* Takes a string off the case, up to a NUL, or its end; to be freed. */
char *fuzz_word(struct fuzz_case *input);

/* Reads hexadecimal digits. Returns how many bytes they are. */
size_t fuzz_from_hex(uint8_t *bytes, const char *hex);

/* Whether nothing in a text would play tricks on a terminal: printable, and of what isn't, newlines and tabs alone. */
bool fuzz_may_be_shown(const char *text);

/* Whether a text is one JSON value, in UTF-8, with nothing in it that may not be shown. */
bool fuzz_is_json(const char *text);

/* Ends the fuzzer unless the condition holds; its driver keeps the case. */
#define must(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
void fuzz_fail(const char *condition, const char *file, int line);

#endif
