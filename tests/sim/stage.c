/* SPDX-License-Identifier: MIT */
/* stage: see stage.h. */
#include "sim/stage.h"

#include "sim/disk.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

typedef unsigned long long ull;

/* Of a seed. */
#define CPU_SECONDS_MAX 300

/* ---- Telling ---- */

void
sim_fail(const char *format, ...)
{
  va_list args;

  fflush(stdout);
  fprintf(stderr, "%s: seed %llu: ", stage.name, (ull)stage.seed);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, "\n%s: replay it with: %s %llu\n", stage.name, stage.replay, (ull)stage.seed);
  _exit(1);
}

void
sim_trace(const char *format, ...)
{
  va_list args;

  if (!stage.tracing)
    return;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  printf("\n");
}

/* An assertion of the program itself, or worse. */
static void
on_crash(int signal_number)
{
  sim_fail(signal_number == SIGABRT ? "an assertion failed" : "it crashed");
}

static void
on_no_end(int signal_number)
{
  (void)signal_number;
  sim_fail("it goes on without an end, and calls nothing");
}

/* What sanitizers see is told with its seed, as a failed assertion is. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
  return "abort_on_error=1";
}

const char *__ubsan_default_options(void);
const char *
__ubsan_default_options(void)
{
  return "abort_on_error=1:print_stacktrace=1";
}

/* ---- Seeds ---- */

static void
run_one(uint64_t seed)
{
  setitimer(ITIMER_VIRTUAL, &(struct itimerval){ .it_value.tv_sec = CPU_SECONDS_MAX }, NULL);
  stage.seed = seed;
  stage.now_us = 0;
  stage.run_seed(seed);
}

int
main(int argc, char **argv)
{
  uint64_t from = 1, count = stage.count;

  signal(SIGABRT, on_crash);
  signal(SIGSEGV, on_crash);
  signal(SIGVTALRM, on_no_end);
  if (argc == 2 && argv[1][0] != '-') {
    stage.tracing = true;
    run_one(strtoull(argv[1], NULL, 0));
    printf("seed %s: all is well\n", argv[1]);
    return 0;
  }
  for (int i = 1; i < argc; i++) {
    if (sscanf(argv[i], "--from=%llu", (ull *)&from) != 1 && sscanf(argv[i], "--count=%llu", (ull *)&count) != 1) {
      fprintf(stderr, "usage: %s SEED | %s [--from=N] [--count=M]\n", stage.name, stage.name);
      return 64;
    }
  }
  for (uint64_t seed = from; seed < from + count; seed++)
    run_one(seed);
  printf("%llu seeds from %llu on: all is well\n", (ull)count, (ull)from);
  return 0;
}
