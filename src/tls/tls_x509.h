/* SPDX-License-Identifier: MIT */
/* tls_x509: whether a server's certificates are good enough, and in words why not.
 *
 * BearSSL's engine hands the chain over as it comes; it is kept, and judged when
 * it is complete: against the CAs of a file, of which only those are read in that
 * could have signed it, by BearSSL's own validation; and then by what that leaves
 * out (addresses, purposes, a CA's own dates, limits and key, pins). Whatever is
 * not understood is refused.
 *
 * Of times, the later of the machine's clock and the program's build date counts:
 * a machine may begin in 1970, but never really before it was built.
 */
#ifndef DECANT_TLS_X509_H
#define DECANT_TLS_X509_H

#include "base/error.h"
#include "base/limits.h"
#include "tls/certificate.h"
#include "tls/tls.h"
#include "tls/tls_files.h"

#include <bearssl_x509.h>

#include <stdbool.h>

/* A server's chain, and beside it the CAs that may have signed it. */
#define TLS_CHAIN_CERTIFICATES_MAX 8
#define TLS_CHAIN_BYTES_MAX (16 * KIB)
#define TLS_AUTHORITIES_BYTES_MAX (8 * KIB)
#define TLS_ANCHORS_MAX 4
#define TLS_RSA_BITS_MIN 2048

struct tls_x509 {
  const br_x509_class *vtable; /* BearSSL's view; the first member */
  const struct tls *tls;
  const struct tls_files *files;
  struct fault fault; /* why end_chain() said no; exit_code EXIT_DONE: it didn't */

  br_x509_minimal_context minimal;
  br_x509_decoder_context leaf;                     /* whose key it is, where nobody vouches for it */
  br_x509_decoder_context anchors[TLS_ANCHORS_MAX]; /* hold the keys of ... */
  br_x509_trust_anchor trusted[TLS_ANCHORS_MAX];
  unsigned trusted_count;
  char passed_ca[64];   /* a CA of the right name was passed over: */
  int64_t expired_ca_s; /* it held until then; 0: that isn't why */
  const char *unfit_ca; /* what is wrong with it; NULL: nothing else */

  struct span chain[TLS_CHAIN_CERTIFICATES_MAX];
  unsigned chain_count;
  size_t used; /* of the bytes */
  unsigned char bytes[TLS_CHAIN_BYTES_MAX + TLS_AUTHORITIES_BYTES_MAX];
};

/* Readies it for one handshake. `tls` and `files` are the caller's. */
void tls_x509_init(struct tls_x509 *x509, const struct tls *tls, const struct tls_files *files);

/* Whether the machine's clock cannot be right, so that the build date counts. */
bool tls_x509_clock_is_behind(void);

/* Whether the name is an IPv4 or IPv6 address; its bytes, 4 or 16 (else 0). A zone
 * behind '%' is left out. */
size_t tls_x509_address(const char *host, unsigned char address[16]);

#endif
