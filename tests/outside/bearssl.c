/* SPDX-License-Identifier: MIT */
/* bearssl: says of vectors what BearSSL makes of them, by those of its implementations that decant's TLS takes: they are read out of a
 * connection that was begun, and of a verification that was tried. lines.h has the form; KIND is the second word:
 *
 *   NAME ecdsa CURVE HASH point message signature
 *   NAME rsa HASH modulus exponent message signature
 *   NAME ecdh CURVE private point shared
 *   NAME chacha key nonce header plain ciphertext tag
 *   NAME aes-gcm key nonce header plain ciphertext tag
 *   NAME hmac HASH key message tag
 *   NAME dh prime private public shared                       (through tls_psk)
 *
 * CURVE is 25519, 256, 384 or 521, HASH 256, 384 or 512, in decimal digits. What decant's TLS doesn't take is refused.
 */
#include "outside/lines.h"

#include "fuzz/certificates.h"
#include "tls/tls_engine.h"
#include "tls/tls_psk_secrets.h"

#include <bearssl.h>

static struct tls_engine engine;
static struct tls_x509 x509;

/* ---- What decant takes ---- */

static void
take_implementations(void)
{
  static const struct pins pins;
  static const struct tls_files no_files;
  /* Of the files of this directory, none is wanted: nobody is asked for, in the first one, and nobody trusted in the other. */
  static const struct tls any = { .certificates = ".", .pins = &pins },
                          verified = { .verify_peer = true, .pins = &pins };
  const br_x509_class **context = &x509.vtable;
  struct line line = { .words = { "the certificate", leaf_hex }, .count = 2 };
  struct fault fault;

  if (tls_engine_start(&engine, &any, &fault) == -1) {
    fprintf(stderr, "%s\n", fault.text);
    exit(2);
  }
  struct bytes der = line_bytes(&line, 1);
  tls_x509_init(&x509, &verified, &no_files);
  (*context)->start_chain(context, NULL);
  (*context)->start_cert(context, (uint32_t)der.length);
  (*context)->append(context, der.at, der.length);
  (*context)->end_cert(context);
  line_must(&line, (*context)->end_chain(context) == BR_ERR_X509_NOT_TRUSTED, "trusted by nobody, and yet accepted");
  free(der.at);
}

static int
curve_of(const char *word)
{
  switch (atoi(word)) {
  case 25519:
    return BR_EC_curve25519;
  case 256:
    return BR_EC_secp256r1;
  case 384:
    return BR_EC_secp384r1;
  case 521:
    return BR_EC_secp521r1;
  default:
    return -1;
  }
}

/* As br_multihash_getimpl() has them; NULL: not one that decant's TLS takes. */
static const br_hash_class *
hash_of(const char *word, const unsigned char **oid)
{
  static const struct {
    int bits, id;
    const unsigned char *oid;
  } hashes[] = { { 256, br_sha256_ID, BR_HASH_OID_SHA256 },
                 { 384, br_sha384_ID, BR_HASH_OID_SHA384 },
                 { 512, br_sha512_ID, BR_HASH_OID_SHA512 } };

  for (size_t i = 0; i < LENGTH_OF(hashes); i++)
    if (hashes[i].bits == atoi(word)) {
      const br_hash_class *ours = br_ssl_engine_get_hash(&engine.client.eng, hashes[i].id);
      *oid = hashes[i].oid;
      return ours == br_multihash_getimpl(&x509.minimal.mhash, hashes[i].id) ? ours : NULL;
    }
  return NULL;
}

static size_t
digest_of(const br_hash_class *hash, struct bytes message, uint8_t digest[64])
{
  br_hash_compat_context context;

  hash->init(&context.vtable);
  hash->update(&context.vtable, message.at, message.length);
  hash->out(&context.vtable, digest);
  return (hash->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK;
}

/* ---- Signatures: of a certificate, and of the server's part of a handshake ---- */

static const char *
judge_ecdsa(const struct line *line, const struct bytes parts[3])
{
  const unsigned char *oid;
  const br_hash_class *hash = hash_of(line->words[3], &oid);
  const br_ec_public_key key = { curve_of(line->words[2]), parts[0].at, parts[0].length };
  uint8_t digest[64];

  if (!hash)
    return "invalid";
  size_t length = digest_of(hash, parts[1], digest);
  bool in_chain = x509.minimal.iecdsa(x509.minimal.iec, digest, length, &key, parts[2].at, parts[2].length);
  bool in_handshake = engine.client.eng.iecdsa(engine.client.eng.iec, digest, length, &key, parts[2].at,
                                               parts[2].length);
  return in_chain != in_handshake ? "wrong" : verdict_word(in_chain, true);
}

static bool
rsa_says(br_rsa_pkcs1_vrfy verify, const unsigned char *oid, const br_rsa_public_key *key, struct bytes signature,
         const uint8_t *digest, size_t length)
{
  uint8_t signed_digest[64];

  return verify(signature.at, signature.length, oid, length, key, signed_digest) &&
         memcmp(signed_digest, digest, length) == 0;
}

static const char *
judge_rsa(const struct line *line, const struct bytes parts[4])
{
  const unsigned char *oid;
  const br_hash_class *hash = hash_of(line->words[2], &oid);
  const br_rsa_public_key key = { parts[0].at, parts[0].length, parts[1].at, parts[1].length };
  uint8_t digest[64];

  if (!hash)
    return "invalid";
  size_t length = digest_of(hash, parts[2], digest);
  bool in_chain = rsa_says(x509.minimal.irsa, oid, &key, parts[3], digest, length);
  bool in_handshake = rsa_says(engine.client.eng.irsavrfy, oid, &key, parts[3], digest, length);
  return in_chain != in_handshake ? "wrong" : verdict_word(in_chain, true);
}

/* ---- Agreements ---- */

/* As BearSSL's client does it: the private number has as many bytes as the order of the curve, the point as many as the generator. That of
 * curve 25519 has its lowest byte first and all of them, the others are numbers. */
static const char *
judge_ecdh(const struct line *line, const struct bytes parts[3])
{
  const br_ec_impl *ec = engine.client.eng.iec;
  int curve = curve_of(line->words[2]);
  size_t order_length, point_length, x_length;
  uint8_t exponent[66] = { 0 };

  if (curve == -1 || !(ec->supported_curves & (uint32_t)1 << curve))
    return "invalid";
  ec->order(curve, &order_length);
  ec->generator(curve, &point_length);
  size_t x_at = ec->xoff(curve, &x_length), zeros = 0;
  while (curve != BR_EC_curve25519 && zeros < parts[0].length && parts[0].at[zeros] == 0)
    zeros++;
  size_t length = parts[0].length - zeros;
  line_must(line, length <= order_length, "a private number beyond the order");
  memcpy(exponent + order_length - length, parts[0].at + zeros, length);
  if (parts[1].length != point_length || !ec->mul(parts[1].at, point_length, exponent, order_length, curve))
    return "invalid";
  return verdict_word(true, bytes_are(parts[1].at + x_at, x_length, parts[2]));
}

static const char *
judge_dh(const struct line *line, const struct bytes parts[4])
{
  static struct tls_psk psk;
  uint8_t value[TLS_PSK_PRIME_BYTES_MAX];
  size_t zeros = 0;

  line_must(line, parts[0].length <= sizeof psk.prime && parts[1].length <= sizeof psk.exponent, "too long");
  line_must(line, parts[2].length == parts[0].length, "a number of another length than the prime");
  memset(&psk, 0, sizeof psk);
  psk.prime_bytes = parts[0].length;
  memcpy(psk.prime, parts[0].at, parts[0].length);
  memcpy(psk.exponent + sizeof psk.exponent - parts[1].length, parts[1].at, parts[1].length);
  memcpy(value, parts[2].at, parts[2].length);
  if (!tls_psk_secrets_raise(&psk, value))
    return "invalid";
  while (zeros < psk.prime_bytes && value[zeros] == 0)
    zeros++;
  return verdict_word(true, bytes_are(value + zeros, psk.prime_bytes - zeros, parts[3]));
}

/* ---- Data ---- */

static const char *
judge_chacha(const struct line *line, const struct bytes parts[6])
{
  const br_ssl_engine_context *br = &engine.client.eng;
  uint8_t *text = malloc(parts[3].length + 1), tag[16];

  line_must(line, parts[0].length == 32 && parts[1].length == 12 && parts[5].length == 16, "another key, nonce or tag");
  memcpy(text, parts[3].at, parts[3].length);
  br->ipoly(parts[0].at, parts[1].at, text, parts[3].length, parts[2].at, parts[2].length, tag, br->ichacha, 1);
  bool seals = bytes_are(text, parts[3].length, parts[4]) && bytes_are(tag, sizeof tag, parts[5]);
  br->ipoly(parts[0].at, parts[1].at, parts[4].at, parts[4].length, parts[2].at, parts[2].length, tag, br->ichacha, 0);
  bool opens = bytes_are(tag, sizeof tag, parts[5]);
  free(text);
  return opens != seals ? "wrong" : verdict_word(opens, bytes_are(parts[4].at, parts[4].length, parts[3]));
}

/* The handshake's own records, before decant's engines have the connection. */
static const char *
judge_aes_gcm(const struct line *line, const struct bytes parts[6])
{
  const br_ssl_engine_context *br = &engine.client.eng;
  br_aes_gen_ctr_keys aes;
  br_gcm_context gcm;
  uint8_t tag[16];

  line_must(line, parts[1].length == 12 && parts[5].length == 16, "another nonce or tag");
  br->iaes_ctr->init(&aes.vtable, parts[0].at, parts[0].length);
  br_gcm_init(&gcm, &aes.vtable, br->ighash);
  br_gcm_reset(&gcm, parts[1].at, parts[1].length);
  br_gcm_aad_inject(&gcm, parts[2].at, parts[2].length);
  br_gcm_flip(&gcm);
  br_gcm_run(&gcm, 0, parts[4].at, parts[4].length);
  br_gcm_get_tag(&gcm, tag);
  return verdict_word(bytes_are(tag, sizeof tag, parts[5]), bytes_are(parts[4].at, parts[4].length, parts[3]));
}

static const char *
judge_hmac(const struct line *line, const struct bytes parts[3])
{
  const unsigned char *oid;
  const br_hash_class *hash = hash_of(line->words[2], &oid);
  br_hmac_key_context key;
  br_hmac_context hmac;
  uint8_t tag[64];

  line_must(line, hash, "a hash that isn't taken");
  br_hmac_key_init(&key, hash, parts[0].at, parts[0].length);
  br_hmac_init(&hmac, &key, parts[2].length);
  br_hmac_update(&hmac, parts[1].at, parts[1].length);
  return verdict_word(bytes_are(tag, br_hmac_out(&hmac, tag), parts[2]), true);
}

static const struct kind {
  const char *name;
  unsigned words; /* before the numbers, without the name */
  unsigned numbers;
  const char *(*judge)(const struct line *line, const struct bytes *numbers);
} kinds[] = {
  { "ecdsa", 3, 3, judge_ecdsa },   { "rsa", 2, 4, judge_rsa },         { "ecdh", 2, 3, judge_ecdh },
  { "chacha", 1, 6, judge_chacha }, { "aes-gcm", 1, 6, judge_aes_gcm }, { "hmac", 2, 3, judge_hmac },
  { "dh", 1, 4, judge_dh },
};

int
main(void)
{
  struct line line = { 0 };

  take_implementations();
  while (line_next(&line, 3)) {
    const struct kind *kind = kinds;
    struct bytes numbers[6];
    while (kind < kinds + LENGTH_OF(kinds) && strcmp(kind->name, line.words[1]) != 0)
      kind++;
    line_must(&line, kind < kinds + LENGTH_OF(kinds), "no such kind");
    line_must(&line, line.count == 1 + kind->words + kind->numbers, "words are missing, or too many");
    for (unsigned i = 0; i < kind->numbers; i++)
      numbers[i] = line_bytes(&line, 1 + kind->words + i);
    line_answer(&line, kind->judge(&line, numbers));
    for (unsigned i = 0; i < kind->numbers; i++)
      free(numbers[i].at);
  }
  return 0;
}
