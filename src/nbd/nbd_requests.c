/* SPDX-License-Identifier: MIT */
/* nbd_requests: see nbd_requests.h. */
#include "nbd/nbd_requests.h"

#include "base/range.h"
#include "nbd/nbd_loss.h"

#include <assert.h>
#include <errno.h>
#include <libnbd.h>

/* How many times as slow as the average a connection is taken for at most. */
#define PACE_SLOWEST 8

/* ---- On their way ---- */

/* What it takes until it is through with one request more. */
static uint64_t
load(const struct nbd_connection *connection)
{
  return (uint64_t)(connection->count + 1) * connection->pace;
}

static struct nbd_connection *
least_busy(struct endpoint_nbd *nbd)
{
  struct nbd_connection *best = NULL;

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (connection->joined && (!best || load(connection) < load(best)))
      best = connection;
  }
  return best;
}

/* It has answered: its pace is an average, over some eight answers, of how many all connections have given for one of
 * its own. None is so slow that it gets nothing to do, since it may be faster by now. */
static void
note_pace(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  uint64_t turns = range_min(++nbd->answers - connection->answer, (uint64_t)PACE_SLOWEST * nbd->joined);

  connection->answer = nbd->answers;
  connection->pace += (unsigned)turns - connection->pace / NBD_PACE_UNIT;
}

static int
note_chunk(void *user_data, const void *part, size_t length, uint64_t offset, unsigned status, int *error)
{
  struct request *request = user_data;

  (void)part;
  if (status == LIBNBD_READ_ERROR) { /* the command fails by itself; what lies before may still be good */
    request->done = range_min(request->done, offset - request->offset);
    request->failed_inside = true;
    return 0;
  }
  if (chunks_add(request->chunks, offset - request->offset, length, status == LIBNBD_READ_HOLE))
    return 0;
  request->too_many_pieces = request->chunks->count == CHUNKS_MAX;
  *error = EPROTO;
  return -1;
}

static int
note_extents(void *user_data, const char *context, uint64_t offset, nbd_extent *entries, size_t count, int *error)
{
  struct request *request = user_data;
  unsigned number = contexts_find(request->contexts, context);

  (void)error;
  if (number == CONTEXTS_MAX || offset != request->offset || !survey_reply(request->survey, number))
    return 0;
  for (size_t i = 0; i < count; i++)
    survey_add(request->survey, entries[i].length, entries[i].flags);
  return 0;
}
_Static_assert(EXTENT_HOLE == LIBNBD_STATE_HOLE && EXTENT_ZERO == LIBNBD_STATE_ZERO, "the protocol's bits");

static int64_t
issue_read(const struct endpoint_nbd *nbd, struct nbd_handle *handle, struct request *request)
{
  nbd_completion_callback none = NBD_NULL_COMPLETION;
  nbd_chunk_callback on_chunk = { .callback = note_chunk, .user_data = request };
  uint64_t start = request->part_start;

  if (start == 0)
    chunks_clear(request->chunks);
  request->too_many_pieces = false;
  request->part_end = range_min(request->length, range_end(start, nbd->read_max));
  return nbd_aio_pread_structured(handle, request->payload + start, request->part_end - start, request->offset + start,
                                  on_chunk, none, 0);
}

static int64_t
issue(const struct endpoint_nbd *nbd, struct nbd_handle *handle, struct request *request)
{
  nbd_completion_callback none = NBD_NULL_COMPLETION;
  nbd_extent64_callback on_extents = { .callback = note_extents, .user_data = request };
  uint32_t flags = 0;

  switch (request->kind) {
  case REQUEST_READ:
    return issue_read(nbd, handle, request);
  case REQUEST_WRITE:
    return nbd_aio_pwrite(handle, request->payload, request->length, request->offset, none, flags);
  case REQUEST_ZERO:
    flags = (request->no_hole ? LIBNBD_CMD_FLAG_NO_HOLE : 0) | (request->fast ? LIBNBD_CMD_FLAG_FAST_ZERO : 0);
    return nbd_aio_zero(handle, request->length, request->offset, none, flags);
  case REQUEST_SURVEY:
    survey_begin(request->survey, request->contexts->count);
    return nbd_aio_block_status_64(handle, request->length, request->offset, on_extents, none, flags);
  case REQUEST_FLUSH:
    return nbd_aio_flush(handle, none, flags);
  }
  return -1;
}

/* Gives a request to a connection that takes it. libnbd refuses one to a connection that
 * has died in this turn as if the request were wrong: the next one is asked, if any. */
static bool
send_off(struct endpoint_nbd *nbd, struct request *request)
{
  struct nbd_connection *connection;

  while ((connection = least_busy(nbd))) {
    assert(connection->count < NBD_IN_FLIGHT_MAX);
    int64_t cookie = issue(nbd, connection->handle, request);
    if (cookie != -1) {
      request->cookie = (uint64_t)cookie;
      request->carrier = (unsigned)(connection - nbd->connections);
      if (connection->count == 0) {
        connection->heard = true;
        connection->answer = nbd->answers;
      }
      connection->in_flight[connection->count++] = request;
      connection->flushes += request->kind == REQUEST_FLUSH;
      nbd_loss_look(nbd, connection); /* which takes the request along */
      return true;
    }
    request->errnum = nbd_get_errno();
    if (!nbd_loss_look(nbd, connection))
      return false;
    request->errnum = 0;
  }
  return false;
}

static void
hand_back(struct endpoint_nbd *nbd, struct request *request)
{
  request->cookie = 0; /* no connection has it */
  request_queue_push(&nbd->home, request);
}

static void
send_off_or_fail(struct endpoint_nbd *nbd, struct request *request)
{
  request->errnum = 0;
  if (send_off(nbd, request))
    return;
  if (request->errnum == 0)
    request->errnum = ENOTCONN;
  request->done = 0;
  hand_back(nbd, request);
}

void
nbd_requests_submit(struct endpoint_nbd *nbd, struct request *request)
{
  request->done = request->length; /* until an error's offset says less */
  request->failed_inside = false;
  request->part_start = 0;
  request->contexts = &nbd->base.contexts;
  send_off_or_fail(nbd, request);
}

/* ---- Back ---- */

/* The request that carries a cookie, taken off the connection's list. */
static struct request *
remove_by_cookie(struct nbd_connection *connection, uint64_t cookie)
{
  for (unsigned i = 0; i < connection->count; i++) {
    struct request *request = connection->in_flight[i];
    if (request->cookie == cookie) {
      connection->in_flight[i] = connection->in_flight[--connection->count];
      connection->flushes -= request->kind == REQUEST_FLUSH;
      return request;
    }
  }
  assert(!"libnbd completes only what was issued");
  return NULL;
}

/* A read whose answer, so far as it was asked for, covers it exactly once: returns true when
 * more of it is to be asked for. */
static bool
goes_on(struct request *request)
{
  request->part_start = request->part_end;
  if (request->part_start == request->length)
    return false;
  if (request->chunks->count > CHUNKS_MAX / 2) /* the next part needs room for its own */
    chunks_join(request->chunks);
  return true;
}

/* A lawful answer in more pieces, and less in order, than can be noted: it is asked for again,
 * and all that follow with it, in parts of half the size. Returns false where that can't be. */
static bool
halve(struct endpoint_nbd *nbd, struct request *request)
{
  uint64_t asked = request->part_end - request->part_start;
  uint64_t half = range_align_up(asked / 2, nbd->base.traits.block_min);

  if (!request->too_many_pieces || half == 0 || half == asked)
    return false;
  chunks_keep_front(request->chunks, request->part_start);
  nbd->read_max = range_min(nbd->read_max, half);
  return true;
}

/* Returns false when the request, a read, is on its way again. */
static bool
nbd_conclude_read(struct endpoint_nbd *nbd, struct request *request)
{
  if (request->errnum == 0 && !chunks_cover(request->chunks, request->part_end))
    request->errnum = EPROTO;
  if (request->errnum == 0 ? goes_on(request) : request->errnum == EPROTO && halve(nbd, request)) {
    send_off_or_fail(nbd, request);
    return false;
  }
  /* "Structured replies": what lies before all offsets of errors is valid; an
   * error without an offset leaves nothing that is, but the parts before. */
  if (request->errnum)
    request->done = chunks_keep_front(request->chunks, request->failed_inside ? request->done : request->part_start);
  return true;
}

/* One that hasn't been answered has lost its connection. Returns false when it is on its way again. */
static bool
conclude(struct endpoint_nbd *nbd, struct nbd_connection *connection, struct request *request)
{
  int done = nbd_aio_command_completed(connection->handle, request->cookie);

  if (done == 1)
    request->errnum = 0;
  else if (done == 0)
    request->errnum = ENOTCONN;
  else
    request->errnum = nbd_get_errno() ? nbd_get_errno() : EIO;
  /* "Error values": the server is going, and this isn't the last that it refuses. */
  if (request->errnum == ESHUTDOWN) {
    request->errnum = ENOTCONN;
    connection->leaving = true;
  }
  return request->kind != REQUEST_READ || nbd_conclude_read(nbd, request);
}

/* Whether libnbd holds an answer. Asking it for one that isn't there would have it
 * put together an error message every time. */
static bool
has_answer(const struct nbd_connection *connection)
{
  return connection->count > 0 && nbd_aio_in_flight(connection->handle) < (int)connection->count;
}

/* The next request that a connection has an answer to, and that needs no other. */
static struct request *
take_from(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  while (has_answer(connection)) {
    int64_t cookie = nbd_aio_peek_command_completed(connection->handle);
    if (cookie <= 0)
      return NULL;
    struct request *request = remove_by_cookie(connection, (uint64_t)cookie);
    note_pace(nbd, connection);
    bool is_over = conclude(nbd, connection, request);
    if (connection->leaving)
      nbd_loss_end(nbd, connection, "the server is shutting down");
    if (is_over)
      return request;
  }
  return NULL;
}

struct request *
nbd_requests_take(struct endpoint_nbd *nbd)
{
  for (unsigned i = 0; i < nbd->count && !nbd->home.head; i++) {
    struct request *request = take_from(nbd, &nbd->connections[i]);
    if (request)
      return request;
  }
  return request_queue_pop(&nbd->home);
}

void
nbd_requests_return(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  connection->flushes = 0;
  while (connection->count > 0) {
    struct request *request = connection->in_flight[--connection->count];
    if (conclude(nbd, connection, request))
      hand_back(nbd, request);
  }
  connection->leaving = false;
}

const struct request *
nbd_requests_oldest(const struct nbd_connection *connection)
{
  const struct request *oldest = connection->in_flight[0];

  for (unsigned i = 1; i < connection->count; i++)
    if (connection->in_flight[i]->cookie < oldest->cookie)
      oldest = connection->in_flight[i];
  return oldest;
}
