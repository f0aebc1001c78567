/* SPDX-License-Identifier: MIT */
/* fuzz: see fuzz.h. The command line of every fuzzer:
 *
 *   fuzz-ROOM [--seed=N] [--count=N] [--seconds=N]
 *
 * --seed alone replays one case. Else cases go on from the seed, by default one that
 * the clock gives, until that many were seen or that time is over.
 */
#include "fuzz/fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Far more than any case takes; less than anybody's patience. */
#define CASE_SECONDS 20

static uint64_t seed;
static const char *name;

void __sanitizer_set_death_callback(void (*callback)(void));
const char *__ubsan_default_options(void);

/* Its runtime is one of its own, and knows of no callback. */
const char *
__ubsan_default_options(void)
{
  return "abort_on_error=1";
}

static void
say_seed(void)
{
  fprintf(stderr, "to replay it: %s --seed=%llu\n", name, (unsigned long long)seed);
}

static void
on_signal(int number)
{
  fprintf(stderr, "%s: %s\n", name, number == SIGALRM ? "a case took too long" : "aborted");
  say_seed();
  _exit(1);
}

void
fuzz_fail(const char *condition, const char *file, int line)
{
  fprintf(stderr, "%s:%d: %s\n", file, line, condition);
  say_seed();
  _exit(1);
}

uint8_t *
fuzz_copy(const void *bytes, size_t length)
{
  uint8_t *copy = malloc(length ? length : 1);

  must(copy != NULL);
  memcpy(copy, bytes, length);
  return copy;
}

size_t
fuzz_from_hex(uint8_t *bytes, const char *hex)
{
  size_t length = 0;

  for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
    bytes[length++] = (uint8_t)byte;
  return length;
}

/* ---- Mutating ---- */

struct mutant {
  uint8_t *bytes;
  size_t length, room;
};

/* A run somewhere in the bytes, rather short. */
static size_t
some_run(struct random *random, const struct mutant *mutant, size_t *at)
{
  size_t most;

  *at = random_between(random, 0, mutant->length);
  most = mutant->length - *at;
  return random_between(random, 0, most < 40 || random_one_in(random, 8) ? most : 40);
}

static void
change_byte(struct random *random, struct mutant *mutant)
{
  static const uint8_t telling[] = { 0, 1, 0x7F, 0x80, 0xFF, '\n', ':', ' ' };
  size_t at = random_between(random, 0, mutant->length - 1);

  switch (random_between(random, 0, 3)) {
  case 0:
    mutant->bytes[at] ^= (uint8_t)(1 << random_between(random, 0, 7));
    break;
  case 1:
    mutant->bytes[at] = (uint8_t)random_next(random);
    break;
  case 2:
    mutant->bytes[at] = (uint8_t)(mutant->bytes[at] + random_between(random, 0, 4) - 2);
    break;
  default:
    mutant->bytes[at] = telling[random_between(random, 0, sizeof telling - 1)];
  }
}

static void
cut_out(struct random *random, struct mutant *mutant)
{
  size_t at, run = some_run(random, mutant, &at);

  memmove(mutant->bytes + at, mutant->bytes + at + run, mutant->length - at - run);
  mutant->length -= run;
}

static void
put_in(struct random *random, struct mutant *mutant)
{
  size_t at, run = some_run(random, mutant, &at);
  bool is_copy = random_one_in(random, 2);

  if (run > mutant->room - mutant->length)
    run = mutant->room - mutant->length;
  memmove(mutant->bytes + at + run, mutant->bytes + at, mutant->length - at);
  for (size_t i = 0; i < run && !is_copy; i++)
    mutant->bytes[at + i] = (uint8_t)random_next(random);
  mutant->length += run;
}

static void
move_over(struct random *random, struct mutant *mutant)
{
  size_t from, run = some_run(random, mutant, &from), to = random_between(random, 0, mutant->length - run);

  memmove(mutant->bytes + to, mutant->bytes + from, run);
}

static void
cut_off(struct random *random, struct mutant *mutant)
{
  mutant->length = random_between(random, 0, mutant->length);
}

size_t
fuzz_mutate(struct random *random, uint8_t *bytes, size_t length, size_t room)
{
  static void (*const ways[])(struct random *, struct mutant *) = { change_byte, change_byte, change_byte, change_byte,
                                                                    cut_out,     put_in,      move_over,   cut_off };
  struct mutant mutant = { bytes, length, room };

  for (unsigned i = (unsigned)random_between(random, 0, 4); i > 0 && mutant.length > 0; i--)
    ways[random_between(random, 0, LENGTH_OF(ways) - 1)](random, &mutant);
  return mutant.length;
}

/* ---- The command line ---- */

static bool
read_option(const char *argument, const char *option, uint64_t *value)
{
  size_t length = strlen(option);

  if (strncmp(argument, option, length) != 0)
    return false;
  *value = strtoull(argument + length, NULL, 0);
  return true;
}

int
main(int argc, char **argv)
{
  uint64_t first = (uint64_t)time(NULL) << 32, count = 0, seconds = 0, done = 0;
  time_t start = time(NULL);

  name = argv[0];
  for (int i = 1; i < argc; i++) {
    if (read_option(argv[i], "--seed=", &first)) {
      count = count ? count : 1;
    } else if (!read_option(argv[i], "--count=", &count) && !read_option(argv[i], "--seconds=", &seconds)) {
      fprintf(stderr, "usage: %s [--seed=N] [--count=N] [--seconds=N]\n", name);
      return 64;
    }
  }
  if (seconds > 0)
    count = count > 1 ? count : UINT64_MAX;
  signal(SIGABRT, on_signal);
  signal(SIGALRM, on_signal);
  __sanitizer_set_death_callback(say_seed);
  for (; done < count && (seconds == 0 || (uint64_t)(time(NULL) - start) < seconds); done++) {
    struct random random = { seed = first + done };
    alarm(CASE_SECONDS);
    fuzz_one(&random);
  }
  printf("%s: %llu cases from seed %llu on\n", name, (unsigned long long)done, (unsigned long long)first);
  return done > 0 ? 0 : 1;
}
