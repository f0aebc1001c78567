/* SPDX-License-Identifier: MIT */
/* stage: what all simulators have in common: the seed that is being run, telling, a simulated clock, and the walk through the
 * seeds. stage_loop.c takes the place of src/os/loop.c for those that simulate the loop; there, time goes on in loop_wait(),
 * which is each one's own.
 */
#ifndef SIM_STAGE_H
#define SIM_STAGE_H

#include "os/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct stage {
  const char *name;   /* of the simulator, for messages */
  const char *replay; /* the program that replays a seed */
  uint64_t count;     /* of seeds, where nobody says */
  void (*run_seed)(uint64_t seed);

  uint64_t seed;
  bool tracing;
  uint64_t now_us;
};

/* Its first four are set by the simulator. */
extern struct stage stage;

/* In stage_loop.c: moves the clock on to whatever comes first: what disks do next (disk_next_us()), the loop's alarm, or an event, which may be
 * overdue; NEVER: there is none. */
void stage_pass_time(const struct loop *loop, uint64_t next_us, uint64_t event_us);

/* Likewise: has the loop see a signal once it is due, and never again. Returns whether it does now. */
bool stage_signal(struct loop *loop, uint64_t *due_us);

/* Runs a seed that is given alone, and traces it; or --count=M of them, --from=N on. Returns the exit code. */
int stage_main(int argc, char **argv);

#endif
