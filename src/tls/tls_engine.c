/* SPDX-License-Identifier: MIT */
/* tls_engine: see tls_engine.h. */
#include "tls/tls_engine.h"

#include "base/secret.h"
#include "tls/tls_record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- Who we are, if the server asks ---- */

/* BearSSL has been asked for a client certificate: how it goes on is its own
 * business, but should the server hang up then we know why. */
static void
note_request(const br_ssl_client_certificate_class **context)
{
  unsigned char *client = (unsigned char *)context - offsetof(br_ssl_client_context, client_auth);
  struct tls_engine *engine = (struct tls_engine *)(void *)(client - offsetof(struct tls_engine, client));

  engine->was_asked = true;
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
set_client_certificate(struct tls_engine *engine)
{
  static const br_ssl_client_certificate_class nobody = { .context_size = sizeof(void *),
                                                          .start_name = start_name,
                                                          .append_name = append_name,
                                                          .end_name = end_name,
                                                          .end_name_list = end_name,
                                                          .choose = choose_none };
  br_ssl_client_context *client = &engine->client;
  const struct tls_files *files = &engine->files;
  int type = files->chain_count ? br_skey_decoder_key_type(&files->key) : 0;

  client->client_auth.vtable = &nobody;
  if (type == BR_KEYTYPE_RSA)
    br_ssl_client_set_single_rsa(client, files->chain, files->chain_count, br_skey_decoder_get_rsa(&files->key),
                                 br_rsa_pkcs1_sign_get_default());
  else if (type == BR_KEYTYPE_EC)
    br_ssl_client_set_single_ec(client, files->chain, files->chain_count, br_skey_decoder_get_ec(&files->key),
                                BR_KEYTYPE_SIGN, 0, br_ec_get_default(), br_ecdsa_sign_asn1_get_default());
  engine->certificate_class = *client->client_auth.vtable;
  engine->certificate_class.start_name_list = note_request;
  client->client_auth.vtable = &engine->certificate_class;
  client->client_auth_vtable = &client->client_auth.vtable;
}

/* ---- The beginning ---- */

/* Key exchange with forward secrecy and authenticated encryption only. What the
 * processor does fastest comes first. */
static void
set_algorithms(br_ssl_client_context *client)
{
  static const uint16_t suites[] = {
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    /* And once more, for processors without AES. */
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
  };
  br_ssl_engine_context *br = &client->eng;

  br_ssl_engine_set_versions(br, BR_TLS12, BR_TLS12);
  br_ssl_engine_set_suites(br, br_aes_x86ni_ctr_get_vtable() ? suites : suites + 4, 6);
  br_ssl_engine_set_hash(br, br_sha256_ID, &br_sha256_vtable);
  br_ssl_engine_set_hash(br, br_sha384_ID, &br_sha384_vtable);
  br_ssl_engine_set_hash(br, br_sha512_ID, &br_sha512_vtable);
  br_ssl_engine_set_prf_sha256(br, &br_tls12_sha256_prf);
  br_ssl_engine_set_prf_sha384(br, &br_tls12_sha384_prf);
  br_ssl_engine_set_default_rsavrfy(br);
  br_ssl_engine_set_default_ecdsa(br);
  br_ssl_engine_set_default_aes_gcm(br);
  br_ssl_engine_set_default_chapol(br);
  br_ssl_engine_add_flags(br, BR_OPT_NO_RENEGOTIATION);
}

static int
inject_randomness(br_ssl_engine_context *engine, struct fault *fault)
{
  unsigned char seed[32];

  if (getentropy(seed, sizeof seed) == -1)
    return fault_set(fault, EXIT_FAILED, errno, "the kernel gave no random bytes");
  br_ssl_engine_inject_entropy(engine, seed, sizeof seed);
  secret_wipe(seed, sizeof seed);
  return 0;
}

int
tls_engine_start(struct tls_engine *engine, const struct tls *tls, struct fault *fault)
{
  br_ssl_client_context *client = &engine->client;
  unsigned char address[16];

  engine->has_heard = engine->was_asked = false;
  if (tls_files_read(&engine->files, tls, fault) == -1)
    return -1;
  br_ssl_client_zero(client);
  set_algorithms(client);
  set_client_certificate(engine);
  tls_x509_init(&engine->x509, tls, &engine->files);
  br_ssl_engine_set_x509(&client->eng, &engine->x509.vtable);
  br_ssl_engine_set_buffer(&client->eng, engine->buffer, sizeof engine->buffer, 1);
  if (inject_randomness(&client->eng, fault) == -1)
    return -1;
  /* Addresses are no server names: RFC 6066, 3. */
  if (!br_ssl_client_reset(client, tls->host && tls_x509_address(tls->host, address) == 0 ? tls->host : NULL, 0))
    return fault_set(fault, EXIT_FAILED, 0, "TLS cannot begin (BearSSL's error %d)",
                     br_ssl_engine_last_error(&client->eng));
  return 0;
}

/* ---- Bytes ---- */

static unsigned
state_of(const struct tls_engine *engine)
{
  return br_ssl_engine_current_state(&engine->client.eng);
}

const uint8_t *
tls_engine_unsent(struct tls_engine *engine, size_t *length)
{
  const uint8_t *bytes = br_ssl_engine_sendrec_buf(&engine->client.eng, length);

  if (!bytes)
    *length = 0;
  return bytes;
}

void
tls_engine_sent(struct tls_engine *engine, size_t length)
{
  br_ssl_engine_sendrec_ack(&engine->client.eng, length);
}

uint8_t *
tls_engine_room(struct tls_engine *engine, size_t *length)
{
  return br_ssl_engine_recvrec_buf(&engine->client.eng, length);
}

void
tls_engine_received(struct tls_engine *engine, size_t length)
{
  engine->has_heard = true;
  br_ssl_engine_recvrec_ack(&engine->client.eng, length);
}

bool
tls_engine_is_done(struct tls_engine *engine)
{
  return (state_of(engine) & (BR_SSL_SENDAPP | BR_SSL_SENDREC)) == BR_SSL_SENDAPP;
}

size_t
tls_engine_take(struct tls_engine *engine, void *bytes, size_t length)
{
  size_t held;
  const unsigned char *plain = br_ssl_engine_recvapp_buf(&engine->client.eng, &held);

  if (!plain)
    return 0;
  held = held < length ? held : length;
  memcpy(bytes, plain, held);
  br_ssl_engine_recvapp_ack(&engine->client.eng, held);
  return held;
}

size_t
tls_engine_put(struct tls_engine *engine, const void *bytes, size_t length)
{
  size_t space;
  unsigned char *room = br_ssl_engine_sendapp_buf(&engine->client.eng, &space);

  if (!room)
    return 0;
  space = space < length ? space : length;
  memcpy(room, bytes, space);
  br_ssl_engine_sendapp_ack(&engine->client.eng, space);
  br_ssl_engine_flush(&engine->client.eng, 0);
  return space;
}

bool
tls_engine_is_ready(struct tls_engine *engine)
{
  return state_of(engine) & (BR_SSL_RECVAPP | BR_SSL_CLOSED);
}

void
tls_engine_close(struct tls_engine *engine)
{
  br_ssl_engine_close(&engine->client.eng);
}

/* ---- Words ---- */

const char *
tls_engine_suite(const struct tls_engine *engine)
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

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].suite == engine->client.eng.session.cipher_suite)
      return names[i].name;
  return "?";
}

void
tls_engine_blame(const struct tls_engine *engine, struct fault *fault)
{
  char directory[TLS_PATH_BYTES];

  if (!engine->was_asked)
    return;
  tls_files_advice(&engine->files, directory, sizeof directory);
  if (engine->files.chain_count == 0)
    fault_add(fault, "; it wants a client certificate: put client-cert.pem and client-key.pem into %s", directory);
  else
    fault_add(fault, "; it asked for a client certificate and was shown that in %s", directory);
}

#define WHAT_IS_OFFERED "TLS 1.2, ECDHE with AES-GCM or ChaCha20-Poly1305, no extended master secret"

/* What a fatal alert of the server says to an operator. */
static int
alert_fault(const struct tls_engine *engine, unsigned alert, struct fault *fault)
{
  char room[TLS_ALERT_NAME_BYTES];
  const char *name = tls_alert_name(alert, room);

  if (alert == BR_ALERT_PROTOCOL_VERSION)
    return fault_set(fault, EXIT_FAILED, 0,
                     "the server wants another version of TLS than 1.2, the only one of decant's"
                     " (alert %s)",
                     name);
  if (!engine->was_asked && (alert == BR_ALERT_HANDSHAKE_FAILURE || alert == BR_ALERT_INSUFFICIENT_SECURITY))
    return fault_set(fault, EXIT_FAILED, 0,
                     "no common cipher: the server wants none of what decant offers, " WHAT_IS_OFFERED " (alert %s)",
                     name);
  fault_set(fault, EXIT_FAILED, 0, "the server refused the TLS handshake: alert %s", name);
  tls_engine_blame(engine, fault);
  return -1;
}

int
tls_engine_cut(const struct tls_engine *engine, int errnum, struct fault *fault)
{
  if (errnum && errnum != ECONNRESET && errnum != EPIPE) /* which says nothing of the server's reasons */
    return fault_set(fault, EXIT_FAILED, errnum, "the TLS handshake was cut");
  fault_set(fault, EXIT_FAILED, errnum, "the server hung up during the TLS handshake");
  if (!engine->has_heard)
    fault_add(fault, "; maybe it has no common cipher or version with what decant offers, " WHAT_IS_OFFERED);
  tls_engine_blame(engine, fault);
  return -1;
}

int
tls_engine_closed(struct tls_engine *engine, struct fault *fault)
{
  int error = br_ssl_engine_last_error(&engine->client.eng);

  if (!(state_of(engine) & BR_SSL_CLOSED))
    return 0;
  if (error == BR_ERR_OK)
    return 1;
  if (engine->x509.fault.exit_code != EXIT_DONE) {
    *fault = engine->x509.fault;
    return -1;
  }
  if (error >= BR_ERR_RECV_FATAL_ALERT && error < BR_ERR_RECV_FATAL_ALERT + 256)
    return alert_fault(engine, (unsigned)error - BR_ERR_RECV_FATAL_ALERT, fault);
  switch (error) {
  case BR_ERR_UNSUPPORTED_VERSION:
    return fault_set(fault, EXIT_FAILED, 0,
                     "the server wants another version of TLS than 1.2, the only one of decant's");
  case BR_ERR_BAD_MAC:
    return fault_set(fault, EXIT_FAILED, 0, "a TLS record was damaged on its way");
  case BR_ERR_BAD_SIGNATURE:
  case BR_ERR_BAD_FINISHED:
    return fault_set(fault, EXIT_FAILED, 0, "the TLS handshake was forged or damaged on its way");
  default:
    return fault_set(fault, EXIT_FAILED, 0, "the server broke the rules of TLS (BearSSL's error %d)", error);
  }
}
