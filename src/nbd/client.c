/* SPDX-License-Identifier: MIT */
/* client: see client.h. */
#include "nbd/client.h"

#include "base/pauses.h"
#include "base/range.h"

#include <errno.h>
#include <libnbd.h>
#include <limits.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Where libnbd's words are about its settings, what they mean to an operator. */
static const char *
plain_words(const char *error)
{
  if (strstr(error, "requires TLS encryption first"))
    return "this server wants TLS: use nbds:// (or nbds+unix://)";
  if (strstr(error, "TLS setting is 'require'"))
    return "this server has no TLS, and nbds never falls back to plain text";
  if (strstr(error, "server backlog overflowed"))
    return "the server has too many others waiting to be let in";
  /* The name of the function that failed, or a format that couldn't be filled in. */
  if (nbd_get_errno() == ENOMEM && !strstr(error, ": "))
    return "no memory is left for the connection";
  return strstr(error, "%s") ? "no memory is left for the connection" : error;
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

const char *
client_end_words(struct nbd_handle *handle)
{
  int errnum = nbd_get_errno();
  const char *words = client_words();

  if (nbd_aio_is_closed(handle) == 1 || errnum == EPIPE || errnum == ENOTCONN || strstr(words, "disconnected"))
    return "the server closed the connection";
  switch (errnum) {
  case ECONNRESET:
    return "the connection was reset";
  case ETIMEDOUT:
    return "nothing came over the network any more";
  case ECONNREFUSED:
  case ENOENT:
  case EHOSTUNREACH:
  case ENETUNREACH:
    return strerror(errnum);
  default:
    return words;
  }
}

void
client_time(uint64_t ms, char text[CLIENT_TIME_BYTES])
{
  uint64_t rest_ms = ms % 1000;

  if (rest_ms == 0)
    snprintf(text, CLIENT_TIME_BYTES, "%llu s", (unsigned long long)(ms / 1000));
  else
    snprintf(text, CLIENT_TIME_BYTES, "%llu.%03llu s", (unsigned long long)(ms / 1000), (unsigned long long)rest_ms);
}

/* Whether libnbd says no more than that the connection is gone. */
static bool
tells_of_loss(int errnum, const char *words)
{
  return errnum == ECONNRESET || errnum == ECONNABORTED || errnum == EPIPE || errnum == ENOTCONN ||
         errnum == ETIMEDOUT || errnum == ESHUTDOWN || strstr(words, "disconnected");
}

/* libnbd's errno is part of its words already. */
int
client_fault(struct client *client, const char *what, struct fault *fault)
{
  char end[ACTIVATION_WORDS_BYTES];
  int errnum = nbd_get_errno();
  const char *words = client_words();

  client->may_pass = client->was_cut || client->has_given_up || tells_of_loss(errnum, words);
  if (client->loop->signal_seen) {
    fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d", client->loop->signal_seen);
  } else {
    if (activation_has_ended(&client->server, end)) {
      client->may_pass = true;
      words = end;
    }
    fault_set(fault, EXIT_FAILED, 0, "%s %s: %s", what, client->name, words);
    fault->errnum = errnum;
  }
  fault->may_pass = client->may_pass;
  return -1;
}

unsigned
client_sessions(const struct place *place, const struct wishes *wishes)
{
  if (place->kind != PLACE_URI || !uri_is_tls(place->text))
    return 0;
  return wishes->connections ? wishes->connections : CONNECTIONS_FAR;
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
  client->server = (struct activation){ .pid = 0 };
  client->loop = loop;
  client->timeout_ms = client->silence_ms = wishes->timeout_ms;
  client->wait_ms = wishes->wait_ms;
  client->deadline_ms = CLIENT_PATIENT;
  client->has_given_up = false;
  client->addresses.count = 0;
  if (place->kind != PLACE_URI)
    return 0;
  if (uri_parse(&client->uri, place->text, fault) == -1)
    return -1;
  if (client->uri.tls)
    plan_tls(client, wishes, pool);
  return 0;
}

/* ---- Where it is ---- */

static void
locate_unix(struct client *client)
{
  struct address *address = &client->addresses.list[0];
  struct sockaddr_un *name = (struct sockaddr_un *)&address->name;

  name->sun_family = AF_UNIX;
  snprintf(name->sun_path, sizeof name->sun_path, "%s", client->uri.socket);
  address->length = sizeof *name;
  client->addresses.count = 1;
}

static void
locate_vsock(struct client *client)
{
  struct address *address = &client->addresses.list[0];
  struct sockaddr_vm *name = (struct sockaddr_vm *)&address->name;

  name->svm_family = AF_VSOCK;
  name->svm_cid = (unsigned)strtoul(client->uri.host, NULL, 10);
  name->svm_port = (unsigned)strtoul(client->uri.port, NULL, 10);
  address->length = sizeof *name;
  client->addresses.count = 1;
}

static int
locate(struct client *client, const char *what, struct fault *fault)
{
  const struct uri *uri = &client->uri;
  const char *why = NULL;

  if (client->place->kind == PLACE_COMMAND || client->addresses.count > 0)
    return 0;
  client->address = 0;
  if (uri->transport == URI_UNIX)
    locate_unix(client);
  else if (uri->transport == URI_VSOCK)
    locate_vsock(client);
  else
    why = lookup_host(&client->addresses, uri->host, uri->port, client->loop, client->timeout_ms);
  if (!why)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "%s %s: %s: %s", what, client->name, uri->host, why);
}

/* ---- Connecting ---- */

/* Has the network notice, too, when nothing comes from the other side any more; later than we do, who have words for it. */
static void
tune(const struct client *client, int fd)
{
  int on = 1, timeout_ms = (int)range_min(client->timeout_ms + client->timeout_ms / 2, INT_MAX);

  if (client->uri.transport != URI_TCP)
    return;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (timeout_ms == 0)
    return;
  int often_s = (int)range_max((uint64_t)timeout_ms / 3000, 1);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &often_s, sizeof often_s);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &often_s, sizeof often_s);
}

/* What fails on the way shows in the handle; what can't even begin doesn't: -1 is returned. */
static int
begin_uri(struct client *client, struct nbd_handle *handle)
{
  const struct address *address = &client->addresses.list[client->address];

  int result = nbd_aio_connect(handle, (const struct sockaddr *)&address->name, address->length);
  if (nbd_aio_is_connecting(handle) == 1) /* else what failed is libnbd's last word */
    tune(client, nbd_aio_get_fd(handle));
  return result;
}

/* Starts the server; what it was connected by is the handle's, or closed again. */
static int
begin_command(struct client *client, struct nbd_handle *handle, struct fault *fault)
{
  int connection = activation_start(&client->server, client->place->command, client->name, fault);

  if (connection == -1)
    return 0; /* the fault is set */
  int result = nbd_aio_connect_socket(handle, connection);
  if (nbd_aio_is_created(handle) == 1)
    close(connection);
  return result;
}

static int
client_configure(struct client *client, const struct client_setup *setup, struct nbd_handle *handle)
{
  nbd_set_private_data(handle, (uintptr_t)client);
  if (client->place->kind == PLACE_URI && ((client->uri.tls && nbd_set_tls(handle, LIBNBD_TLS_REQUIRE) == -1) ||
                                           nbd_set_export_name(handle, client->uri.export_name) == -1))
    return -1;
  return setup->configure(handle, setup->how);
}

struct nbd_handle *
client_begin(struct client *client, const struct client_setup *setup, const char *what, struct fault *fault)
{
  struct nbd_handle *handle = nbd_create();
  int result;

  client->has_given_up = client->was_cut = false;
  if (!handle || client_configure(client, setup, handle) == -1)
    result = -1;
  else if (client->place->kind == PLACE_URI)
    result = begin_uri(client, handle);
  else
    result = begin_command(client, handle, fault);
  if (handle && nbd_aio_is_created(handle) == 0)
    return handle;
  if (result == -1)
    client_fault(client, what, fault);
  nbd_close(handle);
  return NULL;
}

void
client_turn(struct client *client)
{
  if (client->addresses.count > 0)
    client->address = (client->address + 1) % client->addresses.count;
}

bool
client_is_unheard(struct nbd_handle *handle)
{
  return nbd_stats_bytes_received(handle) == 0;
}

/* While there is another address to try, nobody waits long for word from one. */
static int
client_wait(struct client *client, struct nbd_handle *handle, bool is_last)
{
  uint64_t limit_ms = client->timeout_ms ? client->timeout_ms : UINT64_MAX;

  while (nbd_aio_is_connecting(handle) == 1) {
    client->silence_ms = client->timeout_ms;
    if (!is_last && client_is_unheard(handle))
      client->silence_ms = range_min(limit_ms, ADDRESS_MS);
    if (nbd_poll(handle, -1) == -1)
      return -1;
  }
  client->silence_ms = client->timeout_ms;
  return nbd_aio_is_ready(handle) == 1 || nbd_aio_is_negotiating(handle) == 1 ? 0 : -1;
}

/* What belongs to connecting, once a handle is connected. */
static struct nbd_handle *
client_conclude(struct client *client, const struct client_setup *setup, struct nbd_handle *handle, struct fault *fault)
{
  client->may_pass = false;
  if (!setup->conclude || setup->conclude(setup->context, handle, fault) == 0)
    return handle;
  if (client->may_pass)
    nbd_close(handle);
  else
    client_leave(client, handle);
  return NULL;
}

/* Tries each address once, until there is one with a server. client->may_pass says whether to try again. */
static struct nbd_handle *
connect_once(struct client *client, const struct client_setup *setup, const char *what, struct fault *fault)
{
  client->may_pass = true;
  if (locate(client, what, fault) == -1) {
    fault->may_pass = true;
    return NULL;
  }
  for (unsigned left = range_max(client->addresses.count, 1); left > 0; left--) {
    struct nbd_handle *handle = client_begin(client, setup, what, fault);
    if (!handle)
      return NULL;
    if (client_wait(client, handle, left == 1) == 0)
      return client_conclude(client, setup, handle, fault);
    client_fault(client, what, fault);
    bool unheard = client_is_unheard(handle);
    nbd_close(handle);
    if (!unheard || client->loop->signal_seen)
      return NULL;
    fault->may_pass = client->may_pass = true;
    client_turn(client);
  }
  return NULL;
}

uint64_t
client_pause_ms(uint64_t *pause_ms)
{
  *pause_ms = pauses_longer_ms(*pause_ms);
  return pauses_drawn_ms(*pause_ms, loop_now_us(NULL));
}

/* Waits before the next attempt. Returns false when the time for it is over, or a signal came. */
static bool
pauses(struct client *client, uint64_t *pause_ms, uint64_t end_ms)
{
  struct loop *loop = client->loop;
  uint64_t now_ms = loop_now_ms(loop);
  uint64_t next_ms = range_min(now_ms + client_pause_ms(pause_ms), end_ms);
  struct fault ignored;

  if (now_ms >= end_ms)
    return false;
  while (!loop->signal_seen && loop_now_ms(loop) < next_ms) {
    loop_begin(loop);
    loop_wake_by(loop, next_ms);
    if (loop_wait(loop, &ignored) == -1)
      return false;
  }
  return !loop->signal_seen;
}

/* A server that we start is started again only when it has ended. */
static bool
is_free(struct client *client)
{
  if (client->place->kind != PLACE_COMMAND)
    return true;
  activation_dismiss(&client->server);
  return activation_is_over(&client->server);
}

struct nbd_handle *
client_connect(struct client *client, const struct client_setup *setup, const char *what, struct fault *fault)
{
  uint64_t end_ms = loop_now_ms(client->loop) + client->wait_ms;
  uint64_t pause_ms = 0;
  struct nbd_handle *handle;
  bool goes_on;

  do {
    handle = connect_once(client, setup, what, fault);
    do
      goes_on = !handle && client->may_pass && pauses(client, &pause_ms, end_ms);
    while (goes_on && !is_free(client));
  } while (goes_on);
  if (!handle && client->loop->signal_seen) {
    fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d", client->loop->signal_seen);
    fault->may_pass = true;
  }
  return handle;
}

/* ---- Leaving ---- */

void
client_leave(struct client *client, struct nbd_handle *handle)
{
  if (!handle)
    return;
  if (client->deadline_ms == CLIENT_PATIENT)
    client->deadline_ms = loop_now_ms(client->loop) + loop_grace_ms(client->loop, GOODBYE_MS, GOODBYE_SOON_MS);
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
