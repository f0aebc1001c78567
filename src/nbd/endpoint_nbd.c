/* SPDX-License-Identifier: MIT */
/* endpoint_nbd: see endpoint_nbd.h. */
#include "nbd/endpoint_nbd.h"

#include "base/range.h"
#include "nbd/socket.h"
#include "os/loop.h"

#include <assert.h>
#include <errno.h>
#include <libnbd.h>
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
configure(struct nbd_handle *handle, const struct contexts *wanted, bool talks)
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

static int
add_connection(struct endpoint_nbd *nbd, const struct contexts *wanted, bool talks, struct fault *fault)
{
  struct nbd_connection *connection = &nbd->connections[nbd->count];

  connection->handle = client_create(&nbd->client);
  if (connection->handle && configure(connection->handle, wanted, talks) == 0) {
    nbd->count++;
    return client_connect(&nbd->client, connection->handle, "cannot open", fault);
  }
  client_fault(&nbd->client, "cannot open", fault);
  nbd_close(connection->handle);
  return -1;
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
learn_block_sizes(struct endpoint_nbd *nbd, struct fault *fault)
{
  struct nbd_handle *handle = nbd->connections[0].handle;
  struct traits *traits = &nbd->base.traits;
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

static int
learn_traits(struct endpoint_nbd *nbd, enum role role, struct fault *fault)
{
  struct nbd_handle *handle = nbd->connections[0].handle;
  struct traits *traits = &nbd->base.traits;
  int64_t size = nbd_get_size(handle);

  if (size < 0)
    return client_fault(&nbd->client, "cannot learn the size of", fault);
  if (role != ROLE_SOURCE && nbd_is_read_only(handle) != 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the server exports it read-only", nbd->base.name);
  traits->size = (uint64_t)size;
  traits->can_extents = nbd->base.contexts.count > 0;
  traits->can_zero = nbd_can_zero(handle) == 1;
  traits->can_fast_zero = traits->can_zero && nbd_can_fast_zero(handle) == 1;
  traits->can_flush = nbd_can_flush(handle) == 1;
  traits->can_read = true;
  return learn_block_sizes(nbd, fault);
}

/* ---- The contract ---- */

static struct nbd_connection *
least_busy(struct endpoint_nbd *nbd)
{
  struct nbd_connection *best = NULL;

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (!connection->dead && (!best || connection->count < best->count))
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
issue(struct nbd_handle *handle, struct request *request)
{
  nbd_completion_callback none = NBD_NULL_COMPLETION;
  nbd_chunk_callback on_chunk = { .callback = note_chunk, .user_data = request };
  nbd_extent64_callback on_extents = { .callback = note_extents, .user_data = request };
  uint32_t flags = 0;

  switch (request->kind) {
  case REQUEST_READ:
    chunks_clear(request->chunks);
    return nbd_aio_pread_structured(handle, request->payload, request->length, request->offset, on_chunk, none, flags);
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

static void
nbd_submit(struct endpoint *endpoint, struct request *request)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);
  struct nbd_connection *connection = least_busy(nbd);
  int64_t cookie = -1;

  request->errnum = ENOTCONN;
  request->done = request->length; /* until an error's offset says less */
  request->failed_inside = false;
  request->contexts = &endpoint->contexts;
  if (connection) {
    assert(connection->count < NBD_IN_FLIGHT_MAX);
    cookie = issue(connection->handle, request);
    if (cookie == -1 && nbd_get_errno())
      request->errnum = nbd_get_errno();
  }
  if (cookie == -1) {
    request->done = 0;
    request_queue_push(&nbd->failed, request);
    return;
  }
  request->cookie = (uint64_t)cookie;
  request->carrier = (unsigned)(connection - nbd->connections);
  connection->in_flight[connection->count++] = request;
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

static void
conclude(struct nbd_connection *connection, struct request *request)
{
  int done = nbd_aio_command_completed(connection->handle, request->cookie);

  if (done == 1)
    request->errnum = 0;
  else
    request->errnum = nbd_get_errno() ? nbd_get_errno() : EIO;
  if (request->kind != REQUEST_READ)
    return;
  if (request->errnum == 0 && chunks_cover(request->chunks, request->length))
    return;
  if (request->errnum == 0)
    request->errnum = EPROTO;
  /* "Structured replies": what lies before all offsets of errors is valid; an
   * error without an offset leaves nothing that is. */
  request->done = request->failed_inside ? chunks_keep_front(request->chunks, request->done) : 0;
}

/* Whether libnbd holds an answer. Asking it for one that isn't there would have it
 * put together an error message every time. */
static bool
has_answer(const struct nbd_connection *connection)
{
  return connection->count > 0 && nbd_aio_in_flight(connection->handle) < (int)connection->count;
}

static struct request *
nbd_take(struct endpoint *endpoint)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  if (nbd->failed.head)
    return request_queue_pop(&nbd->failed);
  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    int64_t cookie = has_answer(connection) ? nbd_aio_peek_command_completed(connection->handle) : 0;
    if (cookie > 0) {
      struct request *request = remove_by_cookie(connection, (uint64_t)cookie);
      conclude(connection, request);
      return request;
    }
  }
  return NULL;
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

static void
nbd_serve(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (connection->dead)
      continue;
    struct nbd_handle *handle = connection->handle;
    short ready = loop_ready(loop, connection->watched);
    /* Reading may change what the connection waits for; ask again before writing. */
    if (ready & (POLLIN | POLLHUP | POLLERR))
      nbd_aio_notify_read(handle);
    /* A write that is stuck breaks off the reading after each reply. */
    while (!socket_is_drained(handle) && nbd_aio_notify_read(handle) == 0)
      ;
    if (ready & POLLOUT && nbd_aio_get_direction(handle) & LIBNBD_AIO_DIRECTION_WRITE)
      nbd_aio_notify_write(handle);
    connection->dead = nbd_aio_is_dead(handle) != 0 || nbd_aio_is_closed(handle) != 0;
  }
}

static int
nbd_end(struct endpoint *endpoint, struct fault *fault)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  /* Everything has been answered and flushed: how a server takes the goodbye
   * says nothing about the data. With requests still out, just hang up. */
  for (unsigned i = 0; i < nbd->count; i++)
    client_leave(&nbd->client, nbd->connections[i].handle);
  nbd->count = 0;
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

/* Another connection, which can do what the first one can. */
static bool
add_equal_connection(struct endpoint_nbd *nbd)
{
  struct fault ignored;

  unsigned before = nbd->count;
  if (add_connection(nbd, &nbd->base.contexts, false, &ignored) == 0 &&
      has_required(nbd->connections[before].handle, &nbd->base.contexts))
    return true;
  if (nbd->count > before)
    nbd_close(nbd->connections[--nbd->count].handle);
  return false;
}

/* More connections are for speed alone: those that we get, and that are worth it. */
static void
add_connections(struct endpoint_nbd *nbd, const struct wishes *wishes)
{
  uint64_t worth = range_min(wishes->connections, 1 + nbd->base.traits.size / BYTES_PER_CONNECTION);

  while (nbd->count < worth && add_equal_connection(nbd))
    ;
}

static int
connect_first(struct endpoint_nbd *nbd, enum role role, const struct contexts *wanted, struct fault *fault)
{
  if (add_connection(nbd, wanted, takes_talk(wanted), fault) == -1 ||
      agree_on_contexts(nbd, nbd->connections[0].handle, wanted, fault) == -1)
    return -1;
  return learn_traits(nbd, role, fault);
}

int
endpoint_nbd_open(struct endpoint_nbd *nbd, const struct place *place, enum role role, const struct wishes *wishes,
                  struct loop *loop, struct tls_pool *pool, struct fault *fault)
{
  static const struct contexts none;
  struct fault ignored;

  nbd->base.ops = &nbd_ops;
  nbd->base.kind = "nbd";
  if (client_init(&nbd->client, place, nbd->base.name, wishes, loop, pool, fault) == -1)
    return -1;
  if (place->kind == PLACE_URI && nbd->client.uri.tls) {
    nbd->base.secured = nbd->client.tls.description;
    nbd->base.last_words = nbd->client.tls.last_words;
  }
  if (connect_first(nbd, role, role == ROLE_SOURCE ? &wishes->contexts : &none, fault) == -1) {
    nbd_end(&nbd->base, &ignored);
    return -1;
  }
  /* A server that we start serves one connection. */
  if (place->kind == PLACE_URI && nbd_can_multi_conn(nbd->connections[0].handle) == 1)
    add_connections(nbd, wishes);
  /* The handshakes are over. */
  for (unsigned i = 0; i < nbd->count; i++)
    socket_buffer(nbd->connections[i].handle);
  nbd->base.traits.requests_max = nbd->count * REQUESTS_PER_CONNECTION;
  if (wishes->requests)
    nbd->base.traits.requests_max = nbd->count * (unsigned)range_min(wishes->requests, REQUESTS_PER_CONNECTION);
  return 0;
}
