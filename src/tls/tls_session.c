/* SPDX-License-Identifier: MIT */
/* tls_session: see tls_session.h. */
#include "tls/tls_session.h"

#include "tls/tls_machine.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct tls_session {
  struct tls_pool *pool; /* where it lies */
  int fd;
  bool is_reading;            /* the handshake waits for the socket to be read, not written */
  bool has_data;              /* the server has sent some */
  bool writes_shut;           /* nothing follows from our side */
  size_t taken;               /* bytes of a send() that were taken in, but are not all with the kernel */
  struct tls_machine machine; /* most of it, and the last: tls_session_open() clears what is before */
};
_Static_assert(sizeof(struct tls_session) <= TLS_SESSION_BYTES_MAX, "what docs/MEMORY.md says");

/* ---- The pool ---- */

size_t
tls_pool_bytes(unsigned sessions)
{
  return sessions * sizeof(struct tls_session);
}

void
tls_pool_init(struct tls_pool *pool, void *memory, unsigned sessions)
{
  assert(sessions <= TLS_SESSIONS_MAX);
  *pool = (struct tls_pool){ .sessions = memory, .count = sessions };
}

static struct tls_session *
pool_take(struct tls_pool *pool)
{
  for (unsigned i = 0; i < pool->count; i++)
    if (!pool->taken[i]) {
      pool->taken[i] = true;
      return &pool->sessions[i];
    }
  return NULL;
}

/* ---- The socket ---- */

/* Both return -1 with errno EAGAIN where the socket isn't ready. */
static ssize_t
from_socket(int fd, void *bytes, size_t length)
{
  ssize_t got;

  do
    got = recv(fd, bytes, length, MSG_DONTWAIT);
  while (got == -1 && errno == EINTR);
  if (got == -1 && errno == EWOULDBLOCK)
    errno = EAGAIN;
  return got;
}

static ssize_t
to_socket(int fd, const void *bytes, size_t length)
{
  ssize_t sent;

  do
    sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent == -1 && errno == EINTR);
  if (sent == -1 && errno == EWOULDBLOCK)
    errno = EAGAIN;
  return sent;
}

/* Sends all that is to be sent. Returns 0 when it is with the kernel, or -1 with
 * errno. */
static int
session_flush(struct tls_session *session)
{
  struct tls_machine *machine = &session->machine;
  size_t length;
  const uint8_t *bytes;

  while ((bytes = machine->ops->unsent(machine, &length)), length > 0) {
    ssize_t sent = to_socket(session->fd, bytes, length);
    if (sent == -1)
      return -1;
    machine->ops->sent(machine, (size_t)sent);
  }
  return 0;
}

/* ---- The handshake ---- */

/* It ended without a word, of which nobody can tell whether the server meant it. */
static int
cut_handshake(struct tls_machine *machine, int errnum, struct fault *fault)
{
  int result = machine->ops->cut(machine, errnum, fault);

  fault->errnum = ECONNRESET;
  return result;
}

int
tls_session_handshake(struct tls_session *session, struct fault *fault)
{
  struct tls_machine *machine = &session->machine;
  size_t length;

  for (;;) {
    session->is_reading = false;
    if (session_flush(session) == -1)
      return errno == EAGAIN ? 1 : cut_handshake(machine, errno, fault);
    int closed = machine->ops->closed(machine, fault);
    if (closed != 0)
      return closed == -1 ? -1 : cut_handshake(machine, 0, fault);
    if (machine->ops->is_done(machine)) {
      machine->ops->finish(machine);
      return 0;
    }
    session->is_reading = true;
    uint8_t *room = machine->ops->room(machine, &length);
    if (!room)
      return cut_handshake(machine, EPROTO, fault);
    ssize_t got = from_socket(session->fd, room, length);
    if (got == -1 && errno == EAGAIN)
      return 1;
    if (got <= 0)
      return cut_handshake(machine, got == 0 ? 0 : errno, fault);
    if (machine->ops->received(machine, (size_t)got, fault) == -1) {
      session_flush(session); /* the alert, if it goes */
      return -1;
    }
  }
}

bool
tls_session_is_reading(const struct tls_session *session)
{
  return session->is_reading;
}

/* ---- Data ---- */

/* The connection ended without a goodbye. Once we have said ours that is how many
 * servers end it; before, somebody cut it. */
static ssize_t
cut(const struct tls_session *session, int errnum, struct fault *fault)
{
  if (session->writes_shut)
    return 0;
  if (session->has_data)
    fault_set(fault, EXIT_FAILED, errnum, "the TLS connection was cut");
  else
    *fault = session->machine.blame;
  fault->errnum = ECONNRESET;
  errno = EIO;
  return -1;
}

/* Ends early only where the socket has no more: libnbd then waits for it, and
 * would never ask for what is held here. */
ssize_t
tls_session_recv(struct tls_session *session, void *bytes, size_t length, struct fault *fault)
{
  struct tls_machine *machine = &session->machine;
  size_t done = 0, space;

  for (;;) {
    int64_t taken = machine->ops->take(machine, (unsigned char *)bytes + done, length - done, fault);
    if (taken == -1) {
      session_flush(session); /* the alert, if it goes */
      errno = EIO;
      return -1;
    }
    done += (size_t)taken;
    session->has_data = session->has_data || taken > 0;
    if (done == length)
      return (ssize_t)done;
    if (taken > 0)
      continue;
    if (machine->ops->is_ended(machine))
      return session->has_data && done == 0 ? 0 : cut(session, 0, fault);
    uint8_t *room = machine->ops->room(machine, &space);
    /* What a send() has left here goes when it is repeated, and not behind its back: the
     * server could answer before libnbd knows that it has asked, and libnbd skips answers
     * to what it hasn't, and would wait for this one for ever. */
    bool is_sending = session->taken > 0;
    if (!room && (is_sending || !tls_machine_has_unsent(machine)))
      return cut(session, EPROTO, fault);
    assert(!room || space > 0); /* all that was held is taken */
    /* Who waits for an answer has asked: libnbd says that more follows also where it
     * has nothing to add, as when it lists metadata contexts. */
    if (room && !is_sending)
      session_flush(session);
    ssize_t got = room ? from_socket(session->fd, room, space) : session_flush(session);
    if (got == -1 && errno == EAGAIN)
      return done > 0 ? (ssize_t)done : -1;
    if (got == -1 || (room && got == 0))
      return cut(session, got == 0 ? 0 : errno, fault);
    if (room && machine->ops->received(machine, (size_t)got, fault) == -1) {
      errno = EIO;
      return -1;
    }
  }
}

ssize_t
tls_session_send(struct tls_session *session, const void *bytes, size_t length, bool more, struct fault *fault)
{
  struct tls_machine *machine = &session->machine;

  assert(session->taken <= length);
  while (session->taken < length) {
    int64_t put = machine->ops->put(machine, (const unsigned char *)bytes + session->taken, length - session->taken,
                                    fault);
    if (put == -1) {
      errno = EIO;
      return -1;
    }
    session->taken += (size_t)put;
    if (session->taken < length && session_flush(session) == -1)
      return errno == EAGAIN ? -1 : cut(session, errno, fault);
  }
  if (!more && session_flush(session) == -1)
    return errno == EAGAIN ? -1 : cut(session, errno, fault);
  session->taken = 0;
  return (ssize_t)length;
}

bool
tls_session_is_pending(struct tls_session *session)
{
  return session->machine.ops->is_ready(&session->machine);
}

bool
tls_session_shut_writes(struct tls_session *session)
{
  if (!session->writes_shut)
    session->machine.ops->close(&session->machine);
  session->writes_shut = true;
  return session_flush(session) == 0 || errno != EAGAIN; /* a goodbye that can't go doesn't matter */
}

/* ---- Beginning and end ---- */

struct tls_session *
tls_session_open(struct tls *tls, int fd, struct fault *fault)
{
  struct tls_session *session = pool_take(tls->pool);

  if (!session) {
    fault_set(fault, EXIT_FAILED, 0, "more TLS sessions than there is memory for");
    return NULL;
  }
  memset(session, 0, offsetof(struct tls_session, machine));
  session->pool = tls->pool;
  session->fd = fd;
  if (tls_machine_start(&session->machine, tls, fault) == -1) {
    tls_session_close(session);
    return NULL;
  }
  return session;
}

void
tls_session_close(struct tls_session *session)
{
  struct tls_pool *pool = session->pool;

  tls_machine_wipe(&session->machine);
  pool->taken[session - pool->sessions] = false;
}
