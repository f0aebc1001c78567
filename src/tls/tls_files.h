/* SPDX-License-Identifier: MIT */
/* tls_files: where certificates lie, as libnbd has it.
 *
 * A directory with ca-cert.pem (who may vouch for servers), and if servers ask for
 * them client-cert.pem and client-key.pem (who we are). It is the one that the
 * URI names (tls-certificates=); or else, of those that have a ca-cert.pem, the
 * first of ~/.pki/libnbd and ~/.config/pki/libnbd, or for root /etc/pki/libnbd.
 * Where there is none, the system's own list of CAs is taken, but not with a pin:
 * that server is known by its key. A directory with a ca-crl.pem is refused, since
 * decant cannot read revocation lists.
 */
#ifndef DECANT_TLS_FILES_H
#define DECANT_TLS_FILES_H

#include "base/error.h"
#include "base/limits.h"
#include "tls/tls.h"

#include <bearssl_x509.h>

#include <stdbool.h>

#define TLS_PATH_BYTES 512
#define TLS_CLIENT_BYTES_MAX (8 * KIB)
#define TLS_CLIENT_CERTIFICATES_MAX 4

struct tls_files {
  char directory[TLS_PATH_BYTES];                         /* empty: none */
  char authorities[TLS_PATH_BYTES];                       /* the file of CAs; empty: none */
  br_x509_certificate chain[TLS_CLIENT_CERTIFICATES_MAX]; /* the client's own first */
  unsigned chain_count;                                   /* 0: the client has no certificate */
  br_skey_decoder_context key;                            /* the client's, if it has a certificate */
  unsigned char bytes[TLS_CLIENT_BYTES_MAX];              /* of the chain */
};

/* Finds the directory and reads the client's certificate and key, if there are
 * any. Returns 0, or -1 with the fault set. Holds a secret: wipe it. */
int tls_files_read(struct tls_files *files, const struct tls *tls, struct fault *fault);

/* Calls `take` with the name of each file that a handshake may read, whether it is there or not. */
void tls_files_each(const struct tls *tls, void (*take)(void *context, const char *path), void *context);

/* Where to put a CA's certificate, for messages: the directory, or the one that
 * would be looked into. */
void tls_files_advice(const struct tls_files *files, char *text, size_t text_bytes);

#endif
