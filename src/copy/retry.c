/* SPDX-License-Identifier: MIT */
/* retry: see retry.h. */
#include "copy/retry.h"

#include "base/limits.h"

#include <errno.h>

/* How soon a request is sent by another connection of the same end; and then it takes a pause. */
#define RETRY_ELSEWHERE_MS 10

bool
retry_may_pass(int errnum)
{
  switch (errnum) {
  case EACCES:
  case EDQUOT:
  case EFBIG:
  case EINVAL:
  case ENOSPC:
  case EOPNOTSUPP:
  case EOVERFLOW:
  case EPERM:
  case EPROTO:
  case EROFS:
    return false;
  default:
    return true;
  }
}

bool
retry_elsewhere(struct retry *retry, const struct endpoint *end, uint64_t limit_ms, uint64_t now_ms)
{
  retry->again_ms = now_ms;
  retry->waits = true;
  if (end->presence != PRESENCE_HERE)
    return true;
  retry->again_ms += retry->lost_ms ? RETRY_PAUSE_MS : RETRY_ELSEWHERE_MS;
  if (!retry->lost_ms)
    retry->lost_ms = now_ms;
  return retry->waits = now_ms - retry->lost_ms <= limit_ms;
}

void
retry_later(struct retry *retry, uint64_t now_ms)
{
  retry->again_ms = now_ms + ((uint64_t)RETRY_PAUSE_MS << (2 * retry->failures));
  retry->failures++;
  retry->waits = true;
}
