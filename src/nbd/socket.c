/* SPDX-License-Identifier: MIT */
/* socket: see socket.h. */
#include "nbd/socket.h"

#include "base/limits.h"

#include <config.h> /* libnbd's own, as is internal.h */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <internal.h>

/* What was received and not read, or sent by libnbd and not by us. */
struct waiting {
  size_t start;
  size_t end;
  unsigned char bytes[SOCKET_BUFFER_BYTES];
};

struct buffered {
  struct socket base; /* libnbd's view of it; begins with the file descriptor */
  bool is_buffered;
  int unsendable; /* the errno of what was taken and couldn't be sent; 0: none */
  struct waiting in;
  struct waiting out;
};

static struct buffered *
buffered_of(struct socket *socket)
{
  return (struct buffered *)socket;
}
_Static_assert(offsetof(struct buffered, base) == 0, "a buffered is a socket");

static size_t
waiting_bytes(const struct waiting *waiting)
{
  return waiting->end - waiting->start;
}

static bool
is_not_now(void)
{
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Tells libnbd why a call failed: in words, and by errno, which it takes for "not now" where that says so. */
static ssize_t
fail_call(int errnum, const char *call)
{
  set_error(errnum, "%s", call);
  errno = errnum;
  return -1;
}

/* As libnbd has it of a call that failed, and has left its errno. */
static ssize_t
tell_call(const char *call)
{
  if (!is_not_now())
    return fail_call(errno, call);
  errno = EAGAIN;
  return -1;
}

/* ---- Receiving ---- */

static size_t
take_received(struct buffered *socket, unsigned char *to, size_t length)
{
  struct waiting *in = &socket->in;
  size_t taken = waiting_bytes(in) < length ? waiting_bytes(in) : length;

  memcpy(to, in->bytes + in->start, taken);
  in->start += taken;
  return taken;
}

/* Fills the caller's buffer, and then ours. */
static ssize_t
receive_ahead(struct buffered *socket, unsigned char *to, size_t length)
{
  struct iovec parts[2] = { { to, length }, { socket->in.bytes, sizeof socket->in.bytes } };
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = socket->is_buffered ? 2 : 1 };
  ssize_t received = recvmsg(socket->base.u.fd, &message, 0);

  if (received <= (ssize_t)length)
    return received;
  socket->in.start = 0;
  socket->in.end = (size_t)received - length;
  return (ssize_t)length;
}

static ssize_t
socket_recv(struct nbd_handle *handle, struct socket *base, void *to, size_t length)
{
  struct buffered *socket = buffered_of(base);
  size_t taken = take_received(socket, to, length);

  (void)handle;
  if (taken == length)
    return (ssize_t)taken;
  ssize_t received = receive_ahead(socket, (unsigned char *)to + taken, length - taken);
  if (received > 0 || taken > 0) /* an error shows again at the next call */
    return (ssize_t)taken + (received > 0 ? received : 0);
  if (socket->unsendable)
    return fail_call(socket->unsendable, "send");
  return received == 0 ? 0 : tell_call("recv");
}

/* Tells libnbd to go on reading before it waits. */
static bool
socket_pending(struct socket *base)
{
  return waiting_bytes(&buffered_of(base)->in) > 0;
}

/* ---- Sending ---- */

/* Sends what waits, and what the caller adds to it. Returns how much of the latter
 * was sent, or -1. */
static ssize_t
send_waiting_and(struct buffered *socket, const void *more, size_t length, int flags)
{
  struct waiting *out = &socket->out;
  size_t waiting = waiting_bytes(out);
  struct iovec parts[2] = { { out->bytes + out->start, waiting }, { (void *)more, length } };
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
  ssize_t sent = sendmsg(socket->base.u.fd, &message, flags | MSG_NOSIGNAL);

  if (sent == -1)
    return -1;
  if ((size_t)sent < waiting) {
    out->start += (size_t)sent;
    sent = 0;
  } else {
    sent -= (ssize_t)waiting;
    out->start = out->end = 0;
  }
  if (sent > 0 || length == 0)
    return sent;
  errno = EAGAIN;
  return -1;
}

static void
wait_with(struct waiting *out, const void *bytes, size_t length)
{
  memcpy(out->bytes + out->end, bytes, length);
  out->end += length;
}

static ssize_t
socket_send(struct nbd_handle *handle, struct socket *base, const void *bytes, size_t length, int flags)
{
  struct buffered *socket = buffered_of(base);
  struct waiting *out = &socket->out;

  (void)handle;
  if (socket->is_buffered && length <= SOCKET_SEND_AT_ONCE_BYTES && length <= sizeof out->bytes - out->end) {
    wait_with(out, bytes, length);
    return (ssize_t)length;
  }
  ssize_t sent = send_waiting_and(socket, bytes, length, flags);
  return sent == -1 ? tell_call("send") : sent;
}

/* libnbd takes for sent what isn't, and would wait for the answers; so nothing comes any more, which it hears at once. */
static void
give_up_sending(struct buffered *socket)
{
  socket->unsendable = errno;
  socket->out.start = socket->out.end = 0;
  shutdown(socket->base.u.fd, SHUT_RDWR);
}

static bool
send_buffered(struct buffered *socket)
{
  while (waiting_bytes(&socket->out) > 0)
    if (send_waiting_and(socket, NULL, 0, 0) == -1) {
      if (is_not_now())
        return false;
      give_up_sending(socket);
    }
  return true;
}

/* ---- The rest of what libnbd asks of a socket ---- */

static int
socket_get_fd(struct socket *base)
{
  return base->u.fd;
}

/* Returns false to be called again once the connection takes more. */
static bool
socket_shut_writes(struct nbd_handle *handle, struct socket *base)
{
  (void)handle;
  if (!send_buffered(buffered_of(base)))
    return false;
  shutdown(base->u.fd, SHUT_WR); /* which can fail only where it makes no difference */
  return true;
}

static int
socket_close(struct socket *base)
{
  int result = close(base->u.fd);

  free(base);
  return result;
}

static const struct socket_ops socket_ops = {
  .recv = socket_recv,
  .send = socket_send,
  .pending = socket_pending,
  .get_fd = socket_get_fd,
  .shut_writes = socket_shut_writes,
  .close = socket_close,
};

/* What libnbd makes its connections with, in its own words (lib/internal.h). */
struct socket *
nbd_internal_socket_create(int fd)
{
  struct buffered *socket = malloc(sizeof *socket);

  if (!socket) {
    set_error(errno, "malloc");
    return NULL;
  }
  socket->base.u.fd = fd;
  socket->base.ops = &socket_ops;
  socket->is_buffered = false;
  socket->unsendable = 0;
  socket->in.start = socket->in.end = 0;
  socket->out.start = socket->out.end = 0;
  return &socket->base;
}

/* ---- Ours ---- */

/* The handle's connection if it is one of these: not with TLS around it, or dead. */
static struct buffered *
socket_find(struct nbd_handle *handle)
{
  return handle->sock && handle->sock->ops == &socket_ops ? buffered_of(handle->sock) : NULL;
}

/* Room in the kernel for a whole request, so that one send does and the server isn't
 * woken for half of it. TCP measures for itself what its line takes. The second way
 * goes beyond what the system allows everyone, if we may. */
static void
widen(int fd)
{
  int domain = 0;
  int bytes = SOCKET_SEND_BYTES;
  socklen_t length = sizeof domain;

  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == -1 || domain != AF_UNIX)
    return;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
}

void
socket_buffer(struct nbd_handle *handle)
{
  struct buffered *socket = socket_find(handle);

  if (socket)
    socket->is_buffered = true;
  if (handle->sock)
    widen(handle->sock->ops->get_fd(handle->sock));
}

bool
socket_flush(struct nbd_handle *handle)
{
  struct buffered *socket = socket_find(handle);

  return !socket || send_buffered(socket);
}

uint64_t
socket_first_unsent(const struct nbd_handle *handle)
{
  return handle->cmds_to_issue ? handle->cmds_to_issue->cookie : UINT64_MAX;
}

bool
socket_is_drained(struct nbd_handle *handle)
{
  struct buffered *socket = socket_find(handle);

  return !socket || waiting_bytes(&socket->in) == 0;
}
