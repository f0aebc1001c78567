/* SPDX-License-Identifier: MIT */
/* net: see net.h. */
#include "edges/net.h"

#include "base/range.h"
#include "edges/peer.h"
#include "sim/check.h"
#include "sim/stage.h"
#include "sim/whole/machine.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef unsigned long long ull;

struct net net;

/* ---- Bytes ---- */

void
bytes_add(struct bytes *bytes, const void *more, size_t length)
{
  if (length == 0)
    return;
  if (bytes->start == bytes->end)
    bytes->start = bytes->end = 0;
  if (bytes->end + length > bytes->size) {
    bytes->size = (bytes->end + length) * 2;
    bytes->bytes = realloc(bytes->bytes, bytes->size);
    sim_check(bytes->bytes, "no memory is left for the simulation");
  }
  memcpy(bytes->bytes + bytes->end, more, length);
  bytes->end += length;
}

static void
bytes_clear(struct bytes *bytes)
{
  bytes->start = bytes->end = 0;
}

/* ---- Chances ---- */

static bool
net_happens(unsigned one_in)
{
  return one_in > 0 && random_one_in(&net.random, one_in);
}

static uint64_t
net_delay_us(void)
{
  uint64_t most_us = net.manners.delay_max_us;

  return most_us > 0 && !random_one_in(&net.random, 3) ? random_between(&net.random, 0, most_us) : 0;
}

/* Of so many bytes, those that go now. */
static size_t
net_some(size_t most)
{
  if (net.manners.whole || most <= 1 || random_one_in(&net.random, 2))
    return most;
  return random_one_in(&net.random, 4) ? random_between(&net.random, 1, range_min(most, 40))
                                       : random_between(&net.random, 1, most);
}

static bool
is_interrupted(void)
{
  machine_count_call();
  if (!net_happens(machine.interrupted_one_in))
    return false;
  errno = EINTR;
  return true;
}

static int
fails(int errnum)
{
  errno = errnum;
  return -1;
}

/* A call that went well leaves anything in errno. */
static ssize_t
succeeds(ssize_t result)
{
  static const int others[] = { EAGAIN, EINTR, 0, ENOENT };

  errno = others[random_between(&net.random, 0, 3)];
  return result;
}

/* ---- Lines ---- */

static struct line *
line_find(int fd)
{
  sim_check(fd >= NET_FD_FIRST && fd < NET_FD_FIRST + NET_LINES_MAX && net.lines[fd - NET_FD_FIRST].used,
            "descriptor %d isn't open", fd);
  return &net.lines[fd - NET_FD_FIRST];
}

static int
line_fd(const struct line *line)
{
  return NET_FD_FIRST + (int)(line - net.lines);
}

unsigned
net_open_count(void)
{
  unsigned count = 0;

  for (unsigned i = 0; i < NET_LINES_MAX; i++)
    count += net.lines[i].used;
  return count;
}

/* Its end shows as soon as what came before it has. */
static void
line_reset(struct line *line, int errnum)
{
  if (line->reset || line->fin)
    return;
  sim_trace("%8llu us line %d: ends%s", (ull)stage.now_us, line_fd(line), errnum ? " (reset)" : "");
  if (errnum && random_one_in(&net.random, 2)) { /* what was on its way is gone */
    bytes_clear(&line->in);
    line->arrived = 0;
  }
  line->reset = errnum;
  line->fin = true;
  if (line->arrived < bytes_count(&line->in) && line->arrives_us == NET_NEVER)
    line->arrives_us = stage.now_us + net_delay_us();
}

/* Both sides are gone, as far as they are concerned. */
static void
line_cut(struct line *line)
{
  net.cuts++;
  if (line->session)
    peer_lost(line->session);
  line->session = NULL;
  line_reset(line, net_happens(net.manners.resets_one_in) ? ECONNRESET : 0);
}

void
net_cut_some(void)
{
  for (unsigned i = 0; i < NET_LINES_MAX; i++)
    if (net.lines[i].used && net.lines[i].connected && random_one_in(&net.random, 2))
      line_cut(&net.lines[i]);
}

void
net_send(struct line *line, const void *bytes, size_t length)
{
  if (line->fin)
    return;
  bytes_add(&line->in, bytes, length);
  if (line->arrives_us == NET_NEVER)
    line->arrives_us = stage.now_us + net_delay_us();
}

void
net_end(struct line *line, int reset_errnum)
{
  line->session = NULL;
  line_reset(line, reset_errnum);
}

static void
line_arrive(struct line *line)
{
  size_t waiting = bytes_count(&line->in) - line->arrived;
  size_t some = net_some(waiting);

  if (line->received_bytes + line->arrived + some > line->cut_in)
    some = line->cut_in - line->received_bytes - line->arrived;
  line->arrived += some;
  line->arrives_us = some < waiting ? stage.now_us + net_delay_us() : NET_NEVER;
  if (line->received_bytes + line->arrived == line->cut_in && some < waiting) {
    line->in.end = line->in.start + line->arrived;
    line->arrives_us = NET_NEVER;
    line->cut_in = NET_NEVER;
    line_cut(line);
  }
}

static void
line_drain(struct line *line)
{
  size_t some = net_some(bytes_count(&line->out));
  bool is_cut = line->sent_bytes + some > line->cut_out;

  if (is_cut)
    some = line->cut_out - line->sent_bytes;
  line->sent_bytes += some;
  line->drains_us = NET_NEVER;
  struct peer_line *session = line->session;
  uint8_t *from = line->out.bytes + line->out.start;
  line->out.start += some;
  if (session && some > 0)
    peer_hear(session, from, some);
  if (is_cut) {
    line->cut_out = NET_NEVER;
    line_cut(line);
  }
  if (!line->session)
    bytes_clear(&line->out);
  else if (bytes_count(&line->out) > 0)
    line->drains_us = stage.now_us + net_delay_us();
  if (line->session && line->shut && !line->told_shut && bytes_count(&line->out) == 0) {
    line->told_shut = true;
    peer_hear_end(line->session);
  }
}

static void
line_connect(struct line *line)
{
  line->connects_us = NET_NEVER;
  line->connecting = false;
  line->refused = line->peer ? peer_accept(line->peer, line) : ECONNREFUSED;
  line->connected = line->refused == 0;
  sim_trace("%8llu us line %d: %s", (ull)stage.now_us, line_fd(line), line->connected ? "connected" : "refused");
}

/* ---- Time ---- */

static uint64_t
net_next_us(void)
{
  uint64_t next_us = net.next_us ? net.next_us() : NET_NEVER;

  for (unsigned i = 0; i < NET_LINES_MAX; i++) {
    const struct line *line = &net.lines[i];
    if (line->used)
      next_us = range_min(range_min(next_us, line->connects_us), range_min(line->arrives_us, line->drains_us));
  }
  for (unsigned i = 0; i < 2; i++)
    if (net.peers[i])
      next_us = range_min(next_us, peer_next_us(net.peers[i]));
  return next_us;
}

static bool
net_advance(void)
{
  uint64_t now_us = stage.now_us;
  bool wakes = net.next_us && net.next_us() <= now_us;

  for (unsigned i = 0; i < NET_LINES_MAX; i++) {
    struct line *line = &net.lines[i];
    if (line->used && line->connects_us <= now_us)
      line_connect(line);
    if (line->used && line->drains_us <= now_us)
      line_drain(line);
  }
  for (unsigned i = 0; i < 2; i++)
    if (net.peers[i])
      peer_advance(net.peers[i], now_us);
  for (unsigned i = 0; i < NET_LINES_MAX; i++)
    if (net.lines[i].used && net.lines[i].arrives_us <= now_us)
      line_arrive(&net.lines[i]);
  if (net.advance)
    net.advance(now_us);
  return wakes;
}

/* ---- What poll() says ---- */

static short
line_events(const struct line *line)
{
  bool is_over = line->fin && line->arrived == bytes_count(&line->in);

  if (line->connecting)
    return 0;
  if (!line->connected)
    return line->refused ? POLLIN | POLLOUT | POLLERR | POLLHUP : POLLOUT | POLLHUP;
  if (line->reset && is_over && !line->reset_told)
    return POLLIN | POLLOUT | POLLERR | POLLHUP;
  return (short)((line->arrived > 0 || is_over || line->is_deaf ? POLLIN : 0) |
                 (bytes_count(&line->out) < line->room_bytes || line->fin ? POLLOUT : 0) |
                 ((line->reset && is_over) || (is_over && line->shut) ? POLLHUP : 0));
}

/* ---- What the machine asks and the loop calls ---- */

static short
net_events(int fd)
{
  return line_events(line_find(fd));
}

void
net_begin(uint64_t seed)
{
  for (unsigned i = 0; i < NET_LINES_MAX; i++) {
    free(net.lines[i].in.bytes);
    free(net.lines[i].out.bytes);
  }
  memset(&net, 0, sizeof net);
  net.random.state = seed * 7 + 1;
  machine_begin(&net.random);
  machine.advance = net_advance;
  machine.next_us = net_next_us;
  machine.events = net_events;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int
__wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
  int ready = machine_poll(fds, count, timeout_ms);

  return ready == -1 ? -1 : (int)succeeds(ready);
}

ssize_t __wrap_read(int fd, void *to, size_t length);
ssize_t
__wrap_read(int fd, void *to, size_t length)
{
  return machine_read_signal(fd, to, length);
}

/* ---- Sockets ---- */

int __wrap_socket(int family, int type, int protocol);
int
__wrap_socket(int family, int type, int protocol)
{
  (void)protocol;
  machine_count_call();
  sim_check((family == AF_UNIX || family == AF_INET) && (type & 0xff) == SOCK_STREAM && type & SOCK_NONBLOCK,
            "a socket of another kind");
  for (unsigned i = 0; i < NET_LINES_MAX; i++) {
    struct line *line = &net.lines[i];
    if (line->used)
      continue;
    struct bytes in = line->in, out = line->out;
    *line = (struct line){ .used = true,
                           .in = in,
                           .out = out,
                           .connects_us = NET_NEVER,
                           .arrives_us = NET_NEVER,
                           .drains_us = NET_NEVER,
                           .room_bytes = net.manners.room_bytes,
                           .cut_in = NET_NEVER,
                           .cut_out = NET_NEVER };
    bytes_clear(&line->in);
    bytes_clear(&line->out);
    return line_fd(line);
  }
  sim_fail("too many sockets");
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int
__wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
  struct line *line = line_find(fd);
  const struct sockaddr_in *name = (const struct sockaddr_in *)address;

  (void)length;
  machine_count_call();
  sim_check(address->sa_family == AF_INET && ntohs(name->sin_port) < 2, "a connection to nowhere");
  /* The last address of each is where the peer is, if there are several. */
  line->peer = ntohl(name->sin_addr.s_addr) == INADDR_LOOPBACK ? net.peers[ntohs(name->sin_port)] : NULL;
  if (net_happens(net.manners.cut_one_in)) {
    uint64_t after = random_between(&net.random, 0, net.manners.cut_within);
    *(random_one_in(&net.random, 2) ? &line->cut_in : &line->cut_out) = after;
  }
  line->connecting = true;
  line->connects_us = stage.now_us + net_delay_us();
  if (line->connects_us > stage.now_us)
    return fails(EINPROGRESS);
  line_connect(line);
  return line->refused ? fails(line->refused) : 0;
}

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *length);
int
__wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
  struct line *line = line_find(fd);

  machine_count_call();
  if (level == IPPROTO_TCP && option == TCP_INFO) {
    sim_check(*length == sizeof(struct tcp_info), "how a line is is asked for otherwise");
    *(struct tcp_info *)value = (struct tcp_info){ .tcpi_min_rtt = (uint32_t)net.manners.delay_max_us };
    return 0;
  }
  sim_check(level == SOL_SOCKET && *length == sizeof(int), "another option of a socket's is asked for");
  *(int *)value = option == SO_ERROR ? line->refused : option == SO_DOMAIN ? AF_INET : 0;
  return 0;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t length);
int
__wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
  struct line *line = line_find(fd);

  machine_count_call();
  if (level == SOL_SOCKET && option == SO_LINGER && length == sizeof(struct linger))
    line->lingers_not = ((const struct linger *)value)->l_onoff && ((const struct linger *)value)->l_linger == 0;
  return 0;
}

static size_t
iov_bytes(const struct msghdr *message)
{
  size_t bytes = 0;

  for (size_t i = 0; i < message->msg_iovlen; i++)
    bytes += message->msg_iov[i].iov_len;
  return bytes;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t
__wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
  struct line *line = line_find(fd);
  size_t wanted = iov_bytes(message), some, left;

  (void)flags;
  if (is_interrupted())
    return -1;
  if (!line->connected)
    return fails(ENOTCONN);
  if (line->is_deaf)
    return succeeds(0);
  if (line->arrived == 0) {
    if (!line->fin || bytes_count(&line->in) > 0)
      return fails(EAGAIN);
    if (!line->reset || line->reset_told)
      return succeeds(0);
    line->reset_told = true;
    return fails(line->reset);
  }
  if (net_happens(net.manners.not_now_one_in))
    return fails(EAGAIN);
  some = left = net_some(range_min(wanted, line->arrived));
  for (size_t i = 0; i < message->msg_iovlen && left > 0; i++) {
    size_t part = range_min(left, message->msg_iov[i].iov_len);
    memcpy(message->msg_iov[i].iov_base, line->in.bytes + line->in.start, part);
    line->in.start += part;
    left -= part;
  }
  line->arrived -= some;
  line->received_bytes += some;
  sim_trace("%8llu us line %d: gives %zu of %zu bytes", (ull)stage.now_us, fd, some, wanted);
  return succeeds((ssize_t)some);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t
__wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
  struct line *line = line_find(fd);
  size_t wanted = iov_bytes(message), some, left;

  sim_check(flags & MSG_NOSIGNAL, "a send that may end the program by SIGPIPE");
  if (is_interrupted())
    return -1;
  if (!line->connected || line->shut)
    return fails(line->connected ? EPIPE : ENOTCONN);
  if (line->reset && !line->reset_told) {
    line->reset_told = true;
    return fails(line->reset);
  }
  if (line->reset || (line->fin && !line->session && random_one_in(&net.random, 2)))
    return fails(EPIPE);
  size_t room = line->room_bytes - range_min(line->room_bytes, bytes_count(&line->out));
  if (line->fin && !line->session) /* it goes where nobody is */
    return succeeds((ssize_t)wanted);
  if (room == 0 || (wanted > 0 && net_happens(net.manners.not_now_one_in)))
    return fails(EAGAIN);
  some = left = net_some(range_min(wanted, room));
  for (size_t i = 0; i < message->msg_iovlen && left > 0; i++) {
    size_t part = range_min(left, message->msg_iov[i].iov_len);
    bytes_add(&line->out, message->msg_iov[i].iov_base, part);
    left -= part;
  }
  if (line->drains_us == NET_NEVER && some > 0)
    line->drains_us = stage.now_us + net_delay_us();
  sim_trace("%8llu us line %d: takes %zu of %zu bytes", (ull)stage.now_us, fd, some, wanted);
  return succeeds((ssize_t)some);
}

int __wrap_shutdown(int fd, int how);
int
__wrap_shutdown(int fd, int how)
{
  struct line *line = line_find(fd);

  machine_count_call();
  if (!line->connected)
    return fails(ENOTCONN);
  line->shut = true;
  line->is_deaf = line->is_deaf || how == SHUT_RDWR;
  if (line->drains_us == NET_NEVER)
    line->drains_us = stage.now_us + net_delay_us();
  return (int)succeeds(0);
}

/* What was sent before still comes to the peer, or some of it. */
int __wrap_close(int fd);
int
__wrap_close(int fd)
{
  struct line *line = line_find(fd);

  machine_count_call();
  sim_trace("%8llu us line %d: closed", (ull)stage.now_us, fd);
  if (line->session && !line->lingers_not) {
    size_t some = random_one_in(&net.random, 2) ? bytes_count(&line->out) : net_some(bytes_count(&line->out));
    if (some > 0)
      peer_hear(line->session, line->out.bytes + line->out.start, some);
  }
  if (line->session)
    peer_lost(line->session);
  line->session = NULL;
  line->used = false;
  return 0;
}

/* libnbd's sockets are made as they are to be; it asks nothing else of them. */
int __wrap_fcntl(int fd, int command, ...);
int
__wrap_fcntl(int fd, int command, ...)
{
  (void)command;
  line_find(fd);
  return 0;
}
