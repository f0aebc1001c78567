/* SPDX-License-Identifier: MIT */
/* client: see client.h. */
#include "nbd/client.h"

#include <libnbd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* libnbd's words without the name of the function, which tells an operator nothing.
 * Its errno is part of them already. */
int
client_fault(const struct client *client, const char *what, struct fault *fault)
{
  const char *error = nbd_get_error();

  if (!error)
    error = "unknown error";
  if (strncmp(error, "nbd_", 4) == 0 && strstr(error, ": "))
    error = strstr(error, ": ") + 2;
  fault_set(fault, EXIT_FAILED, 0, "%s %s: %s", what, client->name, plain_words(error));
  fault->errnum = nbd_get_errno();
  return -1;
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
                              .host = uri->tls_hostname[0]           ? uri->tls_hostname
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
            struct tls_pool *pool, struct fault *fault)
{
  client->place = place;
  client->name = name;
  if (place->kind == PLACE_URI) {
    if (uri_parse(&client->uri, place->text, fault) == -1)
      return -1;
    if (client->uri.tls)
      plan_tls(client, wishes, pool);
    return 0;
  }
  if (!is_command(place->command[0]))
    return fault_set(fault, EXIT_FAILED, 0, "cannot start %s: there is no such command", name);
  return 0;
}

int
client_connect(struct client *client, struct nbd_handle *handle)
{
  const struct uri *uri = &client->uri;

  if (client->place->kind == PLACE_COMMAND)
    return nbd_connect_systemd_socket_activation(handle, (char **)client->place->command);
  if (uri->tls) {
    nbd_set_private_data(handle, (uintptr_t)&client->tls);
    if (nbd_set_tls(handle, LIBNBD_TLS_REQUIRE) == -1)
      return -1;
  }
  if (nbd_set_export_name(handle, uri->export_name) == -1)
    return -1;
  switch (uri->transport) {
  case URI_UNIX:
    return nbd_connect_unix(handle, uri->socket);
  case URI_VSOCK:
    return nbd_connect_vsock(handle, (uint32_t)strtoul(uri->host, NULL, 10), (uint32_t)strtoul(uri->port, NULL, 10));
  case URI_TCP:
    break;
  }
  return nbd_connect_tcp(handle, uri->host, uri->port);
}
