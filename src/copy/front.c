/* SPDX-License-Identifier: MIT */
/* front: see front.h. */
#include "copy/front.h"

#include "base/range.h"

#include <limits.h>
#include <stddef.h>

static struct endpoint *
behind(const struct endpoint *endpoint)
{
  return ((const struct front *)endpoint)->behind;
}
_Static_assert(offsetof(struct front, base) == 0, "it is found by its endpoint");

void
front_mirror(struct front *front)
{
  const struct endpoint *destination = front->behind;

  front->base.presence = destination->presence;
  front->base.last_words = destination->last_words;
  front->base.traits.requests_max = (unsigned)range_min(front->requests_most, destination->traits.requests_max);
}

void
front_pass_on(struct front *front, struct request *request)
{
  front->behind->ops->submit(front->behind, request);
  front_mirror(front);
}

static void
front_watch(struct endpoint *endpoint, struct loop *loop)
{
  behind(endpoint)->ops->watch(behind(endpoint), loop);
  front_mirror((struct front *)endpoint);
}

static void
front_serve(struct endpoint *endpoint, struct loop *loop)
{
  behind(endpoint)->ops->serve(behind(endpoint), loop);
  front_mirror((struct front *)endpoint);
}

static void
front_reopen(struct endpoint *endpoint)
{
  behind(endpoint)->ops->reopen(behind(endpoint));
  front_mirror((struct front *)endpoint);
}

static const char *
front_explain(const struct endpoint *endpoint, int errnum)
{
  return behind(endpoint)->ops->explain(behind(endpoint), errnum);
}

void
front_init(struct front *front, struct endpoint *destination, void (*submit)(struct endpoint *, struct request *),
           struct request *(*take)(struct endpoint *))
{
  *front = (struct front){ .base = *destination,
                           .ops = { .submit = submit,
                                    .take = take,
                                    .watch = front_watch,
                                    .serve = front_serve,
                                    .reopen = destination->ops->reopen ? front_reopen : NULL,
                                    .explain = destination->ops->explain ? front_explain : NULL },
                           .behind = destination,
                           .requests_most = UINT_MAX };
  front->base.ops = &front->ops;
}
