/* SPDX-License-Identifier: MIT */
/* fuzz: what the fuzzers share. One is a file fuzz-ROOM.c, with the one function that
 * makes a case out of a seed and judges it: it gets as far as it can into the room, with
 * what a seed has mutated, and calls must() for what holds whatever comes. The
 * sanitizers judge too, and so does a clock. To replay a case: fuzz-ROOM --seed=N.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/random.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

/* The fuzzer's own. */
void fuzz_one(struct random *random);

/* Mutates some of `length` bytes, with room for more: bits and bytes change, runs are
 * cut out, doubled, moved or overwritten, numbers become large or small. Now and then
 * not at all. Returns the new length. */
size_t fuzz_mutate(struct random *random, uint8_t *bytes, size_t length, size_t room);

/* Copies bytes to a place that ends where they do, so that the sanitizer sees who reads
 * on; to be freed. */
uint8_t *fuzz_copy(const void *bytes, size_t length);

/* Reads hexadecimal digits. Returns how many bytes they are. */
size_t fuzz_from_hex(uint8_t *bytes, const char *hex);

/* Ends the fuzzer, with the seed, unless the condition holds. */
#define must(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
void fuzz_fail(const char *condition, const char *file, int line);

#endif
