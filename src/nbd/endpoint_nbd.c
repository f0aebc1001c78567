/* SPDX-License-Identifier: MIT */
/* endpoint_nbd: see endpoint_nbd.h. */
#include "nbd/endpoint_nbd.h"

#include "base/range.h"
#include "nbd/nbd_connect.h"
#include "nbd/socket.h"
#include "os/loop.h"

#include <assert.h>
#include <errno.h>
#include <libnbd.h>
#include <stdio.h>
#include <string.h>

/* What may wait on one connection: enough to keep a fast link busy, few enough
 * that libnbd's lists of commands stay short. */
#define REQUESTS_PER_CONNECTION 64

static struct endpoint_nbd *
nbd_of(struct endpoint *endpoint)
{
  return (struct endpoint_nbd *)endpoint;
}
_Static_assert(offsetof(struct endpoint_nbd, base) == 0, "an endpoint_nbd is an endpoint");

static struct nbd_connection *
least_busy(struct endpoint_nbd *nbd)
{
  struct nbd_connection *best = NULL;

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (connection->joined && !connection->dead && (!best || connection->count < best->count))
      best = connection;
  }
  return best;
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

/* Keeps libnbd's words for the end of a connection, where they say more than that it ended:
 * that TLS failed, or how the server broke the protocol. Its requests come back with no
 * more than that the connection is gone. */
static void
keep_words(struct endpoint_nbd *nbd)
{
  int errnum = nbd_get_errno();
  const char *words = client_words();

  if (nbd->last_words[0] || errnum == ECONNRESET || errnum == EPIPE || errnum == ENOTCONN ||
      strstr(words, "disconnected"))
    return;
  snprintf(nbd->last_words, sizeof nbd->last_words, "%.*s", (int)sizeof nbd->last_words - 1, words);
}

/* Whether it is beyond use; called after what may have ended it. */
static bool
has_died(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  if (nbd_aio_is_dead(connection->handle) == 1)
    keep_words(nbd);
  else if (nbd_aio_is_closed(connection->handle) == 0)
    return false;
  connection->dead = true;
  return true;
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
      connection->in_flight[connection->count++] = request;
      return true;
    }
    request->errnum = nbd_get_errno();
    if (!has_died(nbd, connection))
      return false;
    request->errnum = 0;
  }
  return false;
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
  request_queue_push(&nbd->failed, request);
}

static void
nbd_submit(struct endpoint *endpoint, struct request *request)
{
  request->done = request->length; /* until an error's offset says less */
  request->failed_inside = false;
  request->part_start = 0;
  request->contexts = &endpoint->contexts;
  send_off_or_fail(nbd_of(endpoint), request);
}

/* The request that carries a cookie, taken off the connection's list. */
static struct request *
remove_by_cookie(struct nbd_connection *connection, uint64_t cookie)
{
  for (unsigned i = 0; i < connection->count; i++) {
    struct request *request = connection->in_flight[i];
    if (request->cookie == cookie) {
      connection->in_flight[i] = connection->in_flight[--connection->count];
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

static bool
conclude(struct endpoint_nbd *nbd, struct nbd_connection *connection, struct request *request)
{
  int done = nbd_aio_command_completed(connection->handle, request->cookie);

  if (done == 1)
    request->errnum = 0;
  else
    request->errnum = nbd_get_errno() ? nbd_get_errno() : EIO;
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
    if (conclude(nbd, connection, request))
      return request;
  }
  return NULL;
}

static struct request *
nbd_take(struct endpoint *endpoint)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  for (unsigned i = 0; i < nbd->count && !nbd->failed.head; i++) {
    struct request *request = take_from(nbd, &nbd->connections[i]);
    if (request)
      return request;
  }
  return request_queue_pop(&nbd->failed);
}

/* What a dead connection had is failed, and libnbd has dropped it all. */
static bool
nbd_has_sent(struct endpoint *endpoint, const struct request *request)
{
  const struct nbd_connection *connection = &nbd_of(endpoint)->connections[request->carrier];

  return request->cookie > 0 && !connection->dead && request->cookie < socket_first_unsent(connection->handle);
}

static void
nbd_watch(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (connection->dead)
      continue;
    bool flushed = socket_flush(connection->handle);
    unsigned direction = nbd_aio_get_direction(connection->handle);
    short events = (short)((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
                           (direction & LIBNBD_AIO_DIRECTION_WRITE || !flushed ? POLLOUT : 0));
    connection->watched = loop_watch(loop, nbd_aio_get_fd(connection->handle), events);
  }
}

/* Reading may change what the connection waits for; it is asked again before writing. While
 * it connects, only what it waits for may be told to it. */
static void
serve_connection(struct nbd_handle *handle, short ready)
{
  unsigned direction = nbd_aio_get_direction(handle);

  if (ready & (POLLIN | POLLHUP | POLLERR) && direction & LIBNBD_AIO_DIRECTION_READ)
    nbd_aio_notify_read(handle);
  /* A write that is stuck breaks off the reading after each reply. */
  while (!socket_is_drained(handle) && nbd_aio_notify_read(handle) == 0)
    ;
  if (ready & (POLLOUT | POLLHUP | POLLERR) && direction & nbd_aio_get_direction(handle) & LIBNBD_AIO_DIRECTION_WRITE)
    nbd_aio_notify_write(handle);
}

static void
nbd_serve(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (connection->dead)
      continue;
    serve_connection(connection->handle, loop_ready(loop, connection->watched));
    if (!connection->joined)
      nbd_connect_look(nbd, connection);
    else
      has_died(nbd, connection);
  }
}

static int
nbd_end(struct endpoint *endpoint, struct fault *fault)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  /* Everything has been answered and flushed: how a server takes the goodbye
   * says nothing about the data. With requests still out, just hang up. The last go first:
   * who still waits to be let in need not come any more. */
  while (nbd->count > 0)
    client_leave(&nbd->client, nbd->connections[--nbd->count].handle);
  return client_close(&nbd->client, fault);
}

static const struct endpoint_ops nbd_ops = {
  .submit = nbd_submit,
  .take = nbd_take,
  .has_sent = nbd_has_sent,
  .watch = nbd_watch,
  .serve = nbd_serve,
  .close = nbd_end,
};

int
endpoint_nbd_open(struct endpoint_nbd *nbd, const struct place *place, enum role role, const struct wishes *wishes,
                  struct loop *loop, struct tls_pool *pool, struct fault *fault)
{
  static const struct contexts none;
  struct fault ignored;

  nbd->base.ops = &nbd_ops;
  nbd->base.kind = "nbd";
  nbd->base.last_words = nbd->last_words;
  nbd->role = role;
  nbd->read_max = UINT64_MAX;
  nbd->requests_per_connection = REQUESTS_PER_CONNECTION;
  if (wishes->requests)
    nbd->requests_per_connection = (unsigned)range_min(wishes->requests, REQUESTS_PER_CONNECTION);
  if (client_init(&nbd->client, place, nbd->base.name, wishes, loop, pool, fault) == -1)
    return -1;
  if (place->kind == PLACE_URI && nbd->client.uri.tls)
    nbd->base.secured = nbd->client.tls.description;
  if (nbd_connect_first(nbd, role == ROLE_SOURCE ? &wishes->contexts : &none, fault) == -1) {
    nbd_end(&nbd->base, &ignored);
    return -1;
  }
  /* A server that we start serves one connection. */
  if (place->kind == PLACE_URI && nbd_can_multi_conn(nbd->connections[0].handle) == 1)
    nbd_connect_more(nbd, wishes);
  return 0;
}
