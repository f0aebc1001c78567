/* SPDX-License-Identifier: MIT */
/* endpoint_nbd: see endpoint_nbd.h. */
#include "endpoint_nbd.h"

#include "loop.h"
#include "range.h"

#include <assert.h>
#include <errno.h>
#include <libnbd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTEXT LIBNBD_CONTEXT_BASE_ALLOCATION

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

/* Where libnbd's words are about its settings, what they mean to an operator. */
static const char *
plain_words(const char *error)
{
  if (strstr(error, "requires TLS encryption first"))
    return "this server wants TLS: use nbds:// (or nbds+unix://)";
  if (strstr(error, "TLS setting is 'require'"))
    return "this server has no TLS, and nbds never falls back to plain text";
  return error;
}

/* libnbd's words for what failed last, without the name of the function, which
 * tells an operator nothing. Its errno is part of them already. */
static int
nbd_fault(const struct endpoint_nbd *nbd, const char *what, struct fault *fault)
{
  const char *error = nbd_get_error();

  if (!error)
    error = "unknown error";
  if (strncmp(error, "nbd_", 4) == 0 && strstr(error, ": "))
    error = strstr(error, ": ") + 2;
  fault_set(fault, EXIT_FAILED, 0, "%s %s: %s", what, nbd->base.name, plain_words(error));
  fault->errnum = nbd_get_errno();
  return -1;
}

/* What a URI says of TLS. A Unix socket or a vsock has no name that a certificate
 * could be for, unless it is given. */
static void
plan_tls(struct endpoint_nbd *nbd, const struct options *options, struct tls_pool *pool)
{
  const struct uri *uri = &nbd->uri;

  nbd->tls = (struct tls){ .certificates = uri->tls_certificates[0] ? uri->tls_certificates : NULL,
                           .host = uri->tls_hostname[0]           ? uri->tls_hostname
                                   : uri->transport == URI_TCP ? uri->host
                                                               : NULL,
                           .verify_peer = uri->tls_verify_peer,
                           .pins = &options->pins,
                           .psk_file = uri->tls_psk_file[0] ? uri->tls_psk_file : NULL,
                           .user = uri->user[0] ? uri->user : NULL,
                           .pool = pool };
  nbd->base.secured = nbd->tls.description;
  nbd->base.last_words = nbd->tls.last_words;
}

static int
configure(struct endpoint_nbd *nbd, struct nbd_handle *handle, const struct uri *uri, enum role role,
          const struct options *options)
{
  /* Our own requests keep to the server's limits; libnbd's checks would refuse
   * the last, short block of an export whose size is no multiple of them. Read
   * buffers need no clearing since `chunks` proves that replies fill them. */
  if (nbd_set_strict_mode(handle, 0) == -1 || nbd_set_pread_initialize(handle, false) == -1)
    return -1;
  if (role == ROLE_SOURCE && options->extents && nbd_add_meta_context(handle, CONTEXT) == -1)
    return -1;
  if (uri && uri->tls) {
    nbd_set_private_data(handle, (uintptr_t)&nbd->tls);
    if (nbd_set_tls(handle, LIBNBD_TLS_REQUIRE) == -1)
      return -1;
  }
  return uri ? nbd_set_export_name(handle, uri->export_name) : 0;
}

/* Whether execvp() would find the command. The child in which libnbd starts it
 * could tell only itself. */
static bool
is_command(const char *command)
{
  const char *path = getenv("PATH");
  char file[4096];

  if (strchr(command, '/'))
    return access(command, X_OK) == 0;
  while (path) {
    size_t length = strcspn(path, ":");
    snprintf(file, sizeof file, "%.*s%s%s", (int)length, path, length ? "/" : "", command);
    if (access(file, X_OK) == 0)
      return true;
    path = path[length] == ':' ? path + length + 1 : NULL;
  }
  return false;
}

static int
connect_to(struct nbd_handle *handle, const struct uri *uri, const struct place *place)
{
  if (!uri)
    return nbd_connect_systemd_socket_activation(handle, (char **)place->command);
  if (uri->transport == URI_UNIX)
    return nbd_connect_unix(handle, uri->socket);
  if (uri->transport == URI_VSOCK)
    return nbd_connect_vsock(handle, (uint32_t)strtoul(uri->host, NULL, 10), (uint32_t)strtoul(uri->port, NULL, 10));
  return nbd_connect_tcp(handle, uri->host, uri->port);
}

static int
add_connection(struct endpoint_nbd *nbd, const struct uri *uri, const struct place *place, enum role role,
               const struct options *options, struct fault *fault)
{
  struct nbd_connection *connection = &nbd->connections[nbd->count];

  connection->handle = nbd_create();
  if (!connection->handle)
    return nbd_fault(nbd, "cannot open", fault);
  if (configure(nbd, connection->handle, uri, role, options) == -1 || connect_to(connection->handle, uri, place) == -1) {
    nbd_fault(nbd, "cannot open", fault);
    nbd_close(connection->handle);
    return -1;
  }
  nbd->count++;
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
  traits->request_max = range_max(max ? range_min(max, REQUEST_BYTES_MAX_DEFAULT) : REQUEST_BYTES_MAX_DEFAULT, min);
  return 0;
}

static int
learn_traits(struct endpoint_nbd *nbd, enum role role, struct fault *fault)
{
  struct nbd_handle *handle = nbd->connections[0].handle;
  struct traits *traits = &nbd->base.traits;
  int64_t size = nbd_get_size(handle);

  if (size < 0)
    return nbd_fault(nbd, "cannot learn the size of", fault);
  if (role == ROLE_DESTINATION && nbd_is_read_only(handle) != 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the server exports it read-only", nbd->base.name);
  traits->size = (uint64_t)size;
  traits->can_extents = role == ROLE_SOURCE && nbd_can_meta_context(handle, CONTEXT) == 1;
  traits->can_zero = nbd_can_zero(handle) == 1;
  traits->can_fast_zero = traits->can_zero && nbd_can_fast_zero(handle) == 1;
  traits->can_flush = nbd_can_flush(handle) == 1;
  traits->can_read = true;
  return learn_block_sizes(nbd, fault);
}

/* ---- The contract ---- */

static int
nbd_prepare(struct endpoint *endpoint, uint64_t size, struct fault *fault)
{
  (void)endpoint, (void)size, (void)fault;
  return 0;
}

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
  struct survey *survey = request->survey;

  (void)error;
  if (strcmp(context, CONTEXT) != 0 || offset != request->offset || survey->count > 0)
    return 0;
  survey->told = count;
  survey->count = count < SURVEY_EXTENTS_MAX ? count : SURVEY_EXTENTS_MAX;
  for (size_t i = 0; i < survey->count; i++)
    survey->extents[i] = (struct extent){ entries[i].length, (uint32_t)(entries[i].flags & (EXTENT_HOLE | EXTENT_ZERO)) };
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
    request->survey->count = request->survey->told = 0;
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

static void
nbd_watch(struct endpoint *endpoint, struct loop *loop)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (connection->dead)
      continue;
    unsigned direction = nbd_aio_get_direction(connection->handle);
    short events = (short)((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
                           (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0));
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
    if (ready & POLLOUT && nbd_aio_get_direction(handle) & LIBNBD_AIO_DIRECTION_WRITE)
      nbd_aio_notify_write(handle);
    connection->dead = nbd_aio_is_dead(handle) != 0 || nbd_aio_is_closed(handle) != 0;
  }
}

static int
nbd_end(struct endpoint *endpoint, struct fault *fault)
{
  struct endpoint_nbd *nbd = nbd_of(endpoint);

  (void)fault;
  for (unsigned i = 0; i < nbd->count; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    /* Everything has been answered and flushed: how a server takes the goodbye
     * says nothing about the data. With requests still out, just hang up. */
    if (connection->count == 0 && !connection->dead)
      nbd_shutdown(connection->handle, 0);
    nbd_close(connection->handle);
  }
  nbd->count = 0;
  return 0;
}

static const struct endpoint_ops nbd_ops = {
  .prepare = nbd_prepare,
  .submit = nbd_submit,
  .take = nbd_take,
  .watch = nbd_watch,
  .serve = nbd_serve,
  .close = nbd_end,
};

int
endpoint_nbd_open(struct endpoint_nbd *nbd, const struct place *place, enum role role,
                  const struct options *options, struct tls_pool *pool, struct fault *fault)
{
  const struct uri *uri = NULL;

  nbd->base.ops = &nbd_ops;
  nbd->base.kind = "nbd";
  if (place->kind == PLACE_URI) {
    if (uri_parse(&nbd->uri, place->text, fault) == -1)
      return -1;
    uri = &nbd->uri;
    if (uri->tls)
      plan_tls(nbd, options, pool);
  }
  if (!uri && !is_command(place->command[0]))
    return fault_set(fault, EXIT_FAILED, 0, "cannot start %s: there is no such command", nbd->base.name);
  if (add_connection(nbd, uri, place, role, options, fault) == -1 || learn_traits(nbd, role, fault) == -1)
    return -1;
  /* A server that we start serves one connection. */
  if (uri && nbd_can_multi_conn(nbd->connections[0].handle) == 1) {
    struct fault ignored; /* more connections are for speed alone: do with those we get */
    while (nbd->count < options->connections && add_connection(nbd, uri, place, role, options, &ignored) == 0)
      ;
  }
  nbd->base.traits.requests_max = nbd->count * REQUESTS_PER_CONNECTION;
  if (options->requests)
    nbd->base.traits.requests_max = nbd->count * (unsigned)range_min(options->requests, REQUESTS_PER_CONNECTION);
  return 0;
}
