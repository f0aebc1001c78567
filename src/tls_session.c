/* SPDX-License-Identifier: MIT */
/* tls_session: see tls_session.h. */
#include "tls_session.h"

#include "secret.h"
#include "tls_files.h"
#include "tls_keys.h"
#include "tls_record.h"
#include "tls_x509.h"

#include <bearssl_ssl.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

/* Many records come with one recv() and go with one send(). */
#define INPUT_BYTES (8 * TLS_RECORD_BYTES_MAX)
#define OUTPUT_BYTES (4 * TLS_RECORD_BYTES_MAX)

/* What turns data into records and back: BearSSL's engine, or tls_record. */
struct codec {
  /* As tls_record_take(), and whether nothing follows what was taken. */
  int64_t (*take)(struct tls_session *session, void *bytes, size_t length, struct fault *fault);
  bool (*ended)(struct tls_session *session);
  /* Where to put what the socket brings; NULL: not before all is flushed. */
  uint8_t *(*room)(struct tls_session *session, size_t *length);
  void (*received)(struct tls_session *session, size_t length);
  /* As tls_record_put(): 0 where there is no room before all is flushed. */
  int64_t (*put)(struct tls_session *session, const void *bytes, size_t length, struct fault *fault);
  /* Returns 0 when all that was put is with the kernel, -1 with errno. */
  int (*flush)(struct tls_session *session);
  bool (*pending)(struct tls_session *session);
  void (*close)(struct tls_session *session);
};

/* A handshake with certificates. */
struct with_x509 {
  br_ssl_client_context client;
  br_ssl_client_certificate_class certificate_class; /* BearSSL's, but for noting that we are asked */
  struct tls_files files;
  struct tls_x509 x509;
  unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

struct buffers {
  uint8_t input[INPUT_BYTES];
  uint8_t output[OUTPUT_BYTES];
};

struct tls_session {
  struct tls *tls;
  int fd;
  const struct codec *codec; /* NULL: the handshake goes on */
  bool is_reading;       /* the handshake waits for the socket to be read, not written */
  bool asked_who_we_are; /* the server wants a client certificate */
  bool writes_shut;      /* nothing follows from our side */
  size_t taken;          /* bytes of a send() that were taken in, but are not all with the kernel */
  struct tls_record record;
  union {
    struct with_x509 x509;
    struct buffers buffers;
  } room;
};

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

static int
fail(struct fault *fault, int errnum, const char *text)
{
  fault_set(fault, EXIT_FAILED, errnum, "%s", text);
  errno = errnum && errnum != EAGAIN ? errnum : EIO;
  return -1;
}

/* ---- BearSSL's engine, set up ---- */

static br_ssl_engine_context *
engine_of(struct tls_session *session)
{
  return &session->room.x509.client.eng;
}

/* BearSSL has been asked for a client certificate: how it goes on is its own
 * business, but should the server hang up then we know why. */
static void
note_request(const br_ssl_client_certificate_class **context)
{
  struct with_x509 *room = (struct with_x509 *)((unsigned char *)context - offsetof(struct with_x509, client) -
                                                offsetof(br_ssl_client_context, client_auth));
  struct tls_session *session = (struct tls_session *)((unsigned char *)room - offsetof(struct tls_session, room));

  session->asked_who_we_are = true;
}

static void
start_name(const br_ssl_client_certificate_class **context, size_t length)
{
  (void)context, (void)length;
}

static void
append_name(const br_ssl_client_certificate_class **context, const unsigned char *bytes, size_t length)
{
  (void)context, (void)bytes, (void)length;
}

static void
end_name(const br_ssl_client_certificate_class **context)
{
  (void)context;
}

static void
choose_none(const br_ssl_client_certificate_class **context, const br_ssl_client_context *client, uint32_t auth_types,
            br_ssl_client_certificate *choices)
{
  (void)context, (void)client, (void)auth_types;
  memset(choices, 0, sizeof *choices);
}

/* Who we are, if the server asks. */
static void
set_client_certificate(struct with_x509 *room)
{
  static const br_ssl_client_certificate_class nobody = { .context_size = sizeof(void *),
                                                          .start_name = start_name,
                                                          .append_name = append_name,
                                                          .end_name = end_name,
                                                          .end_name_list = end_name,
                                                          .choose = choose_none };
  br_ssl_client_context *client = &room->client;
  const struct tls_files *files = &room->files;
  int type = files->chain_count ? br_skey_decoder_key_type(&files->key) : 0;

  client->client_auth.vtable = &nobody;
  if (type == BR_KEYTYPE_RSA)
    br_ssl_client_set_single_rsa(client, files->chain, files->chain_count, br_skey_decoder_get_rsa(&files->key),
                                 br_rsa_pkcs1_sign_get_default());
  else if (type == BR_KEYTYPE_EC)
    br_ssl_client_set_single_ec(client, files->chain, files->chain_count, br_skey_decoder_get_ec(&files->key),
                                BR_KEYTYPE_SIGN, 0, br_ec_get_default(), br_ecdsa_sign_asn1_get_default());
  room->certificate_class = *client->client_auth.vtable;
  room->certificate_class.start_name_list = note_request;
  client->client_auth.vtable = &room->certificate_class;
  client->client_auth_vtable = &client->client_auth.vtable;
}

/* Key exchange with forward secrecy and authenticated encryption only. What the
 * processor does fastest comes first. */
static void
set_algorithms(br_ssl_client_context *client)
{
  static const uint16_t suites[] = {
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,       BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,       BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    /* And once more, for processors without AES. */
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,       BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,       BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
  };
  br_ssl_engine_context *engine = &client->eng;

  br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
  br_ssl_engine_set_suites(engine, br_aes_x86ni_ctr_get_vtable() ? suites : suites + 4, 6);
  br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
  br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
  br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
  br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
  br_ssl_engine_set_prf_sha384(engine, &br_tls12_sha384_prf);
  br_ssl_engine_set_default_rsavrfy(engine);
  br_ssl_engine_set_default_ecdsa(engine);
  br_ssl_engine_set_default_aes_gcm(engine);
  br_ssl_engine_set_default_chapol(engine);
  br_ssl_engine_add_flags(engine, BR_OPT_NO_RENEGOTIATION);
}

static int
inject_randomness(br_ssl_engine_context *engine, struct fault *fault)
{
  unsigned char seed[32];

  if (getrandom(seed, sizeof seed, 0) != sizeof seed)
    return fail(fault, errno, "the kernel gave no random bytes");
  br_ssl_engine_inject_entropy(engine, seed, sizeof seed);
  secret_wipe(seed, sizeof seed);
  return 0;
}

static int
start_x509(struct tls_session *session, struct fault *fault)
{
  struct with_x509 *room = &session->room.x509;
  const char *host = session->tls->host;
  unsigned char address[16];

  if (session->tls->psk_file)
    return fail(fault, ENOTSUP, "a shared secret (PSK) instead of certificates is not supported yet");
  if (tls_files_read(&room->files, session->tls, fault) == -1)
    return -1;
  br_ssl_client_zero(&room->client);
  set_algorithms(&room->client);
  set_client_certificate(room);
  tls_x509_init(&room->x509, session->tls, &room->files);
  br_ssl_engine_set_x509(&room->client.eng, &room->x509.vtable);
  br_ssl_engine_set_buffer(&room->client.eng, room->buffer, sizeof room->buffer, 1);
  if (inject_randomness(&room->client.eng, fault) == -1)
    return -1;
  /* Addresses are no server names: RFC 6066, 3. */
  if (!br_ssl_client_reset(&room->client, host && tls_x509_address(host, address) == 0 ? host : NULL, 0))
    return fail(fault, 0, "TLS cannot begin (the server's name is too long?)");
  return 0;
}

/* ---- The handshake, in words ---- */

/* What a fatal alert of the server says to an operator. */
static int
alert_fault(const struct tls_session *session, unsigned alert, struct fault *fault)
{
  char room[TLS_ALERT_NAME_BYTES], directory[TLS_PATH_BYTES];
  const char *name = tls_alert_name(alert, room);

  tls_files_advice(&session->room.x509.files, directory, sizeof directory);
  switch (alert) {
  case 40: /* handshake_failure */
  case 71: /* insufficient_security */
    if (session->asked_who_we_are)
      break;
    return fault_set(fault, EXIT_FAILED, 0,
                     "no common cipher: the server refused all that decant offers, TLS 1.2 with ECDHE and AES-GCM or"
                     " ChaCha20-Poly1305, without extended master secret (alert %s)", name);
  case 70: /* protocol_version */
    return fault_set(fault, EXIT_FAILED, 0, "the server wants another version of TLS than 1.2, the only one of decant's"
                     " (alert %s)", name);
  default:
    break;
  }
  fault_set(fault, EXIT_FAILED, 0, "the server refused the TLS handshake: alert %s", name);
  if (session->asked_who_we_are && session->room.x509.files.chain_count == 0)
    fault_add(fault, "; it wants a client certificate: put client-cert.pem and client-key.pem into %s", directory);
  else if (session->asked_who_we_are)
    fault_add(fault, "; it asked for a client certificate and was shown that in %s", directory);
  return -1;
}

static int
hung_up(const struct tls_session *session, int errnum, struct fault *fault)
{
  fail(fault, errnum == EPIPE ? ECONNRESET : errnum, "the server hung up during the TLS handshake");
  if (session->asked_who_we_are && session->room.x509.files.chain_count == 0) {
    char directory[TLS_PATH_BYTES];
    tls_files_advice(&session->room.x509.files, directory, sizeof directory);
    fault_add(fault, "; it wants a client certificate: put client-cert.pem and client-key.pem into %s", directory);
  }
  return -1;
}

/* Why BearSSL's engine closed. */
static int
engine_fault(struct tls_session *session, struct fault *fault)
{
  int error = br_ssl_engine_last_error(engine_of(session));

  errno = EIO;
  if (session->room.x509.x509.fault.exit_code != EXIT_DONE) {
    *fault = session->room.x509.x509.fault;
    return -1;
  }
  if (error >= BR_ERR_RECV_FATAL_ALERT && error < BR_ERR_RECV_FATAL_ALERT + 256)
    return alert_fault(session, (unsigned)error - BR_ERR_RECV_FATAL_ALERT, fault);
  switch (error) {
  case BR_ERR_OK:
    return hung_up(session, 0, fault);
  case BR_ERR_UNSUPPORTED_VERSION:
    return fail(fault, EPROTO, "the server wants another version of TLS than 1.2, the only one of decant's");
  case BR_ERR_BAD_MAC:
    return fail(fault, EPROTO, "a TLS record was damaged on its way");
  case BR_ERR_BAD_SIGNATURE:
    return fail(fault, EPROTO, "the server cannot prove that it has the key of its certificate");
  default:
    fault_set(fault, EXIT_FAILED, EPROTO, "the server breaks the rules of TLS (BearSSL's error %d)", error);
    return -1;
  }
}

/* ---- Data through tls_record ---- */

/* Sends what is to be sent. Returns 0 when all of it is with the kernel, or -1
 * with errno. */
static int
records_flush(struct tls_session *session)
{
  size_t length;
  const uint8_t *bytes;

  while ((bytes = tls_record_unsent(&session->record, &length)), length > 0) {
    ssize_t sent = to_socket(session->fd, bytes, length);
    if (sent == -1)
      return -1;
    tls_record_sent(&session->record, (size_t)sent);
  }
  return 0;
}

/* What the buffers hold, up to `length` bytes. 0: they hold nothing, is_ended()
 * says whether for good. */
static int64_t
records_take(struct tls_session *session, void *bytes, size_t length, struct fault *fault)
{
  int64_t taken = tls_record_take(&session->record, bytes, length, fault);

  if (taken == -1)
    records_flush(session); /* the alert, if it goes */
  return taken;
}

static bool
records_ended(struct tls_session *session)
{
  return tls_record_is_ended(&session->record);
}

static uint8_t *
records_room(struct tls_session *session, size_t *length)
{
  return tls_record_room(&session->record, length);
}

static void
records_received(struct tls_session *session, size_t length)
{
  tls_record_received(&session->record, length);
}

static int64_t
records_put(struct tls_session *session, const void *bytes, size_t length, struct fault *fault)
{
  return tls_record_put(&session->record, bytes, length, fault);
}

static bool
records_pending(struct tls_session *session)
{
  return tls_record_is_ready(&session->record);
}

static void
records_close(struct tls_session *session)
{
  tls_record_close(&session->record);
}

static const struct codec records = { .take = records_take, .ended = records_ended, .room = records_room,
                                      .received = records_received, .put = records_put, .flush = records_flush,
                                      .pending = records_pending, .close = records_close };

/* ---- Data through the engine ---- */

static int
engine_flush(struct tls_session *session)
{
  br_ssl_engine_context *engine = engine_of(session);

  while (br_ssl_engine_current_state(engine) & BR_SSL_SENDREC) {
    size_t length;
    unsigned char *bytes = br_ssl_engine_sendrec_buf(engine, &length);
    ssize_t sent = to_socket(session->fd, bytes, length);
    if (sent == -1)
      return -1;
    br_ssl_engine_sendrec_ack(engine, (size_t)sent);
  }
  return 0;
}

static int64_t
engine_take(struct tls_session *session, void *bytes, size_t length, struct fault *fault)
{
  br_ssl_engine_context *engine = engine_of(session);
  unsigned state = br_ssl_engine_current_state(engine);
  size_t held;

  if (state & BR_SSL_RECVAPP) {
    unsigned char *plain = br_ssl_engine_recvapp_buf(engine, &held);
    held = held < length ? held : length;
    memcpy(bytes, plain, held);
    br_ssl_engine_recvapp_ack(engine, held);
    return (int64_t)held;
  }
  if (state & BR_SSL_CLOSED && br_ssl_engine_last_error(engine) != BR_ERR_OK)
    return engine_fault(session, fault);
  return 0;
}

static bool
engine_ended(struct tls_session *session)
{
  return br_ssl_engine_current_state(engine_of(session)) & BR_SSL_CLOSED;
}

static uint8_t *
engine_room(struct tls_session *session, size_t *length)
{
  uint8_t *room = br_ssl_engine_recvrec_buf(engine_of(session), length);

  if (!room)
    *length = 0;
  return room;
}

static void
engine_received(struct tls_session *session, size_t length)
{
  br_ssl_engine_recvrec_ack(engine_of(session), length);
}

static int64_t
engine_put(struct tls_session *session, const void *bytes, size_t length, struct fault *fault)
{
  br_ssl_engine_context *engine = engine_of(session);
  size_t space;
  unsigned char *room = br_ssl_engine_sendapp_buf(engine, &space);

  if (!room && br_ssl_engine_current_state(engine) & BR_SSL_CLOSED)
    return br_ssl_engine_last_error(engine) != BR_ERR_OK ? engine_fault(session, fault)
                                                         : fail(fault, EPIPE, "the server has ended the TLS connection");
  if (!room)
    return 0;
  space = space < length ? space : length;
  memcpy(room, bytes, space);
  br_ssl_engine_sendapp_ack(engine, space);
  br_ssl_engine_flush(engine, 0);
  return (int64_t)space;
}

static bool
engine_pending(struct tls_session *session)
{
  return br_ssl_engine_current_state(engine_of(session)) & (BR_SSL_RECVAPP | BR_SSL_CLOSED);
}

static void
engine_close(struct tls_session *session)
{
  br_ssl_engine_close(engine_of(session));
}

static const struct codec engine_codec = { .take = engine_take, .ended = engine_ended, .room = engine_room,
                                           .received = engine_received, .put = engine_put, .flush = engine_flush,
                                           .pending = engine_pending, .close = engine_close };

/* ---- The handshake ---- */

/* What was agreed on, for people. */
static void
describe(struct tls_session *session, unsigned suite)
{
  static const struct {
    unsigned suite;
    const char *name;
  } names[] = {
    { BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256" },
    { BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256" },
    { BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384" },
    { BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384" },
    { BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305" },
    { BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305" },
  };
  const char *name = "?";

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].suite == suite)
      name = names[i].name;
  snprintf(session->tls->description, sizeof session->tls->description, "TLS 1.2, %s%s", name,
           tls_x509_clock_is_behind() ? "; the clock is wrong, certificates were judged as of when decant was built" : "");
}

/* From the handshake to the data. */
static void
enter_records(struct tls_session *session, struct tls_keys *keys)
{
  struct buffers *buffers = &session->room.buffers;

  secret_wipe(&session->room, sizeof session->room);
  tls_record_init(&session->record, keys, buffers->input, sizeof buffers->input, buffers->output,
                  sizeof buffers->output);
  secret_wipe(keys, sizeof *keys);
  session->codec = &records;
}

static void
finish_x509(struct tls_session *session)
{
  br_ssl_session_parameters parameters;
  struct tls_keys keys;

  br_ssl_engine_get_session_parameters(engine_of(session), &parameters);
  describe(session, parameters.cipher_suite);
  secret_wipe(&parameters, sizeof parameters);
  if (tls_keys_from_engine(&keys, engine_of(session)))
    enter_records(session, &keys);
  else
    session->codec = &engine_codec;
}

int
tls_session_handshake(struct tls_session *session, struct fault *fault)
{
  br_ssl_engine_context *engine = engine_of(session);
  size_t length;

  for (;;) {
    unsigned state = br_ssl_engine_current_state(engine);
    unsigned char *bytes;
    ssize_t moved;
    if (state & BR_SSL_CLOSED)
      return engine_fault(session, fault);
    session->is_reading = !(state & BR_SSL_SENDREC);
    if (state & BR_SSL_SENDREC) {
      bytes = br_ssl_engine_sendrec_buf(engine, &length);
      moved = to_socket(session->fd, bytes, length);
      if (moved > 0)
        br_ssl_engine_sendrec_ack(engine, (size_t)moved);
    } else if (state & BR_SSL_SENDAPP) {
      finish_x509(session);
      return 0;
    } else {
      /* No more than it asks for: what follows the handshake is tls_record's. */
      bytes = br_ssl_engine_recvrec_buf(engine, &length);
      assert(bytes);
      moved = from_socket(session->fd, bytes, length);
      if (moved > 0)
        br_ssl_engine_recvrec_ack(engine, (size_t)moved);
    }
    if (moved == -1 && errno == EAGAIN)
      return 1;
    if (moved <= 0)
      return hung_up(session, moved == 0 ? 0 : errno, fault);
  }
}

/* ---- Data ---- */

/* The connection ended without a goodbye. Once we have said ours that is how many
 * servers end it; before, somebody cut it. */
static ssize_t
cut(const struct tls_session *session, int errnum, struct fault *fault)
{
  if (session->writes_shut)
    return 0;
  return fail(fault, errnum, "the TLS connection was cut");
}

/* Ends early only where the socket has no more: libnbd then waits for it, and
 * would never ask for what is held here. */
ssize_t
tls_session_recv(struct tls_session *session, void *bytes, size_t length, struct fault *fault)
{
  const struct codec *codec = session->codec;
  size_t done = 0, space;

  for (;;) {
    int64_t taken = codec->take(session, (unsigned char *)bytes + done, length - done, fault);
    if (taken == -1) {
      errno = EIO;
      return -1;
    }
    done += (size_t)taken;
    if (done == length)
      return (ssize_t)done;
    if (taken > 0)
      continue;
    if (codec->ended(session))
      return done == 0 ? 0 : fail(fault, 0, "the server ended the TLS connection in the middle of a message");
    uint8_t *room = codec->room(session, &space);
    ssize_t got = room ? from_socket(session->fd, room, space) : codec->flush(session);
    if (got == -1 && errno == EAGAIN && done > 0)
      return (ssize_t)done;
    if (got == -1 && errno == EAGAIN)
      return -1;
    if (got == -1 || (room && got == 0))
      return cut(session, got == 0 ? 0 : errno, fault);
    if (room)
      codec->received(session, (size_t)got);
  }
}

ssize_t
tls_session_send(struct tls_session *session, const void *bytes, size_t length, bool more, struct fault *fault)
{
  const struct codec *codec = session->codec;

  assert(session->taken <= length);
  for (;;) {
    int64_t put = 0;
    if (session->taken < length) {
      put = codec->put(session, (const unsigned char *)bytes + session->taken, length - session->taken, fault);
      if (put == -1) {
        errno = EIO;
        return -1;
      }
      session->taken += (size_t)put;
    }
    bool all = session->taken == length;
    if (!(all && more) && codec->flush(session) == -1)
      return errno == EAGAIN ? -1 : fail(fault, errno, "the TLS connection was cut");
    if (all)
      break;
  }
  session->taken = 0;
  return (ssize_t)length;
}

bool
tls_session_is_pending(struct tls_session *session)
{
  return session->codec->pending(session);
}

bool
tls_session_shut_writes(struct tls_session *session)
{
  if (!session->writes_shut)
    session->codec->close(session);
  session->writes_shut = true;
  return session->codec->flush(session) == 0 || errno != EAGAIN; /* a goodbye that can't go doesn't matter */
}

/* ---- Beginning and end ---- */

void
tls_session_close(struct tls_session *session)
{
  struct tls_pool *pool = session->tls->pool;

  tls_record_wipe(&session->record);
  if (session->codec != &records)
    secret_wipe(&session->room, sizeof session->room);
  pool->taken[session - pool->sessions] = false;
}

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
  if (start_x509(session, fault) == -1) {
    tls_session_close(session);
    return NULL;
  }
  return session;
}

bool
tls_session_is_reading(const struct tls_session *session)
{
  return session->is_reading;
}
