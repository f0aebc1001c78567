/* SPDX-License-Identifier: MIT */
/* wait: where libnbd's own calls wait: in the place of its lib/poll.c.
 *
 * libnbd would wait for a server for ever, and hear no signal. Here, every such
 * wait ends with a signal, or when the server is silent for longer than the client lets it, or the
 * client's time is over. What was being waited for is lost then: the handle can only be closed.
 *
 * Linked before libnbd's archive, as tls_socket is.
 */
#include "nbd/wait.h"

#include "base/range.h"
#include "nbd/client.h"
#include "os/loop.h"

#include <config.h> /* libnbd's own, as is internal.h */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>

#include <internal.h>

/* How long the client still waits: at least this once, so that what has come is taken. */
static int
patience_left_ms(const struct client *client)
{
  uint64_t now_ms = loop_now_ms(client->loop);
  uint64_t left_ms = client->deadline_ms > now_ms ? client->deadline_ms - now_ms : 0;

  if (client->silence_ms)
    left_ms = range_min(left_ms, client->silence_ms);
  return left_ms <= INT_MAX ? (int)left_ms : -1;
}

/* What a server may owe in the handshake, by the state that waits for it. */
static const struct {
  enum state_group group;
  const char *words;
} debts[] = {
  { GROUP_MAGIC, ": not even a greeting" },
  { GROUP_NEWSTYLE_OPT_STARTTLS, " to NBD_OPT_STARTTLS, or in the handshake of TLS" },
  { GROUP_NEWSTYLE_OPT_EXTENDED_HEADERS, " to NBD_OPT_EXTENDED_HEADERS" },
  { GROUP_NEWSTYLE_OPT_STRUCTURED_REPLY, " to NBD_OPT_STRUCTURED_REPLY" },
  { GROUP_NEWSTYLE_OPT_GO, " to NBD_OPT_GO or NBD_OPT_INFO" },
  { GROUP_NEWSTYLE_OPT_EXPORT_NAME, " to NBD_OPT_EXPORT_NAME" },
  { GROUP_NEWSTYLE_OPT_META_CONTEXT, " about metadata contexts" },
  { GROUP_NEWSTYLE_OPT_LIST, " to NBD_OPT_LIST" },
};

const char *
wait_owed(const struct nbd_handle *h)
{
  enum state_group group = nbd_internal_state_group(get_next_state(h));

  for (size_t i = 0; i < sizeof debts / sizeof *debts; i++)
    if (debts[i].group == group)
      return debts[i].words;
  return "";
}

static short
events_of(struct nbd_handle *h)
{
  int direction = nbd_internal_aio_get_direction(get_next_state(h));

  return (short)((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
                 (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0));
}

/* libnbd's part of what has happened: one of both, since the first may change
 * what it waits for; and while it connects, only what it waits for may be told to it. */
static int
notify(struct nbd_handle *h, short asked, short ready)
{
  if (asked & POLLIN && ready & (POLLIN | POLLHUP))
    return nbd_unlocked_aio_notify_read(h);
  if (asked & POLLOUT && ready & (POLLOUT | POLLHUP))
    return nbd_unlocked_aio_notify_write(h);
  if (ready == 0)
    return 0;
  set_error(ENOTCONN, "the server closed the connection");
  return -1;
}

int
nbd_unlocked_poll2(struct nbd_handle *h, int fd, int timeout_ms)
{
  struct client *client = (struct client *)h->private_data;
  struct pollfd fds[] = { { .fd = nbd_unlocked_aio_get_fd(h), .events = events_of(h) },
                          { .fd = client->loop->signal_fd, .events = POLLIN } };
  char time[CLIENT_TIME_BYTES];

  (void)fd, (void)timeout_ms; /* nobody here asks for these */
  assert(fds[0].events);
  int ready = poll(fds, 2, patience_left_ms(client));
  if (ready == -1 && errno != EINTR) {
    set_error(errno, "poll");
    return -1;
  }
  if (ready > 0 && fds[1].revents && loop_take_signal(client->loop)) {
    client->has_given_up = true;
    set_error(EINTR, "stopped by signal %d", client->loop->signal_seen);
    return -1;
  }
  if (ready == 0) {
    client_time(client->silence_ms, time);
    client->has_given_up = true;
    set_error(0, "no answer for %s%s", time, wait_owed(h));
    return -1;
  }
  return ready == -1 || notify(h, fds[0].events, fds[0].revents) == 0 ? 1 : -1;
}

int
nbd_unlocked_poll(struct nbd_handle *h, int timeout_ms)
{
  return nbd_unlocked_poll2(h, -1, timeout_ms);
}
