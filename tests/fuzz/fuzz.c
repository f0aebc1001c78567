/* SPDX-License-Identifier: MIT */
/* fuzz: see fuzz.h. */
#include "fuzz/fuzz.h"

#include "base/clean.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fuzz_fail(const char *condition, const char *file, int line)
{
  fprintf(stderr, "%s:%d: %s\n", file, line, condition);
  abort();
}

uint8_t *
fuzz_copy(const void *bytes, size_t length)
{
  uint8_t *copy = malloc(length ? length : 1);

  must(copy != NULL);
  if (length > 0)
    memcpy(copy, bytes, length);
  return copy;
}

char *
fuzz_string(const void *bytes, size_t length)
{
  char *string = strndup(length > 0 ? bytes : "", length);

  must(string != NULL);
  return string;
}

char *
fuzz_word(struct fuzz_case *input)
{
  char *word = fuzz_string(input->bytes, input->left);
  size_t length = strlen(word);

  length += length < input->left; /* the NUL */
  input->bytes += length;
  input->left -= length;
  return word;
}

size_t
fuzz_from_hex(uint8_t *bytes, const char *hex)
{
  size_t length = 0;

  for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
    bytes[length++] = (uint8_t)byte;
  return length;
}

bool
fuzz_may_be_shown(const char *text)
{
  uint32_t code;

  for (; *text; text += clean_next(text, &code))
    if (clean_next(text, &code), !clean_may_show(code) && code != '\n' && code != '\t')
      return false;
  return true;
}

/* ---- JSON ---- */

#define JSON_DEPTH_MAX 10

static const char *skip_value(const char *at, unsigned depth);

static const char *
skip_blanks(const char *at)
{
  return at ? at + strspn(at, " \t\n") : NULL;
}

static const char *
skip_string(const char *at)
{
  uint32_t code;

  for (at++; *at && *at != '"'; at += *at == '\\' ? 2 : (int)clean_next(at, &code)) {
    clean_next(at, &code);
    if (!clean_may_show(code) || (*at == '\\' && (!at[1] || !strchr("\"\\/bfnrtu", at[1]))) ||
        (strncmp(at, "\\u", 2) == 0 && strspn(at + 2, "0123456789abcdefABCDEF") < 4))
      return NULL;
  }
  return *at ? at + 1 : NULL;
}

/* The members of an object, or of an array. */
static const char *
skip_members(const char *at, char end, unsigned depth)
{
  at = skip_blanks(at + 1);
  if (*at == end)
    return at + 1;
  for (;; at++) {
    at = skip_blanks(at);
    if (end == '}') {
      at = *at == '"' ? skip_blanks(skip_string(at)) : NULL;
      at = at && *at == ':' ? skip_blanks(at + 1) : NULL;
    }
    at = at ? skip_blanks(skip_value(at, depth + 1)) : NULL;
    if (!at || *at == end)
      return at ? at + 1 : NULL;
    if (*at != ',')
      return NULL;
  }
}

static const char *
skip_value(const char *at, unsigned depth)
{
  static const char *const words[] = { "true", "false", "null" };
  char *end;

  if (depth > JSON_DEPTH_MAX)
    return NULL;
  if (*at == '"')
    return skip_string(at);
  if (*at == '{' || *at == '[')
    return skip_members(at, *at == '{' ? '}' : ']', depth);
  for (size_t i = 0; i < LENGTH_OF(words); i++)
    if (strncmp(at, words[i], strlen(words[i])) == 0)
      return at + strlen(words[i]);
  if (!strchr("-0123456789", *at))
    return NULL;
  strtod(at, &end);
  return end > at ? end : NULL;
}

bool
fuzz_is_json(const char *text)
{
  const char *end = skip_blanks(skip_value(skip_blanks(text), 0));

  return end && *end == '\0';
}

/* ---- Deciding ---- */

static uint64_t
take_number(struct fuzz_case *input, unsigned bytes)
{
  uint64_t number = 0;

  for (; bytes > 0 && input->left > 0; bytes--, input->left--)
    number = number << 8 | *input->bytes++;
  return number;
}

uint64_t
fuzz_between(struct fuzz_case *input, uint64_t low, uint64_t high)
{
  uint64_t span = high - low;
  unsigned bytes = 0;

  while (bytes < 8 && span >> 8 * bytes > 0)
    bytes++;
  return low + (span == UINT64_MAX ? take_number(input, 8) : take_number(input, bytes) % (span + 1));
}

bool
fuzz_one_in(struct fuzz_case *input, uint64_t n)
{
  return fuzz_between(input, 0, n - 1) == n - 1;
}

uint64_t
fuzz_power(struct fuzz_case *input, unsigned low, unsigned high)
{
  return UINT64_C(1) << fuzz_between(input, low, high);
}

void
fuzz_fill(struct fuzz_case *input, void *bytes, size_t length)
{
  uint64_t state = take_number(input, 2) + 1;

  for (size_t i = 0; i < length; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    ((uint8_t *)bytes)[i] = (uint8_t)(state >> 56);
  }
}

/* ---- Mutating ---- */

struct mutant {
  uint8_t *bytes;
  size_t length, room;
};

/* A run somewhere in the bytes, rather short. */
static size_t
some_run(struct fuzz_case *input, const struct mutant *mutant, size_t *at)
{
  size_t most;

  *at = fuzz_between(input, 0, mutant->length);
  most = mutant->length - *at;
  return fuzz_between(input, 0, most < 40 || fuzz_one_in(input, 8) ? most : 40);
}

static void
change_byte(struct fuzz_case *input, struct mutant *mutant)
{
  static const uint8_t telling[] = { 0, 1, 0x7F, 0x80, 0xFF, '\n', ':', ' ' };
  size_t at = fuzz_between(input, 0, mutant->length - 1);

  switch (fuzz_between(input, 0, 3)) {
  case 0:
    mutant->bytes[at] ^= (uint8_t)fuzz_power(input, 0, 7);
    break;
  case 1:
    mutant->bytes[at] = (uint8_t)fuzz_between(input, 0, 255);
    break;
  case 2:
    mutant->bytes[at] = (uint8_t)(mutant->bytes[at] + fuzz_between(input, 0, 4) - 2);
    break;
  default:
    mutant->bytes[at] = telling[fuzz_between(input, 0, sizeof telling - 1)];
  }
}

static void
cut_out(struct fuzz_case *input, struct mutant *mutant)
{
  size_t at, run = some_run(input, mutant, &at);

  memmove(mutant->bytes + at, mutant->bytes + at + run, mutant->length - at - run);
  mutant->length -= run;
}

static void
put_in(struct fuzz_case *input, struct mutant *mutant)
{
  size_t at, run = some_run(input, mutant, &at);
  bool is_copy = fuzz_one_in(input, 2);

  if (run > mutant->room - mutant->length)
    run = mutant->room - mutant->length;
  memmove(mutant->bytes + at + run, mutant->bytes + at, mutant->length - at);
  if (!is_copy)
    fuzz_fill(input, mutant->bytes + at, run);
  mutant->length += run;
}

static void
move_over(struct fuzz_case *input, struct mutant *mutant)
{
  size_t from, run = some_run(input, mutant, &from), to = fuzz_between(input, 0, mutant->length - run);

  memmove(mutant->bytes + to, mutant->bytes + from, run);
}

static void
cut_off(struct fuzz_case *input, struct mutant *mutant)
{
  mutant->length = fuzz_between(input, 0, mutant->length);
}

size_t
fuzz_mutate(struct fuzz_case *input, uint8_t *bytes, size_t length, size_t room)
{
  static void (*const ways[])(struct fuzz_case *, struct mutant *) = { change_byte, change_byte, change_byte,
                                                                       change_byte, cut_out,     put_in,
                                                                       move_over,   cut_off };
  struct mutant mutant = { bytes, length, room };

  for (unsigned i = (unsigned)fuzz_between(input, 0, 4); i > 0 && mutant.length > 0; i--)
    ways[fuzz_between(input, 0, LENGTH_OF(ways) - 1)](input, &mutant);
  return mutant.length;
}
