/* SPDX-License-Identifier: MIT */
/* turn: see turn.h. */
#include "copy/turn.h"

void
turn_begin(const struct turn *turn)
{
  loop_begin(turn->loop);
  for (int i = 0; i < TURN_ENDS_MAX && turn->ends[i]; i++)
    turn->ends[i]->ops->watch(turn->ends[i], turn->loop);
}

int
turn_wait(const struct turn *turn, bool is_busy, struct fault *fault)
{
  if (is_busy)
    loop_wake_by(turn->loop, 0);
  if (loop_wait(turn->loop, fault) == -1)
    return -1;
  for (int i = 0; i < TURN_ENDS_MAX && turn->ends[i]; i++)
    turn->ends[i]->ops->serve(turn->ends[i], turn->loop);
  return 0;
}
