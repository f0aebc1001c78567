/* SPDX-License-Identifier: MIT */
/* stage: what all simulators have in common: the seed that is being run, telling, a simulated clock, and main(), which
 * runs a seed that is given alone, and traces it; or --count=M of them, --from=N on. A seed that goes on without an end fails,
 * and so does one with which sanitizers see something.
 *
 * stage_loop.c takes the place of src/os/loop.c for those that simulate the loop; there, time goes on in loop_wait(),
 * which is each one's own. Those that run the program's own loop have whole/machine.h below it.
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

/* Is defined by the simulator, which sets its first four. */
extern struct stage stage;

/* In stage_loop.c: moves the clock on to whatever comes first: what disks do next (disk_next_us()), the loop's alarm, or an event, which may be
 * overdue; NEVER: there is none. */
void stage_pass_time(const struct loop *loop, uint64_t next_us, uint64_t event_us);

/* Likewise: has the loop see a signal once it is due, and never again. Returns whether it does now. */
bool stage_signal(struct loop *loop, uint64_t *due_us);

#endif
