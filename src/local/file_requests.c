/* SPDX-License-Identifier: MIT */
/* file_requests: see file_requests.h. */
#include "local/file_requests.h"

#include "local/file_carry.h"
#include "local/file_direct.h"
#include "local/file_length.h"
#include "local/file_presence.h"
#include "local/file_zero.h"
#include "os/loop.h"

#include <errno.h>

/* What is slow goes alone: no further requests are taken until it is through. */
static void
begin_slow(struct endpoint_file *file)
{
  file->slow++;
  file->base.traits.requests_max = 1;
}

static void
end_slow(struct endpoint_file *file)
{
  file->slow--;
  if (file->slow == 0)
    file->base.traits.requests_max = file_direct_requests_max(file);
}

static void
file_requests_queue(struct endpoint_file *file, struct request *request)
{
  if (request->kind == REQUEST_ZERO)
    ring_queue_fallocate(file->ring, file->fd, file_zero_mode(file, request), request->offset, request->length,
                         request);
  else if (request->kind == REQUEST_FLUSH)
    ring_queue(file->ring, RING_FSYNC, file->fd, NULL, 0, 0, request);
  else
    ring_queue(file->ring, request->kind == REQUEST_READ ? RING_READ : RING_WRITE, file->fd,
               request->payload + request->done, (uint32_t)(request->length - request->done),
               request->offset + request->done, request);
}

static void
note_answer(struct endpoint_file *file, struct request *request, int errnum)
{
  request->errnum = file_presence_judge(file, errnum);
  if (request->kind == REQUEST_FLUSH && errnum == 0)
    file_length_flushed(file);
}

static void
file_requests_answer(struct endpoint_file *file, struct request *request, int errnum)
{
  note_answer(file, request, errnum);
  request_queue_push(&file->answered, request);
}

/* At once; what took long is answered late, so that the loop has its turn before more of it follows. */
static void
carry_out_now(struct endpoint_file *file, struct request *request)
{
  uint64_t started_us = loop_now_us(NULL);

  note_answer(file, request, file_carry_out(file, request));
  uint64_t us = loop_now_us(NULL) - started_us;
  if (request->kind == REQUEST_ZERO)
    file_zero_took(file, request->length, us);
  if (us <= FILE_QUICK_US) {
    request_queue_push(&file->answered, request);
    return;
  }
  begin_slow(file);
  request_queue_push(&file->late, request);
}

/* Whether the kernel can't do it in the ring, or not now. */
static bool
is_for_us(int result)
{
  return result == -EINVAL || result == -EINTR || result == -EAGAIN;
}

static void
conclude_flush(struct endpoint_file *file, struct request *request, int result)
{
  if (is_for_us(result))
    file_requests_answer(file, request, file_carry_out(file, request));
  else
    file_requests_answer(file, request, result < 0 ? -result : file_carry_flush_name(file));
}

static void
conclude_zero(struct endpoint_file *file, struct request *request, int result)
{
  int mode = file_zero_mode(file, request);

  if (result == -EINTR || (file_zero_is_unknown(file, mode, -result) && file_zero_mode(file, request))) {
    file_requests_queue(file, request);
    return;
  }
  /* Pages of it that somebody else holds in the cache may make for EBUSY, which other ways are free of. */
  bool is_to_be_done = is_for_us(result) || result == -EBUSY || file_zero_is_unknown(file, mode, -result);
  int errnum = is_to_be_done ? file_carry_out(file, request) : -result;
  file_zero_took(file, request->length, loop_now_us(NULL) - request->cookie);
  end_slow(file);
  file_requests_answer(file, request, errnum);
}

/* The ring's answer: all of a read or a write, a part of it, or an errno. */
static void
conclude_move(struct endpoint_file *file, struct request *request, int result)
{
  if (result > 0)
    request->done += (uint64_t)result;
  if (request->done < request->length && (result > 0 || result == -EINTR || result == -EAGAIN) &&
      file_direct_takes(file, request)) {
    file_requests_queue(file, request);
    return;
  }
  int errnum = 0;
  if (request->done < request->length && (result >= 0 || is_for_us(result)))
    errnum = file_carry_out(file, request);
  else if (request->done < request->length)
    errnum = -result;
  file_requests_answer(file, request, request->kind == REQUEST_READ ? file_carry_tell_read(request, errnum) : errnum);
}

/* Through the page cache, a read is done at once where that has it all, and a write
 * as long as there is room; only flushing it all takes its time. */
static bool
goes_by_ring(const struct endpoint_file *file, const struct request *request)
{
  switch (request->kind) {
  case REQUEST_READ:
    return file_direct_takes(file, request) && !file_direct_is_cached(file, request);
  case REQUEST_WRITE:
    return file_direct_takes(file, request);
  case REQUEST_FLUSH:
    return true;
  case REQUEST_ZERO:
    return file_zero_wants_ring(file, request);
  case REQUEST_SURVEY:
    break;
  }
  return false;
}

/* A read from the page cache that has its time: the kernel moves the bytes on another processor. It begins at once, since what it
 * is beside does so too. */
static void
begin_aside(struct endpoint_file *file, struct request *request)
{
  ring_queue(file->ring, RING_READ_ASIDE, file_direct_cached_fd(file), request->payload, (uint32_t)request->length,
             request->offset, request);
  (void)ring_submit(file->ring); /* what isn't taken now is handed over later */
}

/* What of a request is about the file's length, before the rest of it. */
static int
make_length(struct endpoint_file *file, const struct request *request)
{
  switch (request->kind) {
  case REQUEST_WRITE:
  case REQUEST_ZERO:
    return file_length_grow(file, request->offset + request->length);
  case REQUEST_FLUSH:
    return request->is_midway ? 0 : file_length_cut(file);
  case REQUEST_READ:
  case REQUEST_SURVEY:
    break;
  }
  return 0;
}

/* Zeros take a moment or minutes, which nobody knows before. */
static void
begin_zero(struct endpoint_file *file, struct request *request)
{
  request->cookie = loop_now_us(NULL);
  begin_slow(file);
}

void
file_requests_submit(struct endpoint *endpoint, struct request *request)
{
  struct endpoint_file *file = file_of(endpoint);

  request->done = 0;
  if (endpoint->presence != PRESENCE_HERE) {
    file_requests_answer(file, request, ENOTCONN);
    return;
  }
  if (request->kind == REQUEST_ZERO)
    request->length = file_zero_part(file, request);
  int errnum = make_length(file, request);

  file->is_changed |= request->kind == REQUEST_WRITE || request->kind == REQUEST_ZERO;
  if (errnum) {
    file_requests_answer(file, request, errnum);
  } else if (file->ring && goes_by_ring(file, request)) {
    if (request->kind == REQUEST_ZERO)
      begin_zero(file, request);
    file_requests_queue(file, request);
  } else if (file->ring && request->kind == REQUEST_READ && request->is_aside) {
    begin_aside(file, request);
  } else {
    carry_out_now(file, request);
  }
}

static void
reap(struct endpoint_file *file)
{
  void *tag;
  int result;

  while (file->ring && ring_take(file->ring, &tag, &result)) {
    struct request *request = tag;
    if (request->kind == REQUEST_FLUSH)
      conclude_flush(file, request, result);
    else if (request->kind == REQUEST_ZERO)
      conclude_zero(file, request, result);
    else
      conclude_move(file, request, result);
  }
  file_presence_settle(file);
}

struct request *
file_requests_take(struct endpoint *endpoint)
{
  struct endpoint_file *file = file_of(endpoint);

  if (!file->answered.head)
    reap(file);
  return request_queue_pop(&file->answered);
}

/* What the kernel doesn't take now is carried out here, one a turn. */
static void
hand_over(struct endpoint_file *file)
{
  void *tag;

  if (ring_submit(file->ring) || !ring_take_back(file->ring, &tag))
    return;
  struct request *request = tag;
  if (request->kind == REQUEST_ZERO)
    end_slow(file);
  carry_out_now(file, request);
}

/* What has been answered by now must not be waited for. */
void
file_requests_watch(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_file *file = file_of(endpoint);

  if (file->ring)
    hand_over(file);
  if (file->ring)
    loop_watch(loop, file->ring->fd, POLLIN);
  if (file->answered.head || file->late.head)
    loop_wake_by(loop, 0);
}

void
file_requests_serve(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_file *file = file_of(endpoint);
  struct request *request;

  (void)loop;
  while ((request = request_queue_pop(&file->late))) {
    end_slow(file);
    request_queue_push(&file->answered, request);
  }
  reap(file);
}
