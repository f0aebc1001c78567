/* SPDX-License-Identifier: MIT */
/* main: from the command line to the exit code. The only room with state at file
 * scope: libnbd's heap, who is outside of the sandbox, and the job at hand. */
#include "cli/options.h"
#include "job/inherited.h"
#include "job/choose.h"
#include "job/confine.h"
#include "job/job_compare.h"
#include "job/job_copy.h"
#include "job/job_disks.h"
#include "job/job_info.h"
#include "job/job_map.h"
#include "job/job_rescue.h"
#include "os/descriptors.h"
#include "os/heap.h"
#include "os/outside.h"
#include "os/say.h"

#include <string.h>

struct heap heap;
struct outside outside;
static struct options options;
static union {
  struct copy_job copy;
  struct map_job map;
  struct info_job info;
  struct rescue_job rescue;
  struct choose choose;
  struct compare_job compare;
} job;

_Static_assert(sizeof options + sizeof job <= TABLE_BYTES_MAX, "the tables are what docs/MEMORY.md says");

static int
describe(struct fault *fault)
{
  char text[OPTIONS_TEXT_BYTES];

  options_describe(&options, text, sizeof text);
  if (say_answer(text, fault) == -1)
    return -1;
  if (options.mode != RUN_VERSION || !options.verbose || options.persona != PERSONA_DECANT)
    return 0;
  confine_describe(text);
  return say_answer(text, fault);
}

/* Which disks are meant is found out before the job at hand begins, in its room. */
static int
choose(struct fault *fault)
{
  int result = choose_ends(&job.choose, &options, fault);

  memset(&job.choose, 0, sizeof job.choose);
  return result;
}

static int
run(int argc, char **argv, struct fault *fault)
{
  /* First of all, before anything could be opened. */
  if (descriptors_fill(fault) == -1 || options_parse(&options, argc, argv, fault) == -1 || choose(fault) == -1 ||
      inherited_check(&options, fault) == -1)
    return -1;
  if (options.mode != RUN_VERB)
    return describe(fault);
  switch (options.verb) {
  case VERB_COPY:
  case VERB_DIGEST:
    return job_copy(&job.copy, &options, fault);
  case VERB_MAP:
    return job_map(&job.map, &options, fault);
  case VERB_INFO:
    return job_info(&job.info, &options, fault);
  case VERB_RESCUE:
    return job_rescue(&job.rescue, &options, fault);
  case VERB_DISKS:
    return job_disks(&job.choose, &options, fault);
  case VERB_COMPARE:
    return job_compare(&job.compare, &options, fault);
  }
  return -1;
}

int
main(int argc, char **argv)
{
  struct fault fault = { .exit_code = EXIT_DONE };

  int result = run(argc, argv, &fault);
  outside_end();
  if (result == 0 && say_finish(&fault) == 0)
    return EXIT_DONE;
  if (fault.exit_code == EXIT_DONE) /* whatever failed without a word, it isn't done */
    fault_set(&fault, EXIT_FAILED, 0, "something failed, and there are no words for it");
  if (fault.text[0])
    say_fault(options_program(&options), &fault);
  return (int)options_exit_code(&options, &fault);
}
