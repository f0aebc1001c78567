/* SPDX-License-Identifier: MIT */
/* certificate: what stands in an X.509 certificate, as far as BearSSL doesn't say:
 * the names and addresses it is for, its purposes, from when until when it holds,
 * and where its subject, issuer and key lie.
 *
 * Reading is strict DER, bounded by the certificate, and decides nothing about
 * trust: signatures are BearSSL's business. Spans point into the caller's bytes.
 * RFC 5280.
 */
#ifndef DECANT_CERTIFICATE_H
#define DECANT_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some bytes of the certificate. */
struct span {
  const unsigned char *bytes;
  size_t length;
};

struct certificate {
  struct span issuer;     /* a whole Name, with its tag and length */
  struct span subject;    /* likewise */
  struct span public_key; /* the whole SubjectPublicKeyInfo: what a pin is the digest of */
  int64_t not_before_s;   /* seconds since 1970, UTC; inclusive */
  int64_t not_after_s;    /* likewise */
  bool has_unknown;       /* there is a critical extension that nobody here heeds: limits on names, say */
  bool has_names;         /* there is a SubjectAltName */
  struct span names;      /* its GeneralNames */
  bool has_purposes;      /* there is an ExtendedKeyUsage */
  struct span purposes;   /* its KeyPurposeIds */
};

/* Reads the DER of one certificate. Returns false if it isn't one. */
bool certificate_read(struct certificate *certificate, const unsigned char *der, size_t bytes);

/* Whether two spans hold the same bytes. */
bool span_is(struct span a, struct span b);

/* Whether it is for this address (4 or 16 bytes, as on the wire). */
bool certificate_is_for_address(const struct certificate *certificate, const unsigned char *address, size_t bytes);

/* Whether a server may show it: it names no purpose at all, or this one. */
bool certificate_may_serve(const struct certificate *certificate);

/* Writes the names and addresses it is for, or where it has none the common name
 * of its subject, as "a.example, b.example, 10.0.0.1"; cut where the text ends.
 * What isn't printable ASCII becomes '?'. "no name" if there is none. */
void certificate_list_names(const struct certificate *certificate, char *text, size_t text_bytes);

/* The common name of a Name (subject, issuer), or "?" if it has none; likewise. */
void certificate_common_name(struct span name, char *text, size_t text_bytes);

#define CERTIFICATE_TIME_BYTES 48

/* A time as "2026-01-31 23:59 UTC". */
void certificate_time_text(int64_t time_s, char text[CERTIFICATE_TIME_BYTES]);

#endif
