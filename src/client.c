/* SPDX-License-Identifier: MIT */
/* client: see client.h. */
#include "client.h"

#include <libnbd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
  fault_set(fault, EXIT_FAILED, 0, "%s %s: %s", what, client->name, error);
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

int
client_init(struct client *client, const struct place *place, const char *name, struct fault *fault)
{
  client->place = place;
  client->name = name;
  if (place->kind == PLACE_URI)
    return uri_parse(&client->uri, place->text, fault);
  if (!is_command(place->command[0]))
    return fault_set(fault, EXIT_FAILED, 0, "cannot start %s: there is no such command", name);
  return 0;
}

int
client_connect(const struct client *client, struct nbd_handle *handle)
{
  const struct uri *uri = &client->uri;

  if (client->place->kind == PLACE_COMMAND)
    return nbd_connect_systemd_socket_activation(handle, (char **)client->place->command);
  if (nbd_set_export_name(handle, uri->export_name) == -1)
    return -1;
  return uri->transport == URI_UNIX ? nbd_connect_unix(handle, uri->socket)
                                    : nbd_connect_tcp(handle, uri->host, uri->port);
}
