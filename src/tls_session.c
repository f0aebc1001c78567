/* SPDX-License-Identifier: MIT */
/* tls_session: see tls_session.h. */
#include "tls_session.h"

#include "psk_file.h"
#include "secret.h"
#include "tls_engine.h"
#include "tls_keys.h"
#include "tls_psk.h"
#include "tls_record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* Many records come with one recv() and go with one send(). */
#define INPUT_BYTES (8 * TLS_RECORD_BYTES_MAX)
#define OUTPUT_BYTES (4 * TLS_RECORD_BYTES_MAX)

/* What turns bytes of the socket into a handshake, and what turns them into data:
 * each a machine that makes no call to the socket. */
struct machine {
  /* What is to be sent (length 0: nothing), and so much of it was. */
  const uint8_t *(*unsent)(struct tls_session *session, size_t *length);
  void (*sent)(struct tls_session *session, size_t length);
  /* Where to put what the socket brings, and so much did. NULL: nothing before all
   * is sent. */
  uint8_t *(*room)(struct tls_session *session, size_t *length);
  int (*received)(struct tls_session *session, size_t length, struct fault *fault);

  /* A handshake: whether both sides have ended it, and what to do then; whether the
   * server ended all, as tls_engine_closed(); what it means that the socket ended. */
  bool (*is_done)(struct tls_session *session);
  void (*finish)(struct tls_session *session);
  int (*closed)(struct tls_session *session, struct fault *fault);
  int (*cut)(struct tls_session *session, int errnum, struct fault *fault);

  /* Data: as tls_record_take(), _is_ended(), _put(), _is_ready() and _close(). */
  int64_t (*take)(struct tls_session *session, void *bytes, size_t length, struct fault *fault);
  bool (*is_ended)(struct tls_session *session);
  int64_t (*put)(struct tls_session *session, const void *bytes, size_t length, struct fault *fault);
  bool (*is_ready)(struct tls_session *session);
  void (*close)(struct tls_session *session);
};

/* A handshake with a shared secret, and what came behind its end. */
struct with_psk {
  struct tls_psk psk;
  size_t begin, end; /* what of `input` the handshake has not taken */
  uint8_t input[1024];
  char file[PSK_FILE_BYTES_MAX]; /* where the secret was found */
};

struct buffers {
  uint8_t input[INPUT_BYTES];
  uint8_t output[OUTPUT_BYTES];
};

struct tls_session {
  struct tls *tls;
  int fd;
  const struct machine *machine;
  bool is_reading;    /* the handshake waits for the socket to be read, not written */
  bool has_data;      /* the server has sent some */
  bool writes_shut;   /* nothing follows from our side */
  size_t taken;       /* bytes of a send() that were taken in, but are not all with the kernel */
  struct fault blame; /* what to say, should the server hang up before it has sent data */
  struct tls_record record;
  union {
    struct tls_engine engine;
    struct with_psk psk;
    struct buffers buffers;
  } room;
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

static bool
has_unsent(struct tls_session *session)
{
  size_t length;

  return session->machine->unsent(session, &length), length > 0;
}

/* Sends all that is to be sent. Returns 0 when it is with the kernel, or -1 with
 * errno. */
static int
flush(struct tls_session *session)
{
  size_t length;
  const uint8_t *bytes;

  while ((bytes = session->machine->unsent(session, &length)), length > 0) {
    ssize_t sent = to_socket(session->fd, bytes, length);
    if (sent == -1)
      return -1;
    session->machine->sent(session, (size_t)sent);
  }
  return 0;
}

/* ---- Data: tls_record ---- */

static const uint8_t *
records_unsent(struct tls_session *session, size_t *length)
{
  return tls_record_unsent(&session->record, length);
}

static void
records_sent(struct tls_session *session, size_t length)
{
  tls_record_sent(&session->record, length);
}

static uint8_t *
records_room(struct tls_session *session, size_t *length)
{
  return tls_record_room(&session->record, length);
}

static int
records_received(struct tls_session *session, size_t length, struct fault *fault)
{
  (void)fault;
  tls_record_received(&session->record, length);
  return 0;
}

static int64_t
records_take(struct tls_session *session, void *bytes, size_t length, struct fault *fault)
{
  return tls_record_take(&session->record, bytes, length, fault);
}

static bool
records_is_ended(struct tls_session *session)
{
  return tls_record_is_ended(&session->record);
}

static int64_t
records_put(struct tls_session *session, const void *bytes, size_t length, struct fault *fault)
{
  return tls_record_put(&session->record, bytes, length, fault);
}

static bool
records_is_ready(struct tls_session *session)
{
  return tls_record_is_ready(&session->record);
}

static void
records_close(struct tls_session *session)
{
  tls_record_close(&session->record);
}

static const struct machine records = { .unsent = records_unsent,
                                        .sent = records_sent,
                                        .room = records_room,
                                        .received = records_received,
                                        .take = records_take,
                                        .is_ended = records_is_ended,
                                        .put = records_put,
                                        .is_ready = records_is_ready,
                                        .close = records_close };

/* From a handshake to its data, with other bytes in the same place. */
static void
enter_records(struct tls_session *session, struct tls_keys *keys)
{
  struct buffers *buffers = &session->room.buffers;

  secret_wipe(&session->room, sizeof session->room);
  tls_record_init(&session->record, keys, buffers->input, sizeof buffers->input, buffers->output,
                  sizeof buffers->output);
  secret_wipe(keys, sizeof *keys);
  session->machine = &records;
}

static void
describe(struct tls_session *session, const char *suite, const char *more)
{
  snprintf(session->tls->description, sizeof session->tls->description, "TLS 1.2, %s%s", suite, more);
}

/* ---- A handshake with certificates, and data in ChaCha20: tls_engine ---- */

static const uint8_t *
engine_unsent(struct tls_session *session, size_t *length)
{
  return tls_engine_unsent(&session->room.engine, length);
}

static void
engine_sent(struct tls_session *session, size_t length)
{
  tls_engine_sent(&session->room.engine, length);
}

static uint8_t *
engine_room(struct tls_session *session, size_t *length)
{
  return tls_engine_room(&session->room.engine, length);
}

static int
engine_received(struct tls_session *session, size_t length, struct fault *fault)
{
  (void)fault;
  tls_engine_received(&session->room.engine, length);
  return 0;
}

static bool
engine_is_done(struct tls_session *session)
{
  return tls_engine_is_done(&session->room.engine);
}

static void
engine_finish(struct tls_session *session)
{
  struct tls_engine *engine = &session->room.engine;
  struct tls_keys keys;

  describe(session, tls_engine_suite(engine), !tls_x509_clock_is_behind() ? "" :
           "; the clock is wrong, certificates were judged as of when decant was built");
  fault_set(&session->blame, EXIT_FAILED, 0, "the server hung up right after the TLS handshake");
  tls_engine_blame(engine, &session->blame);
  secret_wipe(&engine->files.key, sizeof engine->files.key);
  if (tls_keys_from_engine(&keys, &engine->client.eng))
    enter_records(session, &keys);
}

static int
engine_closed(struct tls_session *session, struct fault *fault)
{
  return tls_engine_closed(&session->room.engine, fault);
}

static int
engine_cut(struct tls_session *session, int errnum, struct fault *fault)
{
  return tls_engine_cut(&session->room.engine, errnum, fault);
}

static int64_t
engine_take(struct tls_session *session, void *bytes, size_t length, struct fault *fault)
{
  size_t taken = tls_engine_take(&session->room.engine, bytes, length);

  return taken == 0 && engine_closed(session, fault) == -1 ? -1 : (int64_t)taken;
}

static bool
engine_is_ended(struct tls_session *session)
{
  struct fault ignored;

  return engine_closed(session, &ignored) == 1;
}

static int64_t
engine_put(struct tls_session *session, const void *bytes, size_t length, struct fault *fault)
{
  size_t put = tls_engine_put(&session->room.engine, bytes, length);
  int closed = put > 0 ? 0 : engine_closed(session, fault);

  if (closed == 1 || (put == 0 && closed == 0 && !has_unsent(session)))
    return fault_set(fault, EXIT_FAILED, 0, "the server has ended the TLS connection");
  return closed == -1 ? -1 : (int64_t)put;
}

static bool
engine_is_ready(struct tls_session *session)
{
  return tls_engine_is_ready(&session->room.engine);
}

static void
engine_close(struct tls_session *session)
{
  tls_engine_close(&session->room.engine);
}

static const struct machine with_certificates = { .unsent = engine_unsent,
                                                  .sent = engine_sent,
                                                  .room = engine_room,
                                                  .received = engine_received,
                                                  .is_done = engine_is_done,
                                                  .finish = engine_finish,
                                                  .closed = engine_closed,
                                                  .cut = engine_cut,
                                                  .take = engine_take,
                                                  .is_ended = engine_is_ended,
                                                  .put = engine_put,
                                                  .is_ready = engine_is_ready,
                                                  .close = engine_close };

/* ---- A handshake with a shared secret: tls_psk ---- */

static const uint8_t *
psk_unsent(struct tls_session *session, size_t *length)
{
  return tls_psk_unsent(&session->room.psk.psk, length);
}

static void
psk_sent(struct tls_session *session, size_t length)
{
  tls_psk_sent(&session->room.psk.psk, length);
}

static uint8_t *
psk_room(struct tls_session *session, size_t *length)
{
  *length = sizeof session->room.psk.input;
  return session->room.psk.input;
}

static int
psk_received(struct tls_session *session, size_t length, struct fault *fault)
{
  struct with_psk *room = &session->room.psk;

  room->end = length;
  return tls_psk_receive(&room->psk, room->input, length, &room->begin, fault);
}

static bool
psk_is_done(struct tls_session *session)
{
  return tls_psk_is_done(&session->room.psk.psk);
}

/* What came behind the handshake is the first of the data. */
static void
psk_finish(struct tls_session *session)
{
  struct with_psk *room = &session->room.psk;
  struct tls_keys keys = *tls_psk_keys(&room->psk);
  uint8_t rest[sizeof room->input];
  size_t rest_bytes = room->end - room->begin, space;

  memcpy(rest, room->input + room->begin, rest_bytes);
  describe(session, room->psk.prime_bytes ? "DHE-PSK-AES128-GCM-SHA256" : "PSK-AES128-GCM-SHA256",
           room->psk.has_extended_master ? "" : ", without extended master secret");
  fault_set(&session->blame, EXIT_FAILED, 0, "the server hung up right after the TLS handshake");
  enter_records(session, &keys);
  uint8_t *input = tls_record_room(&session->record, &space);
  assert(rest_bytes <= space);
  memcpy(input, rest, rest_bytes);
  tls_record_received(&session->record, rest_bytes);
}

static int
psk_closed(struct tls_session *session, struct fault *fault)
{
  (void)session, (void)fault;
  return 0; /* it is told as it comes */
}

static int
psk_cut(struct tls_session *session, int errnum, struct fault *fault)
{
  (void)errnum;
  return tls_psk_cut(&session->room.psk.psk, fault);
}

static const struct machine with_secret = { .unsent = psk_unsent,
                                            .sent = psk_sent,
                                            .room = psk_room,
                                            .received = psk_received,
                                            .is_done = psk_is_done,
                                            .finish = psk_finish,
                                            .closed = psk_closed,
                                            .cut = psk_cut };

/* Reads a whole file. Returns its length, or -1 with the fault set. */
static ssize_t
read_file(const char *path, char *text, size_t text_bytes, struct fault *fault)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t used = 0;
  ssize_t got = 0;

  if (fd == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot open %s", path);
  while (used < text_bytes && ((got = read(fd, text + used, text_bytes - used)) > 0 || (got == -1 && errno == EINTR)))
    used += got > 0 ? (size_t)got : 0;
  int errnum = errno;
  close(fd);
  if (got == -1)
    return fault_set(fault, EXIT_FAILED, errnum, "cannot read %s", path);
  if (used == text_bytes)
    return fault_set(fault, EXIT_FAILED, 0, "%s is longer than %zu KiB", path, text_bytes / 1024);
  return (ssize_t)used;
}

static int
find_secret(struct tls_session *session, const char *user, uint8_t key[TLS_PSK_KEY_BYTES_MAX], size_t *key_length,
            struct fault *fault)
{
  struct with_psk *room = &session->room.psk;
  const char *path = session->tls->psk_file;
  ssize_t length = read_file(path, room->file, sizeof room->file, fault);

  return length == -1 ? -1
                      : psk_file_find(room->file, (size_t)length, path, user, key, TLS_PSK_KEY_BYTES_MAX, key_length,
                                      fault);
}

static int
start_psk(struct tls_session *session, struct fault *fault)
{
  struct with_psk *room = &session->room.psk;
  const char *user = session->tls->user ? session->tls->user : getenv("LOGNAME");
  uint8_t key[TLS_PSK_KEY_BYTES_MAX], random[TLS_PSK_RANDOM_BYTES];
  struct tls_psk_config config = { .user = user, .key = key, .random = random };

  session->machine = &with_secret;
  if (!user)
    return fault_set(fault, EXIT_FAILED, 0, "whose secret is it? Write the user's name into the URI: nbds://USER@HOST");
  room->begin = room->end = 0;
  int result = find_secret(session, user, key, &config.key_length, fault);
  if (result == 0 && getrandom(random, sizeof random, 0) != sizeof random)
    result = fault_set(fault, EXIT_FAILED, errno, "the kernel gave no random bytes");
  if (result == 0)
    result = tls_psk_start(&room->psk, &config, fault);
  secret_wipe(key, sizeof key);
  secret_wipe(random, sizeof random);
  return result;
}

/* ---- The handshake ---- */

int
tls_session_handshake(struct tls_session *session, struct fault *fault)
{
  const struct machine *machine = session->machine;
  size_t length;

  for (;;) {
    session->is_reading = false;
    if (flush(session) == -1)
      return errno == EAGAIN ? 1 : machine->cut(session, errno, fault);
    int closed = machine->closed(session, fault);
    if (closed != 0)
      return closed == -1 ? -1 : machine->cut(session, 0, fault);
    if (machine->is_done(session)) {
      machine->finish(session);
      return 0;
    }
    session->is_reading = true;
    uint8_t *room = machine->room(session, &length);
    if (!room)
      return machine->cut(session, EPROTO, fault);
    ssize_t got = from_socket(session->fd, room, length);
    if (got == -1 && errno == EAGAIN)
      return 1;
    if (got <= 0)
      return machine->cut(session, got == 0 ? 0 : errno, fault);
    if (machine->received(session, (size_t)got, fault) == -1) {
      flush(session); /* the alert, if it goes */
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
    *fault = session->blame;
  errno = EIO;
  return -1;
}

/* Ends early only where the socket has no more: libnbd then waits for it, and
 * would never ask for what is held here. */
ssize_t
tls_session_recv(struct tls_session *session, void *bytes, size_t length, struct fault *fault)
{
  const struct machine *machine = session->machine;
  size_t done = 0, space;

  for (;;) {
    int64_t taken = machine->take(session, (unsigned char *)bytes + done, length - done, fault);
    if (taken == -1) {
      flush(session); /* the alert, if it goes */
      errno = EIO;
      return -1;
    }
    done += (size_t)taken;
    session->has_data = session->has_data || taken > 0;
    if (done == length)
      return (ssize_t)done;
    if (taken > 0)
      continue;
    if (machine->is_ended(session))
      return session->has_data && done == 0 ? 0 : cut(session, 0, fault);
    uint8_t *room = machine->room(session, &space);
    if (!room && !has_unsent(session))
      return cut(session, EPROTO, fault);
    assert(!room || space > 0); /* all that was held is taken */
    /* Who waits for an answer has asked: libnbd says that more follows also where it
     * has nothing to add, as when it lists metadata contexts. */
    if (room)
      flush(session);
    ssize_t got = room ? from_socket(session->fd, room, space) : flush(session);
    if (got == -1 && errno == EAGAIN)
      return done > 0 ? (ssize_t)done : -1;
    if (got == -1 || (room && got == 0))
      return cut(session, got == 0 ? 0 : errno, fault);
    if (room && machine->received(session, (size_t)got, fault) == -1)
      return -1;
  }
}

ssize_t
tls_session_send(struct tls_session *session, const void *bytes, size_t length, bool more, struct fault *fault)
{
  assert(session->taken <= length);
  while (session->taken < length) {
    int64_t put = session->machine->put(session, (const unsigned char *)bytes + session->taken,
                                        length - session->taken, fault);
    if (put == -1) {
      errno = EIO;
      return -1;
    }
    session->taken += (size_t)put;
    if (session->taken < length && flush(session) == -1)
      return errno == EAGAIN ? -1 : cut(session, errno, fault);
  }
  if (!more && flush(session) == -1)
    return errno == EAGAIN ? -1 : cut(session, errno, fault);
  session->taken = 0;
  return (ssize_t)length;
}

bool
tls_session_is_pending(struct tls_session *session)
{
  return session->machine->is_ready(session);
}

bool
tls_session_shut_writes(struct tls_session *session)
{
  if (!session->writes_shut)
    session->machine->close(session);
  session->writes_shut = true;
  return flush(session) == 0 || errno != EAGAIN; /* a goodbye that can't go doesn't matter */
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
  memset(session, 0, offsetof(struct tls_session, room));
  session->tls = tls;
  session->fd = fd;
  session->machine = &with_certificates;
  if ((tls->psk_file ? start_psk(session, fault) : tls_engine_start(&session->room.engine, tls, fault)) == -1) {
    tls_session_close(session);
    return NULL;
  }
  return session;
}

/* What is in the buffers behind a handshake is disk content, as everywhere. */
void
tls_session_close(struct tls_session *session)
{
  struct tls_pool *pool = session->tls->pool;

  if (session->machine != &records)
    secret_wipe(&session->room, sizeof session->room);
  tls_record_wipe(&session->record);
  pool->taken[session - pool->sessions] = false;
}
