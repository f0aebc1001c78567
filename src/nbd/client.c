/* SPDX-License-Identifier: MIT */
/* client: see client.h. */
#include "nbd/client.h"

#include <libnbd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

const char *
client_words(void)
{
  const char *error = nbd_get_error();

  if (!error)
    return "unknown error";
  if (strncmp(error, "nbd_", 4) == 0 && strstr(error, ": "))
    error = strstr(error, ": ") + 2;
  return plain_words(error);
}

/* libnbd's errno is part of its words already. */
int
client_fault(struct client *client, const char *what, struct fault *fault)
{
  char end[ACTIVATION_WORDS_BYTES];
  int errnum = nbd_get_errno();
  const char *words = client_words();

  if (client->loop->signal_seen)
    return fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d", client->loop->signal_seen);
  if (activation_has_ended(&client->server, end))
    words = end;
  fault_set(fault, EXIT_FAILED, 0, "%s %s: %s", what, client->name, words);
  fault->errnum = errnum;
  return -1;
}

unsigned
client_sessions(const struct place *place, const struct wishes *wishes)
{
  return place->kind == PLACE_URI && uri_is_tls(place->text) ? wishes->connections : 0;
}

/* What a URI says of TLS. A Unix socket or a vsock has no name that a certificate
 * could be for, unless it is given. */
static void
plan_tls(struct client *client, const struct wishes *wishes, struct tls_pool *pool)
{
  const struct uri *uri = &client->uri;

  client->tls = (struct tls){ .certificates = uri->tls_certificates[0] ? uri->tls_certificates : NULL,
                              .host = uri->tls_hostname[0]        ? uri->tls_hostname
                                      : uri->transport == URI_TCP ? uri->host
                                                                  : NULL,
                              .verify_peer = uri->tls_verify_peer,
                              .pins = &wishes->pins,
                              .psk_file = uri->tls_psk_file[0] ? uri->tls_psk_file : NULL,
                              .user = uri->user[0] ? uri->user : NULL,
                              .pool = pool };
}

int
client_init(struct client *client, const struct place *place, const char *name, const struct wishes *wishes,
            struct loop *loop, struct tls_pool *pool, struct fault *fault)
{
  client->place = place;
  client->name = name;
  client->server.pid = 0;
  client->loop = loop;
  client->deadline_ms = CLIENT_PATIENT;
  if (place->kind != PLACE_URI)
    return 0;
  if (uri_parse(&client->uri, place->text, fault) == -1)
    return -1;
  if (client->uri.tls)
    plan_tls(client, wishes, pool);
  return 0;
}

/* ---- Connecting ---- */

struct nbd_handle *
client_create(struct client *client)
{
  struct nbd_handle *handle = nbd_create();

  if (handle)
    nbd_set_private_data(handle, (uintptr_t)client);
  return handle;
}

/* Asking for a host's address waits where no signal is heard. */
static int
begin_tcp(struct client *client, struct nbd_handle *handle)
{
  loop_let_signals_end(client->loop);
  int result = nbd_aio_connect_tcp(handle, client->uri.host, client->uri.port);
  loop_hold_signals(client->loop);
  return result;
}

static int
begin_uri(struct client *client, struct nbd_handle *handle)
{
  const struct uri *uri = &client->uri;

  if (uri->tls && nbd_set_tls(handle, LIBNBD_TLS_REQUIRE) == -1)
    return -1;
  if (nbd_set_export_name(handle, uri->export_name) == -1)
    return -1;
  switch (uri->transport) {
  case URI_UNIX:
    return nbd_aio_connect_unix(handle, uri->socket);
  case URI_VSOCK:
    return nbd_aio_connect_vsock(handle, (uint32_t)strtoul(uri->host, NULL, 10),
                                 (uint32_t)strtoul(uri->port, NULL, 10));
  case URI_TCP:
    break;
  }
  return begin_tcp(client, handle);
}

int
client_begin(struct client *client, struct nbd_handle *handle, const char *what, struct fault *fault)
{
  int result;

  if (client->place->kind == PLACE_COMMAND) {
    int connection = activation_start(&client->server, client->place->command, client->name, fault);
    if (connection == -1)
      return -1;
    result = nbd_aio_connect_socket(handle, connection);
  } else {
    result = begin_uri(client, handle);
  }
  return result == -1 ? client_fault(client, what, fault) : 0;
}

int
client_connect(struct client *client, struct nbd_handle *handle, const char *what, struct fault *fault)
{
  if (client_begin(client, handle, what, fault) == -1)
    return -1;
  while (nbd_aio_is_connecting(handle) == 1)
    if (nbd_poll(handle, -1) == -1)
      return client_fault(client, what, fault);
  if (nbd_aio_is_ready(handle) == 1 || nbd_aio_is_negotiating(handle) == 1)
    return 0;
  return client_fault(client, what, fault);
}

/* ---- Leaving ---- */

void
client_leave(struct client *client, struct nbd_handle *handle)
{
  if (!handle)
    return;
  if (client->deadline_ms == CLIENT_PATIENT)
    client->deadline_ms = loop_now_ms(client->loop) + GOODBYE_MS;
  if (nbd_aio_is_ready(handle) == 1 || nbd_aio_is_negotiating(handle) == 1)
    nbd_shutdown(handle, 0);
  nbd_close(handle);
}

int
client_close(struct client *client, struct fault *fault)
{
  if (activation_end(&client->server, client->loop))
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s did not end when it was asked to, and was killed: what it still had to"
                   " write may be missing",
                   client->name);
}
