/* SPDX-License-Identifier: MIT */
/* endpoint_nbd: see endpoint_nbd.h. */
#include "nbd/endpoint_nbd.h"

#include "base/range.h"
#include "nbd/nbd_connect.h"
#include "nbd/nbd_loss.h"
#include "nbd/nbd_requests.h"
#include "nbd/socket.h"
#include "os/loop.h"

#include <libnbd.h>
#include <stddef.h>
#include <stdio.h>

/* What may wait on one connection: enough to keep a fast link busy, few enough
 * that libnbd's lists of commands stay short. */
#define REQUESTS_PER_CONNECTION 64

static struct endpoint_nbd *
nbd_of(struct endpoint *endpoint)
{
  return (struct endpoint_nbd *)endpoint;
}
_Static_assert(offsetof(struct endpoint_nbd, base) == 0, "an endpoint_nbd is an endpoint");

static void
nbd_submit(struct endpoint *endpoint, struct request *request)
{
  nbd_requests_submit(nbd_of(endpoint), request);
}

static struct request *
nbd_take(struct endpoint *endpoint)
{
  return nbd_requests_take(nbd_of(endpoint));
}

static bool
nbd_has_sent(struct endpoint *endpoint, const struct request *request)
{
  const struct nbd_connection *connection = &nbd_of(endpoint)->connections[request->carrier];

  return request->cookie > 0 && request->cookie < socket_first_unsent(connection->handle);
}

/* ---- The loop ---- */

/* How long the server may be silent on a connection now; 0: for ever. */
static uint64_t
patience_ms(const struct endpoint_nbd *nbd, const struct nbd_connection *connection)
{
  if (!connection->joined)
    return nbd_connect_patience_ms(nbd, connection);
  return connection->count > 0 ? nbd_loss_silence_ms(nbd, connection) : 0;
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
    nbd_loss_leave_silent(nbd, connection);
    return;
  }
  connection->heard = ready;
  notify_handle(connection->handle, ready);
  if (connection->joined)
    nbd_loss_look(nbd, connection);
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
  /* Of what isn't read, none are wanted. */
  if (nbd_connect_first(nbd, role == ROLE_SOURCE ? &wishes->contexts : &nbd->base.contexts, fault) == -1) {
    nbd_end(&nbd->base, &ignored);
    return -1;
  }
  nbd_connect_more(nbd);
  return 0;
}
