/* SPDX-License-Identifier: MIT */
/* tls_socket: libnbd's TLS, in the place of its lib/crypto.c.
 *
 * libnbd sees a socket with six operations; a tls_session is behind it. How to
 * secure the connection is in the `struct tls` of the client that the handle has as its
 * private data: libnbd's own settings (nbd_set_tls_certificates() and so on) are not in use, and refused.
 *
 * Linked before libnbd's archive, whose own crypto.o is not taken then, since all
 * that it defines is here already.
 */
#include "nbd/client.h"
#include "tls/tls_session.h"

/* libnbd's config.h and what its internal.h takes for granted go before that. */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <internal.h>

/* Begins as libnbd knows it. */
struct tls_socket {
  struct socket socket;
  struct socket *plain; /* what it goes over; ours */
  struct tls_session *session;
};

static struct tls_socket *
tls_of(struct socket *socket)
{
  return (struct tls_socket *)socket;
}

static struct tls *
settings_of(struct nbd_handle *h)
{
  return &((struct client *)h->private_data)->tls;
}

/* Hands a fault on as libnbd's words, and notes what these can't say: whether the connection merely ended. */
static void
tls_socket_blame(struct nbd_handle *h, const struct fault *fault)
{
  struct client *client = (struct client *)h->private_data;

  client->was_cut = client->was_cut || fault->errnum == ECONNRESET;
  set_error(0, "%s", fault->text);
}

static ssize_t
tls_socket_tell(struct nbd_handle *h, ssize_t result, const struct fault *fault)
{
  if (result == -1 && errno != EAGAIN) {
    int errnum = errno;
    tls_socket_blame(h, fault);
    errno = errnum;
  }
  return result;
}

static ssize_t
tls_recv(struct nbd_handle *h, struct socket *socket, void *bytes, size_t length)
{
  struct fault fault = { .exit_code = EXIT_DONE };

  return tls_socket_tell(h, tls_session_recv(tls_of(socket)->session, bytes, length, &fault), &fault);
}

static ssize_t
tls_send(struct nbd_handle *h, struct socket *socket, const void *bytes, size_t length, int flags)
{
  struct fault fault = { .exit_code = EXIT_DONE };

  return tls_socket_tell(h, tls_session_send(tls_of(socket)->session, bytes, length, flags & MSG_MORE, &fault), &fault);
}

static bool
tls_pending(struct socket *socket)
{
  return tls_session_is_pending(tls_of(socket)->session);
}

static int
tls_get_fd(struct socket *socket)
{
  struct socket *plain = tls_of(socket)->plain;

  return plain->ops->get_fd(plain);
}

static bool
tls_shut_writes(struct nbd_handle *h, struct socket *socket)
{
  struct socket *plain = tls_of(socket)->plain;

  return tls_session_shut_writes(tls_of(socket)->session) && plain->ops->shut_writes(h, plain);
}

static int
tls_close(struct socket *socket)
{
  struct tls_socket *tls = tls_of(socket);

  tls_session_close(tls->session);
  int result = tls->plain->ops->close(tls->plain);
  free(tls);
  return result;
}

static const struct socket_ops tls_ops = {
  .recv = tls_recv,
  .send = tls_send,
  .pending = tls_pending,
  .get_fd = tls_get_fd,
  .shut_writes = tls_shut_writes,
  .close = tls_close,
};

/* ---- What libnbd's state machine calls ---- */

struct socket *
nbd_internal_crypto_create_session(struct nbd_handle *h, struct socket *plain)
{
  struct tls *settings = settings_of(h);
  struct tls_socket *tls = malloc(sizeof *tls);
  struct fault fault;

  assert(settings);
  if (!tls) {
    set_error(ENOMEM, "no memory for TLS");
    return NULL;
  }
  *tls = (struct tls_socket){ .socket.ops = &tls_ops, .plain = plain };
  tls->session = tls_session_open(settings, plain->ops->get_fd(plain), &fault);
  if (!tls->session) {
    set_error(0, "%s", fault.text);
    free(tls);
    return NULL;
  }
  return &tls->socket;
}

bool
nbd_internal_crypto_is_reading(struct nbd_handle *h)
{
  return tls_session_is_reading(tls_of(h->sock)->session);
}

int
nbd_internal_crypto_handshake(struct nbd_handle *h)
{
  struct fault fault;
  int result = tls_session_handshake(tls_of(h->sock)->session, &fault);

  if (result == -1)
    tls_socket_blame(h, &fault);
  return result;
}

void
nbd_internal_crypto_debug_tls_enabled(struct nbd_handle *h)
{
  debug(h, "connection is using %s", settings_of(h)->description);
}

int
nbd_unlocked_set_tls(struct nbd_handle *h, int tls)
{
  h->tls = tls;
  return 0;
}

int
nbd_unlocked_get_tls(struct nbd_handle *h)
{
  return h->tls;
}

int
nbd_unlocked_get_tls_negotiated(struct nbd_handle *h)
{
  return h->tls_negotiated;
}

/* ---- Settings that are elsewhere ---- */

static int
elsewhere(void)
{
  set_error(ENOTSUP, "TLS is set up by struct tls");
  return -1;
}

int
nbd_unlocked_set_tls_certificates(struct nbd_handle *h, const char *directory)
{
  (void)h, (void)directory;
  return elsewhere();
}

int
nbd_unlocked_set_tls_verify_peer(struct nbd_handle *h, bool verify)
{
  (void)h, (void)verify;
  return elsewhere();
}

int
nbd_unlocked_get_tls_verify_peer(struct nbd_handle *h)
{
  return settings_of(h)->verify_peer;
}

int
nbd_unlocked_set_tls_username(struct nbd_handle *h, const char *user)
{
  (void)h, (void)user;
  return elsewhere();
}

char *
nbd_unlocked_get_tls_username(struct nbd_handle *h)
{
  (void)h;
  elsewhere();
  return NULL;
}

int
nbd_unlocked_set_tls_hostname(struct nbd_handle *h, const char *host)
{
  (void)h, (void)host;
  return elsewhere();
}

char *
nbd_unlocked_get_tls_hostname(struct nbd_handle *h)
{
  (void)h;
  elsewhere();
  return NULL;
}

int
nbd_unlocked_set_tls_psk_file(struct nbd_handle *h, const char *file)
{
  (void)h, (void)file;
  return elsewhere();
}
