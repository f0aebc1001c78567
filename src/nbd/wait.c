/* SPDX-License-Identifier: MIT */
/* wait: where libnbd's own calls wait: in the place of its lib/poll.c.
 *
 * libnbd would wait for a server for ever, and hear no signal. Here, every such
 * wait of a handle that has a client ends with a signal, or when the client's time is over
 * (ETIMEDOUT). What was being waited for is lost then: the handle can only be closed.
 *
 * Linked before libnbd's archive, as tls_socket is.
 */
#include "nbd/client.h"

#include "os/loop.h"

#include <config.h> /* libnbd's own, as is internal.h */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>

#include <internal.h>

/* How long the client still waits: at least this once, so that what has come is taken. */
static int
time_left_ms(const struct client *client)
{
  if (client->deadline_ms == CLIENT_PATIENT)
    return -1;
  uint64_t now_ms = loop_now_ms(client->loop);
  return client->deadline_ms > now_ms ? (int)(client->deadline_ms - now_ms) : 0;
}

static short
events_of(struct nbd_handle *h)
{
  int direction = nbd_internal_aio_get_direction(get_next_state(h));

  return (short)((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
                 (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0));
}

/* libnbd's part of what has happened: one of both, since the first may change
 * what it waits for. */
static int
notify(struct nbd_handle *h, short ready)
{
  if (ready & (POLLIN | POLLHUP))
    return nbd_unlocked_aio_notify_read(h);
  if (ready & POLLOUT)
    return nbd_unlocked_aio_notify_write(h);
  if (ready == 0)
    return 0;
  set_error(ENOTCONN, "the server closed the connection");
  return -1;
}

int
nbd_unlocked_poll2(struct nbd_handle *h, int fd, int timeout_ms)
{
  const struct client *client = (const struct client *)h->private_data;
  struct pollfd fds[] = { { .fd = nbd_unlocked_aio_get_fd(h), .events = events_of(h) },
                          { .fd = client->loop->signal_fd, .events = POLLIN } };

  (void)fd, (void)timeout_ms; /* nobody here asks for these */
  assert(fds[0].events);
  int ready = poll(fds, 2, time_left_ms(client));
  if (ready == -1 && errno != EINTR) {
    set_error(errno, "poll");
    return -1;
  }
  if (ready > 0 && fds[1].revents && loop_take_signal(client->loop)) {
    set_error(EINTR, "stopped by signal %d", client->loop->signal_seen);
    return -1;
  }
  if (ready == 0) {
    set_error(ETIMEDOUT, "no answer");
    return -1;
  }
  return ready == -1 || notify(h, fds[0].revents) == 0 ? 1 : -1;
}

int
nbd_unlocked_poll(struct nbd_handle *h, int timeout_ms)
{
  return nbd_unlocked_poll2(h, -1, timeout_ms);
}
