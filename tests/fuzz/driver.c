/* SPDX-License-Identifier: MIT */
/* driver: fuzzes with nothing but a corpus and a seed, and packs and unpacks corpora (tests/fuzz/corpora), for which it takes no
 * other program.
 *
 *   fuzz-ROOM [--corpus=FILE] [--seed=N] [--count=N] [--seconds=N]   each case of the corpus, and as many mutants of them
 *   fuzz-ROOM CASE...                                                 these cases, each a file
 *   fuzz-ROOM --corpus=FILE --unpack=DIRECTORY                        makes such files of a corpus
 *   fuzz-ROOM --pack CASE...                                          prints the corpus that these files are
 *
 * Mutants go on from the seed, by default one that the clock gives. A case that fails is printed as a corpus has it: alone in a file, it
 * is one to be replayed.
 */
#include "fuzz/fuzz.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "sim/random.h"

/* Far more than any case takes; less than anybody's patience. Of the processor's time, since others may have it, too. */
#define CASE_SECONDS 10

#define CORPUS_CASES_MAX 4096
#define NOISE_BYTES 64

struct packed {
  uint8_t *bytes;
  size_t length;
};

static struct {
  const char *name;
  uint8_t bytes[CASE_BYTES_MAX]; /* what is tried now ... */
  size_t length;
  struct packed cases[CORPUS_CASES_MAX];
  size_t count;
} driver;

void __sanitizer_set_death_callback(void (*callback)(void));
const char *__ubsan_default_options(void);

/* Its runtime is one of its own, and knows of no callback. */
const char *
__ubsan_default_options(void)
{
  return "abort_on_error=1";
}

static void
stop(const char *why, const char *what)
{
  fprintf(stderr, "%s: %s%s\n", driver.name, why, what);
  exit(64);
}

/* ---- A case as a corpus has it: a line, in which \XX is any byte ---- */

static void
pack(FILE *to, const uint8_t *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    bool is_plain = bytes[i] >= ' ' && bytes[i] < 127 && bytes[i] != '\\';
    fprintf(to, is_plain && (bytes[i] != ' ' || i + 1 < length) ? "%c" : "\\%02x", bytes[i]);
  }
  fprintf(to, "\n");
}

static void
say_case(void)
{
  fprintf(stderr, "%s: the case, as a corpus has it:\n", driver.name);
  pack(stderr, driver.bytes, driver.length);
}

static void
on_signal(int number)
{
  fprintf(stderr, "%s: %s\n", driver.name, number == SIGPROF ? "a case took too long" : "aborted");
  say_case();
  _exit(1);
}

static void
try(const uint8_t *bytes, size_t length)
{
  driver.length = length < sizeof driver.bytes ? length : sizeof driver.bytes;
  if (bytes != driver.bytes && driver.length > 0)
    memcpy(driver.bytes, bytes, driver.length);
  uint8_t *copy = fuzz_copy(driver.bytes, driver.length);
  setitimer(ITIMER_PROF, &(struct itimerval){ .it_value = { .tv_sec = CASE_SECONDS } }, NULL);
  fuzz_one(copy, driver.length);
  setitimer(ITIMER_PROF, &(struct itimerval){ 0 }, NULL);
  free(copy);
}

/* ---- Corpora ---- */

static void
add_case(const char *line)
{
  uint8_t bytes[CASE_BYTES_MAX];
  size_t length = 0;

  for (unsigned byte; *line && *line != '\n'; length++) {
    bool is_escaped = *line == '\\' && isxdigit((unsigned char)line[1]) && isxdigit((unsigned char)line[2]) &&
                      sscanf(line + 1, "%2x", &byte) == 1;
    if (length == sizeof bytes || (*line == '\\' && !is_escaped))
      stop("not a case of a corpus: ", line);
    bytes[length] = (uint8_t)(is_escaped ? byte : (unsigned char)*line);
    line += is_escaped ? 3 : 1;
  }
  if (driver.count == CORPUS_CASES_MAX)
    stop("too many cases", "");
  driver.cases[driver.count++] = (struct packed){ fuzz_copy(bytes, length), length };
}

static void
read_corpus(const char *file)
{
  char *line = NULL;
  size_t room = 0;
  FILE *stream = fopen(file, "r");

  if (!stream)
    stop("can't be read: ", file);
  while (getline(&line, &room, stream) != -1)
    add_case(line);
  free(line);
  fclose(stream);
}

/* Into memory of its own, in which it is tried or printed. */
static void
read_case(const char *file)
{
  FILE *stream = fopen(file, "r");

  if (!stream)
    stop("can't be read: ", file);
  driver.length = fread(driver.bytes, 1, sizeof driver.bytes, stream);
  fclose(stream);
}

static void
unpack(const char *directory)
{
  for (size_t i = 0; i < driver.count; i++) {
    char file[4096];
    snprintf(file, sizeof file, "%s/%04zu", directory, i);
    FILE *stream = fopen(file, "w");
    if (!stream || fwrite(driver.cases[i].bytes, 1, driver.cases[i].length, stream) != driver.cases[i].length ||
        fclose(stream) != 0)
      stop("can't be written: ", file);
  }
}

/* ---- Mutants ---- */

/* One that exists, what lies between two, or noise alone. */
static void
choose(struct random *random)
{
  const struct packed *one, *other;
  size_t head, tail;

  driver.length = 0;
  if (driver.count == 0 || random_one_in(random, 10))
    return;
  one = &driver.cases[random_between(random, 0, driver.count - 1)];
  other = &driver.cases[random_between(random, 0, driver.count - 1)];
  head = random_one_in(random, 4) ? random_between(random, 0, one->length) : one->length;
  tail = head < one->length ? random_between(random, 0, other->length) : 0;
  tail = tail < sizeof driver.bytes - head ? tail : sizeof driver.bytes - head;
  memcpy(driver.bytes, one->bytes, head);
  memcpy(driver.bytes + head, other->bytes + other->length - tail, tail);
  driver.length = head + tail;
}

static void
mutate(struct random *random)
{
  uint8_t noise[NOISE_BYTES];
  struct fuzz_case ways = { noise, sizeof noise };
  size_t more = driver.length == 0 || random_one_in(random, 6) ? random_between(random, 0, 300) : 0;

  for (size_t i = 0; i < sizeof noise; i++)
    noise[i] = (uint8_t)random_next(random);
  driver.length = fuzz_mutate(&ways, driver.bytes, driver.length, sizeof driver.bytes);
  for (; more > 0 && driver.length < sizeof driver.bytes; more--)
    driver.bytes[driver.length++] = (uint8_t)random_next(random);
}

static uint64_t
try_mutants(uint64_t seed, uint64_t count, uint64_t seconds)
{
  time_t start = time(NULL);
  uint64_t done = 0;

  for (; done < count && (seconds == 0 || (uint64_t)(time(NULL) - start) < seconds); done++) {
    struct random random = { seed + done };
    choose(&random);
    mutate(&random);
    try(driver.bytes, driver.length);
  }
  return done;
}

/* ---- The command line ---- */

static const char *
value_of(const char *argument, const char *option)
{
  size_t length = strlen(option);

  return strncmp(argument, option, length) == 0 ? argument + length : NULL;
}

static int
each_case(char **files, bool is_packed)
{
  for (; *files; files++) {
    read_case(*files);
    if (is_packed)
      pack(stdout, driver.bytes, driver.length);
    else
      try(driver.bytes, driver.length);
  }
  return 0;
}

int
main(int argc, char **argv)
{
  uint64_t seed = (uint64_t)time(NULL) << 32, count = 0, seconds = 0;
  const char *slash = strrchr(argv[0], '/'), *value, *directory = NULL;
  bool is_packed = argc > 1 && strcmp(argv[1], "--pack") == 0;
  int i = is_packed ? 2 : 1;

  driver.name = slash ? slash + 1 : argv[0];
  signal(SIGABRT, on_signal);
  signal(SIGPROF, on_signal);
  __sanitizer_set_death_callback(say_case);
  for (; i < argc && argv[i][0] == '-'; i++)
    if ((value = value_of(argv[i], "--corpus=")))
      read_corpus(value);
    else if ((value = value_of(argv[i], "--seed=")))
      seed = strtoull(value, NULL, 0);
    else if ((value = value_of(argv[i], "--count=")))
      count = strtoull(value, NULL, 0);
    else if ((value = value_of(argv[i], "--seconds=")))
      seconds = strtoull(value, NULL, 0);
    else if (!(directory = value_of(argv[i], "--unpack=")))
      stop("its head says what it takes: ", argv[i]);
  if (i < argc)
    return each_case(argv + i, is_packed);
  if (directory) {
    unpack(directory);
    return 0;
  }
  for (size_t at = 0; at < driver.count; at++)
    try(driver.cases[at].bytes, driver.cases[at].length);
  uint64_t done = try_mutants(seed, seconds > 0 && count == 0 ? UINT64_MAX : count, seconds);
  printf("%s: %zu cases of the corpus, %llu mutants from seed %llu on\n", driver.name, driver.count,
         (unsigned long long)done, (unsigned long long)seed);
  return driver.count + done > 0 ? 0 : 1;
}
