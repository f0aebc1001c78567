/* SPDX-License-Identifier: MIT */
/* endpoint_null: see endpoint_null.h. */
#include "local/endpoint_null.h"

static void
null_submit(struct endpoint *endpoint, struct request *request)
{
  request->errnum = 0;
  request_queue_push(&((struct endpoint_null *)endpoint)->answered, request);
}

static struct request *
null_take(struct endpoint *endpoint)
{
  return request_queue_pop(&((struct endpoint_null *)endpoint)->answered);
}

static void
null_wait(struct endpoint *endpoint, struct loop *loop)
{
  (void)endpoint, (void)loop;
}

static int
null_close(struct endpoint *endpoint, struct fault *fault)
{
  (void)endpoint, (void)fault;
  return 0;
}

static const struct endpoint_ops null_ops = {
  .submit = null_submit,
  .take = null_take,
  .watch = null_wait,
  .serve = null_wait,
  .close = null_close,
};

void
endpoint_null_open(struct endpoint_null *null)
{
  null->base.ops = &null_ops;
  null->base.kind = "null";
  null->base.traits = (struct traits){ .size = SIZE_UNKNOWN,
                                       .block_min = 1,
                                       .block_preferred = BLOCK_BYTES_PREFERRED_DEFAULT,
                                       .request_max = LOCAL_REQUEST_BYTES_MAX,
                                       .can_zero = true,
                                       .grows = true,
                                       .requests_max = WRITES_MAX };
}
