/* SPDX-License-Identifier: MIT */
/* tls_x509: see tls_x509.h. */
#include "tls/tls_x509.h"

#include "tls/tls_pem.h"

#include <bearssl_ec.h>
#include <bearssl_hash.h>
#include <bearssl_rsa.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef DECANT_BUILD_TIME
#error "the Makefile says when this was built, in seconds since 1970"
#endif

#define DAYS_TO_1970 719528 /* from the 1st of January of the year 0, as BearSSL counts */
#define DAY_S 86400

static struct tls_x509 *
x509_of(const br_x509_class **context)
{
  return (struct tls_x509 *)context;
}
_Static_assert(offsetof(struct tls_x509, vtable) == 0, "what BearSSL has is a tls_x509");

/* Notes why not; returns what BearSSL is told. */
static unsigned
x509_refuse(struct tls_x509 *x509, const char *why)
{
  fault_set(&x509->fault, EXIT_FAILED, 0, "%s", why);
  return BR_ERR_X509_NOT_TRUSTED;
}

size_t
tls_x509_address(const char *host, unsigned char address[16])
{
  char text[INET6_ADDRSTRLEN];
  size_t length = strcspn(host, "%");

  if (length >= sizeof text)
    return 0;
  memcpy(text, host, length);
  text[length] = '\0';
  return inet_pton(AF_INET, text, address) == 1 ? 4 : inet_pton(AF_INET6, text, address) == 1 ? 16 : 0;
}

/* ---- Times ---- */

bool
tls_x509_clock_is_behind(void)
{
  return (int64_t)time(NULL) < DECANT_BUILD_TIME;
}

static int64_t
now_s(void)
{
  return tls_x509_clock_is_behind() ? DECANT_BUILD_TIME : (int64_t)time(NULL);
}

/* What to think of a date that isn't good: the clock may be what is wrong. */
static void
add_clock(struct fault *fault)
{
  char text[CERTIFICATE_TIME_BYTES];

  certificate_time_text(now_s(), text);
  if (tls_x509_clock_is_behind())
    fault_add(fault, "; this machine's clock is wrong, so %s counts, when decant was built: set the clock", text);
  else
    fault_add(fault, "; it is %s by this machine's clock: is that right?", text);
}

static bool
holds_now(const struct certificate *certificate)
{
  return certificate->not_before_s <= now_s() && now_s() <= certificate->not_after_s;
}

static unsigned
refuse_dates(struct tls_x509 *x509, const struct certificate *certificate, const char *whose)
{
  char from[CERTIFICATE_TIME_BYTES], until[CERTIFICATE_TIME_BYTES];

  certificate_time_text(certificate->not_before_s, from);
  certificate_time_text(certificate->not_after_s, until);
  fault_set(&x509->fault, EXIT_FAILED, 0, "%s certificate %s: it holds from %s until %s", whose,
            now_s() < certificate->not_before_s ? "is not valid yet" : "has expired", from, until);
  add_clock(&x509->fault);
  return BR_ERR_X509_EXPIRED;
}

/* ---- Who may vouch for it ---- */

static bool
is_wanted(const struct tls_x509 *x509, const struct certificate *authority)
{
  struct certificate link;

  for (unsigned i = 0; i < x509->chain_count; i++)
    if (certificate_read(&link, x509->chain[i].bytes, x509->chain[i].length) &&
        (span_is(link.issuer, authority->subject) || (i == 0 && span_is(link.subject, authority->subject))))
      return true;
  return false;
}

/* A CA of the right name that vouches for nobody, and why; NULL: it doesn't hold now. */
static void
pass_over(struct tls_x509 *x509, const struct certificate *authority, const char *why)
{
  x509->unfit_ca = why;
  x509->expired_ca_s = why ? 0 : authority->not_after_s;
  certificate_common_name(authority->subject, x509->passed_ca, sizeof x509->passed_ca);
}

/* Adds a certificate as one that is trusted. Those that BearSSL can't read vouch
 * for nobody. `is_leaf`: it is the server's own. */
static void
trust(struct tls_x509 *x509, const struct certificate *certificate, struct span der, bool is_leaf)
{
  br_x509_decoder_context *decoder = &x509->anchors[x509->trusted_count];

  br_x509_decoder_init(decoder, NULL, NULL);
  br_x509_decoder_push(decoder, der.bytes, der.length);
  const br_x509_pkey *key = br_x509_decoder_get_pkey(decoder);
  if (!key)
    return;
  if (key->key_type == BR_KEYTYPE_RSA && key->key.rsa.nlen < TLS_RSA_BITS_MIN / 8) {
    pass_over(x509, certificate, "has a key that is too weak: RSA takes 2048 bits at least");
    return;
  }
  x509->trusted[x509->trusted_count++] = (br_x509_trust_anchor){
    .dn = { (unsigned char *)certificate->subject.bytes, certificate->subject.length },
    .flags = !is_leaf && br_x509_decoder_isCA(decoder) ? BR_X509_TA_CA : 0,
    .pkey = *key,
  };
}

/* One CA of the file, whose DER lies behind the chain. */
static int
consider(struct tls_x509 *x509, size_t length, struct fault *fault)
{
  struct span der = { x509->bytes + x509->used, length };
  struct certificate authority;

  if (!certificate_read(&authority, der.bytes, der.length) || !is_wanted(x509, &authority))
    return 0;
  if (!holds_now(&authority)) {
    pass_over(x509, &authority, NULL);
    return 0;
  }
  if (authority.has_unknown) {
    pass_over(x509, &authority, "holds a critical extension that decant cannot check");
    return 0;
  }
  if (x509->trusted_count == TLS_ANCHORS_MAX)
    return fault_set(fault, EXIT_FAILED, 0, "%s: more than %d CAs of one name", x509->files->authorities,
                     TLS_ANCHORS_MAX);
  trust(x509, &authority, der, false);
  x509->used += length;
  return 0;
}

static int
read_authorities(struct tls_x509 *x509, struct fault *fault)
{
  struct tls_pem pem;
  char name[PEM_NAME_BYTES];
  size_t length;
  int result;

  if (tls_pem_open(&pem, x509->files->authorities, fault) == -1)
    return -1;
  while ((result = tls_pem_next(&pem, name, x509->bytes + x509->used, sizeof x509->bytes - x509->used, &length,
                                fault)) == 1)
    if (strcmp(name, "CERTIFICATE") == 0 || strcmp(name, "X509 CERTIFICATE") == 0)
      if (consider(x509, length, fault) == -1) {
        result = -1;
        break;
      }
  tls_pem_close(&pem);
  return result;
}

/* ---- The verdict ---- */

static void
pin_of(const struct certificate *leaf, uint8_t digest[PIN_BYTES])
{
  br_sha256_context sha256;

  br_sha256_init(&sha256);
  br_sha256_update(&sha256, leaf->public_key.bytes, leaf->public_key.length);
  br_sha256_out(&sha256, digest);
}

static unsigned
refuse_unknown(struct tls_x509 *x509, const struct certificate *leaf)
{
  struct certificate last;
  char issuer[64] = "?", pin[PIN_TEXT_BYTES], directory[TLS_PATH_BYTES];
  uint8_t digest[PIN_BYTES];
  bool self_signed = span_is(leaf->issuer, leaf->subject);

  pin_of(leaf, digest);
  pins_text(digest, pin);
  tls_files_advice(x509->files, directory, sizeof directory);
  if (certificate_read(&last, x509->chain[x509->chain_count - 1].bytes, x509->chain[x509->chain_count - 1].length))
    certificate_common_name(last.issuer, issuer, sizeof issuer);
  if (x509->expired_ca_s) {
    char until[CERTIFICATE_TIME_BYTES];
    certificate_time_text(x509->expired_ca_s, until);
    fault_set(&x509->fault, EXIT_FAILED, 0, "the certificate of the CA \"%s\" does not hold now (until %s)",
              x509->passed_ca, until);
    add_clock(&x509->fault);
    return BR_ERR_X509_EXPIRED;
  }
  if (x509->unfit_ca) {
    fault_set(&x509->fault, EXIT_FAILED, 0, "the certificate of the CA \"%s\" %s", x509->passed_ca, x509->unfit_ca);
    return BR_ERR_X509_NOT_TRUSTED;
  }
  if (x509->trusted_count > 0 && x509->tls->pins->count == 0) {
    fault_set(&x509->fault, EXIT_FAILED, 0,
              "the CA \"%s\" in %s did not sign the server's certificates: another of the same name did, or they are"
              " damaged",
              issuer, x509->files->authorities);
    return BR_ERR_X509_NOT_TRUSTED;
  }
  if (self_signed)
    x509_refuse(x509, "the server's certificate is signed by itself");
  else
    fault_set(&x509->fault, EXIT_FAILED, 0, "the server's certificate is from an unknown CA, \"%s\"", issuer);
  fault_add(&x509->fault, "; put %s into %s/ca-cert.pem, or if its key is known to be this: --tls-pin=%s",
            self_signed ? "it" : "the CA's", directory, pin);
  return BR_ERR_X509_NOT_TRUSTED;
}

static unsigned
refuse_name(struct tls_x509 *x509, const struct certificate *leaf)
{
  char names[256];

  certificate_list_names(leaf, names, sizeof names);
  fault_set(&x509->fault, EXIT_FAILED, 0,
            "the server's certificate is not for %s but for %s (tls-hostname= says which name to expect)",
            x509->tls->host, names);
  return BR_ERR_X509_BAD_SERVER_NAME;
}

/* Says in words what BearSSL's validation did not like. */
static unsigned
explain(struct tls_x509 *x509, unsigned error, const struct certificate *leaf)
{
  struct certificate link;

  switch (error) {
  case BR_ERR_X509_NOT_TRUSTED:
    return refuse_unknown(x509, leaf);
  case BR_ERR_X509_BAD_SERVER_NAME:
    return refuse_name(x509, leaf);
  case BR_ERR_X509_EXPIRED:
    for (unsigned i = 0; i < x509->chain_count; i++)
      if (certificate_read(&link, x509->chain[i].bytes, x509->chain[i].length) && !holds_now(&link))
        return refuse_dates(x509, &link, i == 0 ? "the server's" : "an intermediate CA's");
    break;
  case BR_ERR_X509_WEAK_PUBLIC_KEY:
    return x509_refuse(x509, "a key in the server's certificates is too weak: RSA takes 2048 bits at least");
  case BR_ERR_X509_BAD_SIGNATURE:
    return x509_refuse(x509, "a signature on the server's certificates is forged");
  case BR_ERR_X509_DN_MISMATCH:
    return x509_refuse(x509,
                       "the server's certificates don't follow each other: behind each must come that of its CA, with"
                       " that name byte by byte");
  case BR_ERR_X509_CRITICAL_EXTENSION:
    return x509_refuse(x509, "the server's certificates hold a critical extension that decant cannot check");
  case BR_ERR_X509_NOT_CA:
    return x509_refuse(x509, "a certificate in the server's chain is not a CA's");
  case BR_ERR_X509_UNSUPPORTED:
    return x509_refuse(x509, "the server's certificates have a kind of key or signature that decant cannot check"
                             " (not RSA, P-256, P-384 or P-521 with SHA-2)");
  case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
    return x509_refuse(x509, "the usage of a key in the server's certificates is another");
  default:
    break;
  }
  fault_set(&x509->fault, EXIT_FAILED, 0, "the server's certificates are malformed (BearSSL's error %u)", error);
  return error;
}
_Static_assert(TLS_RSA_BITS_MIN == 2048, "what the words say");

static unsigned
validate(struct tls_x509 *x509, const struct certificate *leaf)
{
  br_x509_minimal_context *minimal = &x509->minimal;
  const br_x509_class **context = &minimal->vtable;
  const char *host = x509->tls->host;
  unsigned char address[16];
  size_t address_bytes = host ? tls_x509_address(host, address) : 0;
  int64_t now = now_s();

  /* SHA-1 and older are left out: a signature may be forged with them. */
  br_x509_minimal_init(minimal, &br_sha256_vtable, x509->trusted, x509->trusted_count);
  br_x509_minimal_set_hash(minimal, br_sha256_ID, &br_sha256_vtable);
  br_x509_minimal_set_hash(minimal, br_sha384_ID, &br_sha384_vtable);
  br_x509_minimal_set_hash(minimal, br_sha512_ID, &br_sha512_vtable);
  br_x509_minimal_set_rsa(minimal, br_rsa_pkcs1_vrfy_get_default());
  br_x509_minimal_set_ecdsa(minimal, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
  br_x509_minimal_set_minrsa(minimal, TLS_RSA_BITS_MIN / 8);
  br_x509_minimal_set_time(minimal, (uint32_t)(now / DAY_S + DAYS_TO_1970), (uint32_t)(now % DAY_S));

  (*context)->start_chain(context, address_bytes ? NULL : host);
  for (unsigned i = 0; i < x509->chain_count; i++) {
    (*context)->start_cert(context, (uint32_t)x509->chain[i].length);
    (*context)->append(context, x509->chain[i].bytes, x509->chain[i].length);
    (*context)->end_cert(context);
  }
  unsigned error = (*context)->end_chain(context);
  if (error)
    return explain(x509, error, leaf);
  if (address_bytes && !certificate_is_for_address(leaf, address, address_bytes))
    return refuse_name(x509, leaf);
  if (!certificate_may_serve(leaf))
    return x509_refuse(x509, "the server's certificate is not meant for a server (extended key usage)");
  return 0;
}

static unsigned
check_pin(struct tls_x509 *x509, const struct certificate *leaf)
{
  uint8_t digest[PIN_BYTES];
  char pin[PIN_TEXT_BYTES];

  pin_of(leaf, digest);
  if (pins_have(x509->tls->pins, digest))
    return 0;
  pins_text(digest, pin);
  fault_set(&x509->fault, EXIT_FAILED, 0, "the server has another key than --tls-pin says: %s", pin);
  return BR_ERR_X509_NOT_TRUSTED;
}

static unsigned
x509_judge(struct tls_x509 *x509)
{
  bool has_pins = x509->tls->pins->count > 0;
  struct certificate leaf;

  if (x509->chain_count == 0)
    return x509_refuse(x509, "the server has shown no certificate");
  struct span der = x509->chain[0];
  if (!certificate_read(&leaf, der.bytes, der.length))
    return x509_refuse(x509, "the server's certificate is malformed");
  if (has_pins && check_pin(x509, &leaf) != 0)
    return BR_ERR_X509_NOT_TRUSTED;
  if (!x509->tls->verify_peer) {
    br_x509_decoder_init(&x509->leaf, NULL, NULL);
    br_x509_decoder_push(&x509->leaf, der.bytes, der.length);
    return br_x509_decoder_get_pkey(&x509->leaf) ? 0 : explain(x509, BR_ERR_X509_UNSUPPORTED, &leaf);
  }
  if (x509->files->authorities[0] != '\0') {
    if (read_authorities(x509, &x509->fault) == -1)
      return BR_ERR_X509_NOT_TRUSTED;
  } else if (has_pins) {
    trust(x509, &leaf, der, true); /* its key is the one that the operator knows */
  }
  return validate(x509, &leaf);
}

/* ---- What BearSSL calls ---- */

static void
start_chain(const br_x509_class **context, const char *server_name)
{
  struct tls_x509 *x509 = x509_of(context);

  (void)server_name; /* ours knows addresses too */
  tls_x509_init(x509, x509->tls, x509->files);
}

static void
start_cert(const br_x509_class **context, uint32_t length)
{
  struct tls_x509 *x509 = x509_of(context);

  if (x509->chain_count == TLS_CHAIN_CERTIFICATES_MAX || length > TLS_CHAIN_BYTES_MAX - x509->used) {
    x509_refuse(x509, "the server's certificates are more than decant takes");
    return;
  }
  x509->chain[x509->chain_count++] = (struct span){ x509->bytes + x509->used, 0 };
}

static void
x509_append(const br_x509_class **context, const unsigned char *bytes, size_t length)
{
  struct tls_x509 *x509 = x509_of(context);

  if (x509->fault.exit_code != EXIT_DONE)
    return;
  if (x509->chain_count == 0 || length > TLS_CHAIN_BYTES_MAX - x509->used) {
    x509_refuse(x509, "the server's certificates are more than decant takes");
    return;
  }
  memcpy(x509->bytes + x509->used, bytes, length);
  x509->used += length;
  x509->chain[x509->chain_count - 1].length += length;
}

static void
end_cert(const br_x509_class **context)
{
  (void)context;
}

static unsigned
end_chain(const br_x509_class **context)
{
  struct tls_x509 *x509 = x509_of(context);

  return x509->fault.exit_code != EXIT_DONE ? BR_ERR_X509_LIMIT_EXCEEDED : x509_judge(x509);
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *context, unsigned *usages)
{
  const struct tls_x509 *x509 = (const struct tls_x509 *)context;
  const br_x509_class *const *minimal = &x509->minimal.vtable;

  if (x509->tls->verify_peer)
    return (*minimal)->get_pkey(minimal, usages);
  if (usages)
    *usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
  return br_x509_decoder_get_pkey((br_x509_decoder_context *)&x509->leaf);
}

static const br_x509_class tls_x509_class = {
  .context_size = sizeof(struct tls_x509),
  .start_chain = start_chain,
  .start_cert = start_cert,
  .append = x509_append,
  .end_cert = end_cert,
  .end_chain = end_chain,
  .get_pkey = get_pkey,
};

void
tls_x509_init(struct tls_x509 *x509, const struct tls *tls, const struct tls_files *files)
{
  memset(x509, 0, offsetof(struct tls_x509, bytes));
  x509->vtable = &tls_x509_class;
  x509->tls = tls;
  x509->files = files;
}
