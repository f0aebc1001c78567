/* SPDX-License-Identifier: MIT */
/* ask: see ask.h. */
#include "job/ask.h"

#include <assert.h>

int
ask(struct endpoint *endpoint, struct loop *loop, struct request *request, struct fault *fault)
{
  const struct request *answer;

  endpoint->ops->submit(endpoint, request);
  while (!(answer = endpoint->ops->take(endpoint))) {
    loop_begin(loop);
    endpoint->ops->watch(endpoint, loop);
    if (loop_wait(loop, fault) == -1)
      return -1;
    endpoint->ops->serve(endpoint, loop);
    if (loop->signal_seen)
      return fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d", loop->signal_seen);
  }
  assert(answer == request);
  return 0;
}
