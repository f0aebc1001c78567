/* SPDX-License-Identifier: MIT */
/* endpoint_nbd: see endpoint_nbd.h. */
#include "nbd/endpoint_nbd.h"

#include "base/range.h"
#include "nbd/nbd_connect.h"
#include "nbd/socket.h"
#include "nbd/wait.h"
#include "os/loop.h"

#include <assert.h>
#include <errno.h>
#include <libnbd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* What may wait on one connection: enough to keep a fast link busy, few enough
 * that libnbd's lists of commands stay short. */
#define REQUESTS_PER_CONNECTION 64
/* How many times as slow as the average a connection is taken for at most. */
#define PACE_SLOWEST 8

static bool has_died(struct endpoint_nbd *nbd, struct nbd_connection *connection);
static void lose(struct endpoint_nbd *nbd, struct nbd_connection *connection, const char *words);

static struct endpoint_nbd *
nbd_of(struct endpoint *endpoint)
{
  return (struct endpoint_nbd *)endpoint;
}
_Static_assert(offsetof(struct endpoint_nbd, base) == 0, "an endpoint_nbd is an endpoint");

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
      has_died(nbd, connection); /* which takes the request along */
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
      lose(nbd, connection, "the server is shutting down");
    if (is_over)
      return request;
  }
  return NULL;
}

static struct request *
nbd_take(struct endpoint *endpoint)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  for (unsigned i = 0; i < nbd->count && !nbd->home.head; i++) {
    struct request *request = take_from(nbd, &nbd->connections[i]);
    if (request)
      return request;
  }
  return request_queue_pop(&nbd->home);
}

static bool
nbd_has_sent(struct endpoint *endpoint, const struct request *request)
{
  const struct nbd_connection *connection = &nbd_of(endpoint)->connections[request->carrier];

  return request->cookie > 0 && request->cookie < socket_first_unsent(connection->handle);
}

/* ---- The end of a connection ---- */

/* Ends one that has joined. What it carried comes back, with its answer where that has come. */
static void
end_connection(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  connection->joined = false;
  connection->replaced = true;
  connection->again_ms = 0;
  nbd->joined--;
  nbd->base.traits.requests_max = (unsigned)range_max(nbd->joined, 1) * nbd->requests_per_connection;
  connection->flushes = 0;
  while (connection->count > 0) {
    struct request *request = connection->in_flight[--connection->count];
    if (conclude(nbd, connection, request))
      hand_back(nbd, request);
  }
  connection->leaving = false;
  nbd_close(connection->handle);
  connection->handle = NULL;
}

/* One that has joined is lost. All of a destination's are lost together: one that lives on, or joins later, may
 * lead to a server that was started anew meanwhile, and whose flush says nothing of what the one before has
 * answered. */
static void
lose(struct endpoint_nbd *nbd, struct nbd_connection *connection, const char *words)
{
  snprintf(nbd->last_words, sizeof nbd->last_words, "%.*s", (int)sizeof nbd->last_words - 1, words);
  end_connection(nbd, connection);
  for (unsigned i = 0; nbd->role != ROLE_SOURCE && i < nbd->count; i++)
    if (nbd->connections[i].joined)
      end_connection(nbd, &nbd->connections[i]);
  if (nbd->joined == 0 && nbd->base.presence == PRESENCE_HERE)
    nbd_connect_lost(nbd);
}

/* Looks whether it is beyond use, and ends it then; to be called after what may have ended it. */
static bool
has_died(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  if (nbd_aio_is_dead(connection->handle) == 0 && nbd_aio_is_closed(connection->handle) == 0)
    return false;
  lose(nbd, connection, client_end_words(connection->handle));
  return true;
}

/* What the server owes longest. */
static const struct request *
oldest(const struct nbd_connection *connection)
{
  const struct request *oldest = connection->in_flight[0];

  for (unsigned i = 1; i < connection->count; i++)
    if (connection->in_flight[i]->cookie < oldest->cookie)
      oldest = connection->in_flight[i];
  return oldest;
}

/* What is sent and not carried out yet is called back, so far as that goes: it would be written long after others
 * have written there. */
static void
call_back(const struct endpoint_nbd *nbd, struct nbd_handle *handle)
{
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (nbd->role != ROLE_SOURCE)
    setsockopt(nbd_aio_get_fd(handle), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* How long the server may be silent over what it owes; 0: for ever. Whoever flushes is busy with its disk, and has no word
 * for anybody meanwhile. */
static uint64_t
silence_ms(const struct endpoint_nbd *nbd, const struct nbd_connection *connection)
{
  return nbd->client.timeout_ms * (connection->flushes > 0 ? FLUSH_PATIENCE : 1);
}

/* Ends one whose server was silent for too long. */
static void
leave_silent(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  static const char *const names[] = { [REQUEST_READ] = "a read",
                                       [REQUEST_WRITE] = "a write",
                                       [REQUEST_ZERO] = "a request for zeros",
                                       [REQUEST_SURVEY] = "a question for block status",
                                       [REQUEST_FLUSH] = "a flush" };
  char words[ENDPOINT_WORDS_BYTES], time[CLIENT_TIME_BYTES];

  if (nbd->joined <= 1)
    activation_dismiss(&nbd->client.server);
  if (!connection->joined) {
    client_time(nbd_connect_patience_ms(nbd, connection), time);
    snprintf(words, sizeof words, "no answer for %s%s", time, wait_owed(connection->handle));
    nbd_connect_give_up(nbd, connection, words);
    return;
  }
  const struct request *request = oldest(connection);
  client_time(silence_ms(nbd, connection), time);
  snprintf(words, sizeof words, "no answer for %s to %s", time, names[request->kind]);
  if (request->kind != REQUEST_FLUSH)
    snprintf(words + strlen(words), sizeof words - strlen(words), " at offset %llu",
             (unsigned long long)request->offset);
  call_back(nbd, connection->handle);
  lose(nbd, connection, words);
}

/* ---- The loop ---- */

/* How long the server may be silent on a connection now; 0: for ever. */
static uint64_t
patience_ms(const struct endpoint_nbd *nbd, const struct nbd_connection *connection)
{
  if (!connection->joined)
    return nbd_connect_patience_ms(nbd, connection);
  return connection->count > 0 ? silence_ms(nbd, connection) : 0;
}

/* Says until when it waits. What is due only now is so unless the next look at the loop finds that something has come:
 * we may have been kept from looking for long. */
static void
watch_time(const struct endpoint_nbd *nbd, struct nbd_connection *connection, struct loop *loop, uint64_t now_ms)
{
  uint64_t limit_ms = patience_ms(nbd, connection);

  if (connection->heard || limit_ms == 0)
    connection->heard_ms = now_ms;
  connection->heard = false;
  connection->due = limit_ms > 0 && now_ms - connection->heard_ms >= limit_ms;
  if (limit_ms > 0)
    loop_wake_by(loop, connection->heard_ms + limit_ms);
}

static void
watch_gap(const struct endpoint_nbd *nbd, struct nbd_connection *connection, struct loop *loop, uint64_t now_ms)
{
  connection->due = false;
  if (!connection->replaced || nbd->base.presence != PRESENCE_HERE)
    return;
  if (connection->again_ms == 0)
    connection->again_ms = now_ms + client_pause_ms(&connection->pause_ms);
  connection->due = now_ms >= connection->again_ms;
  loop_wake_by(loop, connection->again_ms);
}

static void
watch_connection(struct nbd_connection *connection, struct loop *loop)
{
  bool flushed = socket_flush(connection->handle);
  unsigned direction = nbd_aio_get_direction(connection->handle);
  short events = (short)((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
                         (direction & LIBNBD_AIO_DIRECTION_WRITE || !flushed ? POLLOUT : 0));

  connection->watched = loop_watch(loop, nbd_aio_get_fd(connection->handle), events);
}

static void
nbd_watch(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);
  uint64_t now_ms = loop_now_ms(loop);

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (connection->handle) {
      watch_connection(connection, loop);
      watch_time(nbd, connection, loop, now_ms);
    } else {
      watch_gap(nbd, connection, loop, now_ms);
    }
  }
}

/* Reading may change what the connection waits for; it is asked again before writing. While
 * it connects, only what it waits for may be told to it. */
static void
notify_handle(struct nbd_handle *handle, short ready)
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
serve_connection(struct endpoint_nbd *nbd, struct nbd_connection *connection, short ready)
{
  if (connection->due && !ready) {
    leave_silent(nbd, connection);
    return;
  }
  connection->heard = ready;
  notify_handle(connection->handle, ready);
  if (connection->joined)
    has_died(nbd, connection);
  else
    nbd_connect_look(nbd, connection);
}

static void
nbd_serve(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (connection->handle && connection->watched != NBD_UNWATCHED)
      serve_connection(nbd, connection, loop_ready(loop, connection->watched));
    else if (!connection->handle && connection->due && nbd->base.presence == PRESENCE_HERE)
      nbd_connect_again(nbd, connection);
  }
}

/* A server that was started, and has not ended yet, may hold what its successor needs. */
static void
nbd_reopen(struct endpoint *endpoint)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  if (endpoint->presence != PRESENCE_LOST)
    return;
  if (!activation_is_over(&nbd->client.server)) {
    snprintf(nbd->last_words, sizeof nbd->last_words, "the server has not ended yet");
    return;
  }
  endpoint->presence = PRESENCE_COMING;
  nbd_connect_again(nbd, &nbd->connections[0]);
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
  .reopen = nbd_reopen,
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
  nbd->connections_max = wishes->connections;
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
  nbd_connect_more(nbd);
  return 0;
}
