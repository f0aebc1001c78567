/* SPDX-License-Identifier: MIT */
/* endpoint_nbd: see endpoint_nbd.h. */
#include "nbd/endpoint_nbd.h"

#include "base/range.h"
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

/* ---- Connecting ---- */

/* Whether contexts take more than to ask for them and see what is there: a choice,
 * or the list of what is there instead. */
static bool
takes_talk(const struct contexts *wanted)
{
  bool required = false;

  for (unsigned i = 0; i < wanted->count; i++)
    required = required || wanted->list[i].required;
  return required || wanted->joint_first;
}

static int
nbd_configure(struct nbd_handle *handle, const struct contexts *wanted, bool talks)
{
  /* Our own requests keep to the server's limits; libnbd's checks would refuse
   * the last, short block of an export whose size is no multiple of them. Read
   * buffers need no clearing since `chunks` proves that replies fill them. */
  if (nbd_set_strict_mode(handle, 0) == -1 || nbd_set_pread_initialize(handle, false) == -1)
    return -1;
  if (talks && (nbd_set_opt_mode(handle, true) == -1 || nbd_set_request_meta_context(handle, false) == -1))
    return -1;
  for (unsigned i = 0; i < wanted->count; i++)
    if (nbd_add_meta_context(handle, wanted->list[i].name) == -1)
      return -1;
  return 0;
}

/* Makes the next connection's handle. Returns -1, and client_fault() knows why. */
static int
add_connection(struct endpoint_nbd *nbd, const struct contexts *wanted, bool talks)
{
  struct nbd_handle *handle = client_create(&nbd->client);

  if (!handle)
    return -1;
  nbd->connections[nbd->count++] = (struct nbd_connection){ .handle = handle };
  return nbd_configure(handle, wanted, talks);
}

/* ---- Metadata contexts ---- */

/* Whether the connection has all that are required of those wanted. */
static bool
has_required(struct nbd_handle *handle, const struct contexts *wanted)
{
  for (unsigned i = 0; i < wanted->count; i++)
    if (wanted->list[i].required && nbd_can_meta_context(handle, wanted->list[i].name) != 1)
      return false;
  return true;
}

/* What surveys will answer with: of those wanted, what the connection has. All are
 * required of further connections. */
static void
keep_contexts(struct endpoint_nbd *nbd, struct nbd_handle *handle, const struct contexts *wanted)
{
  for (unsigned i = 0; i < wanted->count; i++)
    if (nbd_can_meta_context(handle, wanted->list[i].name) == 1)
      contexts_add(&nbd->base.contexts, wanted->list[i].name, true);
}

static int
ignore_name(void *user_data, const char *name)
{
  (void)user_data, (void)name;
  return 0;
}

/* Asks for these, during the handshake. Returns whether all required ones are there;
 * a server that knows no contexts at all has none. */
static bool
select_contexts(struct nbd_handle *handle, const struct contexts *wanted)
{
  nbd_context_callback ignore = { .callback = ignore_name };

  nbd_clear_meta_contexts(handle);
  for (unsigned i = 0; i < wanted->count; i++)
    nbd_add_meta_context(handle, wanted->list[i].name);
  nbd_opt_set_meta_context(handle, ignore);
  return has_required(handle, wanted);
}

/* What a server has, on its way into a fault. */
struct listing {
  struct fault *fault;
  unsigned count;
};

static int
add_name(void *user_data, const char *name)
{
  struct listing *listing = user_data;

  fault_add(listing->fault, "%s%s", listing->count++ ? ", " : " ", name);
  return 0;
}

/* Says what is missing, and what is there instead. */
static int
lacks_contexts(struct endpoint_nbd *nbd, struct nbd_handle *handle, const struct contexts *wanted, struct fault *fault)
{
  struct listing listing = { fault, 0 };
  nbd_context_callback on_name = { .callback = add_name, .user_data = &listing };
  const char *missing = "";

  for (unsigned i = wanted->count; i-- > 0;)
    if (wanted->list[i].required && nbd_can_meta_context(handle, wanted->list[i].name) != 1)
      missing = wanted->list[i].name;
  fault_set(fault, EXIT_FAILED, 0, "%s: the server has no metadata context \"%s\"; it has", nbd->base.name, missing);
  nbd_clear_meta_contexts(handle);
  if (nbd_get_structured_replies_negotiated(handle) == 1) /* else it can't tell what it may well list */
    nbd_opt_list_meta_context(handle, on_name);
  if (listing.count == 0)
    fault_add(fault, " none");
  return -1;
}

/* Completes the handshake of the first connection with the contexts that are
 * wanted, so far as they are there. */
static int
agree_on_contexts(struct endpoint_nbd *nbd, struct nbd_handle *handle, const struct contexts *wanted,
                  struct fault *fault)
{
  bool negotiates = nbd_aio_is_negotiating(handle) == 1; /* not with a server of the oldest kind */
  struct contexts joint;

  contexts_prefer_joint(wanted, &joint);
  if (negotiates && wanted->joint_first && select_contexts(handle, &joint))
    wanted = &joint;
  else if (negotiates)
    select_contexts(handle, wanted);
  if (!has_required(handle, wanted))
    return lacks_contexts(nbd, handle, wanted, fault);
  if (negotiates && nbd_opt_go(handle) == -1)
    return client_fault(&nbd->client, "cannot open", fault);
  keep_contexts(nbd, handle, wanted);
  return 0;
}

/* ---- What the server is like ---- */

static uint64_t
block_size(struct nbd_handle *handle, int type)
{
  int64_t bytes = nbd_get_block_size(handle, type);

  return bytes > 0 ? (uint64_t)bytes : 0;
}

static int
learn_block_sizes(const struct endpoint_nbd *nbd, struct nbd_handle *handle, struct traits *traits, struct fault *fault)
{
  uint64_t min = range_max(block_size(handle, LIBNBD_SIZE_MINIMUM), 1);
  uint64_t preferred = block_size(handle, LIBNBD_SIZE_PREFERRED);
  uint64_t max = block_size(handle, LIBNBD_SIZE_MAXIMUM);

  if (!range_is_power_of_two(min) || min > BLOCK_BYTES_MAX)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the server's minimum block size of %llu bytes is not supported",
                     nbd->base.name, (unsigned long long)min);
  if (!range_is_power_of_two(preferred) || preferred > BLOCK_BYTES_MAX)
    preferred = BLOCK_BYTES_PREFERRED_DEFAULT;
  traits->block_min = min;
  traits->block_preferred = range_max(preferred, min);
  traits->request_max = range_max(max ? range_min(max, SERVER_REQUEST_BYTES_MAX) : SERVER_REQUEST_BYTES_MAX, min);
  return 0;
}

/* What a connection can do; all else in the traits is zero. */
static int
learn_traits(struct endpoint_nbd *nbd, struct nbd_handle *handle, struct traits *traits, struct fault *fault)
{
  int64_t size = nbd_get_size(handle);

  memset(traits, 0, sizeof *traits);
  if (size < 0)
    return client_fault(&nbd->client, "cannot learn the size of", fault);
  if (nbd->role != ROLE_SOURCE && nbd_is_read_only(handle) != 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the server exports it read-only", nbd->base.name);
  traits->size = (uint64_t)size;
  traits->can_extents = nbd->base.contexts.count > 0;
  traits->can_zero = nbd_can_zero(handle) == 1;
  traits->can_fast_zero = traits->can_zero && nbd_can_fast_zero(handle) == 1;
  traits->can_flush = nbd_can_flush(handle) == 1;
  traits->can_read = true;
  return learn_block_sizes(nbd, handle, traits, fault);
}

/* ---- Further connections ---- */

/* Its handshake is over, and what comes now is buffered. */
static void
join(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  connection->joined = true;
  socket_buffer(connection->handle);
  nbd->base.traits.requests_max += nbd->requests_per_connection;
}

/* Whether it shows the same disk as the first one, and can do the same with it: somebody
 * may have put another one there, or other rights. */
static bool
is_equal(struct endpoint_nbd *nbd, struct nbd_handle *handle)
{
  struct traits traits;
  struct fault ignored;

  if (!has_required(handle, &nbd->base.contexts) || nbd_can_multi_conn(handle) != 1 ||
      learn_traits(nbd, handle, &traits, &ignored) == -1)
    return false;
  return traits_are_equal(&traits, &nbd->base.traits);
}

/* Sees whether one that was begun is there by now, and of use. */
static void
look_at_newcomer(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  if (nbd_aio_is_connecting(connection->handle) == 1)
    return;
  if (nbd_aio_is_ready(connection->handle) == 1 && is_equal(nbd, connection->handle)) {
    join(nbd, connection);
    return;
  }
  nbd_close(connection->handle);
  connection->handle = NULL;
  connection->dead = true;
}

/* More connections are for speed alone: those that we get, and that are worth it. */
static void
begin_connections(struct endpoint_nbd *nbd, const struct wishes *wishes)
{
  uint64_t worth = range_min(wishes->connections, 1 + nbd->base.traits.size / BYTES_PER_CONNECTION);
  struct fault ignored;

  while (nbd->count < worth) {
    if (add_connection(nbd, &nbd->base.contexts, false) == -1)
      return;
    struct nbd_connection *connection = &nbd->connections[nbd->count - 1];
    bool begun = client_begin(&nbd->client, connection->handle, "cannot open", &ignored) == 0;
    look_at_newcomer(nbd, connection);
    if (!begun || connection->dead)
      return;
  }
}

/* ---- The contract ---- */

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

  if (nbd->last_words[0] || errnum == ECONNRESET || errnum == EPIPE || errnum == ENOTCONN || strstr(words, "disconnected"))
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
      look_at_newcomer(nbd, connection);
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

static int
connect_first(struct endpoint_nbd *nbd, const struct contexts *wanted, struct fault *fault)
{
  if (add_connection(nbd, wanted, takes_talk(wanted)) == -1)
    return client_fault(&nbd->client, "cannot open", fault);
  struct nbd_handle *handle = nbd->connections[0].handle;
  if (client_connect(&nbd->client, handle, "cannot open", fault) == -1 ||
      agree_on_contexts(nbd, handle, wanted, fault) == -1 ||
      learn_traits(nbd, handle, &nbd->base.traits, fault) == -1)
    return -1;
  join(nbd, &nbd->connections[0]);
  return 0;
}

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
  if (connect_first(nbd, role == ROLE_SOURCE ? &wishes->contexts : &none, fault) == -1) {
    nbd_end(&nbd->base, &ignored);
    return -1;
  }
  /* A server that we start serves one connection. */
  if (place->kind == PLACE_URI && nbd_can_multi_conn(nbd->connections[0].handle) == 1)
    begin_connections(nbd, wishes);
  return 0;
}
